/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 1.8: event callbacks, who is called and of what.  What they see
 * stands in test_contract_event_view.c.
 */

#include <semaphore.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "support_call.h"

#define NAME_63 "123456789012345678901234567890123456789012345678901234567890123"
#define NAME_64 NAME_63 "4"

/* What callbacks were told, in order. */
static struct {
	unsigned int n;
	struct {
		int who;
		enum rte_mem_event event;
		const void *addr;
		size_t len;
		pthread_t thread;
	} at[32];
} told;

static int one = 1, two = 2, three = 3;

static void tell(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	if (told.n < ARRAY_LEN(told.at)) {
		told.at[told.n].who = arg ? *(int *)arg : 0;
		told.at[told.n].event = event;
		told.at[told.n].addr = addr;
		told.at[told.n].len = len;
		told.at[told.n].thread = pthread_self();
	}
	told.n++;
}

static void assert_told(
	unsigned int i, int who, enum rte_mem_event event, const void *addr, size_t len)
{
	assert_true(told.n > i);
	assert_int_equal(told.at[i].who, who);
	assert_int_equal(told.at[i].event, event);
	assert_ptr_equal(told.at[i].addr, addr);
	assert_int_equal(told.at[i].len, len);
}

static void subscribe(const char *name, int *arg)
{
	assert_int_equal(rte_mem_event_callback_register(name, tell, arg), 0);
	told.n = 0;
}

static void unsubscribe(const char *name, int *arg)
{
	assert_int_equal(rte_mem_event_callback_unregister(name, arg), 0);
}

/* ---- The registry ---- */

/* rows E1, E2 */
static void event_callback_needs_a_name_and_a_function(void **state)
{
	(void)state;
	assert_fails(rte_mem_event_callback_register(NULL, tell, NULL), EINVAL);
	assert_fails(rte_mem_event_callback_register("", tell, NULL), EINVAL);
	assert_fails(rte_mem_event_callback_register("name", NULL, NULL), EINVAL);
	assert_fails(rte_mem_event_callback_unregister(NULL, NULL), EINVAL);
	assert_fails(rte_mem_event_callback_unregister("", NULL), EINVAL);
}

/* rows E3 */
static void event_callback_name_has_at_most_63_bytes(void **state)
{
	(void)state;
	assert_fails(rte_mem_event_callback_register(NAME_64, tell, NULL), ENAMETOOLONG);
	assert_fails(rte_mem_event_callback_unregister(NAME_64, NULL), ENAMETOOLONG);
	subscribe(NAME_63, NULL);
	unsubscribe(NAME_63, NULL);
}

/* rows E4 */
static void event_callback_is_known_by_name_and_argument(void **state)
{
	(void)state;
	subscribe("name", &one);
	assert_fails(rte_mem_event_callback_register("name", tell, &one), EEXIST);
	assert_fails(rte_mem_event_callback_register("name", event_ignore, &one), EEXIST);
	subscribe("name", &two);
	subscribe("other", &one);
	unsubscribe("name", &one);
	unsubscribe("name", &two);
	unsubscribe("other", &one);
}

/* rows E5 */
static void unknown_event_callback_is_not_found(void **state)
{
	(void)state;
	assert_fails(rte_mem_event_callback_unregister("name", NULL), ENOENT);
	subscribe("name", &one);
	assert_fails(rte_mem_event_callback_unregister("name", &two), ENOENT);
	assert_fails(rte_mem_event_callback_unregister("nam", &one), ENOENT);
	unsubscribe("name", &one);
	assert_fails(rte_mem_event_callback_unregister("name", &one), ENOENT);
}

static int register_until_memory_ends(void)
{
	struct rlimit none = {0, 0};
	int rc = 0;

	CHILD_CHECK(setrlimit(RLIMIT_AS, &none) == 0);
	for (uintptr_t i = 1; i < 100000 && rc == 0; i++)
		rc = rte_mem_event_callback_register("memory", event_ignore, (void *)i);
	CHILD_CHECK(rc == -1 && rte_errno == ENOMEM);
	CHILD_CHECK(rte_mem_event_callback_unregister("memory", (void *)1) == 0);
	return 0;
}

