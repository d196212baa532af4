/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading a control region twice until it stands still. */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena_table.h"
#include "os.h"
#include "point.h"
#include "region_check.h"
#include "region_image.h"

#define ATTEMPTS    100
#define PAUSE_NS    1000000
#define BUFFER_LEN  65536u
#define STORAGE     "extmem/" /* Pieces of external memory; external_storage_name(). */
#define STORAGE_LEN (sizeof(STORAGE) - 1)

/* One attempt. */
struct taking {
	int fd;
	bool again; /* The second reading. */
	char *base; /* The image, writable. */
	uint64_t *data;
	char *buffer; /* BUFFER_LEN bytes. */
	struct region_layout layout;
	struct region_shape shape; /* That it was made from. */
};

static int copy_extent(struct taking *t, uint64_t begin, uint64_t end)
{
	for (uint64_t page = begin / OS_PAGE; page < (end + OS_PAGE - 1) / OS_PAGE; page++)
		t->data[page / 64] |= 1ull << (page % 64);
	return os_file_read(t->fd, t->base + begin, end - begin, begin);
}

/* -EAGAIN when it is not what the first reading saw; a page that was a hole is none any more. */
static int compare_extent(struct taking *t, uint64_t begin, uint64_t end)
{
	for (uint64_t at = begin, n; at < end; at += n) {
		int err;

		n = end - at < BUFFER_LEN ? end - at : BUFFER_LEN;
		err = os_file_read(t->fd, t->buffer, n, at);
		if (err)
			return err;
		if (memcmp(t->base + at, t->buffer, n))
			return -EAGAIN;
	}
	return 0;
}

/* Read what is no hole in [from, to). */
static int read_part(struct taking *t, uint64_t from, uint64_t to)
{
	while (from < to) {
		uint64_t begin, end;
		int err = os_file_data(t->fd, from, &begin, &end);

		if (err || begin >= to)
			return err == -ENOENT ? 0 : err;
		end = end < to ? end : to;
		err = t->again ? compare_extent(t, begin, end) : copy_extent(t, begin, end);
		if (err)
			return err;
		from = end;
	}
	return 0;
}

/* ---- The arena without the arrays of users ---- */

static int by_off(const void *a, const void *b)
{
	const struct arena_piece *p = *(const struct arena_piece *const *)a;
	const struct arena_piece *q = *(const struct arena_piece *const *)b;

	return p->off < q->off ? -1 : p->off > q->off;
}

static int read_arena(struct taking *t)
{
	const struct arena_piece *pieces = (const void *)(t->base + t->layout.pieces);
	const struct arena_piece **users = malloc(t->layout.arena_max * sizeof(*users));
	uint64_t at = 0, len = t->layout.arena_len;
	uint32_t n = 0;
	int err = 0;

	if (users == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->layout.arena_max; i++)
		if (pieces[i].len && pieces[i].off < len && pieces[i].len <= len - pieces[i].off &&
			strncmp(pieces[i].name, STORAGE, STORAGE_LEN))
			users[n++] = &pieces[i];
	qsort(users, n, sizeof(*users), by_off);
	for (uint32_t i = 0; !err && i <= n; i++) {
		uint64_t end = i < n ? users[i]->off : len;

		if (at < end)
			err = read_part(t, t->layout.arena_base + at, t->layout.arena_base + end);
		if (i < n && at < end + users[i]->len)
			at = end + users[i]->len;
	}
	free(users);
	return err;
}

/* ---- Readers, who never stand still ---- */

static uint64_t domain_len(const struct taking *t)
{
	const struct region *region = (const struct region *)t->base;

	return rcu_domain_size(region->shape.max_readers);
}

/* The readers first and the sequence last: no word is above it (INV-SECTION-3). */
static int copy_domain(struct taking *t)
{
	struct rcu_domain *domain = (void *)(t->base + t->layout.domain);
	uint64_t head = offsetof(struct rcu_domain, readers);
	uint64_t at = t->layout.domain;
	int err = read_part(t, at, at + domain_len(t));

	return err ? err : os_file_read(t->fd, domain, head, at);
}

