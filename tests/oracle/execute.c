/* SPDX-License-Identifier: BSD-3-Clause */
/* One operation from beginning to end; external memory, lookups. */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "execute.h"
#include "side.h"

#define MAPPED_VA 0x600000000000ull /* Nothing of either library comes near. */
#define SPARE_VA  0x5f0000000000ull

struct world world;

/* ---- What is handed out ---- */

uint64_t digest_text(uint64_t h, const char *text)
{
	for (size_t i = 0; i < 64 && text[i]; i++)
		h = digest(h, (unsigned char)text[i]);
	return h;
}

/* Of lists of the library itself only that it is one. */
uint64_t digest_list(uint64_t h, const struct rte_memseg_list *msl)
{
	h = digest(h, msl->external);
	if (!msl->external)
		return h;
	h = digest(h, msl->addr_64);
	h = digest(h, msl->page_sz);
	h = digest(h, msl->len);
	h = digest(h, (uint64_t)msl->socket_id << 32 | msl->version);
	h = digest(h, (uint64_t)msl->heap << 32 | msl->memseg_arr.count);
	return digest(h, (uint64_t)msl->memseg_arr.len << 32 | msl->memseg_arr.elt_sz);
}

uint64_t digest_segment(uint64_t h, const struct rte_memseg *ms)
{
	h = digest(h, ms->iova);
	h = digest(h, ms->addr_64);
	h = digest(h, ms->len);
	h = digest(h, ms->hugepage_sz);
	h = digest(h, (uint64_t)ms->socket_id << 32 | ms->flags);
	return digest(h, (uint64_t)ms->nchannel << 32 | ms->nrank);
}

void *execute_address(uint64_t from, uint64_t off)
{
	uint64_t base = 0;

	if (from == FROM_INTERNAL)
		base = world.internal->addr_64;
	else if (from == FROM_INTERNAL_END)
		base = world.internal->addr_64 + world.internal->len;
	else if (from == FROM_MAPPED)
		base = MAPPED_VA;
	return (void *)(uintptr_t)(base + off);
}

/* ---- External memory ---- */

static int find_base(const struct rte_memseg_list *msl, void *arg)
{
	const struct rte_memseg_list **found = arg;

	if (!msl->external || msl->base_va != *(void **)arg)
		return 0;
	*found = msl;
	return 1;
}

/* Where the list that was just registered is, in its slot of the model. */
static void learn_slot(uint64_t va)
{
	const void *arg = (void *)(uintptr_t)va; /* Becomes the list. */

	for (int i = 0; i < LISTS_MAX; i++)
		if (model.lists[i].live && model.lists[i].va == va)
			world.slots[i] = rte_memseg_list_walk(find_base, &arg) ? arg : NULL;
}

static int call_register(const struct op *op)
{
	static rte_iova_t iovas[PAGES_MAX];
	bool whole = op->arg[0] == FROM_INTERNAL && op->arg[1] == 0 && op->arg[2] == LEN_INTERNAL;
	uint64_t table = op->arg[4];

	for (uint64_t i = 0; i < PAGES_MAX && (table & 7); i++)
		iovas[i] = table_iova(table, op->arg[3], i);
	return rte_extmem_register(execute_address(op->arg[0], op->arg[1]),
		whole ? world.internal->len : op->arg[2], table & 7 ? iovas : NULL,
		(unsigned int)op->arg[5], op->arg[3]);
}

/*
 * Where one library takes what the other refuses, that is undone at once, or all that follows
 * would differ.  A socket id is gone then, and one goes in the other, too.
 */
static void settle(const struct op *op, int ret)
{
	void *va = execute_address(op->arg[0], op->arg[1]), *spare = (void *)SPARE_VA;
	uint64_t pages = (uint32_t)(op->arg[2] / op->arg[3]); /* All that DPDK keeps of them. */

	if (ret == 0)
		rte_extmem_unregister(va, pages * op->arg[3]);
	else if (rte_extmem_register(spare, 4096, NULL, 0, 4096) == 0)
		rte_extmem_unregister(spare, 4096);
}

void execute_external(const struct op *op, struct record *rec)
{
	void *va = execute_address(op->arg[0], op->arg[1]);

	switch (op->fn) {
	case FN_rte_extmem_register:
		rec->ret = call_register(op);
		break;
	case FN_rte_extmem_unregister:
		rec->ret = rte_extmem_unregister(va, op->arg[2]);
		break;
	case FN_rte_extmem_attach:
		rec->ret = rte_extmem_attach(va, op->arg[2]);
		break;
	default:
		rec->ret = rte_extmem_detach(va, op->arg[2]);
		break;
	}
}

