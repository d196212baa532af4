/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_CHECK_H
#define SUPPORT_CHECK_H

/*
 * The checker on the runtime of the test's own process, and a scene in which
 * everything that can be there is: pages in use and in quarantine, external
 * memory that is shown and that dies, an array of a user's, a reader inside.
 */

#include "support_walk.h" /* First: it has the system headers. */

#include <rte_fbarray.h>

#include "check.h"
#include "index.h"
#include "piece.h"
#include "runtime.h"
#include "segment.h"
#include "snapshot_edit.h"
#include "support_actor.h"

/* The findings of one look. */
struct findings {
	int cnt;
	char first[256];
	bool matched; /* One of them begins with `wanted`. */
	const char *wanted;
};

static inline void finding_take(void *arg, const char *finding)
{
	struct findings *findings = arg;

	if (findings->first[0] == 0)
		snprintf(findings->first, sizeof(findings->first), "%s", finding);
	if (findings->wanted && strncmp(finding, findings->wanted, strlen(findings->wanted)) == 0)
		findings->matched = true;
}

/* Look at the runtime: all that is found. */
static inline struct findings findings_of(const char *wanted)
{
	struct findings findings = {.wanted = wanted};
	struct region_image image;
	int err = region_image_take(
		&image, runtime.region_fd, runtime.list_fds, runtime_region()->n_internal);

	if (err) {
		findings.cnt = err;
		return findings;
	}
	findings.cnt = check_image(&image, finding_take, &findings);
	region_image_free(&image);
	return findings;
}

static inline void assert_sound(void)
{
	struct findings findings = findings_of(NULL);

	if (findings.cnt)
		fail_msg("%d findings: %s", findings.cnt, findings.first);
}

/* ---- Planting damage ---- */

#define SEVERAL 0 /* The damage shows in more than one place. */

/* With these bytes there, the checker finds exactly `cnt` things, one of which begins with
 * `wanted`. */
static inline void expect_bytes(
	void *at, size_t len, const void *bytes, int cnt, const char *wanted)
{
	struct findings findings;
	char old[256];

	assert_true(len <= sizeof(old));
	memcpy(old, at, len);
	memcpy(at, bytes, len);
	findings = findings_of(wanted);
	memcpy(at, old, len);
	if (findings.cnt <= 0 || (cnt && findings.cnt != cnt) || !findings.matched)
		fail_msg("wanted \"%s\": %d findings, the first \"%s\"", wanted, findings.cnt,
			findings.first);
}

#define EXPECT_N(member, value, cnt, wanted)                                                       \
	do {                                                                                       \
		__typeof__(member) expect_value = (value);                                         \
		expect_bytes(&(member), sizeof(member), &expect_value, cnt, wanted);               \
	} while (0)
#define EXPECT(member, value, wanted) EXPECT_N(member, value, 1, wanted)

/* Words with numbers, until the next call. */
static inline char *words(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline char *words(const char *format, ...)
{
	static char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

/* The word of an index that covers `key`. */
static inline uint64_t *index_word(const struct rcu_radix *tree, uint64_t key)
{
	unsigned int shift = RCU_RADIX_TOP;
	uint64_t *word = (uint64_t *)(uintptr_t)&tree->root[key >> shift];

	while (rcu_radix_is_node(*word)) {
		shift -= RCU_RADIX_BITS;
		word = &rcu_radix_child(*word)->words[key >> shift & (RCU_RADIX_FANOUT - 1)];
	}
	return word;
}

/* ---- The scene ---- */

#define SCENE_IOVA  0x7200000000ull
#define SCENE_USED  3u /* Pages 0 to 2 are in use, 3 and 4 in quarantine. */
#define SCENE_WAITS 2u

static struct {
	char *pages;
	char *ext;
	char *dying;
	struct rte_fbarray array;
	struct actor reader;
	struct region *region;
	uint32_t list_ext;
	uint32_t list_dying;
	uint32_t record; /* The quarantine's. */
} scene;

static inline int scene_enter(void *arg)
{
	(void)arg;
	return rcumem_read_lock();
}

static inline int scene_leave(void *arg)
{
	(void)arg;
	rcumem_read_unlock();
	return 0;
}

static inline uint32_t list_at(const void *va)
{
	for (uint32_t i = 0; i < scene.region->max_lists; i++)
		if (scene.region->states[i].base == (uint64_t)(uintptr_t)va)
			return i;
	fail_msg("no list at %p", va);
	return 0;
}

static inline int scene_setup(void **state)
{
	struct rcumem_options opts = test_options();
	uint64_t iovas[2] = {SCENE_IOVA + EXT_PAGE, SCENE_IOVA};
	char *waiting;

	(void)state;
	baseline_take();
	opts.free_timeout_ms = 5;
	runtime_start(&opts);
	scene.region = runtime_region();
	scene.pages = pages_get(SCENE_USED);
	waiting = pages_get(SCENE_WAITS);
	scene.ext = ext_reserve(2);
	scene.dying = ext_reserve(1);
	assert_int_equal(rte_extmem_register(scene.ext, 2 * EXT_PAGE, iovas, 2, EXT_PAGE), 0);
	assert_int_equal(ext_register(scene.dying, 1, SCENE_IOVA << 1), 0);
	scene.list_ext = list_at(scene.ext);
	scene.list_dying = list_at(scene.dying);
	assert_int_equal(rte_fbarray_init(&scene.array, "of a user", 100, 64), 0);
	actor_start(&scene.reader);
	assert_int_equal(actor_do(&scene.reader, scene_enter, NULL), 0);
	pages_put(waiting, SCENE_WAITS);
	assert_int_equal(ext_unregister(scene.dying, 1), 0);
	for (scene.record = 0; scene.region->ops[scene.record].state != OP_QUARANTINE;)
		scene.record++;
	return 0;
}

static inline int scene_teardown(void **state)
{
	(void)state;
	assert_sound();
	actor_do(&scene.reader, scene_leave, NULL);
	actor_stop(&scene.reader);
	assert_int_equal(rte_fbarray_destroy(&scene.array), 0);
	assert_int_equal(ext_unregister(scene.ext, 2), 0);
	pages_put(scene.pages, SCENE_USED);
	assert_sound();
	ext_release(scene.ext, 2);
	ext_release(scene.dying, 1);
	runtime_stop();
	return baseline_check();
}

#define SCENE_CASE(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

#endif /* SUPPORT_CHECK_H */
