/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hostile control regions: 10,000 that are truncated, flipped or random, half
 * of them with a sound header.  Each is refused by the check of the header, or
 * goes through the whole checker; none may crash or hang it.  RCUMEM_SEED
 * repeats a run, RCUMEM_FUZZ changes the number.
 */

#include <time.h>

#include "region_check.h"
#include "support_original.h"
#include "support_random.h"

#define REGIONS_DEFAULT 10000u
#define FLIPS_MAX       64u
#define LIMIT_NS        (2 * 1000000000ull) /* For each region; far above what any takes. */

/* A region that is about to be looked at. */
struct hostile {
	struct original *original;
	char *base;
	uint64_t file_len;
	bool sound_header; /* The bytes of struct region are left alone. */
};

enum kind {
	TRUNCATED,
	FLIPPED,
	RANDOM,
	KINDS,
};

static const char *const kind_names[KINDS] = {"truncated", "flipped", "random"};

struct outcome {
	unsigned int refused;  /* By the header check. */
	unsigned int passed;   /* The header check. */
	unsigned int reported; /* Of these, the checker found something. */
	unsigned int sound;    /* ... nothing: what changed means nothing. */
};

/* ---- Making them hostile ---- */

/* Somewhere in what is used; not in the header's struct where that is to be sound. */
static char *any_byte(const struct hostile *hostile)
{
	uint64_t at;

	do {
		at = hostile->original->offs[random_below(hostile->original->n_pages)] +
		     random_below(OS_PAGE);
	} while (hostile->sound_header && at < sizeof(struct region));
	return hostile->base + at;
}

/* Half of the time among words that are not zero: most of the region is. */
static char *any_set_byte(const struct hostile *hostile)
{
	char *byte = any_byte(hostile);

	for (int i = 0; i < 1000 && *byte == 0; i++)
		byte = any_byte(hostile);
	return byte;
}

static void flip(const struct hostile *hostile)
{
	uint64_t n = 1 + random_below(random_below(2) ? 1 : FLIPS_MAX);

	while (n--) {
		char *byte = random_below(2) ? any_byte(hostile) : any_set_byte(hostile);

		*byte = (char)(*byte ^ 1 << random_below(8));
	}
}

/* Whole pages of nonsense: all of them, or one in four. */
static void randomize(const struct hostile *hostile)
{
	bool all = random_below(2);

	for (uint32_t i = 0; i < hostile->original->n_pages; i++) {
		uint64_t off = hostile->original->offs[i];

		if (!all && random_below(4))
			continue;
		for (uint64_t at = off; at < off + OS_PAGE; at += sizeof(uint64_t)) {
			uint64_t word = random_u64();

			if (hostile->sound_header && at < sizeof(struct region))
				continue;
			memcpy(hostile->base + at, &word, sizeof(word));
		}
	}
}

/* Shorter than a header, within it, within the rest, or by a page; the rest is zero where it is
 * read at all. */
static void truncate_file(struct hostile *hostile)
{
	uint64_t lens[] = {0, random_below(64), random_below(sizeof(struct region)),
		sizeof(struct region), random_below(hostile->original->len),
		hostile->original->len - OS_PAGE, hostile->original->len - 1};

	hostile->file_len = lens[random_below(ARRAY_LEN(lens))];
}

/* With a sound header, what was cut off is missing and its place is zero. */
static void cut(const struct hostile *hostile)
{
	uint64_t from = sizeof(struct region) + random_below(hostile->original->len);

	for (uint32_t i = 0; i < hostile->original->n_pages; i++) {
		uint64_t off = hostile->original->offs[i];

		if (off + OS_PAGE > from)
			memset(hostile->base + (off > from ? off : from), 0,
				off > from ? OS_PAGE : off + OS_PAGE - from);
	}
}

static void make_hostile(struct hostile *hostile, enum kind kind)
{
	original_restore(hostile->original, hostile->base);
	hostile->file_len = hostile->original->len;
	if (kind == FLIPPED)
		flip(hostile);
	else if (kind == RANDOM)
		randomize(hostile);
	else if (hostile->sound_header)
		cut(hostile);
	else
		truncate_file(hostile);
}

/* ---- Looking at them ---- */

static void nothing(void *arg, const char *finding)
{
	*(unsigned int *)arg += strlen(finding) > 0;
}

/* Findings, or -errno of the header check, which reads no more than there is. */
static int look(const struct hostile *hostile)
{
	struct region *header = malloc(sizeof(*header));
	struct region_image image = {.base = hostile->base, .data = hostile->original->data};
	unsigned int told = 0;
	int ret;

	/* Of its own size, so that AddressSanitizer sees what is read beyond. */
	memcpy(header, hostile->base, sizeof(*header));
	region_header_fault(header, hostile->file_len, &ret);
	if (ret == 0) {
		assert_int_equal(region_layout_make(&image.layout, &header->shape), 0);
		assert_int_equal(image.layout.len, hostile->file_len);
		ret = check_image(&image, nothing, &told);
		assert_true(ret >= 0);
		assert_int_equal(told, ret < CHECK_FINDINGS_TOLD ? ret : CHECK_FINDINGS_TOLD);
	}
	free(header);
	return ret;
}

static void count(struct outcome *outcome, int ret)
{
	outcome->refused += ret < 0;
	outcome->passed += ret >= 0;
	outcome->reported += ret > 0;
	outcome->sound += ret == 0;
}

static void print(const char *name, const struct outcome *o)
{
	printf("%-9s  %5u refused by the header check, %5u passed it; of these %5u were "
	       "reported by the checker, %4u found sound\n",
		name, o->refused, o->passed, o->reported, o->sound);
}

static void hostile_regions_are_refused_or_reported(void **state)
{
	const char *number = getenv("RCUMEM_FUZZ");
	unsigned int n = number ? (unsigned int)atoi(number) : REGIONS_DEFAULT;
	struct outcome outcomes[KINDS] = {{0}}, all = {0};
	struct original original = {0};
	struct hostile hostile = {.original = &original};
	uint64_t slowest = 0;

	setenv("RCUMEM_SEED", "0x7263756d656d", 0);
	random_begin();
	original_take(&original);
	hostile.base = os_map_anonymous(original.len);
	assert_non_null(hostile.base);
	original_restore(&original, hostile.base);
	hostile.file_len = original.len;
	assert_int_equal(look(&hostile), 0);
	for (unsigned int i = 0; i < n; i++) {
		enum kind kind = (enum kind)random_below(KINDS);
		uint64_t begin = os_now_ns(), ns;
		int ret;

		hostile.sound_header = i % 2;
		make_hostile(&hostile, kind);
		ret = look(&hostile);
		ns = os_now_ns() - begin;
		slowest = ns > slowest ? ns : slowest;
		assert_true(ns < LIMIT_NS);
		assert_true(!hostile.sound_header || ret >= 0);
		count(&outcomes[kind], ret);
		count(&all, ret);
	}
	for (unsigned int kind = 0; kind < KINDS; kind++)
		print(kind_names[kind], &outcomes[kind]);
	print("all", &all);
	printf("slowest: %llu us\n", (unsigned long long)slowest / 1000);
	assert_int_equal(all.refused + all.passed, n);
	/* The test is blind when nothing is reported, or nearly all is refused at once. */
	assert_true(all.passed >= n / 2);
	assert_true(all.reported > n / 8);
	os_unmap(hostile.base, original.len);
	original_release(&original);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		SCENE_CASE(hostile_regions_are_refused_or_reported),
	};

	return RUN_CASES("region_fuzz", cases);
}
