/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SIGNATURES_H
#define SIGNATURES_H

/*
 * The functions of the compatible API, in the types that DPDK 20.11 has: a
 * function that is missing or differs does not compile.  Contract section 1 and
 * Appendix A.  Includers bring static_assert().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_eal_memconfig.h>
#include <rte_errno.h>
#include <rte_fbarray.h>
#include <rte_memory.h>

#ifdef __cplusplus
#include <type_traits>
#define SIGNATURE(result, name, parameters)                                                        \
	static_assert(std::is_same<decltype(&name), result(*) parameters>::value, #name)
#else
#define SIGNATURE(result, name, parameters)                                                        \
	static_assert(_Generic(&(name), result(*) parameters : 1, default : 0), #name)
#endif

typedef int check_seg_fn(const struct rte_memseg_list *, const struct rte_memseg *, void *);
typedef int check_run_fn(const struct rte_memseg_list *, const struct rte_memseg *, size_t, void *);
typedef int check_list_fn(const struct rte_memseg_list *, void *);
typedef void check_event_fn(enum rte_mem_event, const void *, size_t, void *);
typedef int check_validator_fn(int, size_t, size_t);

/* rte_memory.h: 32 functions. */
SIGNATURE(int, rte_mem_lock_page, (const void *));
SIGNATURE(uint64_t, rte_mem_virt2phy, (const void *));
SIGNATURE(uint64_t, rte_mem_virt2iova, (const void *));
SIGNATURE(void *, rte_mem_iova2virt, (uint64_t));
SIGNATURE(struct rte_memseg *, rte_mem_virt2memseg, (const void *, const struct rte_memseg_list *));
SIGNATURE(struct rte_memseg_list *, rte_mem_virt2memseg_list, (const void *));
SIGNATURE(int, rte_memseg_walk, (check_seg_fn *, void *));
SIGNATURE(int, rte_memseg_contig_walk, (check_run_fn *, void *));
SIGNATURE(int, rte_memseg_list_walk, (check_list_fn *, void *));
SIGNATURE(int, rte_memseg_walk_thread_unsafe, (check_seg_fn *, void *));
SIGNATURE(int, rte_memseg_contig_walk_thread_unsafe, (check_run_fn *, void *));
SIGNATURE(int, rte_memseg_list_walk_thread_unsafe, (check_list_fn *, void *));
SIGNATURE(int, rte_memseg_get_fd, (const struct rte_memseg *));
SIGNATURE(int, rte_memseg_get_fd_thread_unsafe, (const struct rte_memseg *));
SIGNATURE(int, rte_memseg_get_fd_offset, (const struct rte_memseg *, size_t *));
SIGNATURE(int, rte_memseg_get_fd_offset_thread_unsafe, (const struct rte_memseg *, size_t *));
SIGNATURE(int, rte_extmem_register, (void *, size_t, uint64_t *, unsigned int, size_t));
SIGNATURE(int, rte_extmem_unregister, (void *, size_t));
SIGNATURE(int, rte_extmem_attach, (void *, size_t));
SIGNATURE(int, rte_extmem_detach, (void *, size_t));
SIGNATURE(void, rte_dump_physmem_layout, (FILE *));
SIGNATURE(uint64_t, rte_eal_get_physmem_size, (void));
SIGNATURE(unsigned int, rte_memory_get_nchannel, (void));
SIGNATURE(unsigned int, rte_memory_get_nrank, (void));
SIGNATURE(int, rte_mem_check_dma_mask, (uint8_t));
SIGNATURE(int, rte_mem_check_dma_mask_thread_unsafe, (uint8_t));
SIGNATURE(void, rte_mem_set_dma_mask, (uint8_t));
SIGNATURE(int, rte_eal_using_phys_addrs, (void));
SIGNATURE(int, rte_mem_event_callback_register, (const char *, check_event_fn *, void *));
SIGNATURE(int, rte_mem_event_callback_unregister, (const char *, void *));
SIGNATURE(int, rte_mem_alloc_validator_register, (const char *, check_validator_fn *, int, size_t));
SIGNATURE(int, rte_mem_alloc_validator_unregister, (const char *, int));

/* rte_fbarray.h: 26 functions. */
SIGNATURE(int, rte_fbarray_init, (struct rte_fbarray *, const char *, unsigned int, unsigned int));
SIGNATURE(int, rte_fbarray_attach, (struct rte_fbarray *));
SIGNATURE(int, rte_fbarray_detach, (struct rte_fbarray *));
SIGNATURE(int, rte_fbarray_destroy, (struct rte_fbarray *));
SIGNATURE(void *, rte_fbarray_get, (const struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_idx, (const struct rte_fbarray *, const void *));
SIGNATURE(int, rte_fbarray_set_used, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_set_free, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_is_used, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_next_free, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_next_used, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_prev_free, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_prev_used, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_next_n_free, (struct rte_fbarray *, unsigned int, unsigned int));
SIGNATURE(int, rte_fbarray_find_next_n_used, (struct rte_fbarray *, unsigned int, unsigned int));
SIGNATURE(int, rte_fbarray_find_prev_n_free, (struct rte_fbarray *, unsigned int, unsigned int));
SIGNATURE(int, rte_fbarray_find_prev_n_used, (struct rte_fbarray *, unsigned int, unsigned int));
SIGNATURE(int, rte_fbarray_find_contig_free, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_contig_used, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_rev_contig_free, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_rev_contig_used, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_biggest_free, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_biggest_used, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_rev_biggest_free, (struct rte_fbarray *, unsigned int));
SIGNATURE(int, rte_fbarray_find_rev_biggest_used, (struct rte_fbarray *, unsigned int));
SIGNATURE(void, rte_fbarray_dump_metadata, (struct rte_fbarray *, FILE *));

/* rte_eal_memconfig.h, rte_eal.h, rte_errno.h. */
SIGNATURE(void, rte_mcfg_mem_read_lock, (void));
SIGNATURE(void, rte_mcfg_mem_read_unlock, (void));
SIGNATURE(void, rte_mcfg_mem_write_lock, (void));
SIGNATURE(void, rte_mcfg_mem_write_unlock, (void));
SIGNATURE(bool, rte_mcfg_get_single_file_segments, (void));
SIGNATURE(enum rte_iova_mode, rte_eal_iova_mode, (void));
SIGNATURE(const char *, rte_strerror, (int));

#ifdef PLANT_SIGNATURE
SIGNATURE(int, rte_eal_get_physmem_size, (void)); /* Wrong on purpose: see check_headers.sh. */
#endif

#endif /* SIGNATURES_H */
