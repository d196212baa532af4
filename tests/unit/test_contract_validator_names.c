/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 1.9: the registry of allocation validators.
 */

#include <sys/resource.h>

#include "support_call.h"

#define NAME_63 "123456789012345678901234567890123456789012345678901234567890123"
#define NAME_64 NAME_63 "4"

#define ask validator_accept

static int ask_too(int socket_id, size_t cur_limit, size_t new_len)
{
	return validator_accept(socket_id, cur_limit, new_len);
}

/* rows A1 */
static void validator_needs_a_name_a_function_and_a_socket(void **state)
{
	(void)state;
	assert_fails(rte_mem_alloc_validator_register(NULL, ask, 0, 0), EINVAL);
	assert_fails(rte_mem_alloc_validator_register("", ask, 0, 0), EINVAL);
	assert_fails(rte_mem_alloc_validator_register("name", NULL, 0, 0), EINVAL);
	assert_fails(rte_mem_alloc_validator_register("name", ask, -2, 0), EINVAL);
	assert_fails(rte_mem_alloc_validator_register("name", ask, SOCKET_ID_ANY, 0), EINVAL);
	assert_fails(rte_mem_alloc_validator_unregister(NULL, 0), EINVAL);
	assert_fails(rte_mem_alloc_validator_unregister("", 0), EINVAL);
	assert_fails(rte_mem_alloc_validator_unregister("name", SOCKET_ID_ANY), EINVAL);
}

/* rows A1 */
static void validator_name_has_at_most_63_bytes(void **state)
{
	(void)state;
	assert_fails(rte_mem_alloc_validator_register(NAME_64, ask, 0, 0), ENAMETOOLONG);
	assert_fails(rte_mem_alloc_validator_unregister(NAME_64, 0), ENAMETOOLONG);
	assert_int_equal(rte_mem_alloc_validator_register(NAME_63, ask, 0, 0), 0);
	assert_int_equal(rte_mem_alloc_validator_unregister(NAME_63, 0), 0);
}

/* rows A1, A2 */
static void validator_is_known_by_name_and_socket(void **state)
{
	(void)state;
	assert_int_equal(rte_mem_alloc_validator_register("name", ask, 0, 0), 0);
	assert_fails(rte_mem_alloc_validator_register("name", ask, 0, 0), EEXIST);
	assert_fails(rte_mem_alloc_validator_register("name", ask_too, 0, 1), EEXIST);
	assert_int_equal(rte_mem_alloc_validator_register("name", ask, 999, 0), 0);
	assert_fails(rte_mem_alloc_validator_unregister("name", 998), ENOENT);
	assert_fails(rte_mem_alloc_validator_unregister("other", 0), ENOENT);
	assert_int_equal(rte_mem_alloc_validator_unregister("name", 999), 0);
	assert_int_equal(rte_mem_alloc_validator_unregister("name", 0), 0);
	assert_fails(rte_mem_alloc_validator_unregister("name", 0), ENOENT);
}

static int register_until_memory_ends(void)
{
	struct rlimit none = {0, 0};
	int rc = 0;

	CHILD_CHECK(setrlimit(RLIMIT_AS, &none) == 0);
	for (int i = 0; i < 100000 && rc == 0; i++)
		rc = rte_mem_alloc_validator_register("memory", validator_accept, i, 0);
	CHILD_CHECK(rc == -1 && rte_errno == ENOMEM);
	CHILD_CHECK(rte_mem_alloc_validator_unregister("memory", 0) == 0);
	return 0;
}

/* rows A1 */
static void validator_that_finds_no_memory_is_refused(void **state)
{
	(void)state;
	if (UNDER_SANITIZER)
		skip();
	assert_int_equal(child_run(register_until_memory_ends), 0);
}

static int errs_inside[4];

static int register_inside(int socket_id, size_t cur_limit, size_t new_len)
{
	(void)cur_limit;
	(void)new_len;
	rte_errno = 0;
	rte_mem_alloc_validator_register("inside", validator_accept, 0, 0);
	errs_inside[0] = rte_errno;
	rte_errno = 0;
	rte_mem_alloc_validator_unregister("outer", socket_id);
	errs_inside[1] = rte_errno;
	rte_errno = 0;
	rte_mem_event_callback_register("inside", event_ignore, NULL);
	errs_inside[2] = rte_errno;
	rte_errno = 0;
	rte_mem_event_callback_unregister("inside", NULL);
	errs_inside[3] = rte_errno;
	return 0;
}

/* rows A1, E8: a deadlock in DPDK */
static void inside_a_validator_only_a_callback_can_be_registered(void **state)
{
	char *page = pages_get(1);
	int socket = rte_mem_virt2memseg(page, NULL)->socket_id;

	(void)state;
	memset(errs_inside, -1, sizeof(errs_inside));
	assert_int_equal(rte_mem_alloc_validator_register("outer", register_inside, socket, 0), 0);
	pages_put(page, 1);
	page = pages_get(1);
	assert_int_equal(errs_inside[0], EDEADLK);
	assert_int_equal(errs_inside[1], EDEADLK);
	assert_int_equal(errs_inside[2], 0);
	assert_int_equal(errs_inside[3], EDEADLK);
	assert_int_equal(rte_mem_event_callback_unregister("inside", NULL), 0);
	pages_put(page, 1);
	assert_int_equal(rte_mem_alloc_validator_unregister("outer", socket), 0);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(validator_needs_a_name_a_function_and_a_socket),
		CASE(validator_name_has_at_most_63_bytes),
		CASE(validator_is_known_by_name_and_socket),
		BARE_CASE(validator_that_finds_no_memory_is_refused),
		CASE(inside_a_validator_only_a_callback_can_be_registered),
	};

	return RUN_CASES("contract: names of validators", cases);
}
