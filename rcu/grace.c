/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Grace periods: the writer's half of section.h, where the protocol is
 * explained.
 */

#include <errno.h>
#include <linux/membarrier.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "section.h"

uint64_t rcu_ticket(struct rcu_domain *domain)
{
	/* Pairs with rcu_word_set(): a reader that loads this ticket sees everything unpublished
	 * before it. */
	return rcu_add_fetch_seq_cst(&domain->sequence, 1);
}

/* The other half of the readers' compiler barrier (INV-SECTION-1).  Where the kernel has none,
 * readers fence themselves. */
static void barrier_all(void)
{
	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
}

/*
 * Has any thread a slot?  After a full barrier that follows what was unpublished:
 * a thread whose claim is missed loads what is published after reader_claim(),
 * which is a full barrier too, and sees it unpublished (INV-SECTION-4).
 */
static bool any_claimed(struct rcu_domain *domain)
{
	uint32_t high;

	rcu_fence_full();
	/* Acquire pairs with reader_claim(). */
	high = rcu_load_acquire(&domain->reader_high);
	for (uint32_t i = 0; i < high; i++)
		/* Acquire pairs with reader_release(): what the last owner read is over. */
		if (rcu_load_acquire(&domain->readers[i].owner) != 0)
			return true;
	return false;
}

/* The oldest epoch held; UINT64_MAX when nobody is inside. */
static uint64_t rcu_scan(struct rcu_domain *domain, uint32_t owner, struct rcu_culprit *culprit)
{
	uint64_t oldest = UINT64_MAX;
	/* Acquire pairs with reader_claim(), which has a full barrier after it. */
	uint32_t high = rcu_load_acquire(&domain->reader_high);

	for (uint32_t i = 0; i < high; i++) {
		struct rcu_reader *reader = &domain->readers[i];
		/* Acquire pairs with rcu_section_exit() and rcu_word_set() (INV-SECTION-2). */
		uint64_t epoch = rcu_load_acquire(&reader->epoch);

		if (epoch == 0 || epoch >= oldest)
			continue;
		/* Relaxed: a thread has its slot before it stores an epoch, which was acquired. */
		if (owner != RCU_EVERYBODY && rcu_load_relaxed(&reader->owner) != owner + 1)
			continue;
		oldest = epoch;
		if (culprit) {
			/* Relaxed: for a message. */
			culprit->owner = rcu_load_relaxed(&reader->owner) - 1;
			culprit->tid = rcu_load_relaxed(&reader->tid);
		}
	}
	return oldest;
}

uint64_t rcu_oldest(struct rcu_domain *domain, uint32_t owner, struct rcu_culprit *culprit)
{
	if (!any_claimed(domain))
		return UINT64_MAX; /* The barrier would interrupt threads that are no readers. */
	barrier_all();
#ifdef RCU_PLANT_NO_GRACE_PERIOD
	(void)rcu_scan(domain, owner, culprit);
	return UINT64_MAX;
#else
	return rcu_scan(domain, owner, culprit);
#endif
}

bool rcu_poll(struct rcu_domain *domain, uint64_t ticket, struct rcu_culprit *culprit)
{
	return rcu_oldest(domain, RCU_EVERYBODY, culprit) >= ticket;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int rcu_wait(struct rcu_domain *domain, uint32_t owner, uint64_t ticket, uint64_t timeout_ns,
	struct rcu_culprit *culprit)
{
	uint64_t begin = now_ns();
	struct timespec nap = {.tv_nsec = 2000};

	if (rcu_oldest(domain, owner, culprit) >= ticket)
		return 0;
	/*
	 * No further barrier is needed: a reader that leaves now and comes back
	 * does so after the barrier above, and sees what was unpublished.
	 */
	while (rcu_scan(domain, owner, culprit) < ticket) {
		if (now_ns() - begin >= timeout_ns)
			return -ETIMEDOUT;
		if (now_ns() - begin < 5000) {
			rcu_cpu_relax();
			continue;
		}
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < 500000)
			nap.tv_nsec *= 2;
	}
	return 0;
}
