/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Processes are killed at random moments, from outside or at a random point, in
 * the middle of random operations (guarantee G5).  Three others stay: one that
 * looks at what stays all the while, one that listens, and one that writes and
 * checks everything.
 */

#include <getopt.h>

#include "crash_victim.h"
#include "pool.h"

#define POOL       4
#define CHECK_EACH 25  /* Kills between checks beside the others ... */
#define STOP_EACH  200 /* ... and between those with all of them dead. */

struct member {
	struct peer peer;
	int64_t started_ns;
	bool at_a_point;
};

static struct {
	uint64_t kills, seed;
	unsigned long long done, outside, at_points, checks, stops, slowest_ms;
	uint64_t random;
	struct member members[POOL];
} run = {.kills = 10000};

static uint32_t random_of(uint32_t bound)
{
	return (uint32_t)(random_next(&run.random) >> 32) % bound;
}

/* ---- The pool ---- */

static void member_start(struct member *member)
{
	const int64_t know[PEER_ARGS] = {
		(int64_t)(uintptr_t)here.stay, (int64_t)(uintptr_t)here.array.data};
	int64_t how[PEER_ARGS] = {0};

	member->at_a_point = HAVE_POINTS && random_of(4) == 0;
	how[0] = (int64_t)random_of(UINT32_MAX);
	how[1] = member->at_a_point ? 1 + random_of(random_of(2) ? 100 : 2000) : 0;
	peer_start(&member->peer, "one of the pool");
	peer_ask_text(&member->peer, s_know, "", know);
	peer_begin_text(&member->peer, pool_run, "", how);
	member->started_ns = now_ns();
}

/* It has ended: by a kill, and not by itself. */
static void member_end(struct member *member)
{
	int status = member->peer.status;

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
		tally.violations++;
		fail_msg("one of the pool ended by itself, status %#x: %s", status,
			last_words(&member->peer));
	}
	close(member->peer.fd);
	member->peer.pid = 0;
	peer_forget(&member->peer);
	run.done++;
}

static bool member_has_died(struct member *member)
{
	if (waitpid(member->peer.pid, &member->peer.status, WNOHANG) != member->peer.pid)
		return false;
	run.at_points++;
	member_end(member);
	return true;
}

/* It has done something lately, or is new. */
static void member_must_go_on(struct member *member)
{
	struct stat before, after;
	int64_t until = now_ns() + BOUND_MS * 1000000ll;

	if (fstat(member->peer.log_fd, &before))
		return;
	do {
		sleep_ms(1);
		if (fstat(member->peer.log_fd, &after) || after.st_size != before.st_size)
			return;
	} while (now_ns() < until && kill(member->peer.pid, 0) == 0 &&
		 !(member->at_a_point && strstr(last_words(&member->peer), "died at")));
	if (now_ns() < until)
		return;
	tally.hangs++;
	fail_msg("one of the pool does nothing: %s", last_words(&member->peer));
}

static void member_kill(struct member *member)
{
	kill(member->peer.pid, SIGKILL);
	while (waitpid(member->peer.pid, &member->peer.status, 0) < 0)
		;
	run.outside++;
	member_end(member);
}

static void pool_start(void)
{
	for (int i = 0; i < POOL; i++)
		member_start(&run.members[i]);
}

static void pool_kill(void)
{
	for (int i = 0; i < POOL; i++)
		kill(run.members[i].peer.pid, SIGKILL);
	for (int i = 0; i < POOL; i++)
		member_kill(&run.members[i]);
}

/* ---- Checks ---- */

static void timed(struct peer *peer, int64_t (*fn)(const int64_t *), const char *what)
{
	must(peer, fn, what);
	if ((unsigned long long)peer_ms(peer) > run.slowest_ms)
		run.slowest_ms = (unsigned long long)peer_ms(peer);
}

static void check_beside(void)
{
	timed(&writer, s_go_on, "a writer beside the others");
	timed(&writer, s_sound, "sound beside the others");
	must(&watcher, s_seen, "the watcher");
	run.checks++;
}

