/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CRASH_LIFE_H
#define CRASH_LIFE_H

/*
 * One life of a victim: others prepare, it does an operation and dies at a
 * point of it; then the survivors go on, and account for everything.
 */

#include "crash_victim.h"

/* More that survive. */
static struct peer slow, holder;

/* Another one, which dies first, at a point by its name. */
static inline void first_death(const struct crash_op *op)
{
	const int64_t arg[PEER_ARGS] = {fn_of(op->first_run), 0};

	victim = &victims[1];
	victim_start();
	victim_join();
	victim_must(v_init);
	if (op->first_prepare)
		victim_must(op->first_prepare);
	if (op->first_death[0]) {
		peer_begin_text(victim, v_run, op->first_death, arg);
		if (!victim_died())
			fail_msg("nobody passes %s", op->first_death);
		tally.kills--;
	}
	victim_forget();
	victim = &victims[0];
}

/* The operation, with a death at the point passed as number `at`: the points passed, 0 if it died.
 */
static inline int64_t operate(const struct crash_op *op, int64_t at)
{
	static int64_t far;
	const int64_t arg[PEER_ARGS] = {fn_of(op->run), at};
	int64_t met = 0;

	peer_call(victim, v_far, far++ % 500);
	if (!(op->flags & PASSIVE)) {
		peer_begin_text(victim, v_run, "", arg);
		if (op->during)
			op->during();
		return victim_died() ? 0 : victim->reply.value;
	}
	peer_call(victim, v_arm, at);
	op->during();
	/* Its other threads may not be done yet. */
	for (int ms = 0; ms < 200; ms += 5) {
		sleep_ms(5);
		if (waitpid(victim->pid, &victim->status, WNOHANG) == victim->pid) {
			victim->pid = 0;
			close(victim->fd);
			note_death();
			return 0;
		}
		if (at == 0 && ms >= 20)
			break;
	}
	met = peer_call(victim, v_disarm, 0);
	return met;
}

/* ---- Afterwards ---- */

static inline void levels(const struct crash_op *op)
{
	if (op->flags & WITH_LISTENER)
		must(&listener, s_level, "level");
	if (op->flags & WITH_SLOW)
		must(&slow, s_level, "level of the slow one");
}

static inline void survive(const struct crash_op *op)
{
	static int64_t looks;
	static bool quietly;

	/* Every other time no event follows that would wake who listens. */
	quietly = !quietly;
	if (quietly && op->flags & WITH_LISTENER) {
		must(&writer, s_reap, "recovery without an event");
		must(&listener, s_told, "what the dead had to tell");
	}
	must(&writer, s_go_on, "the first call after a death");
	must(&writer, s_sound, "sound after a death");
	if (op->flags & WITH_HELD)
		must(&holder, op_read_unlock, "unlock");
	must(&writer, s_settle, "settle");
	must(&writer, s_reap, "reap");
	must(&writer, s_settle, "settle");
	levels(op);
	must(&writer, s_clear, "clear");
	must(&writer, s_settle, "settle again");
	levels(op);
	must(&watcher, s_seen, "the watcher");
	if (watcher.reply.value == looks)
		sleep_ms(5);
	looks = watcher.reply.value;
}

/* One life; 0 when the victim died, else the points that it passed. */
static inline int64_t live(const struct crash_op *op, int64_t at)
{
	int64_t met;

	victim_start();
	victim_join();
	if (!(op->flags & OUTSIDE))
		victim_must(v_init);
	if (op->prepare)
		victim_must(op->prepare);
	if (op->flags & WITH_HELD)
		must(&holder, op_read_lock, "lock");
	if (op->flags & WITH_SLOW)
		peer_call(&slow, s_slow, 1);
	if (op->before)
		op->before();
	if (op->first_death)
		first_death(op);
	met = operate(op, at);
	victim_forget();
	if (op->flags & WITH_SLOW)
		peer_call(&slow, s_slow, 0);
	if (op->after)
		op->after();
	survive(op);
	return met;
}

#endif /* CRASH_LIFE_H */
