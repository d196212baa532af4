/* SPDX-License-Identifier: BSD-3-Clause */
/* rcumem's readers and liburcu's: two kinds of ours, four of theirs. */
#include "flavours.h"

#include <stddef.h>

#define _LGPL_SOURCE /* liburcu's small functions inline. */
#include <urcu/urcu-bp.h>
#include <urcu/urcu-mb.h>
#include <urcu/urcu-memb.h>
#include <urcu/urcu-qsbr.h>

#include <rcumem.h>

static void nothing(void)
{
}

/* ---- rcumem: sections, and quiescent states ---- */

static void rcumem_begin(void)
{
	rcumem_read_lock();
}

static void rcumem_leave_qsbr(void)
{
	rcumem_reader_unregister();
}

static int rcumem_wait(void)
{
	return rcumem_synchronize(1000);
}

static void rcumem_loop(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		rcumem_read_lock();
		rcumem_read_unlock();
	}
}

static void rcumem_qsbr_loop(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		rcumem_reader_quiescent();
}

/* ---- liburcu: the flavours with sections differ in their names only ---- */

#define URCU_FLAVOUR(flavour)                                                                      \
	static int flavour##_enlist(void)                                                          \
	{                                                                                          \
		urcu_##flavour##_register_thread();                                                \
		return 0;                                                                          \
	}                                                                                          \
	static void flavour##_leave(void)                                                          \
	{                                                                                          \
		urcu_##flavour##_unregister_thread();                                              \
	}                                                                                          \
	static int flavour##_wait(void)                                                            \
	{                                                                                          \
		urcu_##flavour##_synchronize_rcu();                                                \
		return 0;                                                                          \
	}

#define URCU_SECTIONS(flavour)                                                                     \
	static void flavour##_begin(void)                                                          \
	{                                                                                          \
		urcu_##flavour##_read_lock();                                                      \
	}                                                                                          \
	static void flavour##_end(void)                                                            \
	{                                                                                          \
		urcu_##flavour##_read_unlock();                                                    \
	}                                                                                          \
	static void flavour##_loop(uint64_t n)                                                     \
	{                                                                                          \
		for (uint64_t i = 0; i < n; i++) {                                                 \
			urcu_##flavour##_read_lock();                                              \
			urcu_##flavour##_read_unlock();                                            \
		}                                                                                  \
	}

URCU_FLAVOUR(bp)
URCU_FLAVOUR(memb)
URCU_FLAVOUR(mb)
URCU_FLAVOUR(qsbr)
URCU_SECTIONS(bp)
URCU_SECTIONS(memb)
URCU_SECTIONS(mb)

static void qsbr_end(void)
{
	urcu_qsbr_quiescent_state();
}

static void qsbr_offline(void)
{
	urcu_qsbr_thread_offline();
}

static void qsbr_online(void)
{
	urcu_qsbr_thread_online();
}

static void qsbr_loop(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		urcu_qsbr_quiescent_state();
}

const struct flavour flavours[] = {
	{"rcumem", rcumem_thread_init, nothing, rcumem_begin, rcumem_read_unlock, nothing, nothing,
		rcumem_wait, rcumem_loop},
	{"rcumem-qsbr", rcumem_reader_register, rcumem_leave_qsbr, nothing, rcumem_reader_quiescent,
		rcumem_reader_offline, rcumem_reader_online, rcumem_wait, rcumem_qsbr_loop},
	{"urcu-bp", bp_enlist, bp_leave, bp_begin, bp_end, nothing, nothing, bp_wait, bp_loop},
	{"urcu-memb", memb_enlist, memb_leave, memb_begin, memb_end, nothing, nothing, memb_wait,
		memb_loop},
	{"urcu-mb", mb_enlist, mb_leave, mb_begin, mb_end, nothing, nothing, mb_wait, mb_loop},
	{"urcu-qsbr", qsbr_enlist, qsbr_leave, nothing, qsbr_end, qsbr_offline, qsbr_online,
		qsbr_wait, qsbr_loop},
	{0},
};
