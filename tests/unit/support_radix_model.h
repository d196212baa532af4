/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_RADIX_MODEL_H
#define SUPPORT_RADIX_MODEL_H

/* A naive model of a radix tree: what was painted, of which the last that covers a key is right. */

#include "support_radix.h"
#include "support_random.h"

#define PAINTS_MAX 400

struct paint {
	uint64_t first;
	uint64_t last;
	uint64_t value;
};

static struct paint paints[PAINTS_MAX];
static unsigned int n_paints;

static inline uint64_t model_lookup(uint64_t key)
{
	for (unsigned int i = n_paints; i > 0; i--)
		if (paints[i - 1].first <= key && key <= paints[i - 1].last)
			return paints[i - 1].value;
	return 0;
}

/* Paint tree and model; words of 4 KiB are the finest. */
static inline void paint(struct rcu_radix *tree, uint64_t first, uint64_t last, uint64_t value)
{
	assert_int_equal(rcu_radix_reserve(tree, first, last), 0);
	rcu_radix_update(tree, first, last, word_const, &value);
	assert_true(n_paints < PAINTS_MAX);
	paints[n_paints++] = (struct paint){first & ~4095ull, last | 4095, value};
}

/* What was done, for whoever looks into a failure. */
static inline void paints_print(void)
{
	for (unsigned int i = 0; i < n_paints; i++)
		print_error("%3u: [%#llx, %#llx] = %#llx\n", i, (unsigned long long)paints[i].first,
			(unsigned long long)paints[i].last, (unsigned long long)paints[i].value);
}

/* How far a word's answer is good: one value all along, which is looked for where it changes most
 * likely. */
static inline void check_run(const struct rcu_radix_view *view, uint64_t key, uint64_t right)
{
	struct rcu_radix_found found = rcu_radix_view_find(view, key);
	uint64_t want = random_size(40);
	uint64_t run = rcu_radix_found_run(&found, key, want);
	uint64_t probes[] = {key, key + run - 1, key + run / 2, (key + run - 1) & ~4095ull,
		key + random_below(run)};
	bool same = found.word == right && rcu_radix_find(view->tree, key).word == right &&
		    run > 0 && run <= want;

	for (unsigned int i = 0; same && i < sizeof(probes) / sizeof(probes[0]); i++)
		same = probes[i] < key || model_lookup(probes[i]) == right;
	if (!same) {
		paints_print();
		fail_msg("key %#llx: %#llx for %llu bytes, not %#llx", (unsigned long long)key,
			(unsigned long long)found.word, (unsigned long long)run,
			(unsigned long long)right);
	}
}

static inline void check_key(const struct rcu_radix *tree, uint64_t key)
{
	const struct rcu_radix_view view = rcu_radix_view(tree);
	uint64_t found = rcu_radix_lookup(tree, key), right = model_lookup(key);
	uint64_t near = rcu_radix_view_near(&view, key);

	check_run(&view, key, right);
	if (found != right || rcu_radix_view_lookup(&view, key) != right)
		fail_msg("key %#llx: %#llx instead of %#llx", (unsigned long long)key,
			(unsigned long long)found, (unsigned long long)right);
	if (near != 0 && near != right) /* INV-RADIX-5 */
		fail_msg("key %#llx: %#llx in the window instead of %#llx", (unsigned long long)key,
			(unsigned long long)near, (unsigned long long)right);
}

/* The keys where a mistake would show: both sides of each edge. */
static inline void check_edges(const struct rcu_radix *tree)
{
	for (unsigned int i = 0; i < n_paints; i++) {
		check_key(tree, paints[i].first);
		check_key(tree, paints[i].last);
		check_key(tree, paints[i].first - 1);
		check_key(tree, paints[i].last + 1);
		check_key(tree, paints[i].first + (paints[i].last - paints[i].first) / 2);
	}
}

/* A range of any size; now and then beside one that was painted before. */
static inline void random_range(unsigned int bits, uint64_t *first, uint64_t *last)
{
	const uint64_t top = bits < 64 ? (1ull << bits) - 1 : UINT64_MAX;

	*first = random_u64() & top;
	if (n_paints && random_below(2)) {
		const struct paint *near = &paints[random_below(n_paints)];

		*first = (random_below(2) ? near->first : near->last + 1) & top;
	}
	*last = *first + random_size(bits) - 1;
	if (*last < *first || *last > top)
		*last = top;
}

/* Any range below 2^bits; larger ones than 2^shift bytes would soon hide all others. */
static inline void paint_random(struct rcu_radix *tree, unsigned int bits, unsigned int shift)
{
	uint64_t first, last;

	random_range(bits, &first, &last);
	if (last - first >= 1ull << shift)
		last = first + ((last - first) & ((1ull << shift) - 1));
	paint(tree, first, last, random_below(8) ? tree_value(n_paints) : 0);
}

#endif /* SUPPORT_RADIX_MODEL_H */
