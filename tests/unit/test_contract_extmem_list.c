/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 3: what an external list says, and attaching and detaching it.
 */

#include "support_call.h"
#include "support_walk.h"

static struct visits seen;

/* rows R1 */
static void registered_segments_and_their_list_are_described(void **state)
{
	struct rcumem_options opts = test_options();
	char *va = ext_reserve(3);
	struct rte_memseg_list *msl;

	(void)state;
	opts.nchannel = 4;
	opts.nrank = 2;
	runtime_start(&opts);
	assert_int_equal(ext_register(va, 3, 0x7000), 0);
	msl = rte_mem_virt2memseg_list(va);
	assert_ptr_equal(msl->base_va, va);
	assert_int_equal(msl->page_sz, EXT_PAGE);
	assert_int_equal(msl->len, 3 * EXT_PAGE);
	assert_int_equal(msl->version, 0);
	assert_int_equal(msl->external, 1);
	assert_int_equal(msl->heap, 0);
	assert_int_equal(msl->memseg_arr.count, 3);
	assert_int_equal(msl->memseg_arr.len, 3);
	assert_int_equal(msl->memseg_arr.elt_sz, sizeof(struct rte_memseg));
	for (unsigned int i = 0; i < 3; i++) {
		struct rte_memseg *ms = rte_mem_virt2memseg(va + i * EXT_PAGE, msl);

		assert_ptr_equal(ms->addr, va + i * EXT_PAGE);
		assert_int_equal(ms->iova, 0x7000 + i * EXT_PAGE);
		assert_int_equal(ms->len, EXT_PAGE);
		assert_int_equal(ms->hugepage_sz, EXT_PAGE);
		assert_int_equal(ms->socket_id, msl->socket_id);
		assert_int_equal(ms->nchannel, 4);
		assert_int_equal(ms->nrank, 2);
		assert_int_equal(ms->flags, 0);
	}
	assert_int_equal(ext_unregister(va, 3), 0);
	runtime_stop();
	ext_release(va, 3);
}

/* rows R2: that 2^31 of them run out (X7) is out of a test's reach */
static void socket_ids_count_from_256_and_are_never_used_again(void **state)
{
	char *va = ext_reserve(2);

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(ext_register(va, 1, 0x1000), 0);
		assert_int_equal(rte_mem_virt2memseg_list(va)->socket_id, 256 + i);
		assert_fails(ext_register(va, 1, 0x1000), EEXIST);
		assert_fails(rte_extmem_register(va, 0, NULL, 0, EXT_PAGE), EINVAL);
		assert_int_equal(ext_unregister(va, 1), 0);
	}
	ext_release(va, 2);
}

static unsigned int events;

static void count_event(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	event_ignore(event, addr, len, arg);
	events++;
}

/* rows R3 */
static void external_memory_raises_no_event_and_changes_no_translation_of_pages(void **state)
{
	char *va = ext_reserve(1);

	(void)state;
	events = 0;
	assert_int_equal(rte_mem_event_callback_register("count", count_event, NULL), 0);
	assert_int_equal(ext_register(va, 1, 0x1000), 0);
	assert_int_equal(rte_mem_virt2iova(va), (uintptr_t)va);
	assert_int_equal(rte_extmem_detach(va, EXT_PAGE), 0);
	assert_int_equal(rte_extmem_attach(va, EXT_PAGE), 0);
	assert_int_equal(ext_unregister(va, 1), 0);
	assert_int_equal(events, 0);
	assert_int_equal(rte_mem_event_callback_unregister("count", NULL), 0);
	ext_release(va, 1);
}

/* rows X15 */
static void attach_in_the_registering_process_exists_already(void **state)
{
	char *va = ext_reserve(2);

	(void)state;
	assert_int_equal(ext_register(va, 2, 0x1000), 0);
	assert_fails(rte_extmem_attach(va, 2 * EXT_PAGE), EEXIST);
	assert_int_equal(rte_extmem_detach(va, 2 * EXT_PAGE), 0);
	assert_int_equal(rte_extmem_attach(va, 2 * EXT_PAGE), 0);
	assert_fails(rte_extmem_attach(va, 2 * EXT_PAGE), EEXIST);
	assert_int_equal(ext_unregister(va, 2), 0);
	ext_release(va, 2);
}

/* rows X13, X16, R4: a crash in DPDK */
static void detached_memory_is_passed_over_until_it_is_attached_again(void **state)
{
	char *va = ext_reserve(2);
	struct rte_memseg_list *msl;
	struct rte_memseg *ms;

	(void)state;
	assert_int_equal(ext_register(va, 2, 0x1000), 0);
	msl = rte_mem_virt2memseg_list(va);
	ms = rte_mem_virt2memseg(va, NULL);
	assert_int_equal(rte_extmem_detach(va, 2 * EXT_PAGE), 0);
	assert_fails(rte_extmem_detach(va, 2 * EXT_PAGE), ENOENT);
	assert_fails(ext_unregister(va, 2), ENOENT);
	assert_ptr_equal(rte_mem_virt2memseg_list(va), msl);
	assert_null(rte_mem_virt2memseg(va, NULL));
	assert_null(rte_mem_iova2virt(0x1000));
	assert_int_equal(segs_now(), 0);
	visit_runs(&seen);
	assert_int_equal(seen.n, 0);
	visit_lists(&seen);
	for (unsigned int i = 0; i < seen.n; i++)
		assert_int_equal(seen.at[i].msl->external, 0);
	assert_int_equal(rte_extmem_attach(va, 2 * EXT_PAGE), 0);
	assert_ptr_equal(rte_mem_virt2memseg(va, NULL), ms);
	assert_ptr_equal(rte_mem_iova2virt(0x1000), va);
	assert_int_equal(segs_now(), 2);
	assert_int_equal(ext_unregister(va, 2), 0);
	ext_release(va, 2);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		BARE_CASE(registered_segments_and_their_list_are_described),
		CASE(socket_ids_count_from_256_and_are_never_used_again),
		CASE(external_memory_raises_no_event_and_changes_no_translation_of_pages),
		CASE(attach_in_the_registering_process_exists_already),
		CASE(detached_memory_is_passed_over_until_it_is_attached_again),
	};

	return RUN_CASES("contract: external lists", cases);
}
