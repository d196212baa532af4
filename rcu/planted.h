/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCU_PLANTED_H
#define RCU_PLANTED_H

/*
 * Classic mistakes that a test build makes on purpose (meson -Dplanted=true), to
 * prove that the tests find them.  RCUMEM_PLANT=name chooses one when the program
 * starts; without it such a build is right.  In all other builds PLANTED() is 0,
 * and nothing of this is left in the code.
 *
 * Each has one place.  docs/testing.md names the test that finds it.
 */

#include <stdint.h>

#define RCU_PLANTS(X)                                                                              \
	X(RELAXED_PUBLISH, "relaxed_publish")   /* What is published may not be complete. */       \
	X(NO_GRACE_PERIOD, "no_grace_period")   /* Whoever waits for readers does not. */          \
	X(EARLY_PUNCH, "early_punch")           /* Pages go while readers may hold them. */        \
	X(LOST_ACK, "lost_ack")                 /* That callbacks were told is forgotten. */       \
	X(DESCRIPTOR_EARLY, "descriptor_early") /* Descriptors are cleared with the mask. */       \
	X(LATE_INTENT, "late_intent")           /* An operation has begun when it is noted. */     \
	X(SNAPSHOT_REUSED, "snapshot_reused")   /* Blocks are reused that readers stand on. */     \
	X(UNPAIRED_STORE, "unpaired_store")     /* A reader's own word waits in its processor. */  \
	X(MBIND_ONLY, "mbind_only")           /* Of a node the mapping is told, not the thread. */ \
	X(UNCHECKED_RANGE, "unchecked_range") /* The checker believes a record's pages. */         \
	X(KEPT_GIFT, "kept_gift")             /* Descriptors of a bad answer stay open. */         \
	X(SHORT_SPLIT, "short_split")         /* A node's last word does not take the value. */    \
	X(SIZE_OVERFLOW, "size_overflow")     /* A size on the command line wraps. */              \
	X(TRUSTED_INTENT, "trusted_intent")   /* Recovery goes where damaged records lead. */

#ifdef RCU_PLANTED

#define RCU_PLANT_ENUM(id, name) RCU_PLANT_##id,
enum { RCU_PLANT_NONE, RCU_PLANTS(RCU_PLANT_ENUM) };

extern uint32_t rcu_plant __attribute__((visibility("hidden"))); /* Set before main(). */

#define PLANTED(id) (rcu_plant == RCU_PLANT_##id)

#else
#define PLANTED(id) 0
#endif

#endif /* RCU_PLANTED_H */
