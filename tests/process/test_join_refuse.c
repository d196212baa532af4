/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Joining that is refused: each reason has an errno and one message, the
 * newcomer holds nothing afterwards, and the others do not notice.
 */

#include "peer_case.h"
#include "runtime.h"

#define TABLE 64 /* Processes that can be attached. */

/* Descriptors and mappings, as one number that must come back. */
static int64_t op_held(const int64_t *arg)
{
	(void)arg;
	return open_fds() * 1000 + memfd_maps();
}

static int lines_of(const struct peer *peer)
{
	int n = 0;

	for (const char *c = peer_log(peer); *c; c++)
		n += *c == '\n';
	return n;
}

/* Joining fails so, with these words in the only line, and nothing is left of it: how many ms it
 * took. */
static int64_t refused(struct peer *newcomer, int err, const char *words)
{
	int64_t ms;

	int64_t held = peer_call(newcomer, op_held, 0);
	int lines = lines_of(newcomer);

	peer_fails(newcomer, err, op_init, RCUMEM_ATTACH_JOIN);
	ms = peer_ms(newcomer);
	if (lines_of(newcomer) != lines + 1)
		fail_msg("not one message but:\n%s", peer_log(newcomer));
	assert_logged(newcomer, words);
	assert_int_equal(peer_call(newcomer, op_held, 0), held);
	return ms;
}

/* ---- Addresses ---- */

static int64_t op_base(const int64_t *arg)
{
	(void)arg;
	return (int64_t)runtime_region()->base;
}

static int64_t op_list_base(const int64_t *arg)
{
	return (int64_t)runtime_region()->lists[arg[0]].addr_64;
}

/* (address): put something there, or take it away again. */
static int64_t op_take(const int64_t *arg)
{
	void *va = (void *)(uintptr_t)arg[0];

	return mmap(va, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		       0) == va
		       ? 0
		       : -1;
}

static int64_t op_leave(const int64_t *arg)
{
	return munmap((void *)(uintptr_t)arg[0], 4096);
}

static void address_that_is_taken_is_not_available(void **state)
{
	static struct peer peer[2];
	int64_t base[3];

	(void)state;
	peers_init(peer, 1);
	peer_alloc(&peer[0], 2);
	base[0] = peer_call(&peer[0], op_base, 0);
	base[1] = peer_call(&peer[0], op_list_base, 0) + (int64_t)(GIB / 2);
	base[2] = peer_call(&peer[0], op_list_base, page_sz > 4096);
	peer_start(&peer[1], "newcomer");
	for (unsigned int i = 0; i < 3; i++) {
		peer_must(&peer[1], op_take, base[i]);
		refused(&peer[1], EADDRNOTAVAIL, "taken");
		assert_int_equal(names_in(PEER_PREFIX, NULL, 0), 1);
		peer_must(&peer[1], op_leave, base[i]);
	}
	peer_must(&peer[1], op_init, RCUMEM_ATTACH_JOIN);
	assert_int_equal(peer_call(&peer[1], op_segs, 0), 2);
	peers_fini(peer, 2);
}

/* ---- The process table ---- */

static int64_t op_attach_external(const int64_t *arg)
{
	return arg[1] ? rte_extmem_attach((void *)(uintptr_t)arg[0], 4096)
		      : rte_extmem_register((void *)(uintptr_t)arg[0], 4096, NULL, 0, 4096);
}

static void process_65_finds_no_room_until_one_dies(void **state)
{
	static struct peer peer[TABLE + 1];
	const int64_t external = 0x7000000000;

	(void)state;
	for (unsigned int i = 0; i < TABLE; i++) {
		peer_start(&peer[i], "one of many");
		peer_must(&peer[i], op_init, 0);
	}
	peer_must(&peer[0], op_attach_external, external, 0);
	peer_must(&peer[1], op_read_lock, 0);
	peer_start(&peer[TABLE], "one too many");
	refused(&peer[TABLE], EUSERS, "64 processes are attached");
	/* What belongs to the others is still theirs. */
	assert_int_equal(names_in(PEER_PREFIX, NULL, 0), TABLE);
	peer_fails(&peer[0], EEXIST, op_attach_external, external, 1);
	assert_int_equal(peer_stat(&peer[1], readers), 1);
	peer_kill(&peer[TABLE / 2]);
	peer_must(&peer[TABLE], op_init, RCUMEM_ATTACH_JOIN);
	assert_int_equal(peer_call(&peer[0], op_find, peer_alloc(&peer[TABLE], 1), 1), 1);
	peer_must(&peer[1], op_read_unlock, 0);
	peers_fini(peer, TABLE + 1);
	assert_int_equal(names_in("", NULL, 0), 0);
}

/* ---- Other users ---- */

static void own_by(const char *below, uid_t uid, mode_t mode)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", peer_case.dir, below);
	assert_int_equal(chown(path, uid, uid), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void directory_of_another_user_is_no_access(void **state)
{
	static struct peer peer[3];

	(void)state;
	if (geteuid() != 0)
		skip();
	peers_init(peer, 1);
	assert_int_equal(peer_try(&peer[1], "nobody", &(struct peer_how){.uid = UID_NOBODY}), 0);
	refused(&peer[1], EACCES, "not a directory of this user's alone");
	own_by("", 0, 0755);
	refused(&peer[1], EACCES, "not a directory of this user's alone");
	own_by("", UID_NOBODY, 0700);
	peer_start(&peer[2], "root");
	refused(&peer[2], EACCES, "not a directory of this user's alone");
	refused(&peer[1], EACCES, "not a directory of this user's alone");
	own_by("", 0, 0700);
	own_by(PEER_PREFIX, 0, 0750);
	refused(&peer[2], EACCES, "not a directory of this user's alone");
	own_by(PEER_PREFIX, 0, 0700);
	peer_must(&peer[2], op_init, RCUMEM_ATTACH_JOIN);
	peers_fini(peer, 1);
	peers_fini(&peer[2], 1);
}

static void directory_that_is_a_file_or_a_link_is_no_access(void **state)
{
	static struct peer peer;
	char path[160];

	(void)state;
	peer_start(&peer, "newcomer");
	snprintf(path, sizeof(path), "%s/" PEER_PREFIX, peer_case.dir);
	assert_int_equal(symlink("/tmp", path), 0);
	refused(&peer, EACCES, "not a directory of this user's alone");
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	refused(&peer, EACCES, "not a directory of this user's alone");
	unlink(path);
}

static int name_long_dir(void)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%0100d", getenv("RCUMEM_RUNTIME_DIR"), 0);
	return setenv("RCUMEM_RUNTIME_DIR", path, 1);
}

