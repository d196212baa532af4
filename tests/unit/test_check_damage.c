/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the checker finds: each kind of damage, planted in a live region, is
 * told as what it is, and as nothing else where it shows in one place only.
 */

#include "arena_table.h"
#include "fbarray.h"
#include "os.h"
#include "support_check.h"

#define NOBODY (1ull << 63) /* A process that does not exist. */

/* ---- Single members ---- */

static void members_out_of_range_are_found(void **state)
{
	struct region *r = scene.region;

	EXPECT(r->snapshots->max, r->snapshots->max + 1, "snapshots: the pool is not where");
	EXPECT(r->snapshots->ring, NULL, "snapshots: the pool is not where");
	EXPECT(r->arena->base, r->arena->base + 4096, "arena: it is not where");
	EXPECT_N(r->list_high, r->max_lists + 1, SEVERAL, "lists: 65 ever used");
	EXPECT(r->dma_bits, 64, "DMA mask of 64 bits");
	EXPECT(r->owner_process, REGION_PROCESSES + 1, "owner of the mutex: there is no process");
	EXPECT_N(r->next_socket_id, 255, SEVERAL, "socket id 255 is to be given next");
	EXPECT(r->external_cnt, 2, "external lists: 2 are counted, 1 are there");
}

/* INV-CHECK-2: the state may be half changed, so that nothing else is said. */
static void an_operation_that_was_interrupted_is_found(void **state)
{
	struct intent *intent = &scene.region->intent;

	EXPECT(intent->op, 99, "intent: there is no operation 99");
	intent->list = 9999;
	EXPECT(intent->op, INTENT_ALLOC, "intent: list 9999");
	intent->list = 0;
	EXPECT(intent->op, INTENT_ALLOC, "a plug is in progress or was interrupted: list 0");
	scene.region->stats.bytes++;
	EXPECT(intent->op, INTENT_RECLAIM, "the second half of an unplug is in progress");
	scene.region->stats.bytes--;
}

static void damaged_processes_are_found(void **state)
{
	struct region_process *process = &scene.region->processes[runtime.process];
	struct event_log *log = &scene.region->events;

	EXPECT(process->state, 7, "process 0: there is no state 7");
	EXPECT(process->pid, 0, "process 0: pid 0");
	EXPECT(process->told, log->head + 1, "process 0: was told of event");
	EXPECT_N(process->state, PROCESS_FREE, SEVERAL,
		words("list %u: a process that does not exist", scene.list_ext));
	EXPECT(log->listeners, NOBODY, "events: processes 0x8000000000000000 listen");
}

static void damaged_events_are_found(void **state)
{
	struct event_log *log = &scene.region->events;

	assert_int_equal(log->head, 0);
	log->ring[1] = (struct region_event){.type = 9, .n = 1};
	EXPECT(log->head, 1, "event 1: there is no type 9");
	log->ring[1] = (struct region_event){.list = 50, .n = 1};
	EXPECT(log->head, 1, "event 1: pages 0 to 0 of list 50 do not exist");
	log->ring[1] = (struct region_event){.first = UINT32_MAX, .n = 1};
	EXPECT(log->head, 1, "event 1: pages 4294967295");
}

static void damaged_readers_are_found(void **state)
{
	struct rcu_domain *domain = scene.region->domain;
	uint32_t inside = 0;

	while (domain->readers[inside].epoch == 0)
		inside++;
	EXPECT(domain->reader_max, 65, "readers: at most 65, not 64");
	EXPECT_N(domain->sequence, 0, SEVERAL, "readers: the sequence is 0");
	EXPECT(domain->reader_high, 65, "readers: 65 slots ever used, of 64");
	EXPECT(domain->readers[60].epoch, 1, "reader 60: inside a section, and free");
	EXPECT(domain->readers[60].owner, 64, "reader 60: there is no process 63");
	EXPECT(domain->readers[60].owner, 1, "reader 60: above the highest slot");
	EXPECT(domain->readers[inside].epoch, domain->sequence + 1,
		words("reader %u: word", inside));
}

