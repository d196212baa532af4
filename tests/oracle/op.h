/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ORACLE_OP_H
#define ORACLE_OP_H

/*
 * What the two drivers are asked to do, and what they answer.
 *
 * An operation is a function and numbers: no pointer is in it, so that it means the same in both
 * processes, can be written down as a line of text, and can be left out of a sequence.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define OP_ARGS 6

/*
 * Every function that is compared: its name, how often it is drawn, its arguments.
 *
 * `from` says what an address counts from, see enum from.  `slot` is a list by its place in the
 * table of external lists; SLOT_INTERNAL is the library's own.  `arr` is an array of the drivers,
 * ARRAY_NULL, or ARRAY_LIST + slot: the segments of a list.
 */
#define FUNCTIONS(F)                                                                               \
	F(rte_extmem_register, 10, "from va len page table n")                                     \
	F(rte_extmem_unregister, 7, "from va len")                                                 \
	F(rte_extmem_attach, 3, "from va len")                                                     \
	F(rte_extmem_detach, 3, "from va len")                                                     \
	F(rte_mem_virt2memseg_list, 2, "from va")                                                  \
	F(rte_mem_virt2memseg, 5, "from va slot")                                                  \
	F(rte_mem_iova2virt, 11, "from iova")                                                      \
	F(rte_mem_virt2iova, 1, "from va")                                                         \
	F(rte_mem_virt2phy, 1, "from va")                                                          \
	F(rte_mem_lock_page, 1, "from va")                                                         \
	F(rte_memseg_walk, 2, "stop value inner")                                                  \
	F(rte_memseg_walk_thread_unsafe, 2, "stop value inner")                                    \
	F(rte_memseg_contig_walk, 2, "stop value inner")                                           \
	F(rte_memseg_contig_walk_thread_unsafe, 2, "stop value inner")                             \
	F(rte_memseg_list_walk, 2, "stop value inner")                                             \
	F(rte_memseg_list_walk_thread_unsafe, 2, "stop value inner")                               \
	F(rte_memseg_get_fd, 2, "slot page")                                                       \
	F(rte_memseg_get_fd_thread_unsafe, 2, "slot page")                                         \
	F(rte_memseg_get_fd_offset, 2, "slot page null")                                           \
	F(rte_memseg_get_fd_offset_thread_unsafe, 2, "slot page null")                             \
	F(rte_eal_get_physmem_size, 1, "")                                                         \
	F(rte_memory_get_nchannel, 1, "")                                                          \
	F(rte_memory_get_nrank, 1, "")                                                             \
	F(rte_dump_physmem_layout, 1, "")                                                          \
	F(rte_mem_check_dma_mask, 4, "bits")                                                       \
	F(rte_mem_check_dma_mask_thread_unsafe, 4, "bits")                                         \
	F(rte_mem_set_dma_mask, 1, "bits")                                                         \
	F(rte_fbarray_init, 3, "arr name len elt")                                                 \
	F(rte_fbarray_attach, 2, "arr")                                                            \
	F(rte_fbarray_detach, 2, "arr")                                                            \
	F(rte_fbarray_destroy, 2, "arr")                                                           \
	F(rte_fbarray_get, 2, "arr idx")                                                           \
	F(rte_fbarray_find_idx, 2, "arr null off")                                                 \
	F(rte_fbarray_set_used, 5, "arr idx cnt step")                                             \
	F(rte_fbarray_set_free, 3, "arr idx cnt step")                                             \
	F(rte_fbarray_is_used, 2, "arr idx")                                                       \
	F(rte_fbarray_find_next_free, 2, "arr start")                                              \
	F(rte_fbarray_find_next_used, 2, "arr start")                                              \
	F(rte_fbarray_find_prev_free, 2, "arr start")                                              \
	F(rte_fbarray_find_prev_used, 2, "arr start")                                              \
	F(rte_fbarray_find_next_n_free, 8, "arr start n")                                          \
	F(rte_fbarray_find_next_n_used, 3, "arr start n")                                          \
	F(rte_fbarray_find_prev_n_free, 3, "arr start n")                                          \
	F(rte_fbarray_find_prev_n_used, 3, "arr start n")                                          \
	F(rte_fbarray_find_contig_free, 2, "arr start")                                            \
	F(rte_fbarray_find_contig_used, 2, "arr start")                                            \
	F(rte_fbarray_find_rev_contig_free, 2, "arr start")                                        \
	F(rte_fbarray_find_rev_contig_used, 2, "arr start")                                        \
	F(rte_fbarray_find_biggest_free, 2, "arr start")                                           \
	F(rte_fbarray_find_biggest_used, 2, "arr start")                                           \
	F(rte_fbarray_find_rev_biggest_free, 2, "arr start")                                       \
	F(rte_fbarray_find_rev_biggest_used, 2, "arr start")                                       \
	F(rte_fbarray_dump_metadata, 2, "arr null")

enum function {
#define FUNCTION_ID(name, weight, args) FN_##name,
	FUNCTIONS(FUNCTION_ID)
#undef FUNCTION_ID
		FUNCTION_CNT
};

/* What an address counts from. */
enum from {
	FROM_ZERO,         /* It is absolute. */
	FROM_INTERNAL,     /* The first byte of the library's own memory in use. */
	FROM_INTERNAL_END, /* The first byte behind that list. */
	FROM_MAPPED,       /* A page that the driver has mapped, with nothing behind it. */
	FROM_CNT,
};

#define SLOT_INTERNAL 1000
#define SLOT_NULL     1001
#define ARRAY_CNT     8
#define ARRAY_NULL    99
#define ARRAY_LIST    100

struct op {
	uint16_t fn; /* enum function. */
	uint64_t arg[OP_ARGS];
};

/* What came of one operation, in the form in which the drivers write it. */
struct record {
	uint16_t fn;
	uint16_t row;  /* enum row: of the contract. */
	int32_t err;   /* rte_errno where the call sets it, else 0. */
	int64_t ret;   /* What was returned; for a pointer to a list or slot whether it was NULL. */
	uint64_t seen; /* Digest of what was handed out, in its order. */
	uint32_t op;   /* Digest of the operation: both must have been asked the same. */
	uint32_t cnt;  /* Callbacks counted, for people. */
};

_Static_assert(sizeof(struct record) == 32, "the comparer knows this size");

extern const char *const function_names[FUNCTION_CNT];
extern const unsigned int function_weights[FUNCTION_CNT];

/* One line, without its newline. */
void op_print(const struct op *op, FILE *file);

/* False when the line is no operation. */
bool op_parse(const char *line, struct op *op);

static inline uint64_t digest(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15ull;
	return h ^ (h >> 29);
}

#endif /* ORACLE_OP_H */
