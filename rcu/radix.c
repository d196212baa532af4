/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The writer's side of the radix tree: nodes are made top down, values are
 * stored word by word.  Invariants: radix.h.
 */

#include <assert.h>
#include <errno.h>

#include "point.h"
#include "radix.h"

/* One run over a range: what is to be done with the words it covers. */
struct radix_run {
	struct rcu_radix *tree;
	uint64_t first;
	uint64_t last;
	rcu_radix_update_t fn; /* NULL: only make the nodes. */
	void *ctx;
};

/* A word that covers 2^shift bytes leads to a node: not to be believed below the last level. */
static bool radix_leads_down(const struct rcu_radix *tree, uint64_t word, unsigned int shift)
{
	return rcu_radix_is_node(word) && shift > RCU_RADIX_MIN && rcu_radix_in_tree(tree, word);
}

struct rcu_radix_found rcu_radix_find(const struct rcu_radix *tree, uint64_t key)
{
	struct rcu_radix_found found =
		rcu_radix_is_low(key)
			? rcu_radix_found(tree->root, (unsigned int)(key >> RCU_RADIX_TOP),
				  RCU_RADIX_ROOT_LEN, RCU_RADIX_TOP)
			: rcu_radix_found(tree->high, (unsigned int)(key >> RCU_RADIX_HIGH),
				  RCU_RADIX_HIGH_LEN, RCU_RADIX_HIGH);

	/* At most five times: nodes of 4 KiB words hold values only. */
	while (radix_leads_down(tree, found.word, found.shift)) {
		unsigned int shift = found.shift - RCU_RADIX_BITS;

		found = rcu_radix_found(rcu_radix_child(found.word)->words,
			(key >> shift) & (RCU_RADIX_FANOUT - 1), RCU_RADIX_FANOUT, shift);
	}
	if (rcu_radix_is_node(found.word))
		found.word = 0; /* Damaged. */
	return found;
}

uint64_t rcu_radix_lookup_high(const struct rcu_radix *tree, uint64_t key)
{
	return rcu_radix_find(tree, key).word;
}

void rcu_radix_init(struct rcu_radix *tree, struct rcu_radix_node *pool, uint32_t node_max)
{
	tree->pool = pool;
	tree->node_max = node_max;
}

void rcu_radix_set_window(
	struct rcu_radix *tree, struct rcu_radix_node *nodes, uint64_t first, uint32_t cnt)
{
	tree->window = nodes;
	tree->window_first = first;
	tree->window_cnt = cnt;
}

/* The node of the window for a word of the root table, or NULL: for any other word, too. */
static struct rcu_radix_node *window_node(const struct rcu_radix *tree, const uint64_t *word)
{
	uint64_t gib = (uint64_t)(word - tree->root) - (tree->window_first >> RCU_RADIX_TOP);

	return word >= tree->root && gib < tree->window_cnt ? &tree->window[gib] : NULL;
}

uint32_t rcu_radix_node_cnt(const struct rcu_radix *tree)
{
	uint32_t cnt = rcu_load_relaxed(&tree->node_cnt); /* Relaxed, both: a figure. */
	uint64_t at = tree->window_first >> RCU_RADIX_TOP;

	for (uint32_t i = 0; i < tree->window_cnt && at < RCU_RADIX_ROOT_LEN; i++, at++)
		cnt += rcu_radix_is_node(rcu_load_relaxed(&tree->root[at]));
	return cnt;
}

/* Release pairs with rcu_radix_lookup_low(), rcu_radix_view_near(), rcu_radix_found() and the
 * others that load words: a node, or what a value stands for, is complete before it can be found.
 */
static void radix_store(uint64_t *word, uint64_t value)
{
	rcu_publish(word, value);
}

/*
 * Store a value.  One of the root table may have a node in the window that a
 * writer filled and died before it was stored: its words are of an earlier
 * value (INV-RADIX-5).
 */
static void radix_store_value(const struct rcu_radix *tree, uint64_t *word, uint64_t value)
{
	struct rcu_radix_node *node = window_node(tree, word);

	for (unsigned int i = 0; node && i < RCU_RADIX_FANOUT; i++)
		if (rcu_load_relaxed(&node->words[i])) /* Relaxed: the writers' own stores. */
			radix_store(&node->words[i], 0);
	radix_store(word, value);
}

/* A node that can take a value: nobody uses it yet.  In the window a dead writer may have begun to
 * copy the same; whatever else there is says that the word above, or the count of nodes, is
 * damaged. */
static bool radix_node_unused(const struct rcu_radix_node *node, uint64_t copied)
{
	for (unsigned int i = 0; i < RCU_RADIX_FANOUT; i++) {
		uint64_t word = rcu_load_relaxed(&node->words[i]); /* Relaxed: the writers' own. */

		if (word && word != copied)
			return false;
	}
	return true;
}

/* Replace a value by a node whose words all hold it: no answer changes (INV-RADIX-4). */
static int radix_split(struct rcu_radix *tree, uint64_t *word)
{
	uint64_t value = rcu_load_relaxed(word); /* Relaxed: the writer's own store. */
	struct rcu_radix_node *node = window_node(tree, word);

	if (node == NULL) {
		if (tree->node_cnt >= tree->node_max)
			return -ENOSPC;
		node = &tree->pool[tree->node_cnt];
		if (!radix_node_unused(node, 0))
			return -ENOTRECOVERABLE;
		rcu_store_relaxed(&tree->node_cnt,
			tree->node_cnt + 1); /* Relaxed: a figure for statistics. */
	} else if (!radix_node_unused(node, value)) {
		return -ENOTRECOVERABLE;
	}
	for (unsigned int i = 0; value && i < RCU_RADIX_FANOUT - PLANTED(SHORT_SPLIT); i++)
		radix_store(&node->words[i], value); /* In the window it can be found at once. */
	TEST_POINT("radix.node");
	radix_store(word, (uint64_t)(uintptr_t)node | RCU_RADIX_NODE);
	return 0;
}

