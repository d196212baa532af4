/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_RECOVERY_H
#define SUPPORT_RECOVERY_H

/*
 * A scene in which a writer dies: some memory that nobody touches, an operation
 * on other memory, its writer, and what must hold at each step and afterwards.
 *
 * 1. Bystanders are found, whole and with their contents, at every point of the
 *    operation and of its recovery.
 * 2. A walk sees all pages of the operation or none.
 * 3. After recovery the shared state is sound, and once readers are gone nothing
 *    waits, nothing is lost, and everything can be done again.
 */

#include <pthread.h>

#include "support_invariants.h"
#include "support_actor.h"
#include "support_random.h"
#include "support_walk.h"
#include "writer.h"

#define STAY_PAGES 3u
#define STAY_EXT   4u
#define STAY_IOVA  0x7000000000ull
#define ODD_PAGE   1024ull
#define ODD_IOVA   0x7100000000ull
#define OP_IOVA    0x7200000000ull

/* An operation of a writer. */
struct operation {
	const char *name;
	void (*prepare)(void);
	int (*run)(void);
	bool held; /* A reader is in a section all the while. */
};

static struct {
	char *stay;     /* Pages that stay. */
	char *stay_ext; /* External pages that stay. */
	char *odd;      /* External page that stays, and shares its index words with `op_odd`. */
	char *op_ext;   /* External memory of the operation. */
	char *op_odd;
	char *pages; /* Pages of the operation, once they are known. */
	size_t n;
	struct actor *reader;
	const char *wrong; /* What was seen first that must not be. */
	unsigned int looks;
} scene;

/* ---- Looking on ---- */

static inline bool stay_found(void)
{
	for (unsigned int i = 0; i < STAY_PAGES; i++) {
		char *va = scene.stay + i * page_sz;
		uint64_t iova = (uint64_t)(uintptr_t)va;

		if (rte_mem_virt2memseg(va, NULL)->addr != va || rte_mem_iova2virt(iova) != va ||
			rcumem_virt2iova(NULL, va + 5, NULL) != iova + 5 ||
			va[9] != (char)('a' + i))
			return false;
	}
	for (unsigned int i = 0; i < STAY_EXT; i++) {
		char *va = scene.stay_ext + i * EXT_PAGE;

		if (rte_mem_iova2virt(STAY_IOVA + i * EXT_PAGE) != va ||
			rte_mem_virt2memseg(va, NULL)->addr != va)
			return false;
	}
	return rte_mem_iova2virt(ODD_IOVA + 7) == scene.odd + 7 &&
	       rte_mem_virt2memseg(scene.odd + 7, NULL)->addr == scene.odd;
}

struct look {
	unsigned int stay, ext, odd, subject;
	unsigned int bare; /* Descriptors that are not complete. */
};

static inline int look_seg(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct look *look = arg;
	char *va = ms->addr;

	(void)msl;
	look->stay += va >= scene.stay && va < scene.stay + STAY_PAGES * page_sz;
	look->ext += va >= scene.stay_ext && va < scene.stay_ext + STAY_EXT * EXT_PAGE;
	look->odd += va == scene.odd;
	look->subject += scene.pages && va >= scene.pages && va < scene.pages + scene.n * page_sz;
	look->bare += va == NULL || ms->len != msl->page_sz;
	return 0;
}

/* At each point of the operation and of its recovery, in the writer's own thread. */
static inline void look_on(const char *name)
{
	struct look look = {0};

	scene.looks++;
	rte_memseg_walk(look_seg, &look);
	if (scene.wrong)
		return;
	if (!stay_found())
		scene.wrong = name;
	else if (look.stay != STAY_PAGES || look.ext != STAY_EXT || look.odd != 1)
		scene.wrong = name;
	else if (look.bare || (look.subject != 0 && look.subject != scene.n))
		scene.wrong = name;
}

/* ---- External memory of the operation ---- */

static inline int ext_subject_register(void)
{
	/* Two pieces: the pages stand in reverse in IO address. */
	uint64_t iovas[2] = {OP_IOVA + EXT_PAGE, OP_IOVA};

	return rte_extmem_register(scene.op_ext, 2 * EXT_PAGE, iovas, 2, EXT_PAGE);
}