/* ---- Lookups ---- */

static void lookup_segment(const struct op *op, void *virt, struct record *rec)
{
	const struct rte_memseg_list *msl = NULL;
	const struct rte_memseg *ms;

	if (op->arg[2] != SLOT_NULL)
		msl = op->arg[2] == SLOT_INTERNAL ? world.internal : world.slots[op->arg[2]];
	ms = rte_mem_virt2memseg(virt, msl);
	rec->ret = ms != NULL;
	if (op->arg[0] == FROM_INTERNAL && ms)
		rec->seen = (uint64_t)(ms - (struct rte_memseg *)world.internal->memseg_arr.data);
	else if (ms && rec->row != ROW_R4) /* In DPDK that is an address without memory. */
		rec->seen = digest_segment(0, ms);
}

void execute_lookup(const struct op *op, struct record *rec)
{
	void *virt = execute_address(op->arg[0], op->arg[1]);
	const struct rte_memseg_list *msl;
	uint64_t right, found;

	switch (op->fn) {
	case FN_rte_mem_virt2memseg_list:
		msl = rte_mem_virt2memseg_list(virt);
		rec->ret = msl != NULL;
		rec->seen = msl ? digest_list(0, msl) : 0;
		break;
	case FN_rte_mem_virt2memseg:
		lookup_segment(op, virt, rec);
		break;
	default:
		model_row_iova(op, &right);
		found = (uint64_t)(uintptr_t)rte_mem_iova2virt((uint64_t)(uintptr_t)virt);
		if (op->arg[0] == FROM_INTERNAL && found)
			found -= world.internal->addr_64 - 1; /* So that 0 is not found. */
		rec->ret = (int64_t)found;
		/* What DPDK should have answered in these rows, it does not. */
		if ((rec->row == ROW_L18 || rec->row == ROW_L19) && found != right)
			rec->err = EILSEQ;
		break;
	}
}

/* ---- One operation ---- */

static int first_internal(const struct rte_memseg_list *msl, void *arg)
{
	if (msl->external)
		return 1;
	if (world.n_internal++ == 0)
		world.internal = msl;
	return 0;
}

bool execute_begin(void)
{
	void *mapped = (void *)MAPPED_VA;
	char *page = mmap(mapped, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	uint64_t last;

	if (page != mapped || rte_memseg_list_walk(first_internal, NULL) || !world.internal)
		return false;
	*page = 1;
	last = world.internal->addr_64 +
	       (world.internal->memseg_arr.count * world.internal->page_sz) - 1;
	model.bits = 64 - (unsigned int)__builtin_clzll(last);
	world.physmem = rte_eal_get_physmem_size();
	return last >= INTERNAL_FIRST && last <= INTERNAL_LAST;
}

static void call(const struct op *op, struct record *rec)
{
	if (op->fn <= FN_rte_extmem_detach)
		execute_external(op, rec);
	else if (op->fn <= FN_rte_mem_iova2virt)
		execute_lookup(op, rec);
	else if (op->fn >= FN_rte_memseg_walk && op->fn <= FN_rte_memseg_list_walk_thread_unsafe)
		execute_walk(op, rec);
	else if (op->fn < FN_rte_fbarray_init)
		execute_info(op, rec);
	else
		execute_array(op, rec);
}

/* Failure of these is an answer, or they have none: what they leave in rte_errno is noise. */
static bool fails(const struct op *op, int64_t ret)
{
	return ret == -1 && op->fn != FN_rte_mem_iova2virt && op->fn != FN_rte_mem_virt2phy &&
	       (op->fn < FN_rte_memseg_walk || op->fn > FN_rte_memseg_list_walk_thread_unsafe);
}

void execute(const struct op *op, struct record *rec)
{
	*rec = (struct record){.fn = op->fn, .op = op->fn};
	for (int i = 0; i < OP_ARGS; i++)
		rec->op = (uint32_t)digest(rec->op, op->arg[i]);
	if (!model_legal(op))
		return;
	rec->row = (uint16_t)model_row(op);
	rte_errno = 0;
	call(op, rec);
	if (rec->err == 0 && (side_silent || fails(op, rec->ret)))
		rec->err = rte_errno;
	if (op->fn == FN_rte_extmem_register && row_one_sided((enum row)rec->row))
		settle(op, (int)rec->ret);
	model_apply(op, (enum row)rec->row);
	if (op->fn == FN_rte_extmem_register && rec->ret == 0)
		learn_slot(op->arg[1]);
}
