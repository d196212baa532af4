/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PIN_H
#define PIN_H

/* Pins: pages that must not be unplugged; invariants in region.h.  With the writer mutex owned. */

#include "hotplug.h"

/*
 * 0, or -EBUSY when a live process has pinned a page of the range, which the log
 * names; the pins of dead ones that are in the way are given up.
 */
int pin_check(struct region *region, const struct page_range *range);

/* True when a page of the range is pinned, by whomever. */
bool pin_held(const struct region *region, const struct page_range *range);

/* A process has gone, and its pins with it. */
void pin_abandon(struct region *region, uint32_t process);

/* Records in use; needs no mutex. */
uint32_t pin_count(const struct region *region);

#endif /* PIN_H */
