/* SPDX-License-Identifier: BSD-3-Clause */
/* The order of the checks, and those of single members. */

#include <errno.h>
#include <stdio.h>

#include "check_state.h"
#include "region_check.h"
#include "region_parts.h"

static const char *operation_name(uint32_t op)
{
	static const char *const names[] = {[INTENT_ALLOC] = "a plug",
		[INTENT_UNPUBLISH] = "the first half of an unplug",
		[INTENT_RECLAIM] = "the second half of an unplug",
		[INTENT_REGISTER] = "a registration",
		[INTENT_UNREGISTER] = "an unregistration",
		[INTENT_TAKE_BACK] = "the taking back of a plug"};

	return op < sizeof(names) / sizeof(names[0]) ? names[op] : NULL;
}

static void check_intent(struct check *check)
{
	const struct region *region = check->region;
	const struct intent *intent = &region->intent;

	if (intent->op == INTENT_NONE)
		return;
	if (operation_name(intent->op) == NULL)
		check_finding(check, "intent: there is no operation %u", intent->op);
	else if (intent->list >= region->max_lists || intent->record >= REGION_OPS)
		check_finding(check, "intent: list %u or record %u is out of range", intent->list,
			intent->record);
	else
		check_finding(check,
			"%s is in progress or was interrupted: list %u, pages %u to %u, process %u",
			operation_name(intent->op), intent->list, intent->first,
			intent->first + intent->n - (intent->n ? 1 : 0), region->owner_process);
}

void check_members(struct check *check)
{
	const struct region *region = check->region;

	if (region_pool_fault(region, check->layout))
		check_finding(check, "%s", region_pool_fault(region, check->layout));
	if (region_arena_fault(region, check->layout))
		check_finding(check, "%s", region_arena_fault(region, check->layout));
	if (region->list_high > region->max_lists)
		check_finding(
			check, "lists: %u ever used, of %u", region->list_high, region->max_lists);
	if (region->dma_bits > 63)
		check_finding(check, "DMA mask of %u bits", region->dma_bits);
	if (region->owner_process > REGION_PROCESSES) /* The last means: none yet. */
		check_finding(
			check, "owner of the mutex: there is no process %u", region->owner_process);
	if (region->next_socket_id < 256 || region->next_socket_id > 1u << 31)
		check_finding(check, "socket id %u is to be given next", region->next_socket_id);
	check_intent(check);
}

int check_run(
	struct check *check, const struct region_image *image, check_report_t report, void *arg)
{
	int err;
	const char *fault = region_header_fault(image_region(image), image->layout.len, &err);

	*check = (struct check){.report = report, .arg = arg};
	if (fault) { /* Nothing else can be looked at. */
		check_finding(check, "header: %s", fault);
		return check->findings;
	}
	err = check_open(check, image);
	if (err)
		return err;
	check_members(check);
	check_processes(check);
	check_readers(check);
	check_events(check);
	check_arena(check);
	check_records(check);
	check_external(check);
	check_snapshot(check);
	check_operations(check);
	check_pins(check);
	check_pages(check);
	check_index(check);
	check_figures(check);
	return check->err ? check->err : check->findings;
}

int check_image(const struct region_image *image, check_report_t report, void *arg)
{
	struct check check;
	int findings = check_run(&check, image, report, arg);

	check_close(&check);
	return findings;
}
