/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the other end of a socket may be: another build, another user, one that
 * answers nonsense.  Here the case itself is that other end.
 */

#include "peer_server.h"

static int64_t op_fds(const int64_t *arg)
{
	(void)arg;
	return open_fds();
}

/* The newcomer gets this answer, and says so with that errno, keeping nothing. */
static void answer_is(
	struct peer *newcomer, const struct join_answer *answer, size_t len, int n_fds, int err)
{
	int server = server_listen();
	int64_t fds = peer_call(newcomer, op_fds, 0);

	peer_begin(newcomer, op_init, RCUMEM_ATTACH_ANY);
	server_answer(server, answer, len, n_fds);
	assert_int_equal(peer_end(newcomer), -1);
	assert_int_equal(newcomer->reply.err, err);
	assert_int_equal(peer_call(newcomer, op_fds, 0), fds);
	server_close(server);
}

static void another_build_is_a_protocol_error(void **state)
{
	static struct peer peer;
	struct join_answer answer;

	(void)state;
	peer_start(&peer, "newcomer");
	answer = good_answer();
	answer.fingerprint ^= 1u << 31;
	answer_is(&peer, &answer, sizeof(answer), 4, EPROTO);
	assert_string_equal(strstr(peer_log(&peer), ": its processes") + 1,
		" its processes are of another build\n");
	answer = good_answer();
	answer.version++;
	answer_is(&peer, &answer, sizeof(answer), 4, EPROTO);
	answer_is(&peer, &answer, sizeof(answer), 0, EPROTO);
}

static void nonsense_is_a_protocol_error_and_nothing_is_kept_of_it(void **state)
{
	static const int errs[] = {5, -ENOENT, -ETIMEDOUT, -ECONNRESET, -EEXIST, INT32_MIN};
	static struct peer peer;
	struct join_answer answer;

	(void)state;
	peer_start(&peer, "newcomer");
	for (size_t len = 1; len < sizeof(answer); len += 3) {
		answer = good_answer();
		answer_is(&peer, &answer, len, 4, EPROTO);
	}
	answer.magic ^= 1;
	answer_is(&peer, &answer, sizeof(answer), 4, EPROTO);
	for (size_t i = 0; i < ARRAY_LEN(errs); i++) {
		answer = good_answer();
		answer.err = errs[i];
		answer_is(&peer, &answer, sizeof(answer), i % 2 ? 4 : 0, EPROTO);
	}
	answer = good_answer();
	answer.n_fds = 2;
	answer_is(&peer, &answer, sizeof(answer), 2, EPROTO);
}

static void descriptors_of_an_empty_answer_are_not_kept(void **state)
{
	static struct peer peer;
	struct join_answer answer = good_answer();
	int64_t fds;
	int server;

	(void)state;
	peer_start(&peer, "newcomer");
	fds = peer_call(&peer, op_fds, 0);
	server = server_listen();
	peer_begin(&peer, op_init, RCUMEM_ATTACH_JOIN);
	server_answer(server, &answer, 0, 4);
	assert_int_equal(peer_end(&peer), -1);
	assert_int_equal(peer.reply.err, ETIMEDOUT); /* It may live, and is asked again. */
	assert_int_equal(peer_call(&peer, op_fds, 0), fds);
	server_close(server);
}

static void descriptors_that_did_not_come_are_emfile(void **state)
{
	static struct peer peer;
	struct join_answer answer = good_answer();

	(void)state;
	peer_start(&peer, "newcomer");
	answer_is(&peer, &answer, sizeof(answer), 0, EMFILE);
	answer_is(&peer, &answer, sizeof(answer), 3, EMFILE);
	answer.err = -EMFILE;
	answer_is(&peer, &answer, sizeof(answer), 0, EMFILE);
}

