/* SPDX-License-Identifier: BSD-3-Clause */
/* External memory in several processes: who is attached, and who is not. */

#include "peer_case.h"

#define EXT_VA    0x700000000000ll /* Nothing is mapped there, nor need it be. */
#define EXT_IOVA  0x100000000000ll
#define EXT_PAGES 4
#define EXT_LEN   (EXT_PAGES * (int64_t)EXT_PAGE)

/* ---- For peer_call(): (address, pages) ---- */

static int64_t op_register(const int64_t *arg)
{
	return ext_register(
		(void *)(uintptr_t)arg[0], (size_t)arg[1], EXT_IOVA + (arg[0] - EXT_VA));
}

static int64_t op_unregister(const int64_t *arg)
{
	return ext_unregister((void *)(uintptr_t)arg[0], (size_t)arg[1]);
}

static int64_t op_attach(const int64_t *arg)
{
	return rte_extmem_attach((void *)(uintptr_t)arg[0], (size_t)arg[1] * EXT_PAGE);
}

static int64_t op_detach(const int64_t *arg)
{
	return rte_extmem_detach((void *)(uintptr_t)arg[0], (size_t)arg[1] * EXT_PAGE);
}

/* What a process sees of a range. */
enum view {
	SEES_NOTHING,
	SEES_LIST, /* The list, but no segment of it, and none of it in walks. */
	SEES_ALL,
	SEES_WRONG,
};

static int list_is(const struct rte_memseg_list *msl, void *arg)
{
	return msl->external && msl->base_va == arg;
}

/* (address, pages): enum view. */
static int64_t op_view(const int64_t *arg)
{
	static struct visits visits;
	char *va = (char *)(uintptr_t)arg[0];
	const struct rte_memseg_list *msl = rte_mem_virt2memseg_list(va + 9);
	int64_t segs = 0, walked = 0, found = 0;
	bool listed = rte_memseg_list_walk(list_is, va) == 1;

	memset(&visits, 0, sizeof(visits));
	rte_memseg_walk(record_seg, &visits);
	for (int64_t i = 0; i < arg[1]; i++) {
		char *page = va + i * (int64_t)EXT_PAGE;
		const struct rte_memseg *ms = rte_mem_virt2memseg(page + 1, NULL);
		uint64_t iova = (uint64_t)(EXT_IOVA + (arg[0] - EXT_VA) + i * (int64_t)EXT_PAGE);

		segs += ms && ms->addr == page && ms->iova == iova;
		walked += visits_find(&visits, page) >= 0;
		found += rte_mem_iova2virt(iova + 3) == page + 3;
	}
	if (listed != (found != 0)) /* Walks of lists pass it over as well. */
		return SEES_WRONG;
	if (msl && (!msl->external || msl->base_va != va || msl->socket_id < 256))
		return SEES_WRONG;
	if (segs != walked || walked != found || (found && found != arg[1]) || (found && !msl))
		return SEES_WRONG;
	return found ? SEES_ALL : msl ? SEES_LIST : SEES_NOTHING;
}

static void all_see(struct peer *peer, unsigned int n, const enum view *views)
{
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(peer_call(&peer[i], op_view, EXT_VA, EXT_PAGES), views[i]);
}

#define ALL_SEE(peer, ...)                                                                         \
	all_see(peer, sizeof((enum view[]){__VA_ARGS__}) / sizeof(enum view),                      \
		(const enum view[]){__VA_ARGS__})

/* ---- Cases ---- */

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

/* rows R8: whoever was killed is attached no more */
static void killed_process_counts_as_detached(void **state)
{
	static struct peer peer[3];

	(void)state;
	peers_init(peer, 3);
	peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
	peer_must(&peer[1], op_attach, EXT_VA, EXT_PAGES);
	peer_fails(&peer[0], EBUSY, op_unregister, EXT_VA, EXT_PAGES);
	peer_kill(&peer[1]);
	peer_must(&peer[0], op_unregister, EXT_VA, EXT_PAGES);
	assert_int_equal(peer_call(&peer[2], op_view, EXT_VA, EXT_PAGES), SEES_NOTHING);
	/* Nor does it matter who registered. */
	peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
	peer_must(&peer[2], op_attach, EXT_VA, EXT_PAGES);
	peer_kill(&peer[0]);
	assert_int_equal(peer_call(&peer[2], op_view, EXT_VA, EXT_PAGES), SEES_ALL);
	peer_must(&peer[2], op_unregister, EXT_VA, EXT_PAGES);
	peers_fini(&peer[2], 1);
}

