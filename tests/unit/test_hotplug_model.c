/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random sequences of alloc, free, register, unregister, limits and validators
 * against a naive model, with every answer compared: results, errors, lookups
 * both ways, the three walks, figures, and what is in the pages.
 *
 * RCUMEM_SEED repeats a run; RCUMEM_RUNS is the number of runtimes, each of 200
 * operations.
 */

#include "support_hotplug_compare.h" /* First: it has the system headers. */

#include "pagemask.h"
#include "runtime.h"
#include "support_actor.h"

#define STEPS 200u
#define RUNS  100ul

static struct actor reader;

static int reader_enter(void *arg)
{
	(void)arg;
	return rcumem_read_lock();
}

static int reader_leave(void *arg)
{
	(void)arg;
	rcumem_read_unlock();
	return 0;
}

static int validator(int socket_id, size_t limit, size_t new_len)
{
	model.asked++;
	model.asked_len = socket_id == model.socket && limit == model.validator_from ? new_len : 0;
	return model.verdict;
}

/* ---- Alloc ---- */

/* The errno that an alloc of n pages must end with, 0 when it must work; tells the model's
 * validator and quarantine of it. */
static int expect_alloc(uint32_t n, unsigned int *asked)
{
	uint64_t len = (count_is(IS_USED) + n) * page_sz;

	*asked = 0;
	if (n == 0)
		return EINVAL;
	if (n > model.list_pages)
		return ENOSPC;
	*asked = model.validator_from && len >= model.validator_from;
	if (*asked && model.verdict < 0)
		return EPERM;
	if (model.limit && len > model.limit * page_sz)
		return EPERM;
	model_reclaim();
	return first_fit(n) < 0 ? ENOSPC : 0;
}

static void plugged(uint32_t first, uint32_t n, bool keep)
{
	for (uint32_t p = first; p < first + n; p++) {
		uint64_t *words = (uint64_t *)page_va(p);

		for (uint64_t w = 0; w < page_sz / 8; w += p % 2 ? 1 : 61)
			agree(words[w] == 0, "page %u is not clear", p);
		model.is[p] = IS_USED;
		model.keep[p] = keep;
		words[0] = words[page_sz / 8 - 1] = model.stamp[p] = ++model.stamps;
	}
	model.version++;
	model.allocs++;
}

static void step_alloc(void)
{
	uint32_t n = random_below(30) ? (uint32_t)random_size(4) : (uint32_t)random_below(2) << 20;
	unsigned int flags = RCUMEM_ALLOC_STRICT_SOCKET, asked;
	bool keep = random_below(12) == 0;
	int64_t first;
	char *va;
	int err;

	flags |= (keep ? RCUMEM_ALLOC_DO_NOT_FREE : 0) |
		 (random_below(2) ? RCUMEM_ALLOC_IOVA_CONTIG : 0);
	STEP("alloc of %u pages%s", n, keep ? ", not to be freed" : "");
	model.asked = 0;
	err = expect_alloc(n, &asked);
	first = first_fit(n ? n : 1);
	rte_errno = ERRNO_UNTOUCHED;
	va = rcumem_pages_alloc(n * page_sz, page_sz, model.socket, flags);
	agree(model.asked == asked, "the validator was asked %u times", model.asked);
	agree(!asked || model.asked_len == (count_is(IS_USED) + n) * page_sz, "of %llu bytes",
		(unsigned long long)model.asked_len);
	if (err) {
		agree(va == NULL && rte_errno == err, "%p, errno %d, not %d", va, rte_errno, err);
		model.failures++;
		return;
	}
	agree(va == page_va((uint32_t)first), "%p, errno %d, not page %lld", va, rte_errno,
		(long long)first);
	plugged((uint32_t)first, n, keep);
}

/* ---- Free ---- */

static int expect_free(int64_t first, uint32_t n)
{
	int err = 0;

	if (n == 0 || first < 0)
		return EINVAL;
	model_reclaim();
	for (uint32_t p = (uint32_t)first; p < first + n; p++) {
		if (p >= model.n_pages || model.is[p] != IS_USED)
			return ENOENT;
		if (model.keep[p])
			err = EBUSY;
	}
	return err;
}

static void step_free(void)
{
	int64_t first = (int64_t)random_below(model.n_pages + 2) - 1;
	uint32_t n = (uint32_t)random_size(4);
	uint64_t askew = random_below(40) ? 0 : 1 + random_below(page_sz - 1);
	int err, rc;

	/* Most often a part of what is in use, or all of it. */
	if (random_below(8) && first >= 0 && first < model.n_pages) {
		uint32_t run = run_from((uint32_t)first);

		n = run ? 1 + (uint32_t)random_below(run) : n;
	}
	if (random_below(40) == 0)
		n = 0;
	STEP("free of %u pages from %lld on, %llu bytes askew", n, (long long)first,
		(unsigned long long)askew);
	err = askew ? EINVAL : expect_free(first, n);
	rte_errno = ERRNO_UNTOUCHED;
	rc = rcumem_pages_free(model.base + first * (int64_t)page_sz + askew, n * page_sz);
	agree(err ? rc == -1 && rte_errno == err : rc == 0, "%d, errno %d, not %d", rc, rte_errno,
		err);
	for (uint32_t p = 0; !err && p < n; p++)
		model.is[first + p] = model.held ? IS_WAITING : IS_FREE;
	model.version += err ? 0 : n;
	model.frees += !err;
}

/* ---- External memory ---- */

