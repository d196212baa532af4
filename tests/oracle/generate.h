/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ORACLE_GENERATE_H
#define ORACLE_GENERATE_H

/* Operations drawn at random from the state of the model. */

#include <support_random.h>

#include "model.h"

void generate_begin(uint64_t seed);

/* The next operation, legal in the present state.  The caller applies it to the model. */
void generate(struct op *op);

/* The generator's own numbers. */
extern uint64_t generate_state;

static inline uint64_t below(uint64_t bound)
{
	return random_next(&generate_state) % bound;
}

static inline bool one_in(uint64_t n)
{
	return below(n) == 0;
}

/* Parts of generate(): false when nothing of this kind can be drawn now. */
bool generate_register(struct op *op, bool grow, bool high);
bool generate_range(struct op *op, bool shrink); /* Unregister, attach, detach. */
bool generate_array(struct op *op);
bool generate_list(unsigned int *slot); /* A live list. */

#endif /* ORACLE_GENERATE_H */