static inline int ext_subject_unregister(void)
{
	return rte_extmem_unregister(scene.op_ext, 2 * EXT_PAGE);
}

/* ---- Making and clearing the scene ---- */

static inline void scene_set(void)
{
	uint64_t iova = ODD_IOVA;

	memset(&scene, 0, sizeof(scene));
	scene.stay = pages_get(STAY_PAGES);
	for (unsigned int i = 0; i < STAY_PAGES; i++)
		scene.stay[i * page_sz + 9] = (char)('a' + i);
	scene.stay_ext = ext_reserve(STAY_EXT);
	scene.odd = ext_reserve(1);
	scene.op_odd = scene.odd + ODD_PAGE;
	scene.op_ext = ext_reserve(8);
	assert_int_equal(ext_register(scene.stay_ext, STAY_EXT, STAY_IOVA), 0);
	assert_int_equal(rte_extmem_register(scene.odd, ODD_PAGE, &iova, 1, ODD_PAGE), 0);
	scene.reader = malloc(sizeof(*scene.reader)); /* Left to itself when a case fails. */
	actor_start(scene.reader);
}

static inline void scene_clear(void)
{
	actor_stop(scene.reader);
	free(scene.reader);
	assert_int_equal(rte_extmem_unregister(scene.odd, ODD_PAGE), 0);
	assert_int_equal(ext_unregister(scene.stay_ext, STAY_EXT), 0);
	pages_put(scene.stay, STAY_PAGES);
	ext_release(scene.stay_ext, STAY_EXT);
	ext_release(scene.odd, 1);
	ext_release(scene.op_ext, 8);
	assert_true(region_sound());
	assert_int_equal(runtime_region()->stats.segments, 0);
}

/* Whatever is there beside what stays. */
static inline void rest_release(void)
{
	static struct visits seen;

	visit_runs(&seen);
	for (unsigned int i = 0; i < seen.n; i++) {
		char *va = seen.at[i].seg.addr;
		size_t len = seen.at[i].len;

		if (va == scene.stay_ext || va == scene.odd)
			continue;
		if (seen.at[i].msl->external) {
			assert_int_equal(rte_extmem_unregister(va, len), 0);
			continue;
		}
		if (va == scene.stay) {
			va += STAY_PAGES * page_sz;
			len -= STAY_PAGES * page_sz;
		}
		if (len)
			pages_put(va, len / page_sz);
	}
}

/* Writers reclaim what readers have passed; then nothing may wait. */
static inline void settle(void)
{
	pages_put(pages_get(1), 1);
	assert_int_equal(ext_register(scene.op_ext + 7 * EXT_PAGE, 1, STAY_IOVA << 1), 0);
	assert_int_equal(ext_unregister(scene.op_ext + 7 * EXT_PAGE, 1), 0);
	assert_true(nothing_waits(runtime_region()));
	assert_true(region_sound());
}

/* While a reader keeps what the dead writer left from being reclaimed: pages of others are theirs.
 */
static inline char *take_while_held(void)
{
	char *pages = pages_get(2);

	for (int i = 0; i < 2; i++)
		memset(pages + i * page_sz, 'x', 64);
	/* What was undone can be tried again. */
	if (ext_subject_register() == 0)
		assert_int_equal(ext_subject_unregister(), 0);
	else
		assert_int_equal(rte_errno, EEXIST);
	assert_true(region_sound());
	return pages;
}

static inline void give_back(char *pages)
{
	for (int i = 0; i < 2; i++)
		assert_int_equal(pages[i * page_sz + 63], 'x');
	pages_put(pages, 2);
}

/* All pages of the operation are there, or none: and so say a walk and the lookups. */
static inline void assert_whole(void)
{
	struct look look = {0};

	rte_memseg_walk(look_seg, &look);
	assert_true(look.subject == 0 || look.subject == scene.n);
	for (size_t i = 0; i < scene.n; i++) {
		char *va = scene.pages + i * page_sz;

		assert_ptr_equal(rte_mem_virt2memseg(va, NULL)->addr, look.subject ? va : NULL);
		assert_ptr_equal(
			rte_mem_iova2virt((uint64_t)(uintptr_t)va), look.subject ? va : NULL);
	}
}

#endif /* SUPPORT_RECOVERY_H */
