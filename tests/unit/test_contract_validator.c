/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 1.9: when allocation validators are asked, and what their answer
 * does; the limits of sockets.  Their registry stands in
 * test_contract_validator_names.c.
 */

#include "support_call.h"
#include "support_walk.h"

/* What validators were asked, and what they answer. */
static struct {
	unsigned int n;
	int answer;
	int socket;
	size_t limit;
	size_t len;
	unsigned int segs;
} asked;

static int ask(int socket_id, size_t cur_limit, size_t new_len)
{
	asked.n++;
	asked.socket = socket_id;
	asked.limit = cur_limit;
	asked.len = new_len;
	asked.segs = segs_now();
	return asked.answer;
}

static int ask_too(int socket_id, size_t cur_limit, size_t new_len)
{
	(void)socket_id;
	(void)cur_limit;
	(void)new_len;
	asked.n++;
	return 0;
}

/* The socket that pages come from: the one validators must watch. */
static int home(void)
{
	char *page = pages_get(1);
	int socket = rte_mem_virt2memseg(page, NULL)->socket_id;

	pages_put(page, 1);
	return socket;
}

static void *alloc_on(int socket, size_t n)
{
	return rcumem_pages_alloc(n * page_sz, page_sz, socket, RCUMEM_ALLOC_STRICT_SOCKET);
}

static int watch(size_t limit)
{
	int socket = home();

	memset(&asked, 0, sizeof(asked));
	assert_int_equal(rte_mem_alloc_validator_register("watch", ask, socket, limit), 0);
	return socket;
}

static void unwatch(int socket)
{
	assert_int_equal(rte_mem_alloc_validator_unregister("watch", socket), 0);
}

/* rows A2, A3 */
static void validator_of_another_socket_is_not_asked(void **state)
{
	(void)state;
	memset(&asked, 0, sizeof(asked));
	asked.answer = -1;
	assert_int_equal(rte_mem_alloc_validator_register("far", ask, 999, 0), 0);
	pages_put(pages_get(1), 1);
	assert_int_equal(asked.n, 0);
	assert_int_equal(rte_mem_alloc_validator_unregister("far", 999), 0);
}

/* rows A3, A4 */
static void validator_is_asked_when_the_limit_is_reached(void **state)
{
	int socket = watch(3 * page_sz);
	char *two = alloc_on(socket, 2);
	char *one;

	(void)state;
	assert_non_null(two);
	assert_int_equal(asked.n, 0);
	one = alloc_on(socket, 1);
	assert_non_null(one);
	assert_int_equal(asked.n, 1);
	assert_int_equal(asked.socket, socket);
	assert_int_equal(asked.limit, 3 * page_sz);
	assert_int_equal(asked.len, 3 * page_sz);
	assert_int_equal(asked.segs, 2);
	pages_put(one, 1);
	pages_put(two, 1);
	one = alloc_on(socket, 1);
	assert_non_null(one);
	assert_int_equal(asked.n, 1);
	pages_put(one, 1);
	pages_put(two + page_sz, 1);
	unwatch(socket);
}

/* rows A3, A4 */
static void validator_without_a_limit_is_always_asked_for_whole_pages(void **state)
{
	int socket = watch(0);
	char *va = ext_reserve(8);
	char *page;

	(void)state;
	assert_int_equal(ext_register(va, 8, 0x1000), 0);
	assert_int_equal(asked.n, 0);
	page = rcumem_pages_alloc(page_sz + 1, page_sz, socket, 0);
	assert_non_null(page);
	assert_int_equal(asked.n, 1);
	assert_int_equal(asked.limit, 0);
	assert_int_equal(asked.len, 2 * page_sz);
	assert_int_equal(ext_unregister(va, 8), 0);
	ext_release(va, 8);
	pages_put(page, 2);
	unwatch(socket);
}

static unsigned int events;

static void count_event(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	event_ignore(event, addr, len, arg);
	events++;
}

