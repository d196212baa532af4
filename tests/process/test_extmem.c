/* SPDX-License-Identifier: BSD-3-Clause */
/* External memory in several processes: who is attached, and who is not. */

#include "peer_extmem.h"

/* rows R7, X15, R4: others find the list, and its segments only when they have attached */
static void list_is_seen_by_all_and_its_segments_by_who_attached(void **state)
{
	static struct peer peer[3];

	(void)state;
	peers_init(peer, 3);
	peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
	ALL_SEE(peer, SEES_ALL, SEES_LIST, SEES_LIST);
	peer_must(&peer[1], op_attach, EXT_VA, EXT_PAGES);
	ALL_SEE(peer, SEES_ALL, SEES_ALL, SEES_LIST);
	peer_fails(&peer[0], EEXIST, op_attach, EXT_VA, EXT_PAGES);
	peer_fails(&peer[1], EEXIST, op_attach, EXT_VA, EXT_PAGES);
	peer_fails(&peer[2], EEXIST, op_register, EXT_VA, EXT_PAGES);
	/* No part of it, and nothing else. */
	peer_fails(&peer[2], ENOENT, op_attach, EXT_VA, EXT_PAGES - 1);
	peer_fails(&peer[2], ENOENT, op_attach, EXT_VA + EXT_LEN, EXT_PAGES);
	/* It counts for none of them as memory. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(peer_call(&peer[i], op_physmem, 0), 0);
	peer_must(&peer[0], op_detach, EXT_VA, EXT_PAGES);
	ALL_SEE(peer, SEES_LIST, SEES_ALL, SEES_LIST);
	peer_must(&peer[0], op_attach, EXT_VA, EXT_PAGES);
	ALL_SEE(peer, SEES_ALL, SEES_ALL, SEES_LIST);
	peers_fini(peer, 3);
}

/* rows X12, X13, X14, X16: errors of whoever is attached, and of whoever is not */
static void list_goes_when_the_last_who_is_attached_says_so(void **state)
{
	static struct peer peer[3];

	(void)state;
	peers_init(peer, 3);
	for (int unregisters = 0; unregisters < 2; unregisters++) {
		struct peer *last = &peer[unregisters], *other = &peer[1 - unregisters];

		peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
		peer_must(&peer[1], op_attach, EXT_VA, EXT_PAGES);
		peer_fails(&peer[0], EBUSY, op_unregister, EXT_VA, EXT_PAGES);
		peer_fails(&peer[1], EBUSY, op_unregister, EXT_VA, EXT_PAGES);
		peer_fails(&peer[2], ENOENT, op_unregister, EXT_VA, EXT_PAGES);
		peer_fails(&peer[2], ENOENT, op_detach, EXT_VA, EXT_PAGES);
		ALL_SEE(peer, SEES_ALL, SEES_ALL, SEES_LIST);
		peer_must(other, op_detach, EXT_VA, EXT_PAGES);
		peer_fails(other, ENOENT, op_detach, EXT_VA, EXT_PAGES);
		peer_fails(other, ENOENT, op_unregister, EXT_VA, EXT_PAGES);
		peer_must(last, op_unregister, EXT_VA, EXT_PAGES);
		ALL_SEE(peer, SEES_NOTHING, SEES_NOTHING, SEES_NOTHING);
		for (int i = 0; i < 3; i++) {
			peer_fails(&peer[i], ENOENT, op_unregister, EXT_VA, EXT_PAGES);
			peer_fails(&peer[i], ENOENT, op_attach, EXT_VA, EXT_PAGES);
		}
	}
	peers_fini(peer, 3);
}

/* (address): put something there. */
static int64_t op_occupy(const int64_t *arg)
{
	void *va = (void *)(uintptr_t)arg[0];

	return mmap(va, (size_t)EXT_LEN, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == va
		       ? 0
		       : -1;
}

/* rows X17: descriptors stand in the control region, so no address can be taken */
static void attaching_needs_no_address_that_could_be_taken(void **state)
{
	static struct peer peer[2];

	(void)state;
	if (UNDER_TSAN)
		skip();
	peers_init(peer, 2);
	peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
	peer_must(&peer[1], op_occupy, EXT_VA);
	peer_must(&peer[1], op_attach, EXT_VA, EXT_PAGES);
	ALL_SEE(peer, SEES_ALL, SEES_ALL);
	peers_fini(peer, 2);
}

/* rows M4, R7: it is not attached by itself */
static void newcomer_finds_lists_and_attaches_as_it_likes(void **state)
{
	static struct peer peer[3];

	(void)state;
	peers_init(peer, 1);
	peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
	for (int i = 1; i < 3; i++) {
		peer_start(&peer[i], "newcomer");
		peer_must(&peer[i], op_init, RCUMEM_ATTACH_JOIN);
	}
	ALL_SEE(peer, SEES_ALL, SEES_LIST, SEES_LIST);
	peer_must(&peer[2], op_attach, EXT_VA, EXT_PAGES);
	peers_fini(peer, 1);
	ALL_SEE(&peer[1], SEES_LIST, SEES_ALL);
	peer_must(&peer[2], op_unregister, EXT_VA, EXT_PAGES);
	ALL_SEE(&peer[1], SEES_NOTHING, SEES_NOTHING);
	peers_fini(&peer[1], 2);
}

/* (address): a duplicate of the IO addresses of the list of the case. */
static int64_t op_register_twin(const int64_t *arg)
{
	return ext_register((void *)(uintptr_t)arg[0], EXT_PAGES, EXT_IOVA);
}

static int64_t op_iova2virt(const int64_t *arg)
{
	return (int64_t)(uintptr_t)rte_mem_iova2virt((uint64_t)arg[0]);
}

/* rows L15, R4: where the first list is not attached, the next one answers */
static void duplicate_answers_where_the_first_is_not_attached(void **state)
{
	static struct peer peer[2];
	const int64_t twin = EXT_VA + 16 * EXT_LEN;

	(void)state;
	peers_init(peer, 2);
	peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
	peer_must(&peer[1], op_register_twin, twin);
	assert_int_equal(peer_call(&peer[0], op_iova2virt, EXT_IOVA + 5), EXT_VA + 5);
	assert_int_equal(peer_call(&peer[1], op_iova2virt, EXT_IOVA + 5), twin + 5);
	peer_must(&peer[1], op_attach, EXT_VA, EXT_PAGES);
	assert_int_equal(peer_call(&peer[1], op_iova2virt, EXT_IOVA + 5), EXT_VA + 5);
	peer_must(&peer[1], op_detach, EXT_VA, EXT_PAGES);
	assert_int_equal(peer_call(&peer[1], op_iova2virt, EXT_IOVA + 5), twin + 5);
	peer_must(&peer[0], op_detach, EXT_VA, EXT_PAGES);
	assert_int_equal(peer_call(&peer[0], op_iova2virt, EXT_IOVA + 5), 0);
	peers_fini(peer, 2);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(list_is_seen_by_all_and_its_segments_by_who_attached),
	PEER_CASE(list_goes_when_the_last_who_is_attached_says_so),
	PEER_CASE(attaching_needs_no_address_that_could_be_taken),
	PEER_CASE(newcomer_finds_lists_and_attaches_as_it_likes),
	PEER_CASE(duplicate_answers_where_the_first_is_not_attached),
};

PEER_MAIN("external memory of several processes", cases)
