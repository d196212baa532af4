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

bool rcu_barrier_process(void)
{
	return PLANTED(UNPAIRED_STORE) ||
	       syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* The other half of the readers' compiler barrier (INV-SECTION-1), where they have no fence: false
 * when the kernel had no memory for it. */
static bool barrier_all(struct rcu_domain *domain)
{
	/* Acquire pairs with rcu_share() and rcu_attach(): no reader is without a fence. */
	return rcu_load_acquire(&domain->fences) || rcu_barrier_process();
}

/* True when the calling thread, which is in no section where it asks, has this slot. */
static bool is_own(const struct rcu_reader *reader)
{
	return rcu_is_registered() && reader == rcu_self.reader;
}

/*
 * The oldest epoch held; UINT64_MAX when nobody is inside.  *outside: a reader
 * was seen outside, which is an answer only after a barrier (INV-SECTION-4).
 */
static uint64_t rcu_scan(
	struct rcu_domain *domain, uint32_t owner, struct rcu_culprit *culprit, bool *outside)
{
	uint64_t oldest = UINT64_MAX;
	uint32_t high = rcu_reader_high(domain);

	for (uint32_t i = 0; i < high; i++) {
		struct rcu_reader *reader = &domain->readers[i];
		/* Acquire pairs with rcu_section_exit() and rcu_word_set() (INV-SECTION-2). */
		uint64_t epoch = rcu_load_acquire(&reader->epoch);
		/* Acquire pairs with reader_release() and reader_claim(): who had the slot reads no
		 * more, who gets it sees what was unpublished. */
		uint32_t who = rcu_load_acquire(&reader->owner);

		if (owner != RCU_EVERYBODY && who != owner + 1)
			continue;
		*outside |= epoch == 0 && who != 0 && !is_own(reader);
		if (epoch == 0 || epoch >= oldest)
			continue;
		oldest = epoch;
		if (culprit) {
			culprit->owner = who - 1;
			/* Relaxed: for a message. */
			culprit->tid = rcu_load_relaxed(&reader->tid);
		}
	}
	return oldest;
}

/*
 * The same, as an answer.  The barrier interrupts every CPU that runs a
 * thread of this process, so it is for those only of whom it tells something: where
 * no reader is outside, each that holds a slot has said by its word what it sees.
 */
static uint64_t rcu_look(
	struct rcu_domain *domain, uint32_t owner, struct rcu_culprit *culprit, bool *fenced)
{
	bool outside = false;
	uint64_t oldest;

	if (PLANTED(NO_GRACE_PERIOD))
		return UINT64_MAX;
	if (!*fenced) {
		rcu_fence_full();
		oldest = rcu_scan(domain, owner, culprit, &outside);
		if (!outside)
			return oldest;
		if (!barrier_all(domain))
			return 0; /* Nobody is known to have passed. */
		*fenced = true;
	}
	return rcu_scan(domain, owner, culprit, &outside);
}

uint64_t rcu_oldest(struct rcu_domain *domain, uint32_t owner, struct rcu_culprit *culprit)
{
	bool fenced = false;

	return rcu_look(domain, owner, culprit, &fenced);
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
	bool fenced = false;

	/*
	 * One barrier is enough: a reader that leaves after it and comes back sees
	 * what was unpublished.
	 */
	while (rcu_look(domain, owner, culprit, &fenced) < ticket) {
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