/* rows E6 */
static void event_callback_that_finds_no_memory_is_refused(void **state)
{
	(void)state;
	if (UNDER_SANITIZER)
		skip();
	assert_int_equal(child_run(register_until_memory_ends), 0);
}

/* rows E1, N4 */
static void callbacks_may_be_registered_before_the_runtime_starts(void **state)
{
	struct rcumem_options opts = test_options();
	char *page;

	(void)state;
	subscribe("early", &one);
	runtime_start(&opts);
	page = pages_get(1);
	assert_int_equal(told.n, 1);
	assert_told(0, 1, RTE_MEM_EVENT_ALLOC, page, page_sz);
	runtime_stop();
}

/* rows N5 */
static void callbacks_are_forgotten_with_the_runtime(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	runtime_start(&opts);
	subscribe("gone", &one);
	runtime_stop();
	assert_int_equal(told.n, 0);
	runtime_start(&opts);
	pages_put(pages_get(1), 1);
	assert_int_equal(told.n, 0);
	subscribe("gone", &one);
	runtime_stop();
}

/* ---- What is announced ---- */

/* rows E7 */
static void callbacks_are_called_in_the_order_of_registration(void **state)
{
	char *page;

	(void)state;
	subscribe("c", &one);
	subscribe("a", &two);
	subscribe("b", &three);
	page = pages_get(1);
	pages_put(page, 1);
	assert_int_equal(told.n, 6);
	for (unsigned int i = 0; i < 6; i++)
		assert_told(i, 1 + (int)(i % 3), i < 3 ? RTE_MEM_EVENT_ALLOC : RTE_MEM_EVENT_FREE,
			page, page_sz);
	unsubscribe("a", &two);
	told.n = 0;
	page = pages_get(1);
	assert_int_equal(told.n, 2);
	assert_told(0, 1, RTE_MEM_EVENT_ALLOC, page, page_sz);
	assert_told(1, 3, RTE_MEM_EVENT_ALLOC, page, page_sz);
	pages_put(page, 1);
	unsubscribe("b", &three);
	unsubscribe("c", &one);
}

/* rows H3, H4 */
static void each_operation_is_announced_once_for_its_whole_range(void **state)
{
	char *a, *b;

	(void)state;
	subscribe("range", &one);
	a = rcumem_pages_alloc(2 * page_sz + 1, page_sz, SOCKET_ID_ANY, 0);
	assert_non_null(a);
	b = pages_get(1);
	assert_ptr_equal(b, a + 3 * page_sz);
	pages_put(a + 2 * page_sz, 2);
	pages_put(a, 2);
	assert_int_equal(told.n, 4);
	assert_told(0, 1, RTE_MEM_EVENT_ALLOC, a, 3 * page_sz);
	assert_told(1, 1, RTE_MEM_EVENT_ALLOC, b, page_sz);
	assert_told(2, 1, RTE_MEM_EVENT_FREE, a + 2 * page_sz, 2 * page_sz);
	assert_told(3, 1, RTE_MEM_EVENT_FREE, a, 2 * page_sz);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(pthread_equal(told.at[i].thread, pthread_self()));
	unsubscribe("range", &one);
}

/* rows H2 */
static void operation_that_fails_is_not_announced(void **state)
{
	char *page = pages_get(1);

	(void)state;
	subscribe("fails", &one);
	assert_fails_null(rcumem_pages_alloc(0, page_sz, SOCKET_ID_ANY, 0), EINVAL);
	assert_fails_null(rcumem_pages_alloc(2 * GIB, page_sz, SOCKET_ID_ANY, 0), ENOSPC);
	assert_fails(rcumem_pages_free(page, 2 * page_sz), ENOENT);
	assert_fails(rcumem_pages_free(page + 1, page_sz), EINVAL);
	assert_int_equal(told.n, 0);
	unsubscribe("fails", &one);
	pages_put(page, 1);
}

/* ---- Registering inside callbacks ---- */

static int errs_inside[4];

