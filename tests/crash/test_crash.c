/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Processes that die by SIGKILL at every named point of every operation
 * (guarantee G5), beside others that read, write and listen.
 *
 * A first run of an operation, in which nobody dies, tells which points it
 * passes; then one victim after the other dies at one of them.  A point that is
 * passed often is died at the first, the second and the last time, or with
 * RCUMEM_CRASH_ALL=1 each time.
 */

#include "crash_life.h"

/* ---- What others do ---- */

static void others_alloc_and_free(void)
{
	must(&writer, s_alloc_and_free, "alloc and free");
}

/* Freed while a reader is inside, which leaves then: the next writer reclaims. */
static void others_fill_the_quarantine(void)
{
	must(&holder, op_read_lock, "lock");
	must(&writer, s_alloc_and_free, "alloc and free");
	must(&holder, op_read_unlock, "unlock");
}

static void others_widen(void)
{
	must(&writer, s_unmask, "unmask");
}

#define AFTER(point, prepare, run) .first_death = point, .first_prepare = prepare, .first_run = run

#define OP(title, before_it, does, how)                                                            \
	.name = title, .prepare = before_it, .run = does, .flags = how

static const struct crash_op crash_ops[] = {
	{OP("alloc", NULL, v_alloc, 0)},
	{OP("alloc, told to another", NULL, v_alloc, WITH_LISTENER)},
	{OP("alloc, told to oneself", v_callback, v_alloc, WITH_LISTENER)},
	{OP("alloc withdrawn", NULL, v_alloc_in_vain, WITH_LISTENER | WITH_SLOW)},
	{OP("alloc refused", v_narrow, v_alloc_refused, 0), .after = others_widen},
	{OP("alloc with many blocks waiting", v_retire_many, v_alloc, 0)},
	{OP("free", v_alloc_filled, v_free, 0)},
	{OP("free, told to another", v_alloc_filled, v_free, WITH_LISTENER)},
	{OP("free, told to oneself", v_callback_and_pages, v_free, WITH_LISTENER)},
	{OP("free beside a reader", v_alloc_filled, v_free, WITH_HELD)},
	{OP("reclaim", NULL, v_alloc, 0), .before = others_fill_the_quarantine},
	{OP("register", NULL, v_register, 0)},
	{OP("register far away", NULL, v_register_far, 0)},
	{OP("unregister", v_register, v_unregister, 0)},
	{OP("unregister beside a reader", v_register, v_unregister, WITH_HELD)},
	{OP("attach external memory", NULL, v_attach, 0)},
	{OP("detach external memory", v_attach, v_detach, 0)},
	{OP("init of an array", NULL, v_array_init, 0)},
	{OP("attach an array", NULL, v_array_attach, 0)},
	{OP("detach an array", v_array_attach, v_array_detach, 0)},
	{OP("destroy an array", v_array_init, v_array_destroy, 0)},
	{OP("use an element", v_array_unused, v_array_use, 0)},
	{OP("free an element", v_array_used, v_array_free, 0)},
	{OP("join", NULL, v_init, OUTSIDE)},
	{OP("leave", v_rich_leaver, v_fini, 0)},
	{OP("register a callback", NULL, v_callback, WITH_LISTENER)},
	{OP("unregister a callback", v_callback, v_no_callback, WITH_LISTENER)},
	{OP("subscribe", v_alloc_filled, v_subscribe, WITH_LISTENER)},
	{OP("be told of events", v_subscribe, NULL, PASSIVE | WITH_LISTENER),
		.during = others_alloc_and_free},
	{OP("sections", v_attach_both, v_sections, 0)},
	{OP("DMA mask", NULL, v_dma_mask, 0)},
	{OP("reap one with everything", NULL, v_init, OUTSIDE), AFTER("", v_rich, NULL)},
	{OP("free beside a dead reader", v_alloc_filled, v_free, 0), AFTER("", v_rich, NULL)},
	{OP("recover an alloc", NULL, v_alloc, 0), AFTER("plug.shown", NULL, v_alloc)},
	{OP("recover an alloc that is published", NULL, v_alloc, WITH_LISTENER),
		AFTER("snapshot.published", NULL, v_alloc)},
	{OP("recover an alloc that is being told", NULL, v_alloc, WITH_LISTENER),
		AFTER("event.written", NULL, v_alloc)},
	{OP("recover an alloc that is being withdrawn", NULL, v_alloc_later,
		 WITH_LISTENER | WITH_SLOW),
		AFTER("event.cancelled", NULL, v_alloc)},
	{OP("recover a free", NULL, v_alloc, 0), AFTER("unpublish.edited", v_alloc_filled, v_free)},
	{OP("recover a free that is published", NULL, v_alloc, WITH_LISTENER),
		AFTER("unpublish.published", v_alloc_filled, v_free)},
	{OP("recover a reclaim", NULL, v_alloc, 0),
		AFTER("reclaim.punched", v_alloc_filled, v_free)},
	{OP("recover a registration", NULL, v_alloc, 0), AFTER("external.shown", NULL, v_register)},
	{OP("recover a registration without a record", NULL, v_alloc, 0),
		AFTER("external.stored", NULL, v_register)},
	{OP("recover a registration that is published", NULL, v_alloc, 0),
		AFTER("external.published", NULL, v_register)},
	{OP("recover an unregistration", NULL, v_alloc, 0),
		AFTER("external.died", v_register, v_unregister)},
};