static void check_alone(void)
{
	pool_kill();
	timed(&writer, s_go_on, "the first call after all have died");
	timed(&writer, s_settle, "settle");
	timed(&writer, s_reap, "reap");
	timed(&writer, s_settle, "settle");
	must(&listener, s_level, "the listener");
	timed(&writer, s_clear, "clear");
	timed(&writer, s_clear_pool, "clear external memory");
	timed(&writer, s_settle, "settle");
	timed(&writer, s_same, "the account");
	must(&listener, s_level, "the listener");
	must(&watcher, s_seen, "the watcher");
	run.stops++;
	if (run.done < run.kills)
		pool_start();
}

/* ---- The run ---- */

static void nap(void)
{
	uint32_t us = random_of(20) ? random_of(400) : random_of(20000);
	struct timespec ts = {.tv_nsec = us * 1000};

	nanosleep(&ts, NULL);
}

static void one_more(void)
{
	struct member *member = &run.members[random_of(POOL)];

	nap();
	for (int i = 0; i < POOL; i++)
		if (member_has_died(&run.members[i]))
			member_start(&run.members[i]);
	if (random_of(64) == 0)
		member_must_go_on(member);
	/* Half of those that look for a point get the time to find it. */
	if (member->at_a_point && random_of(2) && now_ns() - member->started_ns < 50000000)
		return;
	member_kill(member);
	member_start(member);
}

static void scene_begin(void)
{
	writer_and_watcher_start(500);
	peer_start(&listener, "listener");
	peer_must(&listener, op_init, 0);
	peer_must(&listener, s_listen, 0);
	must(&writer, s_go_on, "go on");
	must(&writer, s_settle, "settle");
	must(&writer, s_clear, "clear");
	sleep_ms(10);
	must(&writer, s_account, "account");
}

static void killed_at_random(void **state)
{
	unsigned long long next_check = CHECK_EACH, next_stop = STOP_EACH;

	(void)state;
	run.random = run.seed;
	scene_begin();
	pool_start();
	while (run.done < run.kills) {
		one_more();
		if (run.done >= next_check) {
			check_beside();
			next_check = run.done + CHECK_EACH;
		}
		if (run.done >= next_stop) {
			check_alone();
			next_stop = run.done + STOP_EACH;
		}
	}
	if (run.members[0].peer.pid)
		check_alone();
	must(&watcher, s_unwatch, "the watcher's end");
	peer_must(&listener, op_fini, 0);
	assert_int_equal(peer_exit(&listener), 0);
	peer_must(&watcher, op_fini, 0);
	peer_must(&writer, op_fini, 0);
	assert_int_equal(peer_exit(&watcher), 0);
	assert_int_equal(peer_exit(&writer), 0);
	assert_int_equal(names_in("", NULL, 0), 0);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(killed_at_random),
};

static const char usage[] = "Usage: random-kills [--kills N] [--seed S]\n";

static void take_options(int argc, char **argv)
{
	static const struct option known[] = {{"kills", required_argument, NULL, 'k'},
		{"seed", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'}, {0}};
	int option;

	run.seed = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'k')
			run.kills = strtoull(optarg, NULL, 0);
		else if (option == 's')
			run.seed = strtoull(optarg, NULL, 0);
		else {
			fputs(usage, option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
}

int main(int argc, char **argv)
{
	long before = shmem_kib();
	int failed;

	peer_main(argc, argv);
	take_options(argc, argv);
	/* What the dead leave in use until all have died may be more than there are hugepages. */
	setenv("RCUMEM_TEST_PAGES", "4k", 1);
	printf("seed %#llx\n", (unsigned long long)run.seed);
	failed = RUN_CASES("random kills", cases);
	tally.leaked = leaked_pages(before);
	printf("%llu kills (%llu from outside, %llu at points), %llu checks beside others, %llu "
	       "with all dead, slowest call %llu ms, %llu hangs, %llu violations, %llu leaked "
	       "pages\n",
		run.done, run.outside, run.at_points, run.checks, run.stops, run.slowest_ms,
		tally.hangs, tally.violations, tally.leaked);
	return failed || tally.hangs || tally.violations || tally.leaked;
}