/* rows R8: of a list that nobody else was attached to nothing is left, and nobody gets it */
static void list_of_a_dead_process_alone_is_gone(void **state)
{
	static struct peer peer[2];

	(void)state;
	for (int variant = 0; variant < 4; variant++) {
		bool killed = variant % 2;

		peers_init(peer, 2);
		peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
		peer_must(&peer[0], op_register, EXT_VA + 2 * EXT_LEN, EXT_PAGES);
		peer_must(&peer[1], op_attach, EXT_VA + 2 * EXT_LEN, EXT_PAGES);
		if (killed)
			peer_kill(&peer[0]);
		else
			peers_fini(peer, 1);
		if (variant < 2) {
			peer_fails(&peer[1], ENOENT, op_attach, EXT_VA, EXT_PAGES);
			ALL_SEE(&peer[1], SEES_NOTHING);
		}
		assert_int_equal(
			peer_call(&peer[1], op_view, EXT_VA + 2 * EXT_LEN, EXT_PAGES), SEES_ALL);
		peer_must(&peer[1], op_register, EXT_VA, EXT_PAGES);
		ALL_SEE(&peer[1], SEES_ALL);
		peers_fini(&peer[1], 1);
	}
}

/* rows R4: detaching leaves it for others, as long as there is anybody */
static void list_that_all_have_detached_stays_for_who_comes(void **state)
{
	static struct peer peer[2];

	(void)state;
	peers_init(peer, 2);
	peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
	peer_must(&peer[0], op_detach, EXT_VA, EXT_PAGES);
	ALL_SEE(peer, SEES_LIST, SEES_LIST);
	peers_fini(peer, 1);
	ALL_SEE(&peer[1], SEES_LIST);
	peer_must(&peer[1], op_attach, EXT_VA, EXT_PAGES);
	ALL_SEE(&peer[1], SEES_ALL);
	peer_must(&peer[1], op_unregister, EXT_VA, EXT_PAGES);
	peers_fini(&peer[1], 1);
}

/* rows R8: its place in the table goes to another, which has attached nothing */
static void attachments_are_not_inherited_with_the_slot(void **state)
{
	static struct peer peer[3];

	(void)state;
	for (int killed = 0; killed < 2; killed++) {
		peers_init(peer, 2);
		peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
		peer_must(&peer[1], op_attach, EXT_VA, EXT_PAGES);
		if (killed)
			peer_kill(&peer[1]);
		else
			peers_fini(&peer[1], 1);
		peer_start(&peer[2], "heir");
		peer_must(&peer[2], op_init, RCUMEM_ATTACH_JOIN);
		assert_int_equal(names_in(PEER_PREFIX, NULL, 0), 2);
		assert_int_equal(peer_call(&peer[2], op_view, EXT_VA, EXT_PAGES), SEES_LIST);
		peer_fails(&peer[2], ENOENT, op_detach, EXT_VA, EXT_PAGES);
		peer_must(&peer[0], op_unregister, EXT_VA, EXT_PAGES);
		peers_fini(peer, 1);
		peers_fini(&peer[2], 1);
	}
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
	PEER_CASE(killed_process_counts_as_detached),
	PEER_CASE(list_of_a_dead_process_alone_is_gone),
	PEER_CASE(list_that_all_have_detached_stays_for_who_comes),
	PEER_CASE(attachments_are_not_inherited_with_the_slot),
	PEER_CASE(duplicate_answers_where_the_first_is_not_attached),
};

PEER_MAIN("external memory of several processes", cases)