/* ---- The scene ---- */

static void scene_start(void)
{
	peer_start(&writer, "writer");
	peer_must(&writer, op_init, 0, 20, 40);
	peer_must(&writer, s_make, 0);
	here.stay = (char *)(uintptr_t)writer.reply.value;
	memcpy(&here.array, writer.reply.data, sizeof(here.array));
	peer_start(&watcher, "watcher");
	peer_must(&watcher, op_init, 0);
	peer_must(&watcher, s_know, (int64_t)(uintptr_t)here.stay,
		(int64_t)(uintptr_t)here.array.data);
	peer_must(&watcher, s_attach, 0);
	peer_must(&watcher, s_watch, 0);
	peer_start(&holder, "holder");
	peer_must(&holder, op_init, 0);
}

static void leave(struct peer *peer)
{
	if (peer->pid) {
		peer_must(peer, op_fini, 0);
		assert_int_equal(peer_exit(peer), 0);
		peer_forget(peer);
	}
}

/* The last to come are the first to go. */
static void scene_fit(const struct crash_op *op)
{
	bool listens = op->flags & WITH_LISTENER, slowly = op->flags & WITH_SLOW;

	if (!slowly)
		leave(&slow);
	if (!listens)
		leave(&listener);
	if (listens && !listener.pid) {
		peer_start(&listener, "listener");
		peer_must(&listener, op_init, 0);
		peer_must(&listener, s_listen, 0);
	}
	if (slowly && !slow.pid) {
		peer_start(&slow, "slow listener");
		peer_must(&slow, op_init, 0);
		peer_must(&slow, s_listen, 0);
	}
}

static void scene_end(void)
{
	peer_must(&watcher, s_unwatch, 0);
	assert_true(watcher.reply.value > 0);
	leave(&slow);
	leave(&listener);
	leave(&holder);
	leave(&watcher);
	leave(&writer);
	assert_int_equal(names_in("", NULL, 0), 0);
}

/* ---- Every point of an operation ---- */

/* Numbers of the passings to die at, from the names of all: how many. */
static unsigned int choose(char *names, uint32_t *at, unsigned int max)
{
	static const char *all[PASSED_MAX];
	bool each = getenv("RCUMEM_CRASH_ALL") != NULL;
	unsigned int n = 0, chosen = 0;

	for (char *line = strtok(names, "\n"); line && n < PASSED_MAX; line = strtok(NULL, "\n"))
		all[n++] = line;
	for (unsigned int i = 0; i < n && chosen < max; i++) {
		unsigned int before = 0, after = 0;

		for (unsigned int j = 0; j < n; j++) {
			before += j < i && strcmp(all[j], all[i]) == 0;
			after += j > i && strcmp(all[j], all[i]) == 0;
		}
		if (each || before < 2 || after == 0)
			at[chosen++] = i + 1;
	}
	return chosen;
}

static void die_at_each(const struct crash_op *op)
{
	static uint32_t at[PASSED_MAX];
	unsigned int n, died = 0;
	int64_t begin = now_ns(), met;
	static char names[PEER_DATA + 1];

	scene_fit(op);
	live(op, 0); /* The first time more is made, which stays. */
	must(&writer, s_account, "account");
	met = live(op, 0);
	assert_true(met > 0);
	memcpy(names, victim.reply.data, victim.reply.len);
	names[victim.reply.len] = 0;
	n = choose(names, at, PASSED_MAX);
	for (unsigned int i = 0; i < n; i++) {
		died += live(op, at[i]) == 0;
		must(&writer, s_same, "the account afterwards");
	}
	tally.ops++;
	print_message("%s: %lld points passed, %u kills, %lld ms\n", op->name, (long long)met, died,
		(long long)((now_ns() - begin) / 1000000));
	assert_true(died > 0);
}

static void every_operation_may_die_anywhere(void **state)
{
	const char *only = getenv("RCUMEM_CRASH_ONLY");

	(void)state;
	if (!HAVE_POINTS)
		skip();
	scene_start();
	for (size_t i = 0; i < ARRAY_LEN(crash_ops); i++)
		if (!only || strstr(crash_ops[i].name, only))
			die_at_each(&crash_ops[i]);
	scene_end();
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(every_operation_may_die_anywhere),
};

int main(int argc, char **argv)
{
	int failed;

	peer_main(argc, argv);
	failed = RUN_CASES("crash points", cases);
	printf("%u points x %llu operations = %llu kills, %llu hangs, %llu violations\n",
		tally.n_names, tally.ops, tally.kills, tally.hangs, tally.violations);
	return failed;
}
