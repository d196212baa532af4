/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef POINT_H
#define POINT_H

/*
 * Named points where a test may stop a reader or kill a writer.  They exist in
 * test builds only (meson -Dpause_points=true) and cost nothing otherwise.
 */
#ifdef RCU_PAUSE_POINTS
extern void (*volatile test_point_hook)(const char *name) __attribute__((visibility("default")));
#define TEST_POINT(name)                                                                           \
	do {                                                                                       \
		void (*hook_)(const char *) = test_point_hook;                                     \
		if (hook_)                                                                         \
			hook_(name);                                                               \
	} while (0)
#else
#define TEST_POINT(name) ((void)0)
#endif

#endif /* POINT_H */
