/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Readers make no system call once their thread is registered: all of them run
 * under a filter of the kernel that ends the process at the first one.  What
 * they do between system calls is seen by tools/check-readers.
 */

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "batch.h"
#include "support_call.h"
#include "support_walk.h"

#define KEYS     19 /* Whole vectors of every kernel, and a rest. */
#define EXT_IOVA 0x13000ull
#define GUEST    0x1000ull
#define NO_RULE  1000000 /* Result of a child: the kernel takes no filter. */

static char *pages; /* Two, the second is free. */
static char *ext;
static struct rcumem_space *space;

/* From here on this thread may report and leave, no more. */
static int fall_silent(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 2, 0),
		/* AddressSanitizer asks for the signal stack in _exit(). */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UNDER_ASAN ? SYS_sigaltstack : SYS_write, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = {.len = ARRAY_LEN(filter), .filter = filter};
	struct rlimit no_core = {0, 0};

	if (setrlimit(RLIMIT_CORE, &no_core) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* ---- Everything that reads ---- */

static int look_up(void)
{
	const struct rte_memseg_list *msl = rte_mem_virt2memseg_list(pages);
	const char *high = (char *)(1ull << 63);
	uint64_t len = 2 * page_sz;

	CHILD_CHECK(msl && rte_mem_virt2memseg(pages, msl) == rte_mem_virt2memseg(pages, NULL));
	CHILD_CHECK(rte_mem_virt2memseg(ext, NULL) && rte_mem_virt2memseg_list(ext));
	CHILD_CHECK(!rte_mem_virt2memseg(high, NULL) && !rte_mem_virt2memseg_list(NULL));
	CHILD_CHECK(rte_mem_iova2virt((uintptr_t)pages) == pages);
	CHILD_CHECK(rte_mem_iova2virt(EXT_IOVA) == ext);
	CHILD_CHECK(!rte_mem_iova2virt((uintptr_t)high) && !rte_mem_iova2virt(0));
	CHILD_CHECK(rcumem_iova2virt(NULL, (uintptr_t)pages, &len) == pages && len == page_sz);
	CHILD_CHECK(rcumem_virt2iova(NULL, pages, &len) == (uintptr_t)pages && len == page_sz);
	CHILD_CHECK(rcumem_virt2iova(NULL, ext, NULL) == EXT_IOVA);
	CHILD_CHECK(rcumem_virt2iova(NULL, pages + page_sz, NULL) == RTE_BAD_IOVA);
	return 0;
}

/* Hits, misses and external memory in turn, by each kernel that this machine can run. */
static int look_up_batches(void)
{
	static const struct batch_kernel *const kernels[] = {
		&batch_plain,
#ifdef BATCH_X86
		&batch_avx2,
		&batch_avx512,
#endif
	};
	uint64_t kinds[] = {(uintptr_t)pages, (uintptr_t)pages + page_sz, (uintptr_t)ext, EXT_IOVA};
	uint64_t keys[KEYS], words[KEYS];

	for (unsigned int i = 0; i < KEYS; i++)
		keys[i] = i < 8 ? kinds[0] + i : kinds[i % 4];
	for (unsigned int k = 0; k < ARRAY_LEN(kernels); k++)
		for (unsigned int kind = 0; kind < BATCH_KINDS && batch_can_run(kernels[k]); kind++)
			CHILD_CHECK(kernels[k]->run[kind](&runtime_view, keys, words, KEYS) >= 8);
	CHILD_CHECK(rcumem_iova2virt_batch(NULL, keys, (void **)words, KEYS) >= 8);
	CHILD_CHECK(rcumem_virt2iova_batch(NULL, (void **)keys, words, KEYS) >= 8);
	return 0;
}

static int look_up_guest(void)
{
	uint64_t guest = GUEST, word;
	uint64_t len = 8;

	CHILD_CHECK(rcumem_read_lock() == 0);
	CHILD_CHECK(rcumem_map_iova2virt(rcumem_space_map(space), GUEST, &len) == pages);
	CHILD_CHECK(rcumem_iova2virt(space, GUEST, NULL) == pages);
	CHILD_CHECK(rcumem_virt2iova(space, pages, NULL) == GUEST);
	CHILD_CHECK(rcumem_iova2virt_batch(space, &guest, (void **)&word, 1) == 1);
	CHILD_CHECK(rcumem_virt2iova_batch(space, (void **)&word, &guest, 1) == 1);
	rcumem_read_unlock();
	return 0;
}

static int walk(void)
{
	static struct visits visits;

	memset(&visits, 0, sizeof(visits));
	CHILD_CHECK(rte_memseg_walk(record_seg, &visits) == 0);
	CHILD_CHECK(rte_memseg_contig_walk(record_run, &visits) == 0);
	CHILD_CHECK(rte_memseg_list_walk(record_list, &visits) == 0);
	CHILD_CHECK(rcumem_read_lock() == 0);
	CHILD_CHECK(rte_memseg_walk_thread_unsafe(record_seg, &visits) == 0);
	CHILD_CHECK(rte_memseg_contig_walk_thread_unsafe(record_run, &visits) == 0);
	CHILD_CHECK(rte_memseg_list_walk_thread_unsafe(record_list, &visits) == 0);
	rcumem_read_unlock();
	CHILD_CHECK(visits.n >= 4 * 2 + 2 * 2);
	CHILD_CHECK(rte_memseg_walk(NULL, NULL) == -1 && rte_errno == EINVAL);
	return 0;
}

static int read_all(void)
{
	int line = look_up();

	line = line ? line : look_up_batches();
	line = line ? line : look_up_guest();
	return line ? line : walk();
}

/* ---- The cases ---- */

static int world_start(void)
{
	struct rcumem_options opts = test_options();
	rte_iova_t iova = EXT_IOVA;
	struct rcumem_region region;

	CHILD_CHECK(rcumem_init(&opts) == 0);
	pages = rcumem_pages_alloc(2 * page_sz, page_sz, SOCKET_ID_ANY, 0);
	CHILD_CHECK(pages && rcumem_pages_free(pages + page_sz, page_sz) == 0);
	ext = ext_reserve(1);
	CHILD_CHECK(rte_extmem_register(ext, EXT_PAGE, &iova, 1, EXT_PAGE) == 0);
	region = (struct rcumem_region){.iova = GUEST, .len = 8, .va = pages, .fd = -1};
	space = rcumem_space_create();
	CHILD_CHECK(space && rcumem_space_register(space, &region) == 0);
	return 0;
}

/* As a reader that is in sections, then as a QSBR reader that is online. */
static int read_in_silence(void)
{
	int line = world_start();

	if (line)
		return line;
	CHILD_CHECK(rcumem_reader_register() == 0);
	if (fall_silent())
		return NO_RULE;
	rcumem_reader_offline();
	line = read_all();
	rcumem_reader_online();
	line = line ? line : read_all();
	rcumem_reader_quiescent();
	return line;
}

static int call_in_silence(void)
{
	if (fall_silent())
		return NO_RULE;
	return syscall(SYS_getppid) > 0 ? 0 : -1;
}

static int read_unregistered(void)
{
	int line = world_start();

	if (line)
		return line;
	if (fall_silent())
		return NO_RULE;
	return look_up_guest();
}

static void assert_child(int (*fn)(void), int expected)
{
	int result = child_run(fn);

	if (result == NO_RULE)
		skip(); /* The kernel, or who started the tests, forbids filters. */
	assert_int_equal(result, expected);
}

static void readers_make_no_system_call(void **state)
{
	(void)state;
	assert_child(read_in_silence, 0);
}

static void a_system_call_of_a_reader_would_end_it(void **state)
{
	(void)state;
	assert_child(call_in_silence, -SIGSYS);
}

/* The exception: its first section registers a thread. */
static void a_thread_s_registration_is_seen_by_the_filter(void **state)
{
	(void)state;
	assert_child(read_unregistered, -SIGSYS);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		BARE_CASE(readers_make_no_system_call),
		BARE_CASE(a_system_call_of_a_reader_would_end_it),
		BARE_CASE(a_thread_s_registration_is_seen_by_the_filter),
	};

	return RUN_CASES("reader silence", cases);
}
