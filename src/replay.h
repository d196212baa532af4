/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REPLAY_H
#define REPLAY_H

/* What there is at one instant, told to a callback that subscribes. */

#include <rte_memory.h>

#include "region.h"

struct replay {
	struct region *region;
	rte_mem_event_callback_t clb;
	void *arg;
	uint64_t root; /* The picture; the caller's section keeps it. */
	uint32_t n_leaving;
	struct op_record leaving[REGION_OPS]; /* Their FREE events were told before the picture. */
};

/* Take the picture.  With the writer mutex, inside a section. */
void replay_take(struct replay *replay);

/* Call back for each run of pages in it.  Without the mutex, in the same section. */
void replay_tell(struct replay *replay);

#endif /* REPLAY_H */