/* Apply the run to a table whose words cover 2^shift bytes each, from key `base` on. */
static int radix_visit(
	const struct radix_run *run, uint64_t *words, uint64_t base, unsigned int shift)
{
	uint64_t span = (shift < 64 ? 1ull << shift : 0) - 1;
	uint64_t len = shift == RCU_RADIX_HIGH    ? RCU_RADIX_HIGH_LEN
		       : words == run->tree->root ? RCU_RADIX_ROOT_LEN
						  : RCU_RADIX_FANOUT;
	uint64_t i = run->first > base ? (run->first - base) >> shift : 0;
	int err;

	for (; i < len; i++) {
		uint64_t begin = base + (i << shift);
		uint64_t word =
			rcu_load_relaxed(&words[i]); /* Relaxed: the writer reads its own stores. */
		bool whole = run->first <= begin && begin + span <= run->last;

		if (begin > run->last)
			break;
		if (!rcu_radix_is_node(word) && !whole && shift > RCU_RADIX_MIN) {
			if (run->fn)
				continue; /* Not reserved: what named the range is damaged. */
			err = radix_split(run->tree, &words[i]);
			if (err)
				return err;
			word = rcu_load_relaxed(&words[i]); /* Relaxed: as above. */
		}
		if (rcu_radix_is_node(word)) {
			if (!radix_leads_down(run->tree, word, shift)) {
				if (run->fn)
					continue; /* Below what the reservation looked at. */
				return -ENOTRECOVERABLE;
			}
			if (run->fn == NULL && whole)
				continue; /* Everything below exists already. */
			err = radix_visit(
				run, rcu_radix_child(word)->words, begin, shift - RCU_RADIX_BITS);
			if (err)
				return err;
		} else if (run->fn) {
			uint64_t value = run->fn(run->ctx, begin, shift, word);

			if (value != word) {
				TEST_POINT("radix.word");
				radix_store_value(run->tree, &words[i], value);
			}
		}
	}
	return 0;
}

/* The low part of a range goes through the root table, the rest through the high one. */
static int radix_run(const struct radix_run *run)
{
	const uint64_t low_last = (1ull << RCU_RADIX_LOW_BITS) - 1;
	struct radix_run part = *run;
	int err;

	if (run->first <= low_last) {
		if (part.last > low_last)
			part.last = low_last;
		err = radix_visit(&part, run->tree->root, 0, RCU_RADIX_TOP);
		if (err)
			return err;
	}
	if (run->last > low_last) {
		part.first = run->first > low_last ? run->first : low_last + 1;
		part.last = run->last;
		return radix_visit(&part, run->tree->high, 0, RCU_RADIX_HIGH);
	}
	return 0;
}

/*
 * Nodes that are missing on the way to `key`, an end of [first, last], but for
 * those that are on the way to `other`, too.
 */
static uint32_t radix_missing_at(const struct rcu_radix *tree, uint64_t key, uint64_t first,
	uint64_t last, const uint64_t *other)
{
	bool low = rcu_radix_is_low(key);
	unsigned int shift = low ? RCU_RADIX_TOP : RCU_RADIX_HIGH;
	const uint64_t *word =
		low ? &tree->root[key >> RCU_RADIX_TOP] : &tree->high[key >> RCU_RADIX_HIGH];
	uint32_t n = 0;

	if (other && rcu_radix_is_low(*other) != low)
		other = NULL;
	for (; shift > RCU_RADIX_MIN; shift -= RCU_RADIX_BITS) {
		uint64_t begin = key >> shift << shift;
		uint64_t value =
			word ? rcu_load_relaxed(word) : 0; /* Relaxed: the writers' own stores. */

		if (rcu_radix_is_node(value)) {
			if (!rcu_radix_in_tree(tree, value))
				break; /* Damaged: the reservation says so. */
			word = &rcu_radix_child(value)->words[key >> (shift - RCU_RADIX_BITS) &
							      (RCU_RADIX_FANOUT - 1)];
			continue;
		}
		if (first <= begin && begin + ((1ull << shift) - 1) <= last)
			break;
		n += !(word && window_node(tree, word)) &&
		     !(other && *other >> shift == key >> shift);
		word = NULL;
	}
	return n;
}

uint32_t rcu_radix_missing(
	const struct rcu_radix *tree, uint64_t first, uint64_t last, const uint64_t *before)
{
	const uint64_t low_last = (1ull << RCU_RADIX_LOW_BITS) - 1;

	if (first <= low_last && last > low_last)
		return rcu_radix_missing(tree, first, low_last, before) +
		       rcu_radix_missing(tree, low_last + 1, last, NULL);
	return radix_missing_at(tree, first, first, last, before) +
	       radix_missing_at(tree, last, first, last, &first);
}

int rcu_radix_reserve(struct rcu_radix *tree, uint64_t first, uint64_t last)
{
	struct radix_run run = {.tree = tree, .first = first, .last = last};

	return radix_run(&run);
}

void rcu_radix_update(
	struct rcu_radix *tree, uint64_t first, uint64_t last, rcu_radix_update_t fn, void *ctx)
{
	struct radix_run run = {.tree = tree, .first = first, .last = last, .fn = fn, .ctx = ctx};
	int err = radix_run(&run);

	assert(err == 0); /* Only making nodes can fail. */
	(void)err;
}
