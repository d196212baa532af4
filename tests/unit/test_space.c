/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Address spaces: what is translated to what, byte by byte, and what is
 * refused.  Files: test_space_backing.c; readers: test_space_grace.c.
 */

#include "support_space.h"

#define LOW_LAST ((1ull << 48) - 1) /* The index has two halves. */

/* The region is exactly [iova, iova + len). */
static void check_bounds(const struct rcumem_space *space, uint64_t iova, uint64_t len, char *va)
{
	assert_ptr_equal(virt_of(space, iova), va);
	assert_ptr_equal(virt_of(space, iova + len / 2), va + len / 2);
	assert_ptr_equal(virt_of(space, iova + len - 1), va + len - 1);
	if (iova)
		assert_null(virt_of(space, iova - 1));
	if (iova + len)
		assert_null(virt_of(space, iova + len));
}

/* ---- Bounds ---- */

static void a_region_has_exactly_its_bytes(void **state)
{
	const uint64_t iovas[] = {0, 1, 4095, 4096, 0x12345, (1ull << 21) - 1, (1ull << 30) + 7,
		(1ull << 30) - 4096, LOW_LAST - 70000, 1ull << 48, (1ull << 57) - 3, 3ull << 60};
	const uint64_t lens[] = {1, 2, 4095, 4096, 4097, 65536, (1ull << 21) + 5, 1ull << 31};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(iovas); i++) {
		for (size_t k = 0; k < ARRAY_LEN(lens); k++) {
			struct rcumem_space *space = space_new();

			add_va(space, iovas[i], lens[k], nowhere + 0x777);
			check_bounds(space, iovas[i], lens[k], nowhere + 0x777);
			/* A second region elsewhere: a lone one is translated by another path. */
			add_va(space, 1ull << 44, 1, nowhere);
			check_bounds(space, iovas[i], lens[k], nowhere + 0x777);
			assert_works(rcumem_space_destroy(space));
		}
	}
}

static void several_regions_share_one_page(void **state)
{
	struct rcumem_space *space = space_new();
	char *far = nowhere + (1ull << 32);

	(void)state;
	add_va(space, 0x5010, 0x10, far + 0x100);
	add_va(space, 0x5100, 1, far);
	add_va(space, 0x5020, 0x20, nowhere);
	add_va(space, 0x5fff, 0x2001, far + 0x9000);
	assert_null(virt_of(space, 0x500f));
	assert_ptr_equal(virt_of(space, 0x5010), far + 0x100);
	assert_ptr_equal(virt_of(space, 0x501f), far + 0x10f);
	assert_ptr_equal(virt_of(space, 0x5020), nowhere);
	assert_ptr_equal(virt_of(space, 0x503f), nowhere + 0x1f);
	assert_null(virt_of(space, 0x5040));
	assert_null(virt_of(space, 0x50ff));
	assert_ptr_equal(virt_of(space, 0x5100), far);
	assert_null(virt_of(space, 0x5101));
	assert_null(virt_of(space, 0x5ffe));
	assert_ptr_equal(virt_of(space, 0x5fff), far + 0x9000);
	assert_ptr_equal(virt_of(space, 0x7fff), far + 0xb000);
	assert_null(virt_of(space, 0x8000));
	assert_works(rcumem_space_unregister(space, 0x5020, 0x20));
	assert_null(virt_of(space, 0x5020));
	assert_ptr_equal(virt_of(space, 0x501f), far + 0x10f);
	assert_ptr_equal(virt_of(space, 0x5100), far);
	assert_works(rcumem_space_destroy(space));
}

static void a_region_may_lie_across_2_to_the_48(void **state)
{
	struct rcumem_space *space = space_new();
	const uint64_t iova = LOW_LAST - 5000, len = 5ull << 30;

	(void)state;
	add_va(space, iova, len, nowhere);
	add_va(space, iova + len + 1, 1, nowhere);
	check_bounds(space, iova, len, nowhere);
	assert_ptr_equal(virt_of(space, LOW_LAST), nowhere + 5000);
	assert_ptr_equal(virt_of(space, LOW_LAST + 1), nowhere + 5001);
	assert_works(rcumem_space_destroy(space));
}

