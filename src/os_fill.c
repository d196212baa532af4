/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clearing much memory on several CPUs: those on which the caller may run, and
 * no other, for a reader may be pinned there.
 *
 * The helper threads have no signals and are gone when a call returns.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include "atomic.h"
#include "os.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define HELPERS_MAX 63u
#define THREAD_LEN  (8ull << 20) /* Less than this for each is faster without a thread more. */
#define STEP_LEN    (2ull << 20) /* At once by one thread: no CPU ends much later than others. */

/* CPUs on which the calling thread, and so each that it makes, may run. */
static unsigned int cpus_of_caller(void)
{
	cpu_set_t cpus[8]; /* More than 1024 of them. */

	return sched_getaffinity(0, sizeof(cpus), cpus) == 0
		       ? (unsigned int)CPU_COUNT_S(sizeof(cpus), cpus)
		       : 1;
}

struct fill {
	char *va;
	uint64_t len;
	uint64_t step;
	uint64_t next; /* First byte that no thread has taken. */
	int guard_fd;  /* -1: the pages are to be mapped; else holes are to be plugged. */
	int err;
};

static int fill_step(const struct fill *fill, char *va, uint64_t len)
{
	if (fill->guard_fd >= 0)
		return os_guard_fill(fill->guard_fd, va, len);
	while (madvise(va, len, MADV_POPULATE_WRITE))
		if (errno != EINTR)
			return -errno;
	return 0;
}

static void fill_steps(struct fill *fill)
{
	uint64_t at, len;
	int err = 0;

	/* Relaxed: it only tells the threads apart, and they are joined. */
	while (!err && (at = rcu_fetch_add_relaxed(&fill->next, fill->step)) < fill->len) {
		len = fill->len - at < fill->step ? fill->len - at : fill->step;
		err = fill_step(fill, fill->va + at, len);
	}
	if (err)
		rcu_store_relaxed(&fill->err, err); /* Relaxed: any of the threads' errors. */
}

static void *helper_main(void *arg)
{
	fill_steps(arg);
	return NULL;
}

static unsigned int helpers_for(uint64_t len)
{
	uint64_t n = len / THREAD_LEN, cpus;

	if (n < 2) /* The caller is one of them. */
		return 0;
	cpus = cpus_of_caller();
	n = (n < cpus ? n : cpus) - 1;
	return n < HELPERS_MAX ? (unsigned int)n : HELPERS_MAX;
}

static void fill_all(struct fill *fill)
{
	unsigned int n = helpers_for(fill->len), started = 0;
	pthread_t helpers[HELPERS_MAX];
	int cancel;

	/* Whoever was cancelled while it waits would leave helpers behind. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	while (started < n && os_thread_start(&helpers[started], helper_main, fill) == 0)
		started++;
	fill_steps(fill);
	while (started > 0)
		pthread_join(helpers[--started], NULL);
	pthread_setcancelstate(cancel, NULL);
}

void os_fill(void *va, uint64_t len, uint64_t page_sz)
{
	struct fill fill = {.va = va,
		.len = len,
		.step = page_sz > STEP_LEN ? page_sz : STEP_LEN,
		.guard_fd = -1};

	fill_all(&fill);
}

int os_fill_holes(int guard_fd, void *va, uint64_t len)
{
	struct fill fill = {.va = va, .len = len, .step = STEP_LEN, .guard_fd = guard_fd};

	fill_all(&fill);
	return fill.err;
}

void os_fill_file(int fd, uint64_t off, uint64_t len, uint64_t page_sz)
{
	void *va;

	if (helpers_for(len) == 0)
		return;
	va = os_map_part(fd, off, len);
	if (va == NULL)
		return;
	os_fill(va, len, page_sz);
	os_unmap(va, len);
}
