/* SPDX-License-Identifier: BSD-3-Clause */
/* Pages plugged and unplugged by any process, beside stopped and dead ones. */

#include "peer_case.h"

/* ---- Any process ---- */

/* All agree about the pages, and about what there is in all. */
static void all_find(struct peer *all, unsigned int n, int64_t va, int64_t pages, int64_t found)
{
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(peer_call(&all[i], op_find, va, pages), found);
		assert_int_equal(peer_call(&all[i], op_physmem, 0), peer_stat(&all[0], bytes));
	}
}

/* rows M4, T1, H9: what one plugs, all find at once, and any frees */
static void pages_of_one_are_pages_of_all(void **state)
{
	static struct peer peer[3];

	(void)state;
	peers_init(peer, 3);
	for (unsigned int i = 0; i < 9; i++) {
		struct peer *by = &peer[i % 3], *other = &peer[(i + 1) % 3];
		struct peer *freed_by = &peer[(i + 1 + i / 3) % 3];
		int64_t va = peer_alloc(by, 3);

		all_find(peer, 3, va, 3, 3);
		assert_int_equal(peer_call(other, op_holds, va, 3, 0), 1);
		peer_must(other, op_fill, va, 3, 'a' + i);
		assert_int_equal(peer_call(by, op_holds, va, 3, 'a' + i), 1);
		assert_int_equal(peer_call(by, op_physmem, 0), 3 * page_sz);
		/* The middle first. */
		peer_must(freed_by, op_free, va + (int64_t)page_sz, 1);
		all_find(peer, 3, va, 3, 2);
		peer_fails(other, ENOENT, op_free, va, 3);
		peer_must(by, op_free, va, 1);
		peer_must(other, op_free, va + 2 * (int64_t)page_sz, 1);
		all_find(peer, 3, va, 3, 0);
		assert_int_equal(peer_call(other, op_backed, 0), 0);
	}
	assert_int_equal(peer_stat(&peer[2], allocs), 9);
	assert_int_equal(peer_stat(&peer[2], frees), 27);
	assert_int_equal(peer_stat(&peer[2], quarantined_bytes), 0);
	peers_fini(peer, 3);
}

/* rows M3, M8: pages outlive who allocated them, for others may use them */
static void pages_of_a_dead_process_are_freed_by_another(void **state)
{
	static struct peer peer[3];
	int64_t va;

	(void)state;
	peers_init(peer, 3);
	va = peer_alloc(&peer[0], 4);
	peer_must(&peer[0], op_fill, va, 4, 'd');
	peer_kill(&peer[0]);
	all_find(&peer[1], 2, va, 4, 4);
	assert_int_equal(peer_call(&peer[1], op_holds, va, 4, 'd'), 1);
	peer_must(&peer[1], op_free, va, 2);
	all_find(&peer[1], 2, va, 4, 2);
	peers_fini(&peer[1], 1);
	peer_must(&peer[2], op_free, va + 2 * (int64_t)page_sz, 2);
	assert_int_equal(peer_call(&peer[2], op_backed, 0), 0);
	peers_fini(&peer[2], 1);
}

/* (address): the byte there, read through the segment's descriptor; -1 */
static int64_t op_read_by_fd(const int64_t *arg)
{
	const struct rte_memseg *ms = rte_mem_virt2memseg((void *)(uintptr_t)arg[0], NULL);
	int fd = rte_memseg_get_fd(ms);
	unsigned char byte;
	size_t off;

	if (fd < 0 || rte_memseg_get_fd_offset(ms, &off) != 0 ||
		pread(fd, &byte, 1, (off_t)off) != 1)
		return -1;
	return byte;
}

/* rows M9, F8: every process has its own */
static void every_process_has_a_descriptor_of_every_page(void **state)
{
	static struct peer peer[3];
	int64_t va;

	(void)state;
	peers_init(peer, 2);
	va = peer_alloc(&peer[0], 2);
	peer_must(&peer[1], op_fill, va, 1, 'f');
	peer_must(&peer[1], op_fill, va + (int64_t)page_sz, 1, 'g');
	peer_start(&peer[2], "newcomer");
	peer_must(&peer[2], op_init, 0);
	peer_kill(&peer[0]);
	for (unsigned int i = 1; i < 3; i++) {
		assert_int_equal(peer_call(&peer[i], op_read_by_fd, va), 'f');
		assert_int_equal(peer_call(&peer[i], op_read_by_fd, va + (int64_t)page_sz), 'g');
	}
	peer_must(&peer[1], op_free, va, 2);
	peer_fails(&peer[2], ENOENT, op_read_by_fd, va);
	peers_fini(&peer[1], 2);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(pages_of_one_are_pages_of_all),
	PEER_CASE(pages_of_a_dead_process_are_freed_by_another),
	PEER_CASE(every_process_has_a_descriptor_of_every_page),
};

PEER_MAIN("hotplug from any process", cases)
