/* SPDX-License-Identifier: BSD-3-Clause */
/* Bad arguments beside everything else: each is refused, and the model sees that nothing changes.
 */

#include <errno.h>
#include <time.h>

#include "callback.h"

static uint64_t refused; /* Its thread's own until it has ended. */

uint64_t nasty_refused(void)
{
	return refused;
}

/* Near the end of the list of an arena, where no page is ever allocated. */
static char *beyond(const struct arena *arena, uint64_t *random)
{
	uint64_t pages = arena->msl->len / arena->page_sz;

	return slot_va(arena, (uint32_t)pages - 1 - random_below(random, 64));
}

static int bad_free(const struct arena *arena, uint64_t *random)
{
	uint64_t sz = arena->page_sz, odd = 1 + random_u64(random) % (sz - 1);
	char *va = slot_va(arena, random_below(random, SLOTS_MAX));

	switch (random_below(random, 6)) {
	case 0:
		return rcumem_pages_free(va + odd, sz);
	case 1:
		return rcumem_pages_free(va, odd);
	case 2:
		return rcumem_pages_free(va, 0);
	case 3:
		return rcumem_pages_free(beyond(arena, random), sz);
	case 4:
		return rcumem_pages_free(va, UINT64_MAX - odd);
	default:
		return rcumem_pages_free((void *)(random_u64(random) | 1ull << 63), sz);
	}
}

static int bad_alloc(const struct arena *arena, uint64_t *random)
{
	uint64_t sz = arena->page_sz, odd = 1 + random_u64(random) % (sz - 1);
	void *va;

	switch (random_below(random, 5)) {
	case 0:
		va = rcumem_pages_alloc(0, sz, SOCKET_ID_ANY, 0);
		break;
	case 1:
		va = rcumem_pages_alloc(sz, sz + odd, SOCKET_ID_ANY, 0);
		break;
	case 2:
		va = rcumem_pages_alloc(sz, sz, 1000 + (int)odd, 0);
		break;
	case 3:
		va = rcumem_pages_alloc(sz, sz, SOCKET_ID_ANY, 1u << 31);
		break;
	default:
		va = rcumem_pages_alloc(1ull << 60, sz, SOCKET_ID_ANY, 0);
		break;
	}
	return va ? 0 : -1;
}

static int bad_external(const struct arena *arena, uint64_t *random)
{
	rte_iova_t iova = 1ull << 44;
	uint64_t odd = 1 + random_below(random, 4095);

	switch (random_below(random, 4)) {
	case 0: /* Over the library's own pages. */
		return rte_extmem_register(beyond(arena, random), 4096, &iova, 1, 4096);
	case 1:
		return rte_extmem_register((void *)(1ull << 45), 4096, &iova, 1, 4096 + odd);
	case 2:
		return rte_extmem_register((void *)(1ull << 45), 4096, &iova, 7, 4096);
	default:
		return rte_extmem_unregister((void *)((1ull << 45) + odd), 4096);
	}
}

static int bad_array(const struct arena *arena, uint64_t *random)
{
	int slot = (int)random_below(random, SLOTS_MAX);

	switch (random_below(random, 3)) {
	case 0:
		return rte_fbarray_set_free(&arena->msl->memseg_arr, slot);
	case 1:
		return rte_fbarray_set_used(&arena->msl->memseg_arr, slot);
	default:
		return rte_fbarray_destroy(&arena->msl->memseg_arr);
	}
}

/* Nothing is found where nothing is. */
static int bad_lookup(const struct arena *arena, uint64_t *random)
{
	uint64_t wild = random_u64(random) | 1ull << 62;
	uint64_t len = random_u64(random);

	if (rte_mem_virt2memseg((void *)wild, NULL) || rte_mem_virt2memseg_list((void *)wild) ||
		rte_mem_iova2virt(wild) || rcumem_iova2virt(NULL, wild, &len) ||
		rcumem_virt2iova(NULL, (void *)wild, NULL) != RTE_BAD_IOVA ||
		rcumem_virt2iova(NULL, beyond(arena, random), NULL) != RTE_BAD_IOVA)
		return 0;
	rte_errno = EINVAL;
	return -1;
}

static const struct {
	const char *what;
	int (*attempt)(const struct arena *arena, uint64_t *random);
} kinds[] = {
	{"free", bad_free},
	{"alloc", bad_alloc},
	{"external memory", bad_external},
	{"array", bad_array},
	{"lookup", bad_lookup},
};

static bool is_refusal(int err)
{
	return err == EINVAL || err == ENOENT || err == EPERM || err == ENOMEM || err == ENOSPC ||
	       err == EEXIST;
}

void *nasty_main(void *arg)
{
	uint64_t random = *(uint64_t *)arg;

	thread_name = "nasty caller";
	while (!stress_over()) {
		const struct arena *arena = &arenas[random_below(&random, n_arenas)];
		uint32_t kind = random_below(&random, sizeof(kinds) / sizeof(kinds[0]));
		int ret;

		rte_errno = 0;
		ret = kinds[kind].attempt(arena, &random);
		if (ret != -1 || !is_refusal(rte_errno))
			stress_fail("allowed", "%s with bad arguments: %d, errno %d",
				kinds[kind].what, ret, rte_errno);
		refused++;
		nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
	}
	return NULL;
}
