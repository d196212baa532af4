/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registration of readers, a slow half of section.h, where the protocol is
 * explained; grace periods are in grace.c.
 */

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "point.h"
#include "section.h"

__thread struct rcu_thread rcu_self;
uint32_t rcu_generation = 1;

/*
 * This process.  The lock keeps registration and thread exit apart from
 * rcu_detach(), after which the domain's memory may be gone; sections do not
 * take it.
 */
static struct {
	pthread_mutex_t lock;
	struct rcu_domain *domain;  /* Under the lock. */
	uint32_t owner;             /* Under the lock. */
	bool membarrier;            /* Under the lock. */
	struct rcu_thread *threads; /* That have registered, and not ended; under the lock. */
} rcu_process = {.lock = PTHREAD_MUTEX_INITIALIZER};

static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;
static int thread_key_err;

size_t rcu_domain_size(uint32_t reader_max)
{
	return sizeof(struct rcu_domain) + reader_max * sizeof(struct rcu_reader);
}

void rcu_domain_init(struct rcu_domain *domain, uint32_t reader_max)
{
	domain->sequence = 1; /* INV-SECTION-3: 0 means "not inside". */
	domain->reader_max = reader_max;
}

bool rcu_membarrier_register(void)
{
	return syscall(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* Give a slot back; nobody looks at its words again until it is claimed. */
static void reader_release(struct rcu_reader *reader)
{
	TEST_POINT("reader.release");
	/* Release pairs with rcu_scan(): what the thread read is over (INV-SECTION-2). */
	rcu_store_release(&reader->epoch, 0);
	TEST_POINT("reader.released");
	/* Release pairs with the acquires of reader_claim() and rcu_scan(): the words are clean,
	 * and what the thread read is over. */
	rcu_store_release(&reader->owner, 0);
}

static struct rcu_reader *reader_claim(struct rcu_domain *domain, uint32_t owner)
{
	for (uint32_t i = 0; i < domain->reader_max; i++) {
		struct rcu_reader *reader = &domain->readers[i];

		/* Relaxed: a first look, which leaves the lines of running readers with them.  The
		 * exchange pairs with reader_release(). */
		if (rcu_load_relaxed(&reader->owner) ||
			!rcu_cas_acq_rel(&reader->owner, 0, owner + 1))
			continue;
		TEST_POINT("reader.claimed");
		/*
		 * A full barrier, pairs with rcu_scan(): either a
		 * writer sees the new bound and the claim, or the sections of this
		 * thread see what that writer unpublished (INV-SECTION-4).
		 */
		rcu_fetch_max_seq_cst(&domain->reader_high, i + 1);
		return reader;
	}
	return NULL;
}

static void thread_list(struct rcu_thread *thread)
{
	if (thread->at)
		return; /* Registered with an earlier attachment. */
	thread->at = &rcu_process.threads;
	thread->next = rcu_process.threads;
	if (thread->next)
		thread->next->at = &thread->next;
	rcu_process.threads = thread;
}

static void thread_unlist(struct rcu_thread *thread)
{
	if (thread->at == NULL)
		return;
	*thread->at = thread->next;
	if (thread->next)
		thread->next->at = thread->at;
}

/* Runs in the exiting thread. */
static void thread_exit(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&rcu_process.lock);
	if (rcu_process.domain && rcu_self.generation == rcu_generation)
		reader_release(rcu_self.reader);
	thread_unlist(&rcu_self);
	pthread_mutex_unlock(&rcu_process.lock);
	rcu_self = (struct rcu_thread){0};
}

static void thread_key_make(void)
{
	thread_key_err = -pthread_key_create(&thread_key, thread_exit);
}

static int thread_register_locked(void)
{
	struct rcu_reader *reader;

	if (rcu_process.domain == NULL)
		return -ENODEV;
	reader = reader_claim(rcu_process.domain, rcu_process.owner);
	if (reader == NULL)
		return -ENOSPC;
	if (pthread_setspecific(thread_key, reader)) {
		reader_release(reader);
		return -ENOMEM;
	}
	TEST_POINT("reader.known");
	/* Relaxed: a scan that still met the last owner may name either in its message. */
	rcu_store_relaxed(&reader->tid, (int32_t)syscall(__NR_gettid));
	thread_list(&rcu_self);
	rcu_self = (struct rcu_thread){
		.reader = reader,
		.domain = rcu_process.domain,
		.generation = rcu_generation,
		.fence = !rcu_process.membarrier,
		.next = rcu_self.next,
		.at = rcu_self.at,
	};
	return 0;
}

int rcu_thread_register(void)
{
	int err = 0;

	pthread_once(&thread_key_once, thread_key_make);
	if (thread_key_err)
		return thread_key_err;
	pthread_mutex_lock(&rcu_process.lock);
	if (rcu_self.generation != rcu_generation)
		err = thread_register_locked();
	pthread_mutex_unlock(&rcu_process.lock);
	return err;
}

void rcu_attach(struct rcu_domain *domain, uint32_t owner, bool membarrier)
{
	pthread_mutex_lock(&rcu_process.lock);
	rcu_process.domain = domain;
	rcu_process.owner = owner;
	/* Acquire pairs with rcu_share() of another process. */
	rcu_process.membarrier = membarrier && !rcu_load_acquire(&domain->fences);
	/* Release pairs with barrier_all(): none of this process's readers goes without. */
	if (!membarrier)
		rcu_store_release(&domain->fences, 1);
	pthread_mutex_unlock(&rcu_process.lock);
}

int rcu_share(void)
{
	int err = 0;

	pthread_mutex_lock(&rcu_process.lock);
	/* Relaxed: this process is alone, or has set it. */
	if (rcu_process.domain && !rcu_load_relaxed(&rcu_process.domain->fences)) {
		rcu_process.membarrier = false;
		/* Relaxed: the barrier below orders. */
		for (struct rcu_thread *thread = rcu_process.threads; thread; thread = thread->next)
			rcu_store_relaxed(&thread->fence, true);
		/* Who has seen no fence has stored its word before. */
		if (rcu_barrier_process())
			/* Release pairs with barrier_all(): all fence themselves. */
			rcu_store_release(&rcu_process.domain->fences, 1);
		else
			err = -ENOMEM;
	}
	pthread_mutex_unlock(&rcu_process.lock);
	return err;
}

void rcu_release_owner(struct rcu_domain *domain, uint32_t owner)
{
	for (uint32_t i = 0; i < domain->reader_max; i++)
		/* Relaxed: whoever owns a slot of that process is dead, or kept out by the caller.
		 */
		if (rcu_load_relaxed(&domain->readers[i].owner) == owner + 1)
			reader_release(&domain->readers[i]);
}

void rcu_detach(void)
{
	pthread_mutex_lock(&rcu_process.lock);
	if (rcu_process.domain)
		rcu_release_owner(rcu_process.domain, rcu_process.owner);
	rcu_process.domain = NULL;
	/* Relaxed: see rcu_section_enter(). */
	rcu_store_relaxed(&rcu_generation, rcu_generation + 1);
	pthread_mutex_unlock(&rcu_process.lock);
}

void rcu_forget(void)
{
	/* Only this thread exists in the child, and the parent may have held the lock. */
	pthread_mutex_init(&rcu_process.lock, NULL);
	rcu_process.domain = NULL;
	rcu_process.threads = NULL;
	rcu_store_relaxed(&rcu_generation, rcu_generation + 1); /* Relaxed: one thread. */
	rcu_self = (struct rcu_thread){0};
}

bool rcu_process_in_section(void)
{
	const struct rcu_reader *self = rcu_is_registered() ? rcu_self.reader : NULL;
	bool inside = rcu_in_section();

	pthread_mutex_lock(&rcu_process.lock);
	for (uint32_t i = 0; rcu_process.domain && i < rcu_process.domain->reader_max; i++) {
		struct rcu_reader *reader = &rcu_process.domain->readers[i];

		/* Relaxed owner: as in rcu_detach().  Acquire pairs with rcu_section_exit(). */
		if (rcu_load_relaxed(&reader->owner) == rcu_process.owner + 1 && reader != self &&
			rcu_load_acquire(&reader->epoch) != 0)
			inside = true;
	}
	pthread_mutex_unlock(&rcu_process.lock);
	return inside;
}

uint32_t rcu_reader_count(struct rcu_domain *domain)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < rcu_reader_high(domain); i++)
		/* Relaxed: a figure for statistics. */
		count += rcu_load_relaxed(&domain->readers[i].owner) != 0;
	return count;
}

int rcu_qsbr_register(void)
{
	int err;

	if (rcu_in_section())
		return -EDEADLK;
	err = rcu_thread_register();
	if (err)
		return err;
	if (rcu_self.qsbr)
		return -EALREADY;
	rcu_self.qsbr = true;
	rcu_qsbr_online();
	return 0;
}

int rcu_qsbr_unregister(void)
{
	if (!rcu_is_qsbr())
		return -EINVAL;
	if (rcu_in_section())
		return -EDEADLK;
	rcu_qsbr_offline();
	rcu_self.qsbr = false;
	return 0;
}

void rcu_qsbr_offline(void)
{
	if (!rcu_is_qsbr() || !rcu_self.online || rcu_in_section())
		return;
	rcu_self.online = false;
	/* Release pairs with rcu_scan(): like the end of a section. */
	rcu_store_release(&rcu_self.reader->epoch, 0);
}

void rcu_qsbr_online(void)
{
	if (!rcu_is_qsbr() || rcu_self.online || rcu_in_section())
		return;
	rcu_word_set();
	rcu_self.online = true;
}
