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

#include "crash_missed.h"
#include "crash_table.h"

/* ---- The scene ---- */

static void scene_start(void)
{
	writer_and_watcher_start(40);
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

/* Numbers of the passings to die at, from what the victim said: how many. */
static unsigned int choose(uint32_t *at)
{
	static char names[PEER_DATA + 1];
	static const char *all[PASSED_MAX];
	bool each = getenv("RCUMEM_CRASH_ALL") != NULL;
	unsigned int n = 0, chosen = 0;

	memcpy(names, victim->reply.data, victim->reply.len);
	names[victim->reply.len] = 0;
	for (char *line = strtok(names, "\n"); line && n < PASSED_MAX; line = strtok(NULL, "\n"))
		all[n++] = line;
	for (unsigned int i = 0; i < n; i++) {
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

	scene_fit(op);
	live(op, 0); /* The first time more is made, which stays. */
	must(&writer, s_account, "account");
	met = live(op, 0);
	assert_true(met > 0);
	n = choose(at);
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

/* ---- A victim alone, and who comes after it ---- */

/* A runtime that works: made anew, or joined, and left. */
static void newcomer_works(void)
{
	static struct peer newcomer;

	peer_start(&newcomer, "newcomer");
	peer_must(&newcomer, op_init, 0);
	if (peer_ms(&newcomer) > BOUND_MS)
		tally.hangs++;
	assert_true(peer_ms(&newcomer) <= BOUND_MS);
	must(&newcomer, s_alloc_and_free, "alloc and free");
	must(&newcomer, s_reap, "reap");
	must(&newcomer, s_sound, "sound");
	peer_must(&newcomer, op_fini, 0);
	assert_int_equal(peer_exit(&newcomer), 0);
	peer_forget(&newcomer);
	assert_int_equal(names_in("", NULL, 0), 0);
}

static int64_t live_alone(int (*prepare)(void), int (*run)(void), int64_t at)
{
	const int64_t arg[PEER_ARGS] = {fn_of(run), at};
	int64_t met;

	victim_start();
	if (prepare)
		victim_must(prepare);
	peer_begin_text(victim, v_run, "", arg);
	met = victim_died() ? 0 : victim->reply.value;
	victim_forget();
	newcomer_works();
	return met;
}

static void die_alone(const char *name, int (*prepare)(void), int (*run)(void))
{
	static uint32_t at[PASSED_MAX];
	unsigned int n, died = 0;

	if (!HAVE_POINTS)
		skip();
	assert_true(live_alone(prepare, run, 0) > 0);
	n = choose(at);
	for (unsigned int i = 0; i < n; i++)
		died += live_alone(prepare, run, at[i]) == 0;
	tally.ops++;
	print_message("%s: %u kills\n", name, died);
	assert_true(died > 0);
}

static void creator_may_die_anywhere(void **state)
{
	(void)state;
	die_alone("create", NULL, v_init);
}

static void last_may_die_anywhere(void **state)
{
	(void)state;
	die_alone("be the last to leave", v_init_rich, v_fini);
}

static void first_registration_may_die_anywhere(void **state)
{
	(void)state;
	die_alone("the first registration", v_init, v_register);
}

/* A newcomer asks the only process there is, which dies. */
static void server_may_die_anywhere(void **state)
{
	unsigned int met = 2;

	(void)state;
	if (!HAVE_POINTS)
		skip();
	for (unsigned int at = 1; at <= met; at++) {
		victim_start();
		victim_must(v_init);
		peer_call(victim, v_arm, at);
		newcomer_works();
		if (waitpid(victim->pid, &victim->status, 0) == victim->pid) {
			victim->pid = 0;
			close(victim->fd);
			note_death();
		}
		victim_forget();
	}
	tally.ops++;
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(every_operation_may_die_anywhere),
	PEER_CASE(creator_may_die_anywhere),
	PEER_CASE(last_may_die_anywhere),
	PEER_CASE(first_registration_may_die_anywhere),
	PEER_CASE(server_may_die_anywhere),
};

/* crash [SOURCES]: where the names of all points are looked for. */
int main(int argc, char **argv)
{
	long before = shmem_kib();
	int failed;

	peer_main(argc, argv);
	if (!HAVE_POINTS) {
		printf("skipped: a build without -Dpause_points=true\n");
		return 77;
	}
	failed = RUN_CASES("crash points", cases);
	tally.leaked = leaked_pages(before);
	if (!getenv("RCUMEM_CRASH_ONLY"))
		tally.missed = points_missed(argc > 1 ? argv[1] : ".");
	printf("%u points x %llu operations = %llu kills, %llu hangs, %llu violations, %llu leaked "
	       "pages\n",
		tally.n_names, tally.ops, tally.kills, tally.hangs, tally.violations, tally.leaked);
	return failed || tally.missed || tally.hangs || tally.violations || tally.leaked;
}