static bool ext_overlaps(const char *va, uint32_t n)
{
	for (uint32_t i = 0; i < model.n_ext; i++)
		if (va < model.ext[i].va + model.ext[i].n * EXT_PAGE &&
			model.ext[i].va < va + n * EXT_PAGE)
			return true;
	return false;
}

static void step_register(void)
{
	uint32_t at = (uint32_t)random_below(EXT_SPAN - 8), n = 1 + (uint32_t)random_below(8);
	/* The same IO addresses as others', now and then as internal pages'. */
	uint64_t iova = random_below(4) ? EXT_IOVA : (uint64_t)(uintptr_t)model.base;
	struct ext_list ext = {
		model.ext_base + at * EXT_PAGE, n, iova + random_below(EXT_SPAN) * EXT_PAGE};
	int err = ext_overlaps(ext.va, n) ? EEXIST : 0, rc;

	if (model.n_ext == EXT_MAX || model.held)
		return;
	STEP("register %u pages from %u on as %#llx", n, at, (unsigned long long)ext.iova);
	rte_errno = ERRNO_UNTOUCHED;
	rc = ext_register(ext.va, n, ext.iova);
	agree(err ? rc == -1 && rte_errno == err : rc == 0, "%d, errno %d, not %d", rc, rte_errno,
		err);
	if (!err)
		model.ext[model.n_ext++] = ext;
}

static void step_unregister(void)
{
	uint32_t i = model.n_ext ? (uint32_t)random_below(model.n_ext) : 0;
	bool part = random_below(5) == 0;
	int rc;

	if (model.n_ext == 0 || model.held)
		return;
	STEP("unregister %s list %u", part ? "a part of" : "all of", i);
	rte_errno = ERRNO_UNTOUCHED;
	rc = ext_unregister(model.ext[i].va, model.ext[i].n + part);
	agree(part ? rc == -1 && rte_errno == ENOENT : rc == 0, "%d, errno %d", rc, rte_errno);
	if (!part)
		model.ext[i] = model.ext[--model.n_ext];
}

/* ---- Readers and validators ---- */

static void step_reader(void)
{
	STEP(model.held ? "the reader leaves" : "a reader enters");
	assert_int_equal(actor_do(&reader, model.held ? reader_leave : reader_enter, NULL), 0);
	model.held = !model.held;
	change_is(IS_WAITING, IS_PASSED);
}

static void step_validator(void)
{
	STEP(model.validator_from ? "no validator" : "a validator");
	if (model.validator_from) {
		assert_int_equal(rte_mem_alloc_validator_unregister("model", model.socket), 0);
		model.validator_from = 0;
		return;
	}
	model.validator_from = (1 + random_below(model.n_pages)) * page_sz;
	model.verdict = random_below(2) ? -1 : 0;
	assert_int_equal(rte_mem_alloc_validator_register(
				 "model", validator, model.socket, model.validator_from),
		0);
}

/* ---- A run ---- */

static void run_begin(void)
{
	struct rcumem_options opts = test_options();
	char *ext_base = model.ext_base;

	memset(&model, 0, sizeof(model));
	n_steps = 0;
	model.ext_base = ext_base;
	model.n_pages = page_sz == RTE_PGSIZE_4K ? PAGES_MAX : HUGEPAGES_NEEDED - 4;
	opts.page_sizes = page_sz;
	opts.free_timeout_ms = 1;
	model.limit = random_below(2) ? model.n_pages * 3 / 4 : 0;
	opts.socket_limit[0] = model.limit * page_sz;
	runtime_start(&opts);
	visit_lists(&seen);
	assert_int_equal(seen.n, 1);
	model.base = seen.at[0].msl->base_va;
	model.socket = seen.at[0].msl->socket_id;
	assert_int_equal(model.socket, 0);
	/* A list cannot be shorter than 1 GiB: what the model does not know is taken. */
	model.list_pages = runtime_region()->states[0].n_pages;
	pagemask_set(runtime_region()->states[0].taken, model.list_pages, model.n_pages,
		model.list_pages - model.n_pages, true);
}

static void run_end(void)
{
	if (model.held)
		step_reader();
	runtime_stop();
}

static void random_operations_match_the_model(void **state)
{
	static void (*const step[])(void) = {step_alloc, step_alloc, step_alloc, step_alloc,
		step_alloc, step_alloc, step_free, step_free, step_free, step_free, step_free,
		step_free, step_free, step_register, step_register, step_unregister, step_reader,
		step_validator};
	const char *given = getenv("RCUMEM_RUNS");
	unsigned long runs = given ? strtoul(given, NULL, 0) : RUNS;
	unsigned long allocs = 0, frees = 0, failures = 0;

	(void)state;
	model.ext_base = ext_reserve(EXT_SPAN);
	for (unsigned long run = 0; run < runs; run++) {
		actor_start(&reader);
		run_begin();
		check_all();
		for (uint32_t i = 0; i < STEPS; i++) {
			step[random_below(ARRAY_LEN(step))]();
			check_all();
		}
		allocs += model.allocs;
		frees += model.frees;
		failures += model.failures;
		run_end();
		actor_stop(&reader);
	}
	print_message("%lu operations: %lu allocs, %lu frees, %lu allocs refused\n", runs * STEPS,
		allocs, frees, failures);
	ext_release(model.ext_base, EXT_SPAN);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		BARE_CASE(random_operations_match_the_model),
	};

	random_begin();
	return RUN_CASES("hotplug_model", cases);
}