static void a_region_may_end_at_2_to_the_64(void **state)
{
	struct rcumem_space *space = space_new();
	uint64_t len = 10;

	(void)state;
	add_va(space, UINT64_MAX - 4999, 5000, nowhere);
	add_va(space, 0, 5000, nowhere + 8192); /* Nothing wraps into this one. */
	check_bounds(space, UINT64_MAX - 4999, 5000, nowhere);
	assert_ptr_equal(virt_len_of(space, UINT64_MAX - 3, &len), nowhere + 4996);
	assert_int_equal(len, 4);
	check_bounds(space, 0, 5000, nowhere + 8192);
	assert_works(rcumem_space_destroy(space));
}

static void one_region_may_cover_all_addresses_but_one(void **state)
{
	struct rcumem_space *space = space_new();
	uint64_t len = UINT64_MAX;

	(void)state;
	add_va(space, 0, UINT64_MAX, (char *)1);
	assert_ptr_equal(virt_of(space, 1ull << 40), (char *)(1ull << 40) + 1);
	assert_ptr_equal(virt_of(space, 1ull << 60), (char *)(1ull << 60) + 1);
	assert_null(virt_of(space, UINT64_MAX));
	assert_ptr_equal(virt_len_of(space, 5, &len), (char *)6);
	assert_true(len == UINT64_MAX - 5);
	add_va(space, UINT64_MAX, 1, nowhere);
	assert_ptr_equal(virt_of(space, UINT64_MAX), nowhere);
	assert_ptr_equal(virt_of(space, UINT64_MAX - 1), (char *)UINT64_MAX);
	assert_works(rcumem_space_destroy(space));
}

/* ---- Length ---- */

static void length_is_what_is_contiguous_within_the_region(void **state)
{
	const uint64_t wants[] = {0, 1, 0x4fff, 0x5000, 0x5001, UINT64_MAX};
	const uint64_t gets[] = {0, 1, 0x4fff, 0x5000, 0x5000, 0x5000};
	struct rcumem_space *space = space_new();

	(void)state;
	add_va(space, 0x10000, 0x8000, nowhere);
	add_va(space, 0x18000, 0x8000, nowhere + 0x8000); /* Adjacent, but a region of its own. */
	for (size_t i = 0; i < ARRAY_LEN(wants); i++) {
		uint64_t len = wants[i];

		assert_ptr_equal(virt_len_of(space, 0x13000, &len), nowhere + 0x3000);
		assert_true(len == gets[i]);
	}
	assert_works(rcumem_space_destroy(space));
}

static void an_address_outside_is_null_with_length_0_and_no_errno(void **state)
{
	const uint64_t outside[] = {0, 0xfff, 0x3000, 1ull << 40, 1ull << 48, UINT64_MAX};
	struct rcumem_space *space = space_new();
	uint64_t len;

	(void)state;
	for (unsigned int regions = 0; regions < 3; regions++) {
		for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
			rte_errno = ERRNO_UNTOUCHED;
			len = 77;
			assert_null(virt_len_of(space, outside[i], &len));
			assert_int_equal(len, 0);
			assert_null(virt_of(space, outside[i]));
			assert_int_equal(rte_errno, ERRNO_UNTOUCHED);
		}
		add_va(space, 0x1000 * (regions + 1), 0x1000, nowhere);
	}
	assert_works(rcumem_space_destroy(space));
}

/* ---- Maps and the way back ---- */

static void a_map_shows_the_set_it_was_published_with(void **state)
{
	struct rcumem_space *space = space_new();
	const struct rcumem_map *map;
	struct rcumem_region set[2];
	uint64_t len = 100;
	int user = 0;

	(void)state;
	assert_null(user_of(space));
	assert_int_equal(count_of(space), 0);
	set[0] = region_va(0x2000, 10, nowhere);
	set[1] = region_va(0x1000, 20, nowhere + 64);
	assert_works(rcumem_space_replace(space, set, 2, &user));
	add_va(space, 0x3000, 30, nowhere); /* Leaves the user pointer alone. */
	assert_ptr_equal(user_of(space), &user);
	assert_int_equal(count_of(space), 3);
	assert_works(rcumem_read_lock());
	map = rcumem_space_map(space);
	assert_ptr_equal(rcumem_map_iova2virt(map, 0x1004, &len), nowhere + 68);
	assert_int_equal(len, 16);
	assert_null(rcumem_map_iova2virt(map, 0x200a, &len));
	assert_int_equal(len, 0);
	assert_ptr_equal(rcumem_map_iova2virt(map, 0x2009, NULL), nowhere + 9);
	rcumem_read_unlock();
	assert_works(rcumem_space_replace(space, NULL, 0, NULL));
	assert_null(user_of(space));
	assert_int_equal(count_of(space), 0);
	assert_works(rcumem_space_destroy(space));
}

