/* SPDX-License-Identifier: BSD-3-Clause */
/* Arrays: lengths around the words of their masks, runs of all lengths, and bad arguments. */

#include <limits.h>

#include "generate.h"

static unsigned int draw_len(void)
{
	static const unsigned int lens[] = {
		1, 2, 60, 63, 64, 65, 100, 127, 128, 129, 192, 256, 500, 600};

	return lens[below(sizeof(lens) / sizeof(lens[0]))];
}

static void draw_init(uint64_t *arg)
{
	static const unsigned int elts[] = {1, 8, 48, 60, 4096};

	arg[1] = below(NAMES_CNT);
	arg[2] = draw_len();
	arg[3] = elts[below(5)];
	switch (below(10)) {
	case 0:
		arg[1] = NAMES_CNT;
		break;
	case 1:
		arg[1] = NAMES_CNT + 1;
		break;
	case 2:
		arg[1] = NAMES_CNT + 2;
		break;
	case 3:
		arg[2] = one_in(2) ? 0 : INT_MAX + 1u + (unsigned int)below(1u << 31);
		break;
	case 4:
		arg[3] = 0;
		break;
	default:
		break;
	}
}

/* An array in this state; any when there is none. */
static uint64_t draw_state(enum array_state state)
{
	uint64_t arr = below(ARRAY_CNT);

	for (uint64_t i = 0; i < ARRAY_CNT; i++)
		if (model.arrays[(arr + i) % ARRAY_CNT].state == state)
			return (arr + i) % ARRAY_CNT;
	return arr;
}

static bool draw_life(struct op *op)
{
	switch (op->fn) {
	case FN_rte_fbarray_init:
		op->arg[0] = draw_state(ARRAY_NONE);
		draw_init(op->arg);
		break;
	case FN_rte_fbarray_attach:
		op->arg[0] = below(3) ? draw_state(ARRAY_DETACHED) : below(ARRAY_CNT);
		break;
	default:
		op->arg[0] = below(3) ? draw_state(ARRAY_LIVE) : below(ARRAY_CNT);
		break;
	}
	if (one_in(7))
		op->arg[0] = ARRAY_NULL;
	return true;
}

static uint64_t draw_index(unsigned int len)
{
	static const unsigned int beyond[] = {0, 1, 63, INT_MAX, INT_MAX - 1};

	if (len == 0 || one_in(8))
		return (uint32_t)(len + beyond[below(5)]);
	if (one_in(3)) /* Near the ends of words. */
		return (below(len / 64 + 1) * 64 + 62 + below(4)) % len;
	return one_in(6) ? len - 1 : below(len);
}

static void draw_count(uint64_t *n, unsigned int len)
{
	static const unsigned int odd[] = {0, UINT_MAX, INT_MAX};

	*n = 1 + below(one_in(3) ? len + 1u : 8);
	if (one_in(10))
		*n = odd[below(3)];
}

/* Not for long: little else is legal then. */
static bool draw_attach(struct op *op)
{
	for (uint64_t i = 0; i < ARRAY_CNT; i++) {
		if (model.arrays[i].state != ARRAY_DETACHED || below(3))
			continue;
		*op = (struct op){.fn = FN_rte_fbarray_attach, .arg = {i}};
		return true;
	}
	return false;
}

bool generate_array(struct op *op)
{
	unsigned int elt, len, slot;
	uint64_t *arg = op->arg;
	bool change = op->fn == FN_rte_fbarray_set_used || op->fn == FN_rte_fbarray_set_free;

	if (draw_attach(op))
		return true;
	if (op->fn <= FN_rte_fbarray_destroy)
		return draw_life(op);
	arg[0] = one_in(12) ? below(ARRAY_CNT) : draw_state(ARRAY_LIVE);
	if (!change && one_in(6) && generate_list(&slot))
		arg[0] = ARRAY_LIST + slot;
	if (one_in(20))
		arg[0] = ARRAY_NULL;
	len = model_array_len(arg[0], &elt);
	if (op->fn == FN_rte_fbarray_dump_metadata) {
		arg[1] = one_in(4);
		return true;
	}
	arg[1] = op->fn == FN_rte_fbarray_find_idx ? one_in(10) : draw_index(len);
	if (op->fn == FN_rte_fbarray_find_idx)
		arg[2] =
			one_in(6) ? (uint64_t)len * elt - below(2) : below((uint64_t)len * elt + 2);
	else if (change)
		arg[2] = one_in(2) ? 1 : 1 + below(one_in(4) ? 300 : 70);
	else
		draw_count(&arg[2], len);
	if (op->fn == FN_rte_fbarray_find_next_n_free && len % 64 && below(4)) {
		arg[1] = len - 1 - below(len < 10 ? len : 10); /* Just as many as there are. */
		arg[2] = len - arg[1];
	}
	if (change)
		arg[3] = one_in(4) ? 1 + below(20) : 1;
	if (change && arg[1] < len && arg[1] + arg[2] * arg[3] > len && below(4))
		arg[2] = (len - arg[1] + arg[3] - 1) / arg[3];
	return true;
}
