/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Address spaces: a set is replaced at one instant.  Readers translate through
 * one map after the other while sets change; what they would see if a set were
 * published piece by piece, or let go too early, is said at each check.
 */

#include "support_space.h"
#include "support_random.h"
#include "atomic.h"

#define SET_REGIONS 24
#define RUN_MS      700

/* One set: its regions lie at the same IO addresses as those of the other, elsewhere in memory. */
struct set {
	uint64_t alive; /* Writer (release) and readers (acquire): 0 once no reader may hold it. */
	unsigned int cnt;
	struct rcumem_region regions[SET_REGIONS];
};

struct watch {
	const struct rcumem_space *space;
	bool qsbr;
	uint32_t stop; /* Relaxed: nothing depends on when it is seen. */
	uint64_t maps; /* The reader's, read after it has ended. */
	uint64_t mixed;
	uint64_t dead;
};

/* A map whose regions are not those of its user's set. */
static bool map_is_mixed(const struct rcumem_map *map, const struct set *set)
{
	if (rcumem_map_count(map) != set->cnt)
		return true;
	for (unsigned int i = 0; i < set->cnt; i++) {
		const struct rcumem_region *region = &set->regions[i];
		uint64_t len = UINT64_MAX;
		char *va = rcumem_map_iova2virt(map, region->iova, &len);

		if (va != region->va || len != region->len || *(uint64_t *)(uintptr_t)va != i)
			return true;
	}
	return false;
}

static int watch_maps(void *arg)
{
	struct watch *watch = arg;

	if (watch->qsbr && rcumem_reader_register())
		return 1;
	do {
		const struct rcumem_map *map;
		const struct set *set;

		if (!watch->qsbr && rcumem_read_lock())
			return 2;
		map = rcumem_space_map(watch->space);
		set = rcumem_map_user(map);
		watch->mixed += map_is_mixed(map, set);
		/* After replace() has returned 0, a set is dead: nobody may still hold it.
		 * Pairs with the release in change_sets(). */
		watch->dead += !rcu_load_acquire(&set->alive);
		watch->maps++;
		if (watch->qsbr)
			rcumem_reader_quiescent();
		else
			rcumem_read_unlock();
		/* Relaxed: see struct watch. */
	} while (!rcu_load_relaxed(&watch->stop));
	return watch->qsbr ? rcumem_reader_unregister() : 0;
}

/* A set of 1 to SET_REGIONS regions in `memory`, from which each begins with its number. */
static void set_make(struct set *set, char *memory)
{
	set->cnt = 1 + (unsigned int)random_below(SET_REGIONS);
	for (unsigned int i = 0; i < set->cnt; i++) {
		char *va = memory + i * 8192;

		memcpy(va, &(uint64_t){i}, 8);
		set->regions[i] = region_va(i * 6000, 8 + random_below(5000), va);
	}
}

static struct timespec deadline;

static uint32_t past_deadline(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > deadline.tv_sec ||
	       (now.tv_sec == deadline.tv_sec && now.tv_nsec >= deadline.tv_nsec);
}

static unsigned int change_sets(struct rcumem_space *space, struct set *sets, char *const *memory)
{
	unsigned int n = 1;

	for (; !past_deadline(); n++) {
		struct set *next = &sets[n % 2], *old = &sets[1 - n % 2];

		set_make(next, memory[n % 2]);
		rcu_store_release(&next->alive, 1); /* Pairs with watch_maps(). */
		if (rcumem_space_replace(space, next->regions, next->cnt, next))
			return 0;
		rcu_store_release(&old->alive, 0); /* Pairs with watch_maps(). */
		memset(memory[1 - n % 2], 0xdd, SET_REGIONS * 8192);
	}
	return n;
}

static void check_replace(bool qsbr)
{
	static struct set sets[2];
	struct rcumem_space *space = space_new();
	struct watch watch = {.space = space, .qsbr = qsbr};
	char *memory[2] = {calloc(SET_REGIONS, 8192), calloc(SET_REGIONS, 8192)};
	struct actor reader;
	unsigned int changes;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_nsec += RUN_MS * 1000000;
	deadline.tv_sec += deadline.tv_nsec / 1000000000;
	deadline.tv_nsec %= 1000000000;
	set_make(&sets[0], memory[0]);
	sets[0].alive = 1;
	assert_works(rcumem_space_replace(space, sets[0].regions, sets[0].cnt, &sets[0]));
	actor_start(&reader);
	actor_begin(&reader, watch_maps, &watch);
	changes = change_sets(space, sets, memory);
	rcu_store_relaxed(&watch.stop, 1);
	assert_int_equal(actor_end(&reader), 0);
	actor_stop(&reader);
	print_message("%u sets, %llu maps looked at\n", changes, (unsigned long long)watch.maps);
	assert_true(changes > 1);
	assert_int_equal(watch.mixed, 0);
	assert_int_equal(watch.dead, 0);
	assert_works(rcumem_space_destroy(space));
	free(memory[0]);
	free(memory[1]);
}

