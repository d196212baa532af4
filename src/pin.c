/* SPDX-License-Identifier: BSD-3-Clause */
/* rcumem_pages_pin(): what a device uses is not unplugged. */

#include <errno.h>

#include <rcumem.h>

#include "api.h"
#include "log.h"
#include "pin.h"
#include "point.h"
#include "process.h"
#include "runtime.h"
#include "writer.h"

/* Records that may be in use, of a region that may be damaged. */
static uint32_t high(const struct region *region)
{
	/* Relaxed: under the mutex, or for a figure. */
	uint32_t n = rcu_load_relaxed(&region->pin_high);

	return n < REGION_PINS ? n : REGION_PINS;
}

static bool touches(const struct pin_record *pin, const struct page_range *range)
{
	uint64_t first, n;

	/* Acquire pairs with pin_locked(): the record is complete.  Who has no mutex may see it
	 * given back and used again meanwhile; relaxed, all: that is for a figure. */
	if (!rcu_load_acquire(&pin->holder) || rcu_load_relaxed(&pin->list) != range->list)
		return false;
	first = rcu_load_relaxed(&pin->first);
	n = rcu_load_relaxed(&pin->n);
	return first < (uint64_t)range->first + range->n && range->first < first + n;
}

/* The processes that have pinned a page of the range. */
static uint64_t holders(const struct region *region, const struct page_range *range)
{
	uint64_t slots = 0;

	for (uint32_t i = 0; i < high(region); i++)
		if (touches(&region->pins[i], range))
			slots |= 1ull << ((region->pins[i].holder - 1) % REGION_PROCESSES);
	return slots;
}

bool pin_held(const struct region *region, const struct page_range *range)
{
	return holders(region, range) != 0;
}

int pin_check(struct region *region, const struct page_range *range)
{
	uint64_t slots = holders(region, range);

	if (slots && process_reap_found(region, slots))
		slots = holders(region, range);
	if (slots == 0)
		return 0;
	log_message(LOG_INFO, "process %d has pinned the pages",
		region->processes[__builtin_ctzll(slots)].pid);
	return -EBUSY;
}

void pin_abandon(struct region *region, uint32_t process)
{
	for (uint32_t i = 0; i < high(region); i++)
		if (region->pins[i].holder == process + 1) {
			TEST_POINT("pin.abandon");
			/* Relaxed: under the mutex, but for pin_count(). */
			rcu_store_relaxed(&region->pins[i].holder, 0);
		}
}

uint32_t pin_count(const struct region *region)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < high(region); i++)
		n += rcu_load_relaxed(&region->pins[i].holder) != 0; /* Relaxed: a figure. */
	return n;
}

/* This process's record of exactly the range; else one that is free, or NULL. */
static struct pin_record *find(struct region *region, const struct page_range *range, bool or_free)
{
	struct pin_record *unused = NULL;

	for (uint32_t i = 0; i < high(region); i++) {
		struct pin_record *pin = &region->pins[i];

		if (pin->holder == 0 && unused == NULL)
			unused = pin;
		if (pin->holder == runtime.process + 1 && pin->list == range->list &&
			pin->first == range->first && pin->n == range->n)
			return pin;
	}
	if (or_free && unused == NULL && high(region) < REGION_PINS)
		unused = &region->pins[high(region)];
	return or_free ? unused : NULL;
}

static int pin_locked(struct region *region, const struct page_range *range)
{
	int err = hotplug_in_use(region, range);
	struct pin_record *pin;

	if (err)
		return err;
	if (hotplug_leaving(region, range))
		return -EBUSY;
	pin = find(region, range, true);
	if (pin == NULL)
		return -ENOSPC;
	if (pin->holder) {
		if (pin->count == UINT32_MAX)
			return -ENOSPC;
		rcu_store_relaxed(&pin->count, pin->count + 1); /* Relaxed: a figure for others. */
		return 0;
	}
	TEST_POINT("pin.begin");
	/* Relaxed, all: see touches(). */
	rcu_store_relaxed(&pin->list, range->list);
	rcu_store_relaxed(&pin->first, range->first);
	rcu_store_relaxed(&pin->n, range->n);
	rcu_store_relaxed(&pin->count, 1);
	TEST_POINT("pin.filled");
	/* Relaxed: before the next store for whoever relies on it. */
	if (pin == &region->pins[high(region)])
		rcu_store_relaxed(&region->pin_high, high(region) + 1);
	TEST_POINT("pin.counted");
	/* Release pairs with touches(): the record above is that of the holder (INV-PIN-2). */
	rcu_store_release(&pin->holder, runtime.process + 1);
	TEST_POINT("pin.taken");
	return 0;
}

static int unpin_locked(struct region *region, const struct page_range *range)
{
	struct pin_record *pin = find(region, range, false);

	if (pin == NULL)
		return -ENOENT;
	TEST_POINT("unpin.begin");
	if (pin->count > 1)
		rcu_store_relaxed(&pin->count, pin->count - 1); /* Relaxed: as above. */
	else
		rcu_store_relaxed(&pin->holder, 0); /* Relaxed: as in pin_abandon(). */
	TEST_POINT("unpin.done");
	return 0;
}

/*
 * With the mutex for a moment, which nobody keeps while waiting for a reader or
 * a callback: so a thread inside one may have it too.
 */
static int change(const void *addr, size_t len,
	int (*locked)(struct region *region, const struct page_range *range))
{
	struct region *region = runtime_region();
	struct page_range range;
	int err;

	if (region == NULL)
		return -ENODEV;
	if (writer_is_owner())
		return -EDEADLK;
	err = hotplug_range(region, (uint64_t)(uintptr_t)addr, len, &range);
	if (!err)
		err = writer_lock(region);
	if (err)
		return err;
	err = locked(region, &range);
	writer_unlock(region);
	return err;
}

int rcumem_pages_pin(const void *addr, size_t len)
{
	return api_result(change(addr, len, pin_locked));
}

int rcumem_pages_unpin(const void *addr, size_t len)
{
	return api_result(change(addr, len, unpin_locked));
}

int64_t rcumem_pages_pins(const void *addr, size_t len)
{
	const struct region *region = runtime_region();
	struct page_range range;
	int64_t n = 0;
	int err = region ? hotplug_range(region, (uint64_t)(uintptr_t)addr, len, &range) : -ENODEV;

	if (err)
		return api_result(err);
	for (uint32_t i = 0; i < high(region); i++)
		if (touches(&region->pins[i], &range))
			n += rcu_load_relaxed(&region->pins[i].count); /* Relaxed: a figure. */
	return n;
}
