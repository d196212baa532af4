/* SPDX-License-Identifier: BSD-3-Clause */

/* Reading one snapshot: lists in order, runs until a callback stops them. */

#include "support_region.h"

static int stop_at_second(void *ctx, uint32_t list, uint32_t first, uint32_t n)
{
	(void)list;
	(void)first;
	(void)n;
	return ++*(int *)ctx == 2 ? -7 : 0;
}

static void result_of_a_callback_stops_the_runs(void **state)
{
	struct snapshot_edit edit;
	int calls = 0, ret;

	(void)state;
	region_open(1ull << 30);
	snapshot_begin(&edit, region);
	for (uint32_t page = 0; page < 5000; page += 2)
		snapshot_set_pages(&edit, LIST_OF_4K, page, 1, true);
	snapshot_publish(&edit);
	assert_int_equal(
		snapshot_runs(region, snapshot_entry(region, snapshot_get(region), LIST_OF_4K),
			LIST_OF_4K, stop_at_second, &calls, &ret),
		0);
	assert_int_equal(ret, -7);
	assert_int_equal(calls, 2);
	region_close();
}

static void lists_come_in_order_whichever_table_they_are_in(void **state)
{
	static const uint32_t numbers[] = {5, 31, 32, 40, 127};
	const struct snapshot_entry *entry;
	struct snapshot_edit edit;
	int64_t list = LISTS - 1;

	(void)state;
	region_open(1ull << 30);
	snapshot_begin(&edit, region);
	for (size_t i = ARRAY_LEN(numbers); i > 0; i--)
		snapshot_set_list(&edit, numbers[i - 1], true, true, numbers[i - 1]);
	snapshot_publish(&edit);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		list = snapshot_next_list(
			region, snapshot_get(region), (uint32_t)(list + 1), &entry);
		assert_int_equal(list, numbers[i]);
		assert_int_equal(entry->used, numbers[i]);
		assert_int_equal(entry->full, 1);
	}
	assert_int_equal(snapshot_next_list(region, snapshot_get(region), 128, &entry), -1);
	region_close();
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		cmocka_unit_test(result_of_a_callback_stops_the_runs),
		cmocka_unit_test(lists_come_in_order_whichever_table_they_are_in),
	};

	return cmocka_run_group_tests_name("snapshot, reading", cases, NULL, NULL);
}
