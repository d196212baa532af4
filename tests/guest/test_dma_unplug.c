/* SPDX-License-Identifier: BSD-3-Clause */

/* Memory goes while a device uses it: what comes late does not arrive, and what is pinned stays. */

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "support_dma.h"

/* As many pages as the others may have taken: none of them may find what the device writes. */
static size_t others_n(void)
{
	return page_sz == RTE_PGSIZE_4K ? 512 : (size_t)hugepages_free() - 1;
}

/*
 * Pages for others are somewhere else in address: they do not fit into the place
 * of the one that has gone.  Of hugepages they are all that are left, so that the
 * one that has gone is among them.
 */
static void others_give(char *pages, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!all_clear(pages + i * page_sz, page_sz))
			fail_msg("the device has written into a page of others");
	pages_put(pages, n);
}

/* Two pages that stay around one that goes. */
static char *three_pages(void)
{
	char *pages = pages_get(3);

	pattern_set(pages, 20);
	pattern_set(pages + 2 * page_sz, 22);
	return pages;
}

static void three_pages_end(char *pages)
{
	assert_true(pattern_is(pages, 20));
	assert_true(pattern_is(pages + 2 * page_sz, 22));
	pages_put(pages, 1);
	pages_put(pages + 2 * page_sz, 1);
}

/* The IOMMU has blocked something since then; its interrupt and its message take a moment. */
static void assert_faults_above(unsigned int before)
{
	for (int i = 0; i < 200 && iommu_faults() <= before; i++)
		sleep_ms(20);
	assert_true(iommu_faults() > before);
}

static void unplugged_segment_is_not_reached(void **state)
{
	unsigned int faults = iommu_faults();
	char *bounce, *page;
	uint64_t iova;

	(void)state;
	consumer_begin(false);
	bounce = rcumem_pages_alloc(4096, 4096, SOCKET_ID_ANY, 0);
	assert_non_null(bounce);
	page = pages_get(1);
	iova = iova_of(page + page_sz - COPY_LEN);
	assert_true(device_reaches(iova, bounce));
	pages_put(page, 1);
	assert_false(device_reaches(iova, bounce));
	assert_faults_above(faults);
	assert_int_equal(rcumem_pages_free(bounce, 4096), 0);
	consumer_end();
}

/* The device was told to write before the page went, and writes afterwards. */
static void write_that_comes_late_is_blocked(void **state)
{
	unsigned int faults = iommu_faults();
	char *pages, *others, *bounce;
	bool late = false;
	size_t n;

	(void)state;
	consumer_begin(false);
	bounce = pages_get(1);
	pages = three_pages();
	/* 100 ms are short on a busy host. */
	for (int i = 0; !late && i < 20; i++) {
		uint64_t at = iova_of(bounce), iova = iova_of(pages + page_sz);

		pattern_set(bounce, 23);
		edu_load(at, COPY_LEN);
		edu_begin(iova, COPY_LEN, true);
		pages_put(pages + page_sz, 1);
		late = edu_busy();
		n = others_n();
		others = rcumem_pages_alloc(n * page_sz, page_sz, SOCKET_ID_ANY, 0);
		assert_non_null(others);
		edu_wait();
		others_give(others, n);
		assert_ptr_equal(pages_get(1), pages + page_sz);
		assert_true(all_clear(pages + page_sz, page_sz));
	}
	assert_true(late);
	assert_faults_above(faults);
	pages_put(pages + page_sz, 1);
	three_pages_end(pages);
	pages_put(bounce, 1);
	consumer_end();
}

/* ---- Under traffic ---- */

static struct {
	uint64_t iova;
	unsigned int writes;
	bool stop;
} traffic;

