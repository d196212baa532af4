/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random sequences of calls on several arrays side by side, against plain arrays
 * of bool: the sixteen searches, marks, counts, elements, and errors.
 *
 * RCUMEM_SEED repeats a run; RCUMEM_RUNS is the number of sets of arrays.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support_fbarray.h"
#include "support_random.h"

#define ARRAYS  4
#define LEN_MAX 300
#define STEPS   300
#define RUNS    250ul

struct pair {
	struct rte_fbarray arr;
	bool used[LEN_MAX];
	uint64_t stamp[LEN_MAX]; /* In the element, as far as it is that long. */
};

static struct pair pairs[ARRAYS];
static char steps[STEPS][80];
static unsigned int n_steps;

#define agree(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			for (unsigned int s_ = 0; s_ < n_steps; s_++)                              \
				print_error("%3u: %s\n", s_, steps[s_]);                           \
			print_error("not so: %s\n", #condition);                                   \
			fail_msg(__VA_ARGS__);                                                     \
		}                                                                                  \
	} while (0)

/* ---- The searches, one element at a time; -1: not there ---- */

/* How many from `i` on, or from `i` down, are as wanted. */
static int run_at(const struct pair *p, int i, int step, bool used)
{
	int n = 0;

	for (; i >= 0 && i < (int)p->arr.len && p->used[i] == used; i += step)
		n++;
	return n;
}

static int find_n(const struct pair *p, int i, int n, int step, bool used)
{
	/* A run of n that begins at or after the start; or ends at or before it. */
	for (; i >= 0 && i < (int)p->arr.len; i += step)
		if (run_at(p, i, step, used) >= n)
			return step > 0 ? i : i - n + 1;
	return -1;
}

/* The longest run; of equal ones the first that the search meets. */
static int biggest(const struct pair *p, int i, int step, bool used)
{
	int best = -1, most = 0;

	while (i >= 0 && i < (int)p->arr.len) {
		int n = run_at(p, i, step, used);

		if (n > most) {
			most = n;
			best = step > 0 ? i : i - n + 1;
		}
		i += n ? n * step : step;
	}
	return best;
}

/* ---- Each search beside it ---- */

static void check_find(const struct pair *p, const char *name, int got, int right, bool used)
{
	agree(right >= 0 ? got == right : got == -1 && rte_errno == (used ? ENOENT : ENOSPC),
		"%s: %d, errno %d, not %d", name, got, rte_errno, right);
}

