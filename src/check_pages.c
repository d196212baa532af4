/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pages of internal lists: the snapshot tells which are in use, the operation
 * records which wait for readers; marks, masks, descriptors and files agree.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_memory.h>

#include "check_state.h"
#include "fbarray.h"
#include "index.h"
#include "point.h"

/* ---- Operation records ---- */

static const char *operation_fault(struct check *check, const struct op_record *op)
{
	struct check_list *list = &check->internal[op->list];
	uint64_t end = (uint64_t)op->first + op->n;

	for (uint64_t w = op->first / 64; w <= (end - 1) / 64; w++) {
		uint64_t bits = check_range_bits(w, op->first, op->n);

		if (op->state != OP_QUARANTINE) {
			if ((list->in_use[w] & bits) != bits)
				return "its pages are not all in use";
			continue;
		}
		if (list->in_use[w] & bits)
			return "its pages wait for readers, and are in use";
		list->waits += (unsigned int)__builtin_popcountll(bits & ~list->waiting[w]);
		list->waiting[w] |= bits;
	}
	if (op->state == OP_QUARANTINE)
		return op->ticket == 0 || op->ticket > check->domain->sequence
			       ? "it waits for a ticket that was never drawn"
			       : NULL;
	if (op->owner >> 32 > REGION_PROCESSES ||
		(op->owner >> 32 && !(check->alive >> ((op->owner >> 32) - 1) & 1)))
		return "it belongs to a process that does not exist";
	return NULL;
}

static bool operations_overlap(const struct op_record *a, const struct op_record *b)
{
	return b->state != OP_FREE_SLOT && a->list == b->list &&
	       a->first < (uint64_t)b->first + b->n && b->first < (uint64_t)a->first + a->n;
}

static void check_operation(struct check *check, uint32_t i)
{
	const struct op_record *ops = check->region->ops, *op = &ops[i];
	const char *fault;

	if (op->state > OP_QUARANTINE) {
		check_finding(check, "record %u: there is no state %u", i, op->state);
		return;
	}
	if (op->list >= check->layout->n_internal || op->n == 0 ||
		(!PLANTED(UNCHECKED_RANGE) &&
			(uint64_t)op->first + op->n > check->internal[op->list].at.n_pages)) {
		check_finding(check, "record %u: %u pages from %u on of list %u do not exist", i,
			op->n, op->first, op->list);
		return;
	}
	fault = operation_fault(check, op);
	if (fault)
		check_finding(check, "record %u: %s", i, fault);
	for (uint32_t k = 0; k < i; k++)
		if (operations_overlap(op, &ops[k]))
			check_finding(check, "record %u overlaps record %u", i, k);
}

void check_operations(struct check *check)
{
	for (uint32_t i = 0; check->still && i < REGION_OPS; i++)
		if (check->region->ops[i].state != OP_FREE_SLOT)
			check_operation(check, i);
}

/* ---- Descriptors ---- */

/* INV-SEGMENT-3: of this page, with every member. */
static bool complete(const struct check *check, const struct region_layout_list *at, uint64_t va,
	const struct segment_mirror *s)
{
	return s->addr == va && s->len == at->page_sz && s->hugepage_sz == at->page_sz &&
	       s->socket_id == at->socket && s->nchannel == check->region->nchannel &&
	       s->nrank == check->region->nrank && !(s->flags & ~RTE_MEMSEG_FLAG_DO_NOT_FREE);
}

static const char *used_fault(struct check *check, const struct region_layout_list *at,
	uint32_t list, uint32_t page, const struct segment_mirror *s)
{
	uint64_t va = check->region->base + at->base + page * at->page_sz, off;
	uint64_t word = check_lookup(check, CHECK_TREE_VA, va);
	const struct rte_memseg *segment =
		index_tag(word) == INDEX_PAGES ? index_segment_in(word, va) : index_segment(word);

	if (!complete(check, at, va, s))
		return "in use, and its descriptor is not complete";
	if ((index_tag(word) != INDEX_DIRECT && index_tag(word) != INDEX_PAGES) ||
		index_list(word) != list ||
		!check_inside(check, (uint64_t)(uintptr_t)segment, 0, &off) ||
		off != at->slots + page * sizeof(*s))
		return "in use, and the index by virtual address does not lead to it";
	if (s->iova == RTE_BAD_IOVA)
		return check->region->iova_mode == RTE_IOVA_VA
			       ? "in use, and has no IO address in IOVA mode VA"
			       : NULL;
	if (s->iova % at->page_sz || (check->region->iova_mode == RTE_IOVA_VA && s->iova != va))
		return "in use, and its IO address is not one of a page";
	word = check_lookup(check, CHECK_TREE_IOVA, s->iova);
	if (word != ((va - s->iova) | INDEX_DIRECT) ||
		word != check_lookup(check, CHECK_TREE_IOVA, s->iova + at->page_sz - 1))
		return "in use, and the index by IO address does not lead to it";
	check->addressed += at->page_sz;
	return NULL;
}