static void *traffic_main(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&traffic.stop, __ATOMIC_ACQUIRE)) {
		edu_store(traffic.iova, COPY_LEN);
		__atomic_fetch_add(&traffic.writes, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void traffic_wait(unsigned int writes)
{
	unsigned int target = __atomic_load_n(&traffic.writes, __ATOMIC_ACQUIRE) + writes;

	for (int i = 0; i < 20000 && __atomic_load_n(&traffic.writes, __ATOMIC_ACQUIRE) < target;
		i++)
		sleep_ms(1);
}

static void unplug_under_traffic_harms_nobody(void **state)
{
	char *pages, *others, *bounce;
	bool arrived = true, left = true;
	pthread_t thread;
	size_t n;

	(void)state;
	consumer_begin(false);
	pages = three_pages();
	bounce = pages_get(1);
	pattern_set(bounce, 24);
	edu_load(iova_of(bounce), COPY_LEN);
	memset(&traffic, 0, sizeof(traffic));
	traffic.iova = iova_of(pages + page_sz);
	assert_int_equal(pthread_create(&thread, NULL, traffic_main, NULL), 0);
	for (int round = 0; round < 3; round++) {
		traffic_wait(2);
		arrived &= pattern_is(pages + page_sz, 24);
		left &= rcumem_pages_free(pages + page_sz, page_sz) == 0;
		n = others_n();
		others = rcumem_pages_alloc(n * page_sz, page_sz, SOCKET_ID_ANY, 0);
		traffic_wait(2);
		for (size_t i = 0; others && i < n; i++)
			left &= all_clear(others + i * page_sz, page_sz);
		left &= others && rcumem_pages_free(others, n * page_sz) == 0;
		left &= rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0) == pages + page_sz;
	}
	__atomic_store_n(&traffic.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_true(arrived);
	assert_true(left);
	pages_put(pages + page_sz, 1);
	three_pages_end(pages);
	pages_put(bounce, 1);
	assert_int_equal(consumer.err, 0);
	assert_int_equal(consumer.mapped, consumer.unmapped);
	consumer_end();
}

/* ---- Pins ---- */

static void pinned_segment_stays_until_the_device_has_done(void **state)
{
	long taken = hugepages_taken();
	char *page;

	(void)state;
	consumer_begin(true);
	page = pages_get(1);
	assert_int_equal(consumer.err, 0);
	for (int i = 0; i < 2; i++) {
		assert_fails(rcumem_pages_free(page, page_sz), EBUSY);
		assert_copied(page, page + page_sz - COPY_LEN, 30 + (unsigned int)i);
	}
	assert_int_equal(consumer.unmapped, 0);
	assert_int_equal(rcumem_pages_pins(page, page_sz), 1);
	consumer_release(page);
	pages_put(page, 1);
	assert_int_equal(consumer.err, 0);
	assert_int_equal(hugepages_taken(), taken);
	consumer_end();
}

/* ---- A process that dies with a device at work ---- */

static struct rcumem_options shared_options(enum rcumem_attach attach)
{
	struct rcumem_options opts = dma_options();

	opts.prefix = "dma";
	opts.attach = attach;
	opts.lock_timeout_ms = 30000; /* A guest on a busy host is slow to answer. */
	return opts;
}

/* The other process: maps and pins a page, lets the device write into it, and is killed. */
static void holder_main(const char *page, int ready, int go)
{
	struct rcumem_options opts = shared_options(RCUMEM_ATTACH_JOIN);
	char byte = 'r';

	if (rcumem_init(&opts))
		_exit(3);
	vfio_open();
	consumer_subscribe(true);
	if (consumer.err || rcumem_pages_pins(page, page_sz) != 1 || write(ready, &byte, 1) != 1 ||
		read(go, &byte, 1) != 1)
		_exit(4);
	edu_begin((uintptr_t)page, COPY_LEN, true);
	if (write(ready, &byte, 1) != 1)
		_exit(5);
	for (;;)
		pause();
}

static void pages_of_a_process_that_died_with_its_device_are_free_and_safe(void **state)
{
	struct rcumem_options opts = shared_options(RCUMEM_ATTACH_CREATE);
	int to[2], from[2], status;
	char byte = 0, *pages, *others;
	size_t n;
	pid_t pid;

	(void)state;
	runtime_stop();
	mkdir("/tmp/runtime", 0700);
	setenv("RCUMEM_RUNTIME_DIR", "/tmp/runtime", 1);
	runtime_start(&opts);
	pages = three_pages();
	pages_put(pages, 1);
	pages_put(pages + 2 * page_sz, 1);
	assert_int_equal(pipe(to) | pipe(from), 0);
	pid = fork();
	if (pid == 0)
		holder_main(pages + page_sz, from[1], to[0]);
	close(from[1]); /* Who dies early is not waited for. */
	close(to[0]);
	assert_int_equal(read(from[0], &byte, 1), 1);
	assert_fails(rcumem_pages_free(pages + page_sz, page_sz), EBUSY);
	assert_int_equal(write(to[1], &byte, 1), 1);
	assert_int_equal(read(from[0], &byte, 1), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	pages_put(pages + page_sz, 1);
	n = others_n();
	others = pages_get(n);
	sleep_ms(400);
	others_give(others, n);
	close(from[0]);
	close(to[1]);
}

static const struct CMUnitTest cases[] = {
	DMA_CASE(unplugged_segment_is_not_reached),
	DMA_SIZED_CASE(write_that_comes_late_is_blocked, SMALL_SIZES),
	DMA_SIZED_CASE(unplug_under_traffic_harms_nobody, SMALL_SIZES),
	DMA_CASE(pinned_segment_stays_until_the_device_has_done),
	DMA_SIZED_CASE(pages_of_a_process_that_died_with_its_device_are_free_and_safe, SMALL_SIZES),
};

int main(void)
{
	return RUN_DMA("dma and unplug", cases);
}