/* Forget the words that changed: what was read of them may be of two times. */
static int settle_domain(struct taking *t)
{
	struct rcu_domain *domain = (void *)(t->base + t->layout.domain);
	uint64_t at = t->layout.domain + offsetof(struct rcu_domain, readers);
	struct rcu_reader now;

	for (uint32_t i = 0; i < ((struct region *)t->base)->shape.max_readers; i++) {
		struct rcu_reader *reader = &domain->readers[i];
		int err;

		if (reader->epoch == 0 && reader->owner == 0)
			continue;
		err = os_file_read(t->fd, &now, sizeof(now), at + i * sizeof(now));
		if (err)
			return err;
		if (memcmp(&now, reader, sizeof(now)))
			*reader = (struct rcu_reader){0};
	}
	return 0;
}

/* ---- The whole ---- */

/* What every writer changes, and which processes there are; not how far they are with events. */
static int compare_header(struct taking *t)
{
	const struct region *was = (const struct region *)t->base;
	struct region *now = malloc(sizeof(*now));
	int err = now ? os_file_read(t->fd, now, sizeof(*now), 0) : -ENOMEM;

	if (!err && (memcmp(was, now, offsetof(struct region, events)) ||
			    was->events.head != now->events.head))
		err = -EAGAIN;
	for (unsigned int i = 0; !err && i < REGION_PROCESSES; i++)
		if (was->processes[i].state != now->processes[i].state ||
			was->processes[i].pid != now->processes[i].pid)
			err = -EAGAIN;
	free(now);
	return err;
}

static int read_rest(struct taking *t)
{
	const struct region_layout *layout = &t->layout;
	int err = read_part(t, layout->lists, layout->arena_base);

	if (!err)
		err = read_arena(t);
	if (!err)
		err = read_part(t, layout->views_begin, layout->views_end);
	return err;
}

static int read_backed(const struct taking *t, const int *list_fds, uint64_t *backed)
{
	int err = 0;

	for (uint32_t i = 0; list_fds && !err && i < t->layout.n_internal; i++)
		err = os_file_held(list_fds[i], &backed[i]);
	return err;
}

static int attempt(struct taking *t, const int *list_fds, uint64_t *backed)
{
	const struct region *region = (const struct region *)t->base;
	int err;

	t->again = false;
	memset(t->data, 0, t->layout.len / OS_PAGE / 8);
	err = read_part(t, 0, sizeof(*region));
	/* A shape never changes.  Where it did, nothing here is as long as was checked. */
	if (!err && memcmp(&region->shape, &t->shape, sizeof(t->shape)))
		err = -EBADMSG;
	if (!err)
		err = copy_domain(t);
	if (!err)
		err = read_rest(t);
	if (!err)
		err = read_backed(t, list_fds, backed);
	t->again = true;
	TEST_POINT("image.read");
	if (!err)
		err = read_rest(t);
	if (!err)
		err = settle_domain(t);
	return err ? err : compare_header(t);
}

static int attempts(struct taking *t, const int *list_fds, uint64_t *backed)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	int err = -EAGAIN;

	for (int i = 0; err == -EAGAIN && i < ATTEMPTS; i++) {
		if (i) {
			nanosleep(&pause, NULL);
			os_unmap(t->base, t->layout.len); /* Zero again. */
		}
		t->base = os_map_anonymous(t->layout.len);
		err = t->base ? attempt(t, list_fds, backed) : -ENOMEM;
	}
	return err;
}

int region_image_take(struct region_image *image, int fd, const int *list_fds, uint32_t n_list_fds)
{
	struct taking t = {.fd = fd};
	uint64_t *backed, base;
	int err = region_check_file(fd, &t.layout, &t.shape, &base);

	*image = (struct region_image){0};
	if (err)
		return err;
	if (n_list_fds != t.layout.n_internal)
		list_fds = NULL;
	TEST_POINT("image.checked");
	t.buffer = malloc(BUFFER_LEN);
	t.data = calloc(t.layout.len / OS_PAGE / 64, sizeof(*t.data));
	backed = calloc(t.layout.n_internal, sizeof(*backed));
	err = t.buffer && t.data && backed ? attempts(&t, list_fds, backed) : -ENOMEM;
	free(t.buffer);
	*image = (struct region_image){t.base, t.layout, t.data, list_fds ? backed : NULL};
	if (!list_fds)
		free(backed);
	if (err)
		region_image_free(image);
	return err;
}

void region_image_free(struct region_image *image)
{
	if (image->base)
		os_unmap((void *)(uintptr_t)image->base, image->layout.len);
	free((void *)(uintptr_t)image->data);
	free((void *)(uintptr_t)image->backed);
	*image = (struct region_image){0};
}