/* ---- Arena ---- */

static void damaged_pieces_of_the_arena_are_found(void **state)
{
	struct arena *arena = scene.region->arena;
	struct arena_piece *user = NULL, *other = NULL;
	char *beyond = (char *)(uintptr_t)(arena->base + arena->len) - 4096;

	for (uint32_t i = 0; i < arena->cnt; i++)
		*(strchr(arena->pieces[i].name, '/') ? &other : &user) = &arena->pieces[i];
	EXPECT(user->off, user->off + 8,
		words("arena: piece %u: it is out of range", (unsigned int)(user - arena->pieces)));
	EXPECT(user->len, 1ull << 60, "arena: piece");
	EXPECT(user->asked, user->len + 1, "arena: piece");
	EXPECT(user->name[0], 0, "arena: piece");
	EXPECT(user->attached, NOBODY, "arena: piece");
	EXPECT_N(arena->cnt, arena->max + 1, SEVERAL, "arena: ");
	EXPECT_N(user->off, other->off, SEVERAL, "arena: pieces");
	memcpy(arena->pieces[arena->cnt].name, user->name, sizeof(user->name));
	arena->pieces[arena->cnt].off = 1ull << 30;
	arena->pieces[arena->cnt].asked = 4096;
	arena->pieces[arena->cnt].len = 4096;
	EXPECT(arena->cnt, arena->cnt + 1, "arena: two pieces are called of a user");
	memset(&arena->pieces[arena->cnt], 0, sizeof(*user));
	EXPECT(*beyond, 'x',
		words("arena: offset %#llx belongs to no piece and is not zero",
			(unsigned long long)arena->len - 4096));
}

/* ---- Lists ---- */

static void damaged_internal_lists_are_found(void **state)
{
	struct list_state *s = &scene.region->states[0];
	struct rte_memseg_list *msl = &scene.region->lists[0];
	uint32_t *header = (uint32_t *)fbarray_mask_words(&msl->memseg_arr) - 4;

	EXPECT(s->kind, LIST_EXTERNAL, "list 0: its state is not that of the layout");
	EXPECT(s->n_pages, s->n_pages + 1, "list 0: its state is not that of the layout");
	EXPECT(s->taken, NULL, "list 0: its state is not that of the layout");
	EXPECT(msl->len, msl->len + 1, "list 0: its record is not that of the layout");
	EXPECT(msl->heap, 0, "list 0: its record is not that of the layout");
	EXPECT(msl->memseg_arr.data, NULL, "list 0: its array is not that of the layout");
	EXPECT(msl->memseg_arr.name[0], 0, "list 0: its array is not that of the layout");
	EXPECT(header[1], 1, "list 0: the header of its array is damaged");
}

static void damaged_external_lists_are_found(void **state)
{
	uint32_t n = scene.list_ext;
	struct list_state *s = &scene.region->states[n];
	struct rte_memseg_list *msl = &scene.region->lists[n];
	struct rte_fbarray *arr = &msl->memseg_arr;
	uint32_t *header = (uint32_t *)fbarray_mask_words(arr) - 4;
	uint64_t internal = scene.region->states[0].base;

	EXPECT_N(s->n_pages, 0, SEVERAL, words("list %u: its size", n));
	EXPECT_N(s->page_shift, 70, SEVERAL, words("list %u: its size", n));
	EXPECT_N(s->base, s->base + 1, SEVERAL, words("list %u: its address", n));
	EXPECT_N(s->base, internal, SEVERAL, words("list %u: it overlaps internal", n));
	EXPECT_N(arr->elt_sz, 63, SEVERAL, words("list %u: its array is damaged", n));
	EXPECT_N(arr->data, (void *)64, SEVERAL, words("list %u: its array is outside", n));
	EXPECT_N(arr->data, (char *)arr->data + 4096, SEVERAL,
		words("list %u: its array is not in its storage", n));
	EXPECT_N(s->n_pieces, 9, SEVERAL, words("list %u: its storage has another size", n));
	EXPECT_N(s->pieces, s->pieces + 1, SEVERAL, words("list %u: its pieces are not", n));
	EXPECT_N(header[0], 9, SEVERAL, words("list %u: the header of its array", n));
	EXPECT_N(s->born, s->born + 1, SEVERAL, words("list %u: its array is not in", n));
	EXPECT(msl->len, 1, words("list %u: its record is not that of its state", n));
	EXPECT(arr->name[0], 'E', words("list %u: its record is not that of its state", n));
	EXPECT(s->died, 5, words("list %u: it is shown, and not from the past on", n));
	EXPECT(s->attached, NOBODY, words("list %u: a process that does not exist", n));
	EXPECT(scene.region->next_socket_id, 256, words("list %u: its socket id", n));
	EXPECT(arr->count, 3, words("list %u: 3 pages are counted, 2 are in use", n));
}

