/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OBSERVER_H
#define OBSERVER_H

/* An observer: its descriptors, and the last picture it took. */

#include <rcumem.h>

#include "check_state.h"
#include "join.h"

struct rcumem_observer {
	struct join_gift gift;
	struct region_image image;
	struct check check; /* Without an image: there is no picture. */
};

#endif /* OBSERVER_H */
