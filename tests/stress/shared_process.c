/* SPDX-License-Identifier: BSD-3-Clause */
/* One of several processes: joining, working, and what it leaves. */

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime.h"
#include "shared.h"

#define LISTENERS 2

__thread struct deeds *deeds;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)context;
	stress_fail("recycled", "signal %d at %p: memory that was found is gone", signal,
		info->si_addr);
	_exit(1);
}

/* Wait until a number of them have come so far; false when that takes too long. */
static bool meet(uint32_t *count, uint32_t all)
{
	for (int ms = 0; ms < 30000 && !stress_failed(); ms++) {
		if (rcu_load_acquire(count) >= all) /* Pairs with the adds of the others. */
			return true;
		nap_ms(1);
	}
	stress_fail("wrong", "the others do not come");
	return false;
}

static int join_in(void)
{
	struct rcumem_options opts = {
		.sz = sizeof(opts),
		.prefix = "stress",
		.iova_mode = RCUMEM_IOVA_VA,
		.page_sizes = RTE_PGSIZE_4K | (options.large ? RTE_PGSIZE_2M : 0),
		.list_len = 1ull << 30,
		.max_lists = 64,
		.max_readers = 512,
		.free_timeout_ms = 5,
	};

	if (rcumem_init(&opts)) {
		stress_fail("wrong", "rcumem_init: errno %d", rte_errno);
		return -1;
	}
	return 0;
}

/* The first one: where the lists are. */
static void find_fields(void)
{
	uint64_t sizes[SIZES] = {RTE_PGSIZE_4K, RTE_PGSIZE_2M};

	for (unsigned int i = 0; i < (options.large ? 2u : 1u); i++) {
		void *va = rcumem_pages_alloc(sizes[i], sizes[i], SOCKET_ID_ANY, 0);
		struct field *field = &shared->fields[shared->n_fields];

		if (!va) {
			stress_fail("wrong", "the first alloc: errno %d", rte_errno);
			return;
		}
		field->page_sz = sizes[i];
		field->base = (uint64_t)(uintptr_t)rte_mem_virt2memseg_list(va)->base_va;
		rcumem_pages_free(va, sizes[i]);
		shared->n_fields++;
	}
}

/* The last one: pages that the lists' files still have when all was given back. */
static uint64_t pages_left(void)
{
	const struct region *region = runtime_region();
	uint64_t left = 0;

	for (unsigned int i = 0; i < shared->n_fields; i++) {
		uint64_t page_sz = shared->fields[i].page_sz;
		void *va = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);

		if (rcumem_synchronize(1000) == 0 && va) /* Then whatever waits is reclaimed. */
			rcumem_pages_free(va, page_sz);
	}
	for (uint32_t i = 0; i < region->n_internal; i++) {
		struct stat st;

		if (fstat(runtime.list_fds[i], &st) == 0)
			left += (uint64_t)st.st_blocks * 512 >> region->states[i].page_shift;
	}
	return left;
}

/* The files of the runtime, to be looked for when all have ended. */
static void find_files(void)
{
	const struct region *region = runtime_region();

	for (unsigned int i = 0; i <= region->n_internal && i < FILES_MAX; i++) {
		struct stat st;

		if (fstat(i ? runtime.list_fds[i - 1] : runtime.region_fd, &st))
			continue;
		shared->files[shared->n_files].dev = st.st_dev;
		shared->files[shared->n_files++].ino = st.st_ino;
	}
}

static void work(unsigned int process, uint64_t seed)
{
	static struct shared_reader readers[THREADS_MAX];
	static pthread_t threads[THREADS_MAX];
	unsigned int n = options.readers * READER_KINDS;

	for (unsigned int i = 0; i < n; i++) {
		readers[i] = (struct shared_reader){
			i % READER_KINDS, random_u64(&seed), &shared->deeds[process][1 + i]};
		pthread_create(&threads[i], NULL, reader_half, &readers[i]);
	}
	writer_half(random_u64(&seed));
	for (unsigned int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

int process_main(unsigned int process, uint64_t seed)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	deeds = &shared->deeds[process][0];
	if (process && !meet(&shared->ready, 1))
		return 1;
	if (join_in())
		return 1;
	if (process == 0) {
		find_fields();
		find_files();
	}
	if (process < LISTENERS && view_begin())
		stress_fail("wrong", "rcumem_subscribe: errno %d", rte_errno);
	rcu_add_fetch_seq_cst(&shared->ready, 1); /* Pairs with meet(). */
	if (!meet(&shared->ready, options.processes))
		return 1;
	work(process, seed);
	rcu_add_fetch_seq_cst(&shared->done, 1); /* Pairs with meet(). */
	if (!stress_failed() && meet(&shared->done, options.processes)) {
		if (process < LISTENERS) {
			view_end();
			rcu_add_fetch_seq_cst(&shared->level, 1); /* Pairs with meet(). */
		}
		/* It allocates, of which the others would be told. */
		if (process == 0 && meet(&shared->level, LISTENERS))
			shared->lost = pages_left();
	}
	if (rcumem_fini())
		stress_fail("wrong", "rcumem_fini: errno %d", rte_errno);
	return stress_failed();
}
