/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CRASH_TABLE_H
#define CRASH_TABLE_H

/* Every operation that somebody dies in. */

#include "crash_life.h"

/* ---- What others do ---- */

static inline void others_alloc_and_free(void)
{
	must(&writer, s_alloc_and_free, "alloc and free");
}

/* Freed while a reader is inside, which leaves then: the next writer reclaims. */
static inline void others_fill_the_quarantine(void)
{
	must(&holder, op_read_lock, "lock");
	must(&writer, s_alloc_and_free, "alloc and free");
	must(&holder, op_read_unlock, "unlock");
}

static inline void others_enter(void)
{
	must(&holder, op_read_lock, "lock");
}

static inline void others_leave_soon(void)
{
	sleep_ms(4);
	must(&holder, op_read_unlock, "unlock");
}

static inline void others_widen(void)
{
	must(&writer, s_unmask, "unmask");
}

#define AFTER(point, prepare, run) .first_death = point, .first_prepare = prepare, .first_run = run

#define OP(title, before_it, does, how)                                                            \
	.name = title, .prepare = before_it, .run = does, .flags = how

static const struct crash_op crash_ops[] = {
	{OP("alloc", NULL, v_alloc, 0)},
	{OP("alloc, told to another", NULL, v_alloc, WITH_LISTENER)},
	{OP("alloc, told to oneself", v_callback, v_alloc, WITH_LISTENER)},
	{OP("alloc withdrawn", NULL, v_alloc_in_vain, WITH_LISTENER | WITH_SLOW)},
	{OP("alloc refused", v_narrow, v_alloc_refused, 0), .after = others_widen},
	{OP("alloc with many blocks waiting", v_retire_many, v_alloc, 0)},
	{OP("free", v_alloc_filled, v_free, 0)},
	{OP("free, told to another", v_alloc_filled, v_free, WITH_LISTENER)},
	{OP("free, told to oneself", v_callback_and_pages, v_free, WITH_LISTENER)},
	{OP("free beside a reader", v_alloc_filled, v_free, WITH_HELD)},
	{OP("free while a reader leaves", v_alloc_filled, v_free, 0), .before = others_enter,
		.during = others_leave_soon},
	{OP("reclaim", NULL, v_alloc, 0), .before = others_fill_the_quarantine},
	{OP("pin", v_alloc_filled, v_pin, 0)},
	{OP("unpin", v_alloc_pinned, v_unpin, 0)},
	{OP("leave with a pin", v_alloc_pinned, v_fini, 0)},
	{OP("register", NULL, v_register, 0)},
	{OP("register far away", NULL, v_register_far, 0)},
	{OP("unregister", v_register, v_unregister, 0)},
	{OP("unregister beside a reader", v_register, v_unregister, WITH_HELD)},
	{OP("attach external memory", NULL, v_attach, 0)},
	{OP("detach external memory", v_attach, v_detach, 0)},
	{OP("init of an array", NULL, v_array_init, 0)},
	{OP("attach an array", NULL, v_array_attach, 0)},
	{OP("detach an array", v_array_attach, v_array_detach, 0)},
	{OP("destroy an array", v_array_init, v_array_destroy, 0)},
	{OP("use an element", v_array_unused, v_array_use, 0)},
	{OP("free an element", v_array_used, v_array_free, 0)},
	{OP("join", NULL, v_init, OUTSIDE)},
	{OP("leave", v_rich_leaver, v_fini, 0)},
	{OP("register a callback", NULL, v_callback, WITH_LISTENER)},
	{OP("unregister a callback", v_callback, v_no_callback, WITH_LISTENER)},
	{OP("subscribe", v_alloc_filled, v_subscribe, WITH_LISTENER)},
	{OP("be told of events", v_subscribe, NULL, PASSIVE | WITH_LISTENER),
		.during = others_alloc_and_free},
	{OP("sections", v_attach_both, v_sections, 0)},
	{OP("DMA mask", NULL, v_dma_mask, 0)},
	{OP("reap one with everything", NULL, v_init, OUTSIDE), AFTER("", v_rich, NULL)},
	{OP("reap one that waits for a listener", NULL, v_init, OUTSIDE | WITH_LISTENER),
		AFTER("alloc.waited", NULL, v_alloc)},
	{OP("free beside a dead reader", v_alloc_filled, v_free, 0), AFTER("", v_rich, NULL)},
	{OP("recover an alloc", NULL, v_alloc, 0), AFTER("plug.shown", NULL, v_alloc)},
	{OP("recover an alloc that is published", NULL, v_alloc, WITH_LISTENER),
		AFTER("snapshot.published", NULL, v_alloc)},
	{OP("recover an alloc that is being told", NULL, v_alloc, WITH_LISTENER),
		AFTER("event.written", NULL, v_alloc)},
	{OP("recover an alloc that is being withdrawn", NULL, v_alloc_later,
		 WITH_LISTENER | WITH_SLOW),
		AFTER("event.cancelled", NULL, v_alloc_in_vain)},
	{OP("recover a free", NULL, v_alloc, 0), AFTER("unpublish.edited", v_alloc_filled, v_free)},
	{OP("recover a free that is published", NULL, v_alloc, WITH_LISTENER),
		AFTER("unpublish.published", v_alloc_filled, v_free)},
	{OP("recover a reclaim", NULL, v_alloc, 0),
		AFTER("reclaim.punched", v_alloc_filled, v_free)},
	{OP("recover a registration", NULL, v_alloc, 0), AFTER("external.shown", NULL, v_register)},
	{OP("recover a registration without a record", NULL, v_alloc, 0),
		AFTER("external.stored", NULL, v_register)},
	{OP("recover a registration that is published", NULL, v_alloc, 0),
		AFTER("external.published", NULL, v_register)},
	{OP("recover an unregistration", NULL, v_alloc, 0),
		AFTER("external.died", v_register, v_unregister)},
};

#endif /* CRASH_TABLE_H */
