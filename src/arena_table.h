/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ARENA_TABLE_H
#define ARENA_TABLE_H

/*
 * The table behind arena.h, in the control region.  Functions here are called
 * with the writer mutex owned.
 *
 * INV-ARENA-1  Pieces with a length do not overlap; a slot without one is free.
 * INV-ARENA-2  What no piece covers reads as zero.
 */

#include "arena.h"
#include "region.h"

struct arena_piece {
	uint64_t off;   /* From the arena's first byte; writer, all of these. */
	uint64_t len;   /* Whole pages; stored last when the piece is made, first when it goes. */
	uint64_t asked; /* Bytes asked for. */
	uint64_t attached; /* One bit for each process slot. */
	char name[ARENA_NAME_LEN];
};

struct arena {
	uint64_t base;              /* Immutable. */
	uint64_t len;               /* Immutable. */
	uint64_t next;              /* Where the search for room begins. */
	uint32_t max;               /* Immutable. */
	uint32_t cnt;               /* Slots ever used. */
	struct arena_piece *pieces; /* Immutable pointer. */
};

int arena_create_locked(struct region *region, const char *name, uint64_t len, void **va);
int arena_destroy_locked(struct region *region, const void *va, bool force);

/* A process has gone: what it alone was attached to goes with it. */
void arena_abandon(struct region *region, uint32_t process);

/* The piece of that name, or NULL. */
struct arena_piece *arena_find_name(const struct arena *arena, const char *name);

/* Address of a piece. */
void *arena_address(const struct arena *arena, const struct arena_piece *piece);

#endif /* ARENA_TABLE_H */