/* ---- Control regions that are none ---- */

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* A copy of a control region, of so many bytes, with one byte changed at `flip`. */
static int region_copy(int region, off_t len, off_t flip, int seals)
{
	int fd = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char page[4096];

	assert_int_equal(ftruncate(fd, len), 0);
	for (off_t at = lseek(region, 0, SEEK_DATA); at >= 0 && at < len;
		at = lseek(region, at + 4096, SEEK_DATA)) {
		assert_int_equal(pread(region, page, sizeof(page), at), sizeof(page));
		assert_int_equal(pwrite(fd, page, sizeof(page), at), sizeof(page));
	}
	if (flip >= 0) {
		assert_int_equal(pread(region, page, 1, flip), 1);
		page[0] ^= 0x40;
		assert_int_equal(pwrite(fd, page, 1, flip), 1);
	}
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

/* Offer a file instead of one of the gift: the errno of the newcomer. */
static int offer_at(struct peer *newcomer, const struct join_gift *gift, uint32_t which, int file)
{
	struct join_answer answer = good_answer();
	int server = server_listen();
	int64_t held = peer_call(newcomer, op_fds, 0);
	int fds[8], err;

	memcpy(fds, gift->fds, gift->n_fds * sizeof(int));
	fds[which] = file;
	answer.n_fds = gift->n_fds;
	answer.base = gift->base;
	answer.len = gift->len;
	peer_begin(newcomer, op_init, RCUMEM_ATTACH_JOIN);
	server_give(server, &answer, sizeof(answer), fds, (int)gift->n_fds);
	close(file);
	assert_int_equal(peer_end(newcomer), -1);
	server_close(server);
	err = newcomer->reply.err;
	assert_int_equal(peer_call(newcomer, op_fds, 0), held);
	return err;
}

static int offer(struct peer *newcomer, const struct join_gift *gift, int region)
{
	return offer_at(newcomer, gift, 0, region);
}

static void region_that_is_damaged_is_a_bad_message(void **state)
{
	static const off_t flips[] = {offsetof(struct region, magic), offsetof(struct region, base),
		offsetof(struct region, len), offsetof(struct region, lists),
		offsetof(struct region, n_internal)};
	static struct peer peer[2];
	struct join_gift gift;
	off_t len;

	(void)state;
	peers_init(peer, 1);
	peer_start(&peer[1], "newcomer");
	assert_int_equal(join_fetch(PEER_PREFIX, JOIN_ATTACH, &gift), 0);
	len = (off_t)gift.len;
	peer_kill(&peer[0]);
	peer_fails(&peer[1], ENOENT, op_init, RCUMEM_ATTACH_JOIN);
	for (size_t i = 0; i < ARRAY_LEN(flips); i++) {
		int fd = region_copy(gift.fds[0], len, flips[i], SEALS);

		assert_int_equal(offer(&peer[1], &gift, fd), EBADMSG);
	}
	assert_int_equal(
		offer(&peer[1], &gift, region_copy(gift.fds[0], len / 2, -1, SEALS)), EBADMSG);
	assert_int_equal(
		offer(&peer[1], &gift, region_copy(gift.fds[0], 4096, -1, SEALS)), EBADMSG);
	assert_int_equal(
		offer(&peer[1], &gift, region_copy(gift.fds[0], len, -1, F_SEAL_GROW)), EBADMSG);
	assert_logged(&peer[1], "rcumem: error");
	join_gift_close(&gift);
}

/* A file of a list that its giver could truncate, and one of another length. */
static void memory_that_could_go_is_a_bad_message(void **state)
{
	static struct peer peer[2];
	struct join_gift gift;
	struct stat st;
	int fd;

	(void)state;
	peers_init(peer, 1);
	peer_start(&peer[1], "newcomer");
	assert_int_equal(join_fetch(PEER_PREFIX, JOIN_ATTACH, &gift), 0);
	peer_kill(&peer[0]);
	peer_fails(&peer[1], ENOENT, op_init, RCUMEM_ATTACH_JOIN);
	assert_int_equal(fstat(gift.fds[JOIN_LISTS], &st), 0);
	fd = region_copy(gift.fds[JOIN_LISTS], st.st_size, -1, F_SEAL_GROW);
	assert_int_equal(offer_at(&peer[1], &gift, JOIN_LISTS, fd), EBADMSG);
	fd = region_copy(gift.fds[JOIN_LISTS], st.st_size - 4096, -1, SEALS);
	assert_int_equal(offer_at(&peer[1], &gift, JOIN_LISTS, fd), EBADMSG);
	assert_logged(&peer[1], "what was given as memory");
	join_gift_close(&gift);
}

static void silent_server_times_out_and_a_closed_one_is_asked_no_more(void **state)
{
	static struct peer peer;
	int server;

	(void)state;
	peer_start(&peer, "newcomer");
	server = server_listen();
	peer_fails(&peer, ETIMEDOUT, op_init, RCUMEM_ATTACH_ANY);
	assert_logged(&peer, "no process answers");
	close(server);
	/* Its socket is dead now, and goes. */
	peer_must(&peer, op_init, RCUMEM_ATTACH_ANY);
	peers_fini(&peer, 1);
	assert_int_equal(names_in("", NULL, 0), 0);
}

static void process_of_another_user_is_no_access(void **state)
{
	static struct peer peer;
	int server;

	(void)state;
	if (geteuid() != 0)
		skip();
	peer_start(&peer, "newcomer");
	server = server_listen();
	/* Whoever calls listen() is who serves. */
	assert_int_equal(seteuid(UID_NOBODY), 0);
	assert_int_equal(listen(server, 8), 0);
	assert_int_equal(seteuid(0), 0);
	peer_fails(&peer, EACCES, op_init, RCUMEM_ATTACH_ANY);
	assert_logged(&peer, "its processes are another user's");
	server_close(server);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(another_build_is_a_protocol_error),
	PEER_CASE(nonsense_is_a_protocol_error_and_nothing_is_kept_of_it),
	PEER_CASE(descriptors_of_an_empty_answer_are_not_kept),
	PEER_CASE(descriptors_that_did_not_come_are_emfile),
	PEER_CASE(region_that_is_damaged_is_a_bad_message),
	PEER_CASE(memory_that_could_go_is_a_bad_message),
	PEER_CASE(silent_server_times_out_and_a_closed_one_is_asked_no_more),
	PEER_CASE(process_of_another_user_is_no_access),
};

PEER_MAIN("answers to newcomers", cases)