static void directory_whose_name_is_too_long_is_refused(void **state)
{
	static struct peer peer[2];
	char name[64];

	(void)state;
	assert_int_equal(
		peer_try(&peer[0], "far away", &(struct peer_how){.before = name_long_dir}), 0);
	refused(&peer[0], ENAMETOOLONG, "too long");
	peer_start(&peer[1], "long name");
	memset(name, 'n', 63);
	name[63] = 0;
	assert_int_equal(peer_call_text(&peer[1], op_init, name, 0), 0);
	peers_fini(&peer[1], 1);
	assert_int_equal(names_in("", NULL, 0), 0);
}

/* ---- Descriptors ---- */

static void too_few_descriptors_are_emfile(void **state)
{
	static struct peer peer[2];

	(void)state;
	peers_init(peer, 1);
	for (unsigned int files = 5; files < 10; files++) {
		struct peer_how how = {.max_files = files};

		assert_int_equal(peer_try(&peer[1], "poor", &how), 0);
		peer_fails(&peer[1], EMFILE, op_init, RCUMEM_ATTACH_JOIN);
		peer_kill(&peer[1]);
	}
	assert_int_equal(names_in(PEER_PREFIX, NULL, 0), 1);
	peer_start(&peer[1], "rich");
	peer_must(&peer[1], op_init, RCUMEM_ATTACH_JOIN);
	peers_fini(peer, 2);
}

/* (): take every descriptor there is. */
static int64_t op_use_up_files(const int64_t *arg)
{
	(void)arg;
	while (dup(STDERR_FILENO) >= 0)
		;
	return 0;
}

static int64_t op_close_files(const int64_t *arg)
{
	return close_range((unsigned int)arg[0], ~0u, 0);
}

static int64_t op_cpu_ns(const int64_t *arg)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void process_without_descriptors_serves_nobody_and_does_not_spin(void **state)
{
	static struct peer peer[2];
	int64_t cpu;

	(void)state;
	assert_int_equal(peer_try(&peer[0], "full", &(struct peer_how){.max_files = 64}), 0);
	peer_must(&peer[0], op_init, 0);
	peer_must(&peer[0], op_use_up_files, 0);
	peer_start(&peer[1], "newcomer");
	cpu = peer_call(&peer[0], op_cpu_ns, 0);
	assert_in_range(refused(&peer[1], ETIMEDOUT, "no process answers"), 900, 2000);
	assert_in_range(peer_call(&peer[0], op_cpu_ns, 0) - cpu, 0, 300000000);
	peer_must(&peer[0], op_close_files, 32);
	peer_must(&peer[1], op_init, RCUMEM_ATTACH_JOIN);
	peer_alloc(&peer[1], 1);
	peers_fini(peer, 2);
}

/* ---- Stopped ones ---- */

static void processes_that_are_all_stopped_do_not_answer_in_time(void **state)
{
	static struct peer peer[4];

	(void)state;
	peers_init(peer, 3);
	for (unsigned int i = 0; i < 3; i++)
		peer_stop(&peer[i]);
	peer_start(&peer[3], "newcomer");
	assert_in_range(refused(&peer[3], ETIMEDOUT, "no process answers"), 900, 2000);
	for (unsigned int i = 0; i < 3; i++)
		peer_continue(&peer[i]);
	peer_must(&peer[3], op_init, RCUMEM_ATTACH_JOIN);
	peers_fini(peer, 4);
}

static void one_process_that_runs_is_enough_to_join(void **state)
{
	static struct peer peer[4];

	(void)state;
	peers_init(peer, 3);
	for (unsigned int running = 0; running < 3; running++) {
		for (unsigned int i = 0; i < 3; i++)
			if (i != running)
				peer_stop(&peer[i]);
		peer_start(&peer[3], "newcomer");
		peer_must(&peer[3], op_init, RCUMEM_ATTACH_JOIN);
		assert_int_equal(peer_call(&peer[running], op_find, peer_alloc(&peer[3], 1), 1), 1);
		peer_kill(&peer[3]);
		for (unsigned int i = 0; i < 3; i++)
			if (i != running)
				peer_continue(&peer[i]);
	}
	peers_fini(peer, 3);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(address_that_is_taken_is_not_available),
	PEER_CASE(process_65_finds_no_room_until_one_dies),
	PEER_CASE(directory_of_another_user_is_no_access),
	PEER_CASE(directory_that_is_a_file_or_a_link_is_no_access),
	PEER_CASE(directory_whose_name_is_too_long_is_refused),
	PEER_CASE(too_few_descriptors_are_emfile),
	PEER_CASE(process_without_descriptors_serves_nobody_and_does_not_spin),
	PEER_CASE(processes_that_are_all_stopped_do_not_answer_in_time),
	PEER_CASE(one_process_that_runs_is_enough_to_join),
};

PEER_MAIN("joining refused", cases)
