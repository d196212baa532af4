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

static void others_enter(void)
{
	must(&holder, op_read_lock, "lock");
}

static void others_leave_soon(void)
{
	sleep_ms(4);
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
	{OP("free while a reader leaves", v_alloc_filled, v_free, 0), .before = others_enter,
		.during = others_leave_soon},
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
	{OP("reap one that waits for a listener", NULL, v_init, OUTSIDE | WITH_LISTENER),
		AFTER("alloc.waited", NULL, v_alloc)},
	{OP("free beside a dead reader", v_alloc_filled, v_free, 0), AFTER("", v_rich, NULL)},
	{OP("recover an alloc", NULL, v_alloc, 0), AFTER("plug.shown", NULL, v_alloc)},
	{OP("recover an alloc that is published", NULL, v_alloc, WITH_LISTENER),
		AFTER("snapshot.published", NULL, v_alloc)},
	{OP("recover an alloc that is being told", NULL, v_alloc, WITH_LISTENER),
		AFTER("event.written", NULL, v_alloc)},
	{OP("recover an alloc that is being withdrawn", NULL, v_alloc_later,
		 WITH_LISTENER | WITH_SLOW),
		AFTER("event.cancelled", NULL, v_alloc_in_vain)},
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

/* ---- No point was forgotten ---- */

/* Names in the text of a file, that nobody died at. */
static unsigned int missed_in(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned int missed = 0;
	char line[400], name[40];

	while (file && fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, "TEST_POINT(\"");
		unsigned int i = 0;

		if (!at || sscanf(at, "TEST_POINT(\"%39[^\"]", name) != 1 ||
			strncmp(name, "lookup.", 7) == 0 || strncmp(name, "image.", 6) == 0)
			continue;
		while (i < tally.n_names && strcmp(tally.names[i], name) != 0)
			i++;
		if (i < tally.n_names)
			continue;
		print_error("%s: nobody died at %s\n", path, name);
		missed++;
	}
	if (file)
		fclose(file);
	return missed;
}

static unsigned int points_missed(const char *root)
{
	static const char *const dirs[] = {"src", "rcu"};
	unsigned int missed = 0, files = 0;

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		char path[600];
		const struct dirent *entry;
		DIR *dir;

		snprintf(path, sizeof(path), "%s/%s", root, dirs[i]);
		dir = opendir(path);
		while (dir && (entry = readdir(dir))) {
			size_t len = strlen(entry->d_name);

			if (len < 3 || entry->d_name[len - 2] != '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s/%.200s", root, dirs[i], entry->d_name);
			missed += missed_in(path);
			files++;
		}
		if (dir)
			closedir(dir);
	}
	if (files == 0)
		print_error("no sources in %s\n", root);
	return files ? missed : 1;
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