static void damaged_free_and_dying_lists_are_found(void **state)
{
	struct list_state *states = scene.region->states;
	struct list_state *dying = &states[scene.list_dying];

	EXPECT(states[50].base, 1, "list 50: it is free, and its record is not clear");
	EXPECT(states[50].kind, 9, "list 50: there is no such kind of list");
	EXPECT(states[50].kind, LIST_INTERNAL, "list 50: there is no such kind of list");
	EXPECT(dying->ticket, scene.region->domain->sequence + 1,
		words("list %u: it waits for a ticket", scene.list_dying));
}

static void external_lists_that_overlap_are_found(void **state)
{
	char *ext = ext_reserve(2);
	uint32_t n;

	assert_int_equal(ext_register(ext, 2, SCENE_IOVA << 2), 0);
	n = list_at(ext);
	EXPECT_N(scene.region->states[n].base, (uint64_t)(uintptr_t)scene.ext, SEVERAL,
		words("list %u overlaps list %u", n, scene.list_ext));
	EXPECT_N(scene.region->states[n].socket, scene.region->states[scene.list_ext].socket,
		SEVERAL, words("list %u has the socket id of list %u", n, scene.list_ext));
	assert_int_equal(ext_unregister(ext, 2), 0);
	ext_release(ext, 2);
}

static void damaged_pages_of_external_lists_are_found(void **state)
{
	uint32_t n = scene.list_ext;
	struct region *r = scene.region;
	struct list_state *s = &r->states[n];
	struct segment_mirror *slot = segment_mirror(r, n, 0);
	uint64_t *mask = fbarray_mask_words(&r->lists[n].memseg_arr);

	EXPECT(slot->len, 1, words("list %u page 0: its descriptor is not complete", n));
	EXPECT(slot->iova, 1, words("list %u page 0: its IO address is in no piece", n));
	EXPECT(mask[0], 2, words("list %u page 0: it is not marked as used", n));
	EXPECT_N(s->pieces[0].last, UINT64_MAX, SEVERAL, words("list %u: piece 0 is out of", n));
	EXPECT_N(s->pieces[1].first, 0, SEVERAL, words("list %u: piece 1 is out of", n));
	EXPECT(*index_word(r->ext_index, SCENE_IOVA), 0,
		words("list %u piece 0: the index does not lead to it", n));
	EXPECT(*index_word(r->va_index, s->base), 0,
		words("list %u: the index does not lead to it", n));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		SCENE_CASE(members_out_of_range_are_found),
		SCENE_CASE(an_operation_that_was_interrupted_is_found),
		SCENE_CASE(damaged_processes_are_found),
		SCENE_CASE(damaged_events_are_found),
		SCENE_CASE(damaged_readers_are_found),
		SCENE_CASE(damaged_pieces_of_the_arena_are_found),
		SCENE_CASE(damaged_internal_lists_are_found),
		SCENE_CASE(damaged_external_lists_are_found),
		SCENE_CASE(damaged_free_and_dying_lists_are_found),
		SCENE_CASE(external_lists_that_overlap_are_found),
		SCENE_CASE(damaged_pages_of_external_lists_are_found),
	};

	return RUN_CASES("check_damage", cases);
}