static void register_inside(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)addr;
	(void)len;
	(void)arg;
	if (event != RTE_MEM_EVENT_ALLOC)
		return;
	rte_errno = 0;
	rte_mem_event_callback_register("inside", tell, NULL);
	errs_inside[0] = rte_errno;
	rte_errno = 0;
	rte_mem_event_callback_unregister("outer", NULL);
	errs_inside[1] = rte_errno;
	rte_errno = 0;
	rte_mem_alloc_validator_register("inside", validator_accept, 0, 0);
	errs_inside[2] = rte_errno;
	rte_errno = 0;
	rte_mem_alloc_validator_unregister("inside", 0);
	errs_inside[3] = rte_errno;
}

/* rows E8: a deadlock in DPDK, but for the new validator */
static void inside_a_callback_only_a_validator_can_be_registered(void **state)
{
	char *page;

	(void)state;
	memset(errs_inside, -1, sizeof(errs_inside));
	assert_int_equal(rte_mem_event_callback_register("outer", register_inside, NULL), 0);
	page = pages_get(1);
	assert_int_equal(errs_inside[0], EDEADLK);
	assert_int_equal(errs_inside[1], EDEADLK);
	assert_int_equal(errs_inside[2], 0);
	assert_int_equal(errs_inside[3], EDEADLK);
	assert_int_equal(rte_mem_alloc_validator_unregister("inside", 0), 0);
	pages_put(page, 1);
	assert_int_equal(rte_mem_event_callback_unregister("outer", NULL), 0);
	assert_fails(rte_mem_event_callback_unregister("inside", NULL), ENOENT);
}

static struct {
	sem_t called, go_on;
	unsigned int n;
	atomic_bool removed;
} replayed;

static void wait_once(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)event;
	(void)addr;
	(void)len;
	(void)arg;
	if (replayed.n++ == 0) {
		sem_post(&replayed.called);
		sem_wait(&replayed.go_on);
	}
}

static void *subscribe_main(void *arg)
{
	(void)arg;
	return rcumem_subscribe("replay", wait_once, NULL) ? &replayed : NULL;
}

static void *remove_main(void *arg)
{
	(void)arg;
	if (rte_mem_event_callback_unregister("replay", NULL))
		return &replayed;
	atomic_store(&replayed.removed, true);
	return NULL;
}

/* After the return it is not called, nor running: what `arg` names may be freed. */
static void callback_that_is_removed_while_it_is_told_what_there_is_ends_first(void **state)
{
	pthread_t subscriber, remover;
	void *failed[2];
	bool early;
	char *first = pages_get(1), *hole = pages_get(1), *last = pages_get(1);

	(void)state;
	pages_put(hole, 1);
	sem_init(&replayed.called, 0, 0);
	sem_init(&replayed.go_on, 0, 0);
	assert_int_equal(pthread_create(&subscriber, NULL, subscribe_main, NULL), 0);
	while (sem_wait(&replayed.called))
		;
	assert_int_equal(pthread_create(&remover, NULL, remove_main, NULL), 0);
	usleep(50000);
	early = atomic_load(&replayed.removed);
	sem_post(&replayed.go_on);
	pthread_join(subscriber, &failed[0]);
	pthread_join(remover, &failed[1]);
	assert_null(failed[0]);
	assert_null(failed[1]);
	assert_false(early);
	assert_int_equal(replayed.n, 2);
	pages_put(first, 1);
	pages_put(last, 1);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(event_callback_needs_a_name_and_a_function),
		CASE(event_callback_name_has_at_most_63_bytes),
		CASE(event_callback_is_known_by_name_and_argument),
		CASE(unknown_event_callback_is_not_found),
		BARE_CASE(event_callback_that_finds_no_memory_is_refused),
		BARE_CASE(callbacks_may_be_registered_before_the_runtime_starts),
		BARE_CASE(callbacks_are_forgotten_with_the_runtime),
		CASE(callbacks_are_called_in_the_order_of_registration),
		CASE(each_operation_is_announced_once_for_its_whole_range),
		CASE(operation_that_fails_is_not_announced),
		CASE(inside_a_callback_only_a_validator_can_be_registered),
		CASE(callback_that_is_removed_while_it_is_told_what_there_is_ends_first),
	};

	return RUN_CASES("contract: events", cases);
}
