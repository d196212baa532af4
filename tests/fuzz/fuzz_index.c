/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operations of the radix tree against a naive model: an array of what was
 * painted, of which the last that covers a key is right.
 *
 * Every way to look a key up must give the model's answer, before and after an
 * update that the pool of nodes could not serve; an update must show each word
 * once, in order, with the value that it had.
 */

#include <errno.h>

#include "fuzz.h"
#include "support_radix.h"

#define PAINTS_MAX 48u
#define POOL_MAX   40u
#define WINDOW_MAX 4u

struct paint {
	uint64_t first;
	uint64_t last;
	uint64_t value;
};

static struct paint paints[PAINTS_MAX];
static unsigned int n_paints;
static struct rcu_radix *tree;
static struct rcu_radix_node *window;

static uint64_t right(uint64_t key)
{
	for (unsigned int i = n_paints; i > 0; i--)
		if (paints[i - 1].first <= key && key <= paints[i - 1].last)
			return paints[i - 1].value;
	return 0;
}

/* ---- Lookups ---- */

static void check_run(const struct rcu_radix_found *found, uint64_t key)
{
	uint64_t run = rcu_radix_found_run(found, key, 1ull << 31);

	FUZZ_ASSERT(run > 0 && run <= 1ull << 31, "%#llx", (unsigned long long)run);
	FUZZ_ASSERT(right(key + run - 1) == found->word, "%#llx: the run of %#llx bytes ends early",
		(unsigned long long)key, (unsigned long long)run);
}

static void check_key(uint64_t key)
{
	const struct rcu_radix_view view = rcu_radix_view(tree);
	struct rcu_radix_found found = rcu_radix_view_find(&view, key);
	uint64_t want = right(key), near = rcu_radix_view_near(&view, key);
	const struct {
		const char *by;
		uint64_t word;
	} ways[] = {
		{"lookup", rcu_radix_lookup(tree, key)}, {"find", rcu_radix_find(tree, key).word},
		{"view", rcu_radix_view_lookup(&view, key)}, {"view and run", found.word},
		{"near", near ? near : want}, /* INV-RADIX-5: 0 tells nothing. */
	};

	for (unsigned int i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		FUZZ_ASSERT(ways[i].word == want, "%#llx by %s: %#llx, not %#llx",
			(unsigned long long)key, ways[i].by, (unsigned long long)ways[i].word,
			(unsigned long long)want);
	FUZZ_ASSERT(!rcu_radix_root_empty(tree, key) || want == 0, "%#llx: not empty",
		(unsigned long long)key);
	check_run(&found, key);
}

static void check_edges(const struct paint *p)
{
	const uint64_t keys[] = {p->first, p->last, p->first - 1, p->last + 1,
		p->first + (p->last - p->first) / 2, p->first | 0x1fffff, p->last & ~0x3fffffffull};

	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		check_key(keys[i]);
}

/* ---- Updates ---- */

struct update {
	uint64_t value;
	uint64_t next; /* Where the next word must begin. */
	bool begun;
};

static uint64_t update_word(void *ctx, uint64_t base, unsigned int shift, uint64_t old)
{
	struct update *update = ctx;

	FUZZ_ASSERT(!update->begun || base == update->next, "word %#llx follows %#llx",
		(unsigned long long)base, (unsigned long long)update->next);
	FUZZ_ASSERT(
		base % (1ull << shift) == 0, "word %#llx of 2^%u", (unsigned long long)base, shift);
	FUZZ_ASSERT(old == right(base), "word %#llx was %#llx", (unsigned long long)base,
		(unsigned long long)old);
	update->begun = true;
	update->next = base + (1ull << shift);
	return update->value;
}

/* Beside an edge of before, or anywhere; of any size. */
static struct paint take_paint(struct fuzz_input *input)
{
	uint8_t how = fuzz_u8(input), size = fuzz_u8(input);
	uint64_t word = fuzz_u64(input), len = fuzz_u32(input);
	struct paint p;

	p.first = how & 1 ? word >> 16 : word;
	if (how & 2 && n_paints) {
		const struct paint *beside = &paints[how / 8 % n_paints];

		p.first = (how & 4 ? beside->first : beside->last + 1) + (uint64_t)(int8_t)word;
	}
	len <<= size % 33;
	p.last = p.first + len < p.first ? UINT64_MAX : p.first + len;
	p.value = size & 128 ? 0 : tree_value(n_paints);
	return p;
}

static void paint(const struct paint *p)
{
	uint64_t first = p->first & ~4095ull, last = p->last | 4095;
	struct update update = {.value = p->value};
	int err = rcu_radix_reserve(tree, p->first, p->last);

	FUZZ_ASSERT(err == 0 || (err == -ENOSPC && tree->node_cnt == tree->node_max), "%d", err);
	check_edges(p); /* A reservation changes no answer. */
	if (err)
		return;
	rcu_radix_update(tree, p->first, p->last, update_word, &update);
	FUZZ_ASSERT(update.begun && update.next == last + 1, "it ends at %#llx",
		(unsigned long long)update.next);
	paints[n_paints++] = (struct paint){first, last, p->value};
	check_edges(p);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input input = {data, len};
	uint8_t begin = fuzz_u8(&input);
	uint32_t gib = begin % (WINDOW_MAX + 1);

	n_paints = 0;
	tree = tree_new(fuzz_u8(&input) % POOL_MAX + 1);
	window = tree_memory((gib + 1) * sizeof(*window));
	if (gib)
		rcu_radix_set_window(tree, window, (uint64_t)(begin / 8) << RCU_RADIX_TOP, gib);
	while (fuzz_left(&input) && n_paints < PAINTS_MAX) {
		struct paint p = take_paint(&input);

		paint(&p);
		for (unsigned int i = 0; i < n_paints; i++)
			check_edges(&paints[i]);
	}
	FUZZ_ASSERT(tree->node_cnt <= tree->node_max, "%u nodes", tree->node_cnt);
	munmap(window, (gib + 1) * sizeof(*window));
	tree_free(tree);
	return 0;
}
