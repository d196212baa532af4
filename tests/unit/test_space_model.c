/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Address spaces against a naive model: a list of regions, searched from end to
 * end.  RCUMEM_SEED repeats a run.
 */

#include "support_space.h"
#include "support_random.h"

#define MODEL_MAX 300
#define OPS       600
#define PROBES    60

/* ---- The model ---- */

static struct rcumem_region model[MODEL_MAX];
static unsigned int model_cnt;

static const struct rcumem_region *model_find(uint64_t iova)
{
	for (unsigned int i = 0; i < model_cnt; i++)
		if (iova - model[i].iova < model[i].len)
			return &model[i];
	return NULL;
}

static bool overlap(const struct rcumem_region *a, const struct rcumem_region *b)
{
	return a->iova <= b->iova + (b->len - 1) && b->iova <= a->iova + (a->len - 1);
}

static bool model_overlaps(const struct rcumem_region *region)
{
	for (unsigned int i = 0; i < model_cnt; i++)
		if (overlap(&model[i], region))
			return true;
	return false;
}

/* ---- Random regions ---- */

/* Any region below 2^bits; half of them begin or end beside one that is there. */
static struct rcumem_region random_region(unsigned int bits)
{
	const uint64_t top = bits < 64 ? (1ull << bits) - 1 : UINT64_MAX;
	uint64_t iova = random_u64() & top, len = random_size(bits - 4);

	if (model_cnt && random_below(2)) {
		const struct rcumem_region *near = &model[random_below(model_cnt)];

		iova = random_below(2) ? near->iova + near->len : near->iova - len;
		iova = (iova + random_below(3) - 1) & top;
	}
	if (iova + (len - 1) < iova || iova + (len - 1) > top)
		len = top - iova + 1;
	if (len == 0) /* 2^64 */
		len--;
	/* Virtual addresses overlap now and then. */
	return region_va(iova, len, (void *)(0x10000 + (random_u64() >> (66 - bits) << 1)));
}

/* ---- Checks ---- */

static void check_iova(const struct rcumem_map *map, uint64_t iova)
{
	const struct rcumem_region *region = model_find(iova);
	uint64_t want = random_u64() >> random_below(64), len = want;
	uint64_t rest = region ? region->len - (iova - region->iova) : 0;
	char *right = region ? (char *)region->va + (iova - region->iova) : NULL;
	char *va = rcumem_map_iova2virt(map, iova, &len);

	if (va != right || len != (want < rest ? want : rest))
		fail_msg("iova %#llx, %llu bytes: %p, %llu instead of %p, %llu",
			(unsigned long long)iova, (unsigned long long)want, (void *)va,
			(unsigned long long)len, (void *)right, (unsigned long long)rest);
}

/* The way back leads to one of the regions that show the byte, if there is one. */
static void check_virt(const struct rcumem_space *space, uint64_t va)
{
	uint64_t len = UINT64_MAX;
	uint64_t iova = rcumem_virt2iova(space, (void *)va, &len);
	bool shown = false, right = false;

	for (unsigned int i = 0; i < model_cnt; i++) {
		uint64_t off = va - (uint64_t)model[i].va;

		if (off >= model[i].len)
			continue;
		shown = true;
		right |= iova == model[i].iova + off && len == model[i].len - off;
	}
	if (shown ? !right : iova != RTE_BAD_IOVA || len != 0)
		fail_msg("va %#llx: %#llx, %llu", (unsigned long long)va, (unsigned long long)iova,
			(unsigned long long)len);
}

static void check_space(const struct rcumem_space *space)
{
	const struct rcumem_map *map;

	assert_works(rcumem_read_lock());
	map = rcumem_space_map(space);
	assert_int_equal(rcumem_map_count(map), model_cnt);
	for (unsigned int i = 0; i < PROBES; i++) {
		const struct rcumem_region *region;

		check_iova(map, random_u64() >> random_below(64));
		check_virt(space, random_u64() >> random_below(64));
		if (model_cnt == 0)
			continue;
		region = &model[random_below(model_cnt)];
		check_iova(map, region->iova + random_below(region->len));
		check_iova(map, region->iova + region->len - 1 + random_below(3));
		check_iova(map, region->iova - random_below(3));
		check_virt(space, (uint64_t)region->va + random_below(region->len));
		check_virt(space, (uint64_t)region->va + region->len - 1 + random_below(3));
	}
	rcumem_read_unlock();
}

/* ---- Changes, of the space and of the model ---- */

static void change_register(struct rcumem_space *space, unsigned int bits)
{
	struct rcumem_region region = random_region(bits);

	if (model_cnt == MODEL_MAX)
		return;
	if (model_overlaps(&region)) {
		assert_fails(rcumem_space_register(space, &region), EEXIST);
		return;
	}
	assert_works(rcumem_space_register(space, &region));
	model[model_cnt++] = region;
}

static void change_unregister(struct rcumem_space *space)
{
	unsigned int i;

	if (model_cnt == 0)
		return;
	i = (unsigned int)random_below(model_cnt);
	assert_works(rcumem_space_unregister(space, model[i].iova, model[i].len));
	model[i] = model[--model_cnt];
}

/* Keep some of the regions, in another order, and add some. */
static void change_replace(struct rcumem_space *space, unsigned int bits)
{
	void *user = (void *)random_u64();

	for (unsigned int i = 0; i < model_cnt; i++) {
		unsigned int other = (unsigned int)random_below(model_cnt);
		struct rcumem_region region = model[i];

		model[i] = model[other];
		model[other] = region;
	}
	model_cnt -= (unsigned int)random_below(model_cnt + 1);
	for (unsigned int i = 0; i < 10 && model_cnt < MODEL_MAX; i++) {
		struct rcumem_region region = random_region(bits);

		if (!model_overlaps(&region))
			model[model_cnt++] = region;
	}
	assert_works(rcumem_space_replace(space, model, model_cnt, user));
	assert_ptr_equal(user_of(space), user);
}

static void check_random_changes(unsigned int bits)
{
	struct rcumem_space *space = space_new();

	model_cnt = 0;
	for (unsigned int i = 0; i < OPS; i++) {
		switch (random_below(20)) {
		case 0:
			change_replace(space, bits);
			break;
		case 1:
		case 2:
		case 3:
		case 4:
		case 5:
			change_unregister(space);
			break;
		default:
			change_register(space, bits);
		}
		check_space(space);
	}
	assert_works(rcumem_space_destroy(space));
}

static void random_changes_within_a_few_pages_match_the_model(void **state)
{
	(void)state;
	check_random_changes(15);
}

static void random_changes_below_2_to_the_34_match_the_model(void **state)
{
	(void)state;
	check_random_changes(34);
}

static void random_changes_below_2_to_the_48_match_the_model(void **state)
{
	(void)state;
	check_random_changes(48);
}

static void random_changes_of_all_64_bits_match_the_model(void **state)
{
	(void)state;
	check_random_changes(64);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(random_changes_within_a_few_pages_match_the_model),
		CASE(random_changes_below_2_to_the_34_match_the_model),
		CASE(random_changes_below_2_to_the_48_match_the_model),
		CASE(random_changes_of_all_64_bits_match_the_model),
	};

	random_begin();
	return RUN_CASES("space_model", cases);
}
