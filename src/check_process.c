/* SPDX-License-Identifier: BSD-3-Clause */
/* Processes, their reader threads, and the events they are told. */

#include <rte_memory.h>

#include "check_state.h"

void check_processes(struct check *check)
{
	const struct region *region = check->region;

	for (unsigned int i = 0; i < REGION_PROCESSES; i++) {
		const struct region_process *process = &region->processes[i];

		if (process->state == PROCESS_FREE)
			continue;
		check->alive |= 1ull << i;
		if (process->state > PROCESS_DYING)
			check_finding(check, "process %u: there is no state %u", i, process->state);
		else if (process->pid <= 0)
			check_finding(check, "process %u: pid %d", i, process->pid);
		/* An observer may read an event's end before the head that counts it: told is
		 * checked only where nothing moves. */
		if (check->idle && process->told > region->events.head)
			check_finding(check, "process %u: was told of event %llu, of %llu", i,
				(unsigned long long)process->told,
				(unsigned long long)region->events.head);
	}
}

static bool process_known(const struct check *check, uint32_t slot)
{
	return slot < REGION_PROCESSES && check->alive >> slot & 1;
}

void check_readers(struct check *check)
{
	const struct rcu_domain *domain = check->domain;
	uint32_t max = check->region->shape.max_readers, high = domain->reader_high;

	if (domain->reader_max != max)
		check_finding(check, "readers: at most %u, not %u", domain->reader_max, max);
	if (domain->sequence == 0)
		check_finding(check, "readers: the sequence is 0");
	if (high > max)
		check_finding(check, "readers: %u slots ever used, of %u", high, max);
	for (uint32_t i = 0; i < max; i++) {
		const struct rcu_reader *reader = &domain->readers[i];

		if (reader->owner == 0 && reader->epoch == 0)
			continue;
		if (reader->owner == 0)
			check_finding(check, "reader %u: inside a section, and free", i);
		else if (!process_known(check, reader->owner - 1))
			check_finding(
				check, "reader %u: there is no process %u", i, reader->owner - 1);
		else if (high <= max && i >= high)
			check_finding(check, "reader %u: above the highest slot, %u", i, high);
		if (reader->epoch > domain->sequence)
			check_finding(check, "reader %u: word %llu is above the sequence, %llu", i,
				(unsigned long long)reader->epoch,
				(unsigned long long)domain->sequence);
	}
}

static void check_event(struct check *check, uint64_t number)
{
	const struct region_event *event = &check->region->events.ring[number % REGION_EVENTS];

	if (event->type != RTE_MEM_EVENT_ALLOC && event->type != RTE_MEM_EVENT_FREE)
		check_finding(check, "event %llu: there is no type %u", (unsigned long long)number,
			event->type);
	else if (event->list >= check->layout->n_internal ||
		 (uint64_t)event->first + event->n > check->internal[event->list].at.n_pages)
		check_finding(check, "event %llu: pages %u to %u of list %u do not exist",
			(unsigned long long)number, event->first, event->first + event->n - 1,
			event->list);
}

void check_events(struct check *check)
{
	const struct event_log *log = &check->region->events;
	uint64_t first = log->head >= REGION_EVENTS ? log->head - REGION_EVENTS + 1 : 1;

	if (log->listeners & ~check->alive)
		check_finding(check, "events: processes %#llx listen and do not exist",
			(unsigned long long)(log->listeners & ~check->alive));
	if (!check->still)
		return; /* The one being written. */
	for (uint64_t i = 0; i < REGION_EVENTS && first + i <= log->head; i++)
		check_event(check, first + i);
}