static void space_0_has_no_map(void **state)
{
	uint64_t len = 5;

	(void)state;
	assert_null(rcumem_space_map(NULL));
	assert_null(rcumem_map_iova2virt(NULL, 0, &len));
	assert_int_equal(len, 0);
	assert_null(rcumem_map_user(NULL));
	assert_int_equal(rcumem_map_count(NULL), 0);
}

static uint64_t iova_of(const struct rcumem_space *space, const char *va, uint64_t *len)
{
	uint64_t iova;

	assert_works(rcumem_read_lock());
	iova = rcumem_virt2iova(space, va, len);
	rcumem_read_unlock();
	return iova;
}

static void virt2iova_finds_the_way_back(void **state)
{
	struct rcumem_space *space = space_new();
	uint64_t len = 1000;

	(void)state;
	assert_true(iova_of(space, nowhere, NULL) == RTE_BAD_IOVA);
	add_va(space, 0x9000, 0x101, nowhere + 0x5000);
	add_va(space, 0x1000, 0x100, nowhere + 0x7000);
	add_va(space, 0x5000, 0x100, nowhere + 0x6000);
	assert_int_equal(iova_of(space, nowhere + 0x5000, NULL), 0x9000);
	assert_int_equal(iova_of(space, nowhere + 0x5100, &len), 0x9100);
	assert_int_equal(len, 1);
	len = 1000;
	assert_true(iova_of(space, nowhere + 0x5101, &len) == RTE_BAD_IOVA);
	assert_int_equal(len, 0);
	assert_int_equal(iova_of(space, nowhere + 0x7080, NULL), 0x1080);
	assert_int_equal(iova_of(space, nowhere + 0x60ff, NULL), 0x50ff);
	assert_true(iova_of(space, nowhere + 0x4fff, NULL) == RTE_BAD_IOVA);
	assert_true(iova_of(space, nowhere + 0x7100, NULL) == RTE_BAD_IOVA);
	/* Memory seen at two addresses: either is right, and none is lost. */
	add_va(space, 0x20000, 0x8000, nowhere + 0x4000);
	assert_int_equal(iova_of(space, nowhere + 0x60ff, NULL), 0x220ff);
	assert_int_equal(iova_of(space, nowhere + 0x7101, NULL), 0x23101);
	assert_works(rcumem_space_destroy(space));
}

static void spaces_do_not_see_each_other(void **state)
{
	struct rcumem_space *a = space_new(), *b = space_new();

	(void)state;
	add_va(a, 0, 4096, nowhere);
	add_va(b, 0, 8192, nowhere + 8192);
	assert_ptr_equal(virt_of(a, 5), nowhere + 5);
	assert_ptr_equal(virt_of(b, 5), nowhere + 8197);
	assert_works(rcumem_space_destroy(a));
	assert_ptr_equal(virt_of(b, 5), nowhere + 8197);
	assert_works(rcumem_space_destroy(b));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(a_region_has_exactly_its_bytes),
		CASE(several_regions_share_one_page),
		CASE(a_region_may_lie_across_2_to_the_48),
		CASE(a_region_may_end_at_2_to_the_64),
		CASE(one_region_may_cover_all_addresses_but_one),
		CASE(length_is_what_is_contiguous_within_the_region),
		CASE(an_address_outside_is_null_with_length_0_and_no_errno),
		CASE(a_map_shows_the_set_it_was_published_with),
		CASE(space_0_has_no_map),
		CASE(virt2iova_finds_the_way_back),
		CASE(spaces_do_not_see_each_other),
	};

	return RUN_CASES("space", cases);
}
