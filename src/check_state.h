/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CHECK_STATE_H
#define CHECK_STATE_H

/* What the files of the checker share: the image, taken apart by its layout, and what was found. */

#include "arena_table.h"
#include "check.h"
#include "piece.h"
#include "segment.h"
#include "snapshot.h"

enum check_tree {
	CHECK_TREE_VA,
	CHECK_TREE_IOVA,
	CHECK_TREE_EXT,
	CHECK_TREES,
};

/* An internal list, as the layout has it. */
struct check_list {
	struct region_layout_list at;
	uint64_t *in_use;  /* A bit for each page that the published snapshot shows. */
	uint64_t *waiting; /* A bit for each page in quarantine. */
	uint64_t used;     /* Bits in in_use. */
	uint64_t waits;    /* Bits in waiting. */
};

struct check {
	const struct region_image *image;
	const struct region *region;
	const struct region_layout *layout;
	const struct rcu_domain *domain;
	const struct rte_memseg_list *lists;
	const struct list_state *states;
	const struct snapshot_pool *pool;
	const struct snapshot_block *blocks;
	const uint64_t *born;
	const uint32_t *free;
	const struct snapshot_retired *ring;
	const struct arena *arena;
	const struct arena_piece *pieces;
	struct check_list *internal; /* n_internal of them. */
	bool *shown;                 /* Of each list: whether the snapshot shows it. */
	bool *readable;              /* ... external: whether its storage is where it must be. */
	uint64_t alive;              /* A bit for each process slot that is not free. */
	uint64_t addressed;          /* Bytes of pages in use that have an IO address, */
	uint64_t indexed;            /* and those that words of the index lead to: the same. */
	uint64_t covered; /* Bytes of internal lists that words of the other index lead to. */
	bool still;       /* No operation is in progress: all places must agree. */
	bool idle;        /* ... and nobody owns the mutex. */
	check_report_t report;
	void *arg;
	int findings;
	int err; /* -ENOMEM: a check could not be made. */
};

void check_finding(struct check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Offset of an address of the region's, if [address, address + len) is inside and aligned to 8. */
static inline bool check_inside(
	const struct check *check, uint64_t address, uint64_t len, uint64_t *off)
{
	*off = address - check->region->base;
	return address >= check->region->base && *off < check->layout->len &&
	       len <= check->layout->len - *off && *off % 8 == 0;
}

/* Kind of a list that is external and can be found: its record is complete. */
static inline bool check_external_shown(const struct check *check, uint32_t list)
{
	return list >= check->layout->n_internal && list < check->region->max_lists &&
	       check->states[list].kind == LIST_EXTERNAL && check->readable[list];
}

static inline bool check_bit(const uint64_t *bits, uint64_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

/* The bits of word `w` of a mask that lie in [first, first + n). */
static inline uint64_t check_range_bits(uint64_t w, uint64_t first, uint64_t n)
{
	uint64_t begin = w * 64, lo = first > begin ? first - begin : 0;
	uint64_t hi = first + n - begin;

	return (hi >= 64 ? ~0ull : (1ull << hi) - 1) & ~0ull << lo;
}

/* ---- check.c ---- */

/* As check_image(), and leaves the image taken apart; without `image` when its header is damaged.
 */
int check_run(
	struct check *check, const struct region_image *image, check_report_t report, void *arg);

/* ---- check_state.c ---- */

/* Take the image apart: 0 or -ENOMEM. */
int check_open(struct check *check, const struct region_image *image);
void check_close(struct check *check);

/* ---- The checks, in this order: each may rely on those before ---- */

void check_members(struct check *check);   /* check.c */
void check_processes(struct check *check); /* check_process.c */
void check_readers(struct check *check);
void check_events(struct check *check);
void check_arena(struct check *check);    /* check_arena.c */
void check_records(struct check *check);  /* check_list.c: list records, internal and external */
void check_external(struct check *check); /* check_external.c: descriptors and pieces */
void check_snapshot(struct check *check); /* check_snapshot.c */
void check_blocks(struct check *check);
void check_operations(struct check *check); /* check_pages.c */
void check_pins(struct check *check);       /* check_pin.c */
void check_pages(struct check *check);
void check_index(struct check *check);   /* check_index.c */
void check_figures(struct check *check); /* check_figures.c */

/* ---- check_radix.c ---- */

/* Receives each word of a tree that is a value. */
typedef void (*check_word_t)(struct check *check, uint64_t base, unsigned int shift, uint64_t word);

void check_tree(struct check *check, enum check_tree tree, check_word_t fn);

/* The word that covers `key`; 0 where the tree is damaged. */
uint64_t check_lookup(const struct check *check, enum check_tree tree, uint64_t key);

const char *check_tree_name(enum check_tree tree);

#endif /* CHECK_STATE_H */
