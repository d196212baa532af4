/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of named pieces: INV-ARENA-1 and INV-ARENA-2. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check_state.h"
#include "os.h"

static bool piece_sound(struct check *check, uint32_t i)
{
	const struct arena_piece *piece = &check->pieces[i];
	const char *fault = NULL;

	if (piece->len % OS_PAGE || piece->off % OS_PAGE || piece->off > check->layout->arena_len ||
		piece->len > check->layout->arena_len - piece->off)
		fault = "it is out of range";
	else if (piece->asked > piece->len || piece->len - piece->asked >= OS_PAGE)
		fault = "its length is not that of its pages";
	else if (memchr(piece->name, 0, sizeof(piece->name)) == NULL || piece->name[0] == 0)
		fault = "its name has no end, or is empty";
	else if (strchr(piece->name, '/') == NULL && piece->attached & ~check->alive)
		/* Storage of a list goes with the list, whoever made it. */
		fault = "a process that does not exist is attached";
	if (fault)
		check_finding(check, "arena: piece %u: %s", i, fault);
	return fault == NULL;
}

static int by_off(const void *a, const void *b)
{
	const struct arena_piece *p = *(const struct arena_piece *const *)a;
	const struct arena_piece *q = *(const struct arena_piece *const *)b;

	return p->off < q->off ? -1 : p->off > q->off;
}

static int by_name(const void *a, const void *b)
{
	const struct arena_piece *p = *(const struct arena_piece *const *)a;
	const struct arena_piece *q = *(const struct arena_piece *const *)b;

	return strcmp(p->name, q->name);
}

/* What no piece covers reads as zero: [from, to) of the arena. */
static void check_zero(struct check *check, uint64_t from, uint64_t to)
{
	uint64_t begin = check->layout->arena_base, end = begin + to;

	/* Without a map of holes it would be the whole arena. */
	for (uint64_t off = begin + from;
		check->image->data && (off = image_next(check->image, off, end)) < end;
		off += OS_PAGE) {
		const uint64_t *page = (const void *)(check->image->base + off);

		for (uint64_t w = 0; w < OS_PAGE / sizeof(uint64_t); w++) {
			if (page[w] == 0)
				continue;
			check_finding(check,
				"arena: offset %#llx belongs to no piece and is not zero",
				(unsigned long long)(off - begin));
			break;
		}
	}
}

static void check_table(struct check *check, const struct arena_piece **sound, uint32_t n)
{
	uint64_t at = 0;

	qsort(sound, n, sizeof(*sound), by_name);
	for (uint32_t i = 1; i < n; i++)
		if (strcmp(sound[i - 1]->name, sound[i]->name) == 0)
			check_finding(check, "arena: two pieces are called %s", sound[i]->name);
	qsort(sound, n, sizeof(*sound), by_off);
	for (uint32_t i = 0; i < n; i++) {
		if (sound[i]->off < at)
			check_finding(check, "arena: pieces %s and %s overlap", sound[i - 1]->name,
				sound[i]->name);
		else
			check_zero(check, at, sound[i]->off);
		if (at < sound[i]->off + sound[i]->len)
			at = sound[i]->off + sound[i]->len;
	}
	check_zero(check, at, check->layout->arena_len);
}

void check_arena(struct check *check)
{
	uint32_t n = 0, cnt = check->arena->cnt, max = check->layout->arena_max;
	const struct arena_piece **sound = malloc(max * sizeof(*sound));
	bool damaged = false;

	if (cnt > max) {
		check_finding(check, "arena: %u pieces ever used, of %u", cnt, max);
		cnt = max;
	}
	if (sound == NULL)
		check->err = -ENOMEM;
	for (uint32_t i = 0; sound && i < cnt; i++) {
		if (check->pieces[i].len == 0)
			continue;
		if (piece_sound(check, i))
			sound[n++] = &check->pieces[i];
		else
			damaged = true; /* What it covers is not known. */
	}
	if (sound && check->idle && !damaged)
		check_table(check, sound, n);
	free(sound);
}
