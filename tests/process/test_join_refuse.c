/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Joining that is refused: each reason has an errno and one message, the
 * newcomer holds nothing afterwards, and the others do not notice.
 */

#include "peer_refuse.h"
#include "runtime.h"

#define TABLE 64 /* Processes that can be attached. */

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

static const struct CMUnitTest cases[] = {
	PEER_CASE(address_that_is_taken_is_not_available),
	PEER_CASE(process_65_finds_no_room_until_one_dies),
	PEER_CASE(directory_of_another_user_is_no_access),
	PEER_CASE(directory_that_is_a_file_or_a_link_is_no_access),
	PEER_CASE(directory_whose_name_is_too_long_is_refused),
};

PEER_MAIN("joining refused", cases)
