/* SPDX-License-Identifier: BSD-3-Clause */
/* Pins: each of a process that exists, on pages in use that nobody frees (INV-PIN-1). */

#include "check_state.h"

static bool in_use(const struct check *check, const struct pin_record *pin)
{
	const uint64_t *words = check->internal[pin->list].in_use;

	for (uint32_t page = pin->first; page < pin->first + pin->n; page++)
		if (!check_bit(words, page))
			return false;
	return true;
}

static bool being_freed(const struct check *check, const struct pin_record *pin)
{
	for (uint32_t i = 0; i < REGION_OPS; i++) {
		const struct op_record *op = &check->region->ops[i];

		if (op->state == OP_FREE_EVENTS && op->list == pin->list &&
			op->first < (uint64_t)pin->first + pin->n &&
			pin->first < (uint64_t)op->first + op->n)
			return true;
	}
	return false;
}

static const char *pin_fault(const struct check *check, const struct pin_record *pin)
{
	if (pin->holder > REGION_PROCESSES || !(check->alive >> (pin->holder - 1) & 1))
		return "it belongs to a process that does not exist";
	if (pin->list >= check->layout->n_internal || pin->n == 0 ||
		(uint64_t)pin->first + pin->n > check->internal[pin->list].at.n_pages)
		return "its pages do not exist";
	if (pin->count == 0)
		return "it was never taken";
	if (!in_use(check, pin))
		return "its pages are not all in use";
	return being_freed(check, pin) ? "its pages are being freed" : NULL;
}

void check_pins(struct check *check)
{
	const struct region *region = check->region;

	if (region->pin_high > REGION_PINS)
		check_finding(
			check, "pins: %u records ever used, of %u", region->pin_high, REGION_PINS);
	for (uint32_t i = 0; check->still && i < REGION_PINS; i++) {
		const struct pin_record *pin = &region->pins[i];
		const char *fault = pin->holder ? pin_fault(check, pin) : NULL;

		if (fault)
			check_finding(check, "pin %u: %s", i, fault);
		else if (pin->holder && i >= region->pin_high)
			check_finding(
				check, "pin %u: above the highest record, %u", i, region->pin_high);
	}
}
