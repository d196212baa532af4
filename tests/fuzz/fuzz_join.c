/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages by which a process joins others, from both sides: a server that
 * answers what the input says, and a newcomer that asks what it says.
 *
 * A newcomer attaches, or gets one of the documented errors; nothing that was
 * given to it is kept.  A server answers a question that is one with what was
 * asked for, any other with an error, and keeps nothing either.
 */

#include "fuzz_join_end.h"
#include "observer.h"
#include "os.h"

#define PATIENCE_MS 20

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = fuzz_directory();

	(void)argc;
	(void)argv;
	unsetenv("RCUMEM_PREFIX");
	make_gift();
	listen_there(dir);
	others[0] = listener;
	others[1] = open("/dev/null", O_RDWR | O_CLOEXEC);
	others[2] = os_memfd("other", OS_PAGE, header.len);
	return 0;
}

/* ---- Messages of the input ---- */

static int take_fd(struct fuzz_input *input, unsigned int i)
{
	switch (fuzz_u8(input) % 16) {
	case 13:
		return others[i % 3];
	case 14:
		return gift.fds[(i + 1) % gift.n_fds];
	case 15:
		return others[2];
	default:
		return gift.fds[i % gift.n_fds];
	}
}

/* A sound message with some bytes changed, or nothing but bytes of the input. */
static void take_message(
	struct fuzz_input *input, struct message *message, const void *sound, size_t len)
{
	uint8_t how = fuzz_u8(input);
	unsigned int n = fuzz_u8(input) % 8;

	*message = (struct message){.len = len};
	memcpy(message->bytes, sound, len);
	if (how & 1)
		fuzz_bytes(input, message->bytes, sizeof(message->bytes));
	for (unsigned int i = 0; !(how & 1) && i < n; i++) {
		uint8_t at = fuzz_u8(input) % sizeof(message->bytes);

		message->bytes[at] ^= fuzz_u8(input);
	}
	if (how & 2)
		message->len = fuzz_u8(input) % (sizeof(message->bytes) + 1);
	message->n_fds = how & 4 ? fuzz_u8(input) % (FDS_MAX + 1) : gift.n_fds;
	for (unsigned int i = 0; i < message->n_fds; i++)
		message->fds[i] = how & 8 ? take_fd(input, i) : gift.fds[i % gift.n_fds];
}

/* ---- The newcomer's side ---- */

static void assert_error(const char *what)
{
	static const int errs[] = {EPROTO, EBADMSG, EMFILE, EACCES, ENOENT, ETIMEDOUT,
		EADDRNOTAVAIL, EUSERS, ENOTSUP, ENODEV, EINVAL, EBADF};

	for (size_t i = 0; i < ARRAY_LEN(errs); i++)
		if (rte_errno == errs[i])
			return;
	FUZZ_ASSERT(false, "%s: errno %d", what, rte_errno);
}

/* As rcumem_observe() does, but for its patience with those who hang up. */
static void observe(void)
{
	struct rcumem_observer *observer = calloc(1, sizeof(*observer));
	struct rundir dir;
	int err = rundir_open(&dir, PREFIX, PATIENCE_MS * 1000000ull);

	FUZZ_ASSERT(observer && err == 0, "no directory");
	rte_errno = -join_ask(&dir, JOIN_OBSERVE, PATIENCE_MS * 1000000ull, &observer->gift);
	rundir_close(&dir, true);
	if (rte_errno)
		assert_error("observe");
	else if (rcumem_observer_check(observer, NULL, NULL) < 0)
		assert_error("check");
	rcumem_observer_close(observer);
}

static void attach(void)
{
	struct rcumem_options opts = {
		.sz = sizeof(opts), .prefix = PREFIX, .attach = RCUMEM_ATTACH_JOIN};

	opts.lock_timeout_ms = PATIENCE_MS;
	if (rcumem_init(&opts))
		assert_error("init");
	else
		FUZZ_ASSERT(rcumem_fini() == 0, "fini: errno %d", rte_errno);
}

static void newcomer(struct fuzz_input *input, bool attaches)
{
	struct join_answer good = {.magic = REGION_MAGIC,
		.version = REGION_VERSION,
		.fingerprint = header.fingerprint,
		.n_fds = gift.n_fds,
		.base = gift.base,
		.len = gift.len};

	n_script = fuzz_u8(input) % (MESSAGES_MAX + 1);
	for (unsigned int i = 0; i < n_script; i++)
		take_message(input, &script[i], &good, sizeof(good));
	if (attaches)
		attach();
	else
		observe();
}

/* ---- The server's side ---- */

static unsigned int fds_of(struct msghdr *msg)
{
	unsigned int n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++, n++)
			close(((int *)CMSG_DATA(c))[i]);
	return n;
}

static void check_answer(int fd, const struct message *question)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct join_answer answer;
	struct iovec iov = {&answer, sizeof(answer)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct join_question asked = {0};
	bool sound;

	memcpy(&asked, question->bytes, sizeof(asked));
	sound = question->len >= sizeof(asked) && asked.magic == REGION_MAGIC &&
		(asked.want == JOIN_ATTACH || asked.want == JOIN_OBSERVE);
	FUZZ_ASSERT(recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) == sizeof(answer), "no answer");
	FUZZ_ASSERT(answer.magic == REGION_MAGIC, "another magic");
	FUZZ_ASSERT((answer.err == 0) == sound, "error %d", answer.err);
	FUZZ_ASSERT(answer.n_fds == (sound ? gift.n_fds : 0), "%u descriptors", answer.n_fds);
	FUZZ_ASSERT(fds_of(&msg) == answer.n_fds, "not %u descriptors", answer.n_fds);
}

static void server(struct fuzz_input *input)
{
	const struct join_question good = {.magic = REGION_MAGIC, .want = JOIN_OBSERVE};
	struct message question;
	int pair[2];

	take_message(input, &question, &good, sizeof(good));
	FUZZ_ASSERT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "no socket");
	send_message(pair[0], &question);
	shutdown(pair[0], SHUT_WR); /* Nobody is to be waited for. */
	runtime.region_fd = gift.fds[0];
	runtime.lock_fd = gift.fds[1];
	memcpy(runtime.list_fds, &gift.fds[JOIN_LISTS], header.n_internal * sizeof(int));
	join_serve(pair[1], &header);
	runtime.region_fd = runtime.lock_fd = -1;
	check_answer(pair[0], &question);
	close(pair[0]);
}

/* Files and sockets of ours: libFuzzer opens and closes some of its own. */
static unsigned int held(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	unsigned int n = 0;

	while (dir && (entry = readdir(dir))) {
		char to[16] = "";

		if (readlinkat(dirfd(dir), entry->d_name, to, sizeof(to) - 1) > 0)
			n += strncmp(to, "/memfd:", 7) == 0 || strncmp(to, "socket:", 7) == 0;
	}
	closedir(dir);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static unsigned int always;
	struct fuzz_input input = {data, len};
	uint8_t side = fuzz_u8(&input) % 3;

	if (always == 0)
		always = held();
	if (side == 2)
		server(&input);
	else
		newcomer(&input, side == 1);
	/* What the thread closes is gone soon; what is kept stays. */
	for (int i = 0; i < 20000 && held() != always; i++)
		usleep(100);
	FUZZ_ASSERT(held() == always, "%u descriptors, not %u", held(), always);
	FUZZ_ASSERT(memfd_maps() == 0, "%d mappings are left", memfd_maps());
	return 0;
}
