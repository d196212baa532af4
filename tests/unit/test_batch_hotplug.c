/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Batch translation beside a writer: each answer must be right at some instant
 * of the call.  What stays in use is always found; what comes and goes is found
 * at its own address or not at all.  RCUMEM_SEED repeats the reader's part.
 */

#include <pthread.h>

#include "support_batch.h"

#define BURST       61
#define STAY_PAGES  8
#define MOVE_PAGES  8
#define WRITER_OPS  400
#define READS_LEAST 2000

struct writing {
	pthread_t thread;
	uint32_t stop;   /* Relaxed: nothing depends on when it is seen. */
	uint32_t failed; /* Read after the thread has ended. */
	uint64_t ops;    /* As above. */
	uint64_t at;     /* First address of the pages that come and go; relaxed, a hint. */
};

/* Pages come and go; they mostly have the same address, for the lowest run that is free is taken.
 */
static void *write_pages(void *arg)
{
	struct writing *writing = arg;

	while (!rcu_load_relaxed(&writing->stop) || writing->ops < WRITER_OPS) {
		char *pages = rcumem_pages_alloc(MOVE_PAGES * page_sz, page_sz, SOCKET_ID_ANY, 0);

		/* Relaxed: the reader takes any address. */
		rcu_store_relaxed(&writing->at, (uintptr_t)pages);
		writing->failed += pages == NULL;
		if (pages)
			writing->failed += rcumem_pages_free(pages, MOVE_PAGES * page_sz) != 0;
		writing->ops++;
	}
	return NULL;
}

/* Answers that no instant of the call could have given. */
static unsigned int wrong_answers(
	enum batch_kind kind, const uint64_t *keys, const uint64_t *answers, const char *stay)
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < BURST; i++) {
		bool stays = keys[i] - (uintptr_t)stay < STAY_PAGES * page_sz;

		/* In mode VA every address that is found is its own answer. */
		wrong += answers[i] != keys[i] && (stays || answers[i] != none_of(kind));
	}
	return wrong;
}

static void answers_beside_a_writer_are_of_some_instant(void **state)
{
	const struct batch_kernel *kernel = kernel_of(state);
	char *stay = pages_get(STAY_PAGES);
	struct writing writing = {.at = 0};
	unsigned int wrong = 0, found = 0, missed = 0;
	uint64_t keys[BURST], answers[BURST];

	assert_int_equal(pthread_create(&writing.thread, NULL, write_pages, &writing), 0);
	for (unsigned int n = 0; n < READS_LEAST || !found || !missed; n++) {
		enum batch_kind kind = n % BATCH_KINDS;
		uint64_t at = rcu_load_relaxed(&writing.at); /* Relaxed: any address will do. */

		for (unsigned int i = 0; i < BURST; i++)
			keys[i] = i % 2 ? (uintptr_t)stay + random_below(STAY_PAGES * page_sz)
					: at + random_below(MOVE_PAGES * page_sz);
		kernel->run[kind](&runtime_view, keys, answers, BURST);
		wrong += wrong_answers(kind, keys, answers, stay);
		for (unsigned int i = 0; i < BURST && at; i += 2) {
			found += answers[i] == keys[i];
			missed += answers[i] != keys[i];
		}
		if (n == 1000 * READS_LEAST)
			break;
	}
	rcu_store_relaxed(&writing.stop, 1); /* Relaxed: nothing depends on when it is seen. */
	pthread_join(writing.thread, NULL);
	assert_int_equal(wrong, 0);
	assert_int_equal(writing.failed, 0);
	assert_true(found > 0 && missed > 0);
	pages_put(stay, STAY_PAGES);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		KERNEL_CASES(answers_beside_a_writer_are_of_some_instant),
	};

	random_begin();
	return RUN_CASES("batch translation beside a writer", cases);
}