static const char *page_fault(
	struct check *check, uint32_t list, uint32_t page, const struct segment_mirror *s)
{
	static const struct segment_mirror zero;
	const struct check_list *l = &check->internal[list];

	if (check_bit(l->in_use, page))
		return used_fault(check, &l->at, list, page, s);
	if (check_bit(l->waiting, page)) /* A plug that was undone may not have described it. */
		return s->addr && !complete(check, &l->at,
					  check->region->base + l->at.base + page * l->at.page_sz,
					  s)
			       ? "waits for readers, and its descriptor is not its own"
			       : NULL;
	return memcmp(s, &zero, sizeof(zero)) ? "free, and its descriptor is not clear" : NULL;
}

/* The descriptors of 64 pages fill a page of the region: a hole means 64 free ones. */
static void check_descriptors(struct check *check, uint32_t list, uint64_t w)
{
	const struct check_list *l = &check->internal[list];
	uint64_t off = l->at.slots + w * 64 * sizeof(struct segment_mirror);
	const struct segment_mirror *slots = (const void *)(check->image->base + l->at.slots);

	if (l->in_use[w] == 0 && !image_has(check->image, off))
		return;
	for (uint64_t page = w * 64; page < (w + 1) * 64 && page < l->at.n_pages; page++) {
		const char *fault = page_fault(check, list, (uint32_t)page, &slots[page]);

		if (fault)
			check_finding(check, "list %u page %" PRIu64 ": %s", list, page, fault);
	}
}

/* ---- Masks ---- */

/* The upper levels say which words below are full (INV-PAGEMASK-1); beyond the last, all are. */
static void check_full(struct check *check, uint32_t list, const uint64_t *words)
{
	uint64_t bits = ((uint64_t)check->internal[list].at.n_pages + 63) / 64;

	for (unsigned int level = 1; level < 3; level++) {
		const uint64_t *above = words + bits;
		uint64_t cnt = (bits + 63) / 64;

		for (uint64_t w = 0; w < cnt; w++) {
			uint64_t want = ~check_range_bits(w, 0, bits);

			for (uint64_t i = w * 64; i < bits && i < w * 64 + 64; i++)
				want |= (uint64_t)(words[i] == ~0ull) << (i % 64);
			if (above[w] != want)
				check_finding(check,
					"list %u: level %u of the taken mask, word %" PRIu64
					", is wrong",
					list, level, w);
		}
		words = above;
		bits = cnt;
	}
}

static void check_list(struct check *check, uint32_t list)
{
	const struct check_list *l = &check->internal[list];
	const uint64_t *taken = (const void *)(check->image->base + l->at.taken);
	const uint64_t *marks =
		(const void *)(check->image->base + l->at.slots +
			       fbarray_mask_off(l->at.n_pages, sizeof(struct rte_memseg)));
	uint64_t words = ((uint64_t)l->at.n_pages + 63) / 64;

	for (uint64_t w = 0; w < words; w++) {
		uint64_t wrong = marks[w] ^ l->in_use[w];
		uint64_t beyond = ~check_range_bits(w, 0, l->at.n_pages);

		if (wrong)
			check_finding(check,
				"list %u page %" PRIu64 ": its mark is not what the snapshot shows",
				list, w * 64 + (unsigned int)__builtin_ctzll(wrong));
		wrong = taken[w] ^ (l->in_use[w] | l->waiting[w] | beyond);
		if (wrong)
			check_finding(check, "list %u page %" PRIu64 ": %s", list,
				w * 64 + (unsigned int)__builtin_ctzll(wrong),
				taken[w] & (wrong & -wrong)
					? "taken, and neither in use nor waiting"
					: "free for the next, and in use or waiting");
		check_descriptors(check, list, w);
	}
	check_full(check, list, taken);
	if (check->lists[list].memseg_arr.count != l->used)
		check_finding(check, "list %u: %u pages are counted, %" PRIu64 " are in use", list,
			check->lists[list].memseg_arr.count, l->used);
}

/* The file holds what is in use, and of what waits for readers perhaps a part. */
static void check_backed(struct check *check, uint32_t list)
{
	const struct check_list *l = &check->internal[list];
	uint64_t used = l->used * l->at.page_sz, most = used + l->waits * l->at.page_sz;
	uint64_t held = check->image->backed[list];

	if (held < used)
		check_finding(check,
			"list %u: its file holds %" PRIu64 " bytes, and %" PRIu64 " are in use",
			list, held, used);
	if (held > most)
		check_finding(check,
			"list %u: its file holds %" PRIu64 " bytes that belong to nobody", list,
			held - most);
}

void check_pages(struct check *check)
{
	for (uint32_t i = 0; check->still && i < check->layout->n_internal; i++) {
		check_list(check, i);
		if (check->image->backed)
			check_backed(check, i);
	}
}
