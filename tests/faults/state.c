/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rcumem.h>
#include <rte_memory.h>

#include "arena_table.h"
#include "check.h"
#include "process.h"
#include "runtime.h"
#include "state.h"

static void add(struct state *state, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(state->text + state->len, STATE_LEN - state->len, format, args);
	va_end(args);
	if (n < 0 || state->len + (size_t)n >= STATE_LEN)
		abort(); /* A test that compares half of it proves nothing. */
	state->len += (size_t)n;
}

/* ---- The process ---- */

static void add_fds(struct state *state)
{
	for (int fd = 0; fd < 256; fd++) {
		char path[32], target[PATH_MAX];
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = 0;
		/* A socket is known by a number that the next one does not have. */
		add(state, "fd %d %s\n", fd, strncmp(target, "socket:", 7) ? target : "socket");
	}
}

/* The heap and the stack grow as they like; the library's mappings and other threads' stacks do
 * not. */
static void add_maps(struct state *state)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128], perms[8];
	unsigned long long begin, end;

	while (maps && fgets(line, sizeof(line), maps)) {
		if (strstr(line, "[heap]") || strstr(line, "[stack]") ||
			sscanf(line, "%llx-%llx %7s", &begin, &end, perms) != 3)
			continue;
		add(state, "map %llx-%llx %s %s", begin, end, perms,
			strchr(line, '/') ? strchr(line, '/') : "\n");
	}
	if (maps)
		fclose(maps);
}

/* Entries of a directory: how many for /proc/self/task, and by name for others. */
static void add_entries(struct state *state, const char *path, bool names)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir))) {
		n++;
		if (names && entry->d_name[0] != '.')
			add(state, "entry %s/%s\n", path, entry->d_name);
	}
	if (dir)
		closedir(dir);
	add(state, "entries of %s: %d\n", path, n);
}

/* ---- The runtime ---- */

/* The number that external memory has for a socket grows with each registration. */
static void hide_external_sockets(char *text)
{
	static const char name[] = "socket_id:";

	while ((text = strstr(text, name))) {
		text += sizeof(name) - 1;
		if (atoi(text) >= 256)
			text[0] = text[1] = text[2] = 'x';
	}
}

static void add_figures(struct state *state)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};

	if (rcumem_stats_get(&stats))
		abort();
	add(state,
		"figures: %llu segments, %llu bytes, %llu lists, %llu quarantined, "
		"%llu processes\n",
		(unsigned long long)stats.segments, (unsigned long long)stats.bytes,
		(unsigned long long)stats.lists, (unsigned long long)stats.quarantined_bytes,
		(unsigned long long)stats.processes);
}

/* All of it that an operation may not change when it fails. */
static void add_runtime(struct state *state, const struct region *region)
{
	FILE *dump = fmemopen(state->text + state->len, STATE_LEN - state->len, "w");
	struct stat st;

	if (!dump)
		abort();
	rte_dump_physmem_layout(dump);
	state->len += (size_t)ftell(dump);
	fclose(dump);
	hide_external_sockets(state->text);
	add_figures(state);
	for (uint32_t i = 0; i < region->n_internal; i++)
		if (fstat(runtime.list_fds[i], &st) == 0)
			add(state, "list %u: %lld bytes held\n", i, (long long)st.st_blocks * 512);
	for (uint32_t i = 0; i < region->max_lists; i++)
		if (region->states[i].kind != LIST_NONE)
			add(state, "list %u: kind %u, base %llx, attached by %llx\n", i,
				region->states[i].kind, (unsigned long long)region->states[i].base,
				(unsigned long long)region->states[i].attached);
	for (uint32_t i = 0; i < region->arena->cnt; i++)
		if (region->arena->pieces[i].len)
			add(state, "piece of %llu bytes\n",
				(unsigned long long)region->arena->pieces[i].len);
	for (int i = 0; i < REGION_OPS; i++)
		if (region->ops[i].state)
			add(state, "record %d: state %u\n", i, region->ops[i].state);
	add(state, "intent %u, listeners %llx\n", region->intent.op,
		(unsigned long long)region->events.listeners);
}

void state_take(struct state *state, const char *dir)
{
	const struct region *region = runtime_region();

	state->len = 0;
	add_fds(state);
	add_maps(state);
	add_entries(state, "/proc/self/task", false);
	add_entries(state, dir, true);
	if (region)
		add_runtime(state, region);
}

/* ---- Comparing ---- */

static bool has_line(const struct state *state, const char *line, size_t len)
{
	const char *at = state->text;

	while ((at = memmem(at, state->len - (size_t)(at - state->text), line, len)) != NULL) {
		if (at == state->text || at[-1] == '\n')
			return true;
		at++;
	}
	return false;
}

/* Does it contain one of the alternatives, which bars separate? */
static bool admitted(const char *line, size_t len, const char *but)
{
	size_t n;

	for (; but && *but; but += n + (but[n] != 0)) {
		n = strcspn(but, "|");
		if (memmem(line, len, but, n))
			return true;
	}
	return false;
}

/* The first line of `a` that `b` has not, and that may not differ; NULL: none. */
static const char *line_missing(const struct state *a, const struct state *b, const char *but)
{
	const char *line = a->text, *end = a->text + a->len;

	while (line < end) {
		size_t len =
			(size_t)((const char *)memchr(line, '\n', (size_t)(end - line)) - line) + 1;

		if (!has_line(b, line, len) && !admitted(line, len, but))
			return line;
		line += len;
	}
	return NULL;
}

bool state_same(const struct state *before, const struct state *after, const char *but,
	char *difference, size_t len)
{
	const char *gone = line_missing(before, after, but);
	const char *line = gone ? gone : line_missing(after, before, but);

	if (line == NULL)
		return true;
	snprintf(difference, len, "%s: %.*s", gone ? "gone" : "new",
		(int)(strchr(line, '\n') - line), line);
	return false;
}

static void keep_first(void *arg, const char *finding)
{
	char *first = arg;

	if (first[0] == 0)
		snprintf(first, 200, "%s", finding);
}

int state_findings(char *finding, size_t len)
{
	struct region_image image;
	int n;

	finding[0] = 0;
	if (len < 200 || !runtime_region())
		return 0;
	n = region_image_take(
		&image, runtime.region_fd, runtime.list_fds, runtime_region()->n_internal);
	if (n)
		return n;
	n = check_image(&image, keep_first, finding);
	region_image_free(&image);
	return n;
}