/* rows A5 */
static void negative_answer_refuses_and_changes_nothing(void **state)
{
	int socket = watch(0);
	struct rcumem_stats before = {.sz = sizeof(before)}, after = {.sz = sizeof(after)};

	(void)state;
	events = 0;
	assert_int_equal(rte_mem_event_callback_register("count", count_event, NULL), 0);
	assert_int_equal(rcumem_stats_get(&before), 0);
	asked.answer = -1;
	assert_fails_null(alloc_on(socket, 1), EPERM);
	asked.answer = INT32_MIN;
	assert_fails_null(alloc_on(socket, 1), EPERM);
	assert_int_equal(asked.n, 2);
	assert_int_equal(events, 0);
	assert_int_equal(segs_now(), 0);
	assert_int_equal(rcumem_stats_get(&after), 0);
	assert_int_equal(after.bytes, before.bytes);
	assert_int_equal(after.allocs, before.allocs);
	assert_int_equal(after.alloc_failures, before.alloc_failures + 2);
	assert_int_equal(rte_mem_event_callback_unregister("count", NULL), 0);
	unwatch(socket);
}

/* rows A5 */
static void zero_and_positive_answers_allow(void **state)
{
	int socket = watch(0);

	(void)state;
	for (int answer = 0; answer < 3; answer++) {
		void *page;

		asked.answer = answer;
		page = alloc_on(socket, 1);
		assert_non_null(page);
		pages_put(page, 1);
	}
	assert_int_equal(asked.n, 3);
	unwatch(socket);
}

/* rows A5 */
static void every_validator_is_asked_even_after_one_refused(void **state)
{
	int socket = watch(0);

	(void)state;
	asked.answer = -1;
	assert_int_equal(rte_mem_alloc_validator_register("second", ask_too, socket, 0), 0);
	assert_int_equal(rte_mem_alloc_validator_register("third", ask_too, socket, 0), 0);
	assert_fails_null(alloc_on(socket, 1), EPERM);
	assert_int_equal(asked.n, 3);
	assert_int_equal(rte_mem_alloc_validator_unregister("second", socket), 0);
	assert_int_equal(rte_mem_alloc_validator_unregister("third", socket), 0);
	unwatch(socket);
}

/* rows A6 */
static void memory_at_start_is_neither_judged_nor_announced(void **state)
{
	struct rcumem_options opts = test_options();
	struct visits *seen = calloc(1, sizeof(*seen));
	int socket;

	(void)state;
	runtime_start(&opts);
	socket = home();
	runtime_stop();
	memset(&asked, 0, sizeof(asked));
	asked.answer = -1;
	events = 0;
	assert_int_equal(rte_mem_alloc_validator_register("watch", ask, socket, 0), 0);
	assert_int_equal(rte_mem_event_callback_register("count", count_event, NULL), 0);
	opts.socket_mem[socket] = 2 * page_sz;
	runtime_start(&opts);
	assert_int_equal(asked.n, 0);
	assert_int_equal(events, 0);
	visit_segs(seen);
	assert_int_equal(seen->n, 2);
	assert_fails_null(alloc_on(socket, 1), EPERM);
	assert_int_equal(asked.len, 3 * page_sz);
	runtime_stop();
	free(seen);
}

/* rows A7, O3 */
static void limit_of_a_socket_holds_and_counts_memory_at_start(void **state)
{
	struct rcumem_options opts = test_options();
	int socket;
	void *page;

	(void)state;
	runtime_start(&opts);
	socket = home();
	runtime_stop();
	opts.socket_limit[socket] = 3 * page_sz;
	opts.socket_mem[socket] = 2 * page_sz;
	runtime_start(&opts);
	assert_fails_null(alloc_on(socket, 2), EPERM);
	page = alloc_on(socket, 1);
	assert_non_null(page);
	assert_fails_null(alloc_on(socket, 1), EPERM);
	pages_put(page, 1);
	page = alloc_on(socket, 1);
	assert_non_null(page);
	runtime_stop();
	opts.socket_limit[socket] = page_sz;
	runtime_start(&opts);
	assert_int_equal(rte_eal_get_physmem_size(), 2 * page_sz);
	assert_fails_null(alloc_on(socket, 1), EPERM);
	runtime_stop();
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(validator_of_another_socket_is_not_asked),
		CASE(validator_is_asked_when_the_limit_is_reached),
		CASE(validator_without_a_limit_is_always_asked_for_whole_pages),
		CASE(negative_answer_refuses_and_changes_nothing),
		CASE(zero_and_positive_answers_allow),
		CASE(every_validator_is_asked_even_after_one_refused),
		BARE_CASE(memory_at_start_is_neither_judged_nor_announced),
		BARE_CASE(limit_of_a_socket_holds_and_counts_memory_at_start),
	};

	return RUN_CASES("contract: validators", cases);
}
