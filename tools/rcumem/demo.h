/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DEMO_H
#define DEMO_H

/*
 * The part of the tour that needs a second thread: pages come and go while it
 * reads them.
 */

#include <stdint.h>

#include "session.h"

#ifndef DEMO_ROUNDS
#define DEMO_ROUNDS 200
#endif

struct demo_hotplug {
	uint64_t lookups;
	uint64_t found; /* Of these, the page was in use. */
	uint64_t wrong; /* Of these, it held what it must not hold. */
	uint64_t free_ns;
	uint64_t alloc_ns;
};

/*
 * Free and plug pages DEMO_ROUNDS times under a reader: TOOL_OK, or
 * TOOL_FAILED when a call failed (said so on stderr).
 */
int demo_hotplug(const struct session *session, struct demo_hotplug *result);

/* The monotonic clock. */
uint64_t demo_now_ns(void);

#endif /* DEMO_H */