static void a_section_sees_one_set_and_its_user_pointer_alive(void **state)
{
	(void)state;
	check_replace(false);
}

static void a_qsbr_reader_sees_one_set_and_its_user_pointer_alive(void **state)
{
	(void)state;
	check_replace(true);
}

/* ---- Regions that come and go beside lookups ---- */

struct looking {
	const struct rcumem_space *space;
	uint32_t stop; /* Relaxed, as in struct watch. */
	uint64_t lookups;
	uint64_t wrong;
};

/* The first region always answers, and from a file; the second rightly or not at all. */
static int look_up(void *arg)
{
	struct looking *looking = arg;

	if (rcumem_reader_register())
		return 1;
	do {
		uint64_t *first = rcumem_iova2virt(looking->space, 8, NULL);
		uint64_t *second = rcumem_iova2virt(looking->space, page_sz + 16, NULL);

		looking->wrong += first == NULL || *first != stamp_at(1, 8);
		looking->wrong += second != NULL && *second != stamp_at(2, 16);
		looking->lookups++;
		rcumem_reader_quiescent();
		/* Relaxed: see struct watch. */
	} while (!rcu_load_relaxed(&looking->stop));
	return rcumem_reader_unregister();
}

/* An unmapped or half mapped region would raise SIGBUS or SIGSEGV, or show another's bytes. */
static void a_region_that_comes_and_goes_answers_rightly_or_not_at_all(void **state)
{
	struct rcumem_space *space = space_new();
	struct looking looking = {.space = space};
	int first = file_new(1), second = file_new(1);
	struct actor reader;

	(void)state;
	file_stamp(first, 1, 1);
	file_stamp(second, 1, 2);
	add_fd(space, 0, page_sz, first, 0);
	actor_start(&reader);
	actor_begin(&reader, look_up, &looking);
	for (unsigned int i = 0; i < 1000; i++) {
		add_fd(space, page_sz, page_sz, second, 0);
		assert_works(rcumem_space_unregister(space, page_sz, page_sz));
	}
	rcu_store_relaxed(&looking.stop, 1);
	assert_int_equal(actor_end(&reader), 0);
	actor_stop(&reader);
	assert_int_not_equal(looking.lookups, 0);
	assert_int_equal(looking.wrong, 0);
	assert_int_equal(mapped_pages(second), 0);
	assert_works(rcumem_space_destroy(space));
	close(first);
	close(second);
}

/* ---- Writers beside each other ---- */

struct writing {
	struct rcumem_space *space;
	uint64_t base;
};

static int write_many(void *arg)
{
	const struct writing *writing = arg;

	for (uint64_t i = 0; i < 300; i++) {
		struct rcumem_region region =
			region_va(writing->base + i * 4096, 4096, nowhere + i * 4096);

		if (rcumem_space_register(writing->space, &region))
			return 1;
		if (i % 3 == 0 && rcumem_space_unregister(writing->space, region.iova, 4096))
			return 2;
	}
	return 0;
}

static void writers_of_one_space_take_turns(void **state)
{
	struct rcumem_space *space = space_new();
	struct writing writing[2] = {{space, 0}, {space, 1ull << 40}};
	struct actor actors[2];

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		actor_start(&actors[i]);
		actor_begin(&actors[i], write_many, &writing[i]);
	}
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(actor_end(&actors[i]), 0);
		actor_stop(&actors[i]);
	}
	assert_int_equal(count_of(space), 400);
	for (uint64_t i = 0; i < 300; i++)
		assert_ptr_equal(
			virt_of(space, (1ull << 40) + i * 4096), i % 3 ? nowhere + i * 4096 : NULL);
	assert_works(rcumem_space_destroy(space));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(a_section_sees_one_set_and_its_user_pointer_alive),
		CASE(a_qsbr_reader_sees_one_set_and_its_user_pointer_alive),
		CASE(a_region_that_comes_and_goes_answers_rightly_or_not_at_all),
		CASE(writers_of_one_space_take_turns),
	};

	random_begin();
	return RUN_CASES("space_atomic", cases);
}