#define FIND(right, used, name, ...)                                                               \
	do {                                                                                       \
		rte_errno = 0;                                                                     \
		check_find(p, #name, rte_fbarray_find_##name(&p->arr, __VA_ARGS__), right, used);  \
	} while (0)

static void check_searches(struct pair *p)
{
	unsigned int i = (unsigned int)random_below(p->arr.len);
	unsigned int n =
		1 + (unsigned int)random_below(random_below(2) ? 6 : p->arr.len) % p->arr.len;
	int at = (int)i, cnt = (int)n;

	FIND(find_n(p, at, 1, 1, false), false, next_free, i);
	FIND(find_n(p, at, 1, 1, true), true, next_used, i);
	FIND(find_n(p, at, 1, -1, false), false, prev_free, i);
	FIND(find_n(p, at, 1, -1, true), true, prev_used, i);
	FIND(find_n(p, at, cnt, 1, false), false, next_n_free, i, n);
	FIND(find_n(p, at, cnt, 1, true), true, next_n_used, i, n);
	FIND(find_n(p, at, cnt, -1, false), false, prev_n_free, i, n);
	FIND(find_n(p, at, cnt, -1, true), true, prev_n_used, i, n);
	FIND(run_at(p, at, 1, false), false, contig_free, i);
	FIND(run_at(p, at, 1, true), true, contig_used, i);
	FIND(run_at(p, at, -1, false), false, rev_contig_free, i);
	FIND(run_at(p, at, -1, true), true, rev_contig_used, i);
	FIND(biggest(p, at, 1, false), false, biggest_free, i);
	FIND(biggest(p, at, 1, true), true, biggest_used, i);
	FIND(biggest(p, at, -1, false), false, rev_biggest_free, i);
	FIND(biggest(p, at, -1, true), true, rev_biggest_used, i);
}

static void check_array(struct pair *p)
{
	unsigned int cnt = 0;
	size_t len = p->arr.elt_sz < 8 ? p->arr.elt_sz : 8;

	for (unsigned int i = 0; i < p->arr.len; i++) {
		char *elt = rte_fbarray_get(&p->arr, i);

		cnt += p->used[i];
		agree(rte_fbarray_is_used(&p->arr, i) == p->used[i], "element %u", i);
		agree(elt && memcmp(elt, &p->stamp[i], len) == 0, "element %u is another's", i);
		agree(rte_fbarray_find_idx(&p->arr, elt + random_below(p->arr.elt_sz)) == (int)i,
			"index of element %u", i);
	}
	agree(p->arr.count == cnt, "%u counted, not %u", p->arr.count, cnt);
	check_searches(p);
}

/* ---- Changes ---- */

static void step_mark(struct pair *p)
{
	unsigned int first = (unsigned int)random_below(p->arr.len);
	unsigned int n = (unsigned int)random_size(7);
	bool used = random_below(2);

	snprintf(steps[n_steps++], sizeof(steps[0]), "array %td: %u from %u on %s", p - pairs, n,
		first, used ? "used" : "free");
	for (unsigned int i = first; i < first + n && i < p->arr.len; i++) {
		agree((used ? rte_fbarray_set_used : rte_fbarray_set_free)(&p->arr, i) == 0,
			"errno %d", rte_errno);
		p->used[i] = used;
	}
}

static void step_fill(struct pair *p)
{
	unsigned int i = (unsigned int)random_below(p->arr.len);

	snprintf(steps[n_steps++], sizeof(steps[0]), "array %td: element %u filled", p - pairs, i);
	p->stamp[i] = random_u64();
	memcpy(rte_fbarray_get(&p->arr, i), &p->stamp[i], p->arr.elt_sz < 8 ? p->arr.elt_sz : 8);
}

static void step_refused(struct pair *p)
{
	unsigned int i = p->arr.len + (unsigned int)random_below(3);

	snprintf(steps[n_steps++], sizeof(steps[0]), "array %td: element %u", p - pairs, i);
	agree(rte_fbarray_set_used(&p->arr, i) == -1 && rte_errno == EINVAL, "set_used");
	agree(rte_fbarray_set_free(&p->arr, i) == -1 && rte_errno == EINVAL, "set_free");
	agree(rte_fbarray_is_used(&p->arr, i) == -1 && rte_errno == EINVAL, "is_used");
	agree(rte_fbarray_get(&p->arr, i) == NULL && rte_errno == EINVAL, "get");
}

static void run(void)
{
	memset(pairs, 0, sizeof(pairs));
	n_steps = 0;
	for (unsigned int a = 0; a < ARRAYS; a++) {
		char name[16];

		snprintf(name, sizeof(name), "model-%u", a);
		assert_int_equal(
			rte_fbarray_init(&pairs[a].arr, name,
				1 + (unsigned int)random_below(random_below(2) ? LEN_MAX : 70),
				1 + (unsigned int)random_below(40)),
			0);
	}
	while (n_steps < STEPS) {
		struct pair *p = &pairs[random_below(ARRAYS)];

		switch (random_below(8)) {
		case 0:
			step_refused(p);
			break;
		case 1:
		case 2:
			step_fill(p);
			break;
		default:
			step_mark(p);
		}
		check_searches(p);
		if (n_steps % 16 == 0)
			for (unsigned int a = 0; a < ARRAYS; a++)
				check_array(&pairs[a]);
	}
	for (unsigned int a = 0; a < ARRAYS; a++)
		assert_int_equal(rte_fbarray_destroy(&pairs[a].arr), 0);
}

static void random_calls_match_plain_arrays_of_bool(void **state)
{
	const char *given = getenv("RCUMEM_RUNS");

	(void)state;
	for (unsigned long i = given ? strtoul(given, NULL, 0) : RUNS; i; i--)
		run();
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(random_calls_match_plain_arrays_of_bool),
	};

	random_begin();
	return cmocka_run_group_tests(cases, env_start, env_stop);
}
