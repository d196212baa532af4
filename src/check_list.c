/* SPDX-License-Identifier: BSD-3-Clause */
/* The records of lists: internal ones as the layout has them, external ones sane and apart. */

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "check_state.h"
#include "fbarray.h"
#include "region_parts.h"

/* Bytes from the first to the last one, which may be the top of the address space. */
static uint64_t last_of(const struct list_state *state)
{
	return segment_va(state, state->n_pages) - 1;
}

/* ---- External lists ---- */

static const char *range_fault(const struct check *check, const struct list_state *state)
{
	uint64_t begin = check->region->base + check->layout->len;
	uint64_t len = check->layout->span - check->layout->len;

	if (state->page_shift >= 63 || state->n_pages == 0 || state->n_pages > INT_MAX ||
		state->n_pages > UINT64_MAX >> state->page_shift)
		return "its size is out of range";
	if (state->base == 0 || state->base & ((1ull << state->page_shift) - 1) ||
		last_of(state) < state->base)
		return "its address is out of range";
	if (state->base < begin + len && last_of(state) >= begin)
		return "it overlaps internal lists";
	return NULL;
}

/* The piece of the arena that begins at an offset from the region's base. */
static const struct arena_piece *storage_at(const struct check *check, uint64_t off)
{
	for (uint32_t i = 0; i < check->arena->cnt && i < check->layout->arena_max; i++)
		if (check->pieces[i].len && check->pieces[i].off == off - check->layout->arena_base)
			return &check->pieces[i];
	return NULL;
}

/* The segment array and the pieces stand in one piece of the arena that is the library's. */
static const char *storage_fault(const struct check *check, uint32_t i)
{
	const struct list_state *state = &check->states[i];
	const struct rte_fbarray *arr = &check->lists[i].memseg_arr;
	uint64_t data = (uint64_t)(uintptr_t)arr->data, off;
	uint64_t len = fbarray_storage_size(state->n_pages, sizeof(struct rte_memseg));
	const struct arena_piece *storage;
	char name[ARENA_NAME_LEN];

	if (!region_array_sound(arr, state->n_pages, data))
		return "its array is damaged";
	len = (len + 63) / 64 * 64;
	if (!check_inside(
		    check, data, len + (uint64_t)state->n_pieces * sizeof(struct piece), &off))
		return "its array is outside of the region";
	storage = storage_at(check, off);
	snprintf(name, sizeof(name), "extmem/%u/%llu", i, (unsigned long long)state->born);
	if (storage == NULL || strncmp(storage->name, name, sizeof(name)))
		return "its array is not in its storage";
	if (storage->asked != len + (uint64_t)state->n_pieces * sizeof(struct piece) ||
		storage->asked > storage->len)
		return "its storage has another size";
	if (state->n_pieces && (uint64_t)(uintptr_t)state->pieces != data + len)
		return "its pieces are not in its storage";
	if (!fbarray_storage_sound(
		    check->image->base + off, state->n_pages, sizeof(struct rte_memseg)))
		return "the header of its array is damaged";
	return NULL;
}

/* A node of the machine, which external memory may be said to be on. */
static bool node_known(const struct check *check, int32_t socket)
{
	bool known = false;

	for (int i = 0; i < check->region->shape.n_sockets; i++)
		known |= check->region->shape.sockets[i] == socket;
	return known;
}

static const char *record_fault(const struct check *check, uint32_t i)
{
	const struct list_state *state = &check->states[i];
	const struct rte_memseg_list *msl = &check->lists[i];
	char name[RTE_FBARRAY_NAME_LEN];

	snprintf(name, sizeof(name), "extmem_0x%llx", (unsigned long long)state->base);
	if (msl->addr_64 != state->base || msl->page_sz != 1ull << state->page_shift ||
		msl->len != (uint64_t)state->n_pages << state->page_shift || !msl->external ||
		msl->socket_id != state->socket || msl->heap || strcmp(msl->memseg_arr.name, name))
		return "its record is not that of its state";
	if (!node_known(check, state->socket) &&
		(state->socket < 256 || (uint32_t)state->socket >= check->region->next_socket_id))
		return "its socket id is out of range";
	if (state->born > snapshot_seq(check->region->root) || state->died != UINT64_MAX)
		return "it is shown, and not from the past on";
	if (state->attached & ~check->alive)
		return "a process that does not exist is attached";
	return NULL;
}

static const char *external_fault(const struct check *check, uint32_t i)
{
	const struct list_state *state = &check->states[i];
	const char *fault = range_fault(check, state);

	if (!fault)
		fault = storage_fault(check, i);
	if (!fault)
		check->readable[i] = true;
	return fault ? fault : record_fault(check, i);
}

/* A record of no kind is clear, and can be used by the next registration. */
static const char *free_fault(const struct check *check, uint32_t i)
{
	static const struct list_state no_state;
	static const struct rte_memseg_list no_list;

	return memcmp(&check->states[i], &no_state, sizeof(no_state)) ||
			       memcmp(&check->lists[i], &no_list, sizeof(no_list))
		       ? "it is free, and its record is not clear"
		       : NULL;
}

static const char *dying_fault(const struct check *check, uint32_t i)
{
	const struct list_state *state = &check->states[i];

	/* 0: its forgetting was interrupted, and is to be begun again. */
	return state->ticket > check->domain->sequence
		       ? "it waits for a ticket that was never drawn"
		       : NULL;
}

static const char *fault_of(const struct check *check, uint32_t i)
{
	switch (check->states[i].kind) {
	case LIST_NONE:
		return free_fault(check, i);
	case LIST_EXTERNAL:
		return external_fault(check, i);
	case LIST_DYING:
		return dying_fault(check, i);
	default:
		return "there is no such kind of list";
	}
}

static void check_apart(struct check *check, uint32_t i)
{
	const struct list_state *state = &check->states[i];

	for (uint32_t k = check->layout->n_internal; k < i; k++) {
		const struct list_state *other = &check->states[k];

		if (!check_external_shown(check, k))
			continue;
		if (other->base <= last_of(state) && state->base <= last_of(other))
			check_finding(check, "list %u overlaps list %u", i, k);
		if (other->socket == state->socket && other->socket >= 256)
			check_finding(check, "list %u has the socket id of list %u", i, k);
	}
}

void check_records(struct check *check)
{
	const char *fault;

	for (uint32_t i = 0; i < check->layout->n_internal; i++) {
		fault = region_list_fault(check->region, check->layout, i);
		if (fault)
			check_finding(check, "list %u: %s", i, fault);
	}
	for (uint32_t i = check->layout->n_internal; i < check->region->max_lists; i++) {
		fault = fault_of(check, i);
		if (!check->still) /* But what can be read is known. */
			continue;
		if (fault)
			check_finding(check, "list %u: %s", i, fault);
		if (check_external_shown(check, i))
			check_apart(check, i);
	}
}
