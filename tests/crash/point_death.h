/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef POINT_DEATH_H
#define POINT_DEATH_H

/*
 * A process that kills itself with SIGKILL at a named point: when it passes
 * its n-th one since it was armed, in whichever thread.  Without a number it
 * only counts, and tells afterwards which points it has passed.
 */

#include "peer.h"
#include "point.h"

#ifdef RCU_PAUSE_POINTS
#define HAVE_POINTS true
#define POINT_HOOK  test_point_hook
#else
#define HAVE_POINTS false
static void (*volatile POINT_HOOK)(const char *name);
#endif

#define PASSED_MAX 8192

static struct {
	uint32_t at;      /* 0: nowhere. */
	const char *name; /* Or wherever this is first passed. */
	uint32_t met;     /* Threads add to it. */
	const char *passed[PASSED_MAX];
} death;

static inline void death_here(const char *name)
{
	char line[96];
	int len = snprintf(line, sizeof(line), "died at %s\n", name);

	if (write(STDERR_FILENO, line, (size_t)len) == len)
		kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static inline void death_point(const char *name)
{
	uint32_t met;

	/* Where readers stop: nothing shared changes there. */
	if (strncmp(name, "lookup.", 7) == 0 || strncmp(name, "image.", 6) == 0)
		return;
	met = rcu_fetch_add_relaxed(&death.met, 1) + 1; /* Relaxed: a number of its own. */
	if (met <= PASSED_MAX)
		death.passed[met - 1] = name;
	if (met == death.at || (death.name && strcmp(name, death.name) == 0))
		death_here(name);
}

static inline void death_arm(uint32_t at)
{
	death.at = at;
	death.met = 0;
	POINT_HOOK = death_point;
}

/* The names of the points passed, one a line, for the answer. */
static inline int64_t death_disarm(void)
{
	static char names[PEER_DATA];
	uint32_t met = rcu_load_relaxed(&death.met); /* Relaxed: other threads are quiet. */
	size_t len = 0;

	POINT_HOOK = NULL;
	for (uint32_t i = 0; i < met && i < PASSED_MAX; i++) {
		size_t n = strlen(death.passed[i]);

		if (len + n + 1 > sizeof(names))
			break;
		memcpy(names + len, death.passed[i], n);
		names[len + n] = '\n';
		len += n + 1;
	}
	peer_give(names, len);
	return met;
}

#endif /* POINT_DEATH_H */
