/* SPDX-License-Identifier: BSD-3-Clause */
/* A process is asked by whom it should not answer. */

#include <sys/un.h>

#include "join.h"
#include "peer_case.h"

/* ---- The other way round: a process is asked by whom it should not answer ---- */

static void own(const char *below, mode_t mode)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", peer_case.dir, below);
	assert_int_equal(chmod(path, mode), 0);
}

/* Ask the process in slot 0: what it answers, and how many descriptors it gives. */
static struct join_answer ask(const void *question, size_t len, bool as_nobody, size_t *control_len)
{
	char control[4096];
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct join_answer answer = {.err = 1};
	struct iovec iov = {&answer, sizeof(answer)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool connected;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" PEER_PREFIX "/0", peer_case.dir);
	if (as_nobody)
		assert_int_equal(seteuid(UID_NOBODY), 0);
	connected = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;
	if (as_nobody)
		assert_int_equal(seteuid(0), 0);
	assert_true(connected);
	if (len)
		assert_int_equal(send(fd, question, len, MSG_NOSIGNAL), len);
	/* Who says nothing is hung up on. */
	assert_int_equal(recvmsg(fd, &msg, MSG_CMSG_CLOEXEC), len ? sizeof(answer) : 0);
	*control_len = msg.msg_controllen;
	close(fd);
	return answer;
}

static void process_gives_nothing_to_who_asks_nonsense(void **state)
{
	static struct peer peer[2];
	struct join_question question = {.magic = REGION_MAGIC, .want = 3};
	size_t control_len;

	(void)state;
	peers_init(peer, 1);
	assert_int_equal(ask(&question, sizeof(question), false, &control_len).err, -EPROTO);
	assert_int_equal(control_len, 0);
	question.want = JOIN_ATTACH;
	question.magic++;
	assert_int_equal(ask(&question, sizeof(question), false, &control_len).err, -EPROTO);
	assert_int_equal(control_len, 0);
	question.magic--;
	assert_int_equal(ask(&question, sizeof(question) - 1, false, &control_len).err, -EPROTO);
	assert_int_equal(control_len, 0);
	/* Who says nothing does not keep others waiting, and gets no answer to what it may still
	 * ask. */
	assert_int_equal(ask(&question, 0, false, &control_len).err, 1);
	assert_int_equal(control_len, 0);
	peer_start(&peer[1], "newcomer");
	peer_must(&peer[1], op_init, RCUMEM_ATTACH_JOIN);
	peers_fini(peer, 2);
}

static void process_gives_nothing_to_another_user(void **state)
{
	static struct peer peer;
	struct join_question question = {.magic = REGION_MAGIC, .want = JOIN_ATTACH};
	size_t control_len;

	(void)state;
	if (geteuid() != 0)
		skip();
	peers_init(&peer, 1);
	/* Somebody has opened the doors. */
	own("", 0755);
	own(PEER_PREFIX, 0755);
	own(PEER_PREFIX "/0", 0777);
	assert_int_equal(ask(&question, sizeof(question), true, &control_len).err, -EACCES);
	assert_int_equal(control_len, 0);
	own("", 0700);
	own(PEER_PREFIX, 0700);
	peers_fini(&peer, 1);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(process_gives_nothing_to_who_asks_nonsense),
	PEER_CASE(process_gives_nothing_to_another_user),
};

PEER_MAIN("questions of newcomers", cases)
