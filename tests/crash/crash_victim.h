/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CRASH_VICTIM_H
#define CRASH_VICTIM_H

/* Who dies and who survives, as the case sees them: starting and asking them, and how they end. */

#include "crash_ops.h"
#include "peer_case.h"

/* The longest that a call of a survivor may take, beyond the timeouts that apply. */
#define BOUND_MS 2000

#define WITH_LISTENER 1u  /* Another process listens. */
#define WITH_SLOW     2u  /* One that takes longer than the event timeout. */
#define WITH_HELD     4u  /* Another process is inside a section from before until afterwards. */
#define OUTSIDE       8u  /* The victim has no runtime before. */
#define PASSIVE       16u /* Others act; the victim is at rest. */

struct crash_op {
	const char *name;
	int (*prepare)(void); /* In the victim-> */
	int (*run)(void);     /* In the victim, and must return 0. */
	unsigned int flags;
	void (*before)(void); /* In the case: what others do before. */
	void (*during)(void); /* ... and meanwhile. */
	void (*after)(void);
	const char *first_death; /* One before has died at this point ... */
	int (*first_prepare)(void);
	int (*first_run)(void); /* ... of this. */
};

/* Who survives. */
static struct peer writer, watcher, listener;
/* Who does not; and who dies before it. */
static struct peer victims[2];
static struct peer *victim = &victims[0];

static struct {
	unsigned long long kills, ops, hangs, violations, leaked, missed;
	char names[512][40]; /* Points at which somebody was killed. */
	unsigned int n_names;
} tally;

/* ---- The victim's side ---- */

static inline int call_fn(int64_t distance)
{
	int (*fn)(void) = (int (*)(void))((intptr_t)peer_anchor + (intptr_t)distance);

	return fn();
}

static inline int64_t fn_of(int (*fn)(void))
{
	return fn ? (intptr_t)fn - (intptr_t)peer_anchor : 0;
}

/* (function) */
static inline int64_t v_call(const int64_t *arg)
{
	return arg[0] ? call_fn(arg[0]) : 0;
}

/* (function, at, far): the text names a point to die at. */
static inline int64_t v_run(const int64_t *arg)
{
	static char name[64];
	int result;

	snprintf(name, sizeof(name), "%.60s", peer_asked.text);
	death.name = name[0] ? name : NULL;
	death_arm((uint32_t)arg[1]);
	result = call_fn(arg[0]);
	if (result)
		POINT_HOOK = NULL;
	return result ? -1 : death_disarm();
}

static inline int64_t v_arm(const int64_t *arg)
{
	death_arm((uint32_t)arg[0]);
	return 0;
}

static inline int64_t v_disarm(const int64_t *arg)
{
	(void)arg;
	return death_disarm();
}

static inline int64_t v_far(const int64_t *arg)
{
	mine.far = (uint64_t)arg[0];
	return 0;
}

/* The end of what it wrote. */
static inline const char *last_words(const struct peer *peer)
{
	static char text[800];
	off_t end = lseek(peer->log_fd, 0, SEEK_END);
	off_t len = end < (off_t)sizeof(text) - 1 ? end : (off_t)sizeof(text) - 1;
	ssize_t n = pread(peer->log_fd, text, (size_t)len, end - len);

	text[n > 0 ? n : 0] = 0;
	return text;
}

/* ---- Asking survivors, who have to answer in time ---- */

static inline void must(struct peer *peer, int64_t (*fn)(const int64_t *), const char *what)
{
	int64_t value = peer_call(peer, fn, 0);

	if (peer_ms(peer) > BOUND_MS) {
		tally.hangs++;
		fail_msg("%s: %s took %lld ms", what, peer->name, (long long)peer_ms(peer));
	}
	if (value == -1) {
		tally.violations++;
		fail_msg("%s: %s: errno %d, %.*s\n%s", what, peer->name, peer->reply.err,
			(int)peer->reply.len, peer->reply.data, last_words(peer));
	}
}

/* ---- Pages lost ---- */

/* Beyond what other programs' shared memory comes and goes by. */
static inline unsigned long long leaked_pages(long before_kib)
{
	long now = 0;

	for (int i = 0; i < 40; i++) {
		now = shmem_kib();
		if (now <= before_kib + 256)
			return 0;
		sleep_ms(50);
	}
	return others_have_lists() ? 0 : (unsigned long long)(now - before_kib) / 4;
}

/* ---- Victims ---- */

static inline void victim_start(void)
{
	peer_start(victim, "victim");
}

/* Nothing is left in the case of one that has ended. */
static inline void peer_forget(struct peer *peer)
{
	unsigned int i = 0;

	while (i < n_peers && peers[i] != peer)
		i++;
	assert_true(i < n_peers);
	peers[i] = peers[--n_peers];
	close(peer->log_fd);
}

static inline void victim_forget(void)
{
	if (victim->pid)
		kill(victim->pid, SIGKILL);
	peer_reap(victim);
	peer_forget(victim);
}

/* Where it died: it said so. */
static inline void note_death(void)
{
	const char *said = strstr(peer_log(victim), "died at ");
	char name[40];
	unsigned int i = 0;

	if (!said || sscanf(said, "died at %39s", name) != 1 || !WIFSIGNALED(victim->status) ||
		WTERMSIG(victim->status) != SIGKILL) {
		tally.violations++;
		fail_msg("the victim ended by itself, status %#x:\n%s", victim->status,
			peer_log(victim));
	}
	tally.kills++;
	while (i < tally.n_names && strcmp(tally.names[i], name) != 0)
		i++;
	if (i == tally.n_names && i < ARRAY_LEN(tally.names))
		snprintf(tally.names[tally.n_names++], sizeof(name), "%s", name);
}

/* True when the victim, which was asked something, has died. */
static inline bool victim_died(void)
{
	switch (peer_wait(victim, PEER_TIMEOUT_MS)) {
	case PEER_DIED:
		peer_reap(victim);
		note_death();
		return true;
	case PEER_SILENT:
		tally.hangs++;
		fail_msg("the victim does not answer:\n%s", peer_log(victim));
	default:
		if (victim->reply.value == -1) {
			tally.violations++;
			fail_msg("the victim: errno %d\n%s", victim->reply.err, peer_log(victim));
		}
		return false;
	}
}

static inline void victim_must(int (*fn)(void))
{
	const int64_t arg[PEER_ARGS] = {fn_of(fn)};

	peer_begin_text(victim, v_call, "", arg);
	if (victim_died())
		fail_msg("the victim has died too early");
}

static inline void victim_join(void)
{
	const int64_t know[PEER_ARGS] = {
		(int64_t)(uintptr_t)here.stay, (int64_t)(uintptr_t)here.array.data};

	peer_begin_text(victim, s_know, "", know);
	victim_died();
}

/* Who stays: one that makes what is there and writes, and one that looks at it all the time. */
static inline void writer_and_watcher_start(int64_t event_timeout_ms)
{
	peer_start(&writer, "writer");
	peer_must(&writer, op_init, 0, 20, event_timeout_ms);
	peer_must(&writer, s_make, 0);
	here.stay = (char *)(uintptr_t)writer.reply.value;
	memcpy(&here.array, writer.reply.data, sizeof(here.array));
	peer_start(&watcher, "watcher");
	peer_must(&watcher, op_init, 0);
	peer_must(&watcher, s_know, (int64_t)(uintptr_t)here.stay,
		(int64_t)(uintptr_t)here.array.data);
	peer_must(&watcher, s_attach, 0);
	peer_must(&watcher, s_watch, 0);
}

#endif /* CRASH_VICTIM_H */
