/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_DATA_H
#define VHOST_DATA_H

/*
 * The data thread: polls every guest's rings, burst after burst.
 *
 * INV-DATA-1  It is a registered QSBR reader and passes a quiescent state after
 *             every round: nothing found in one round is used in the next.
 * INV-DATA-2  It takes no lock, allocates nothing, and makes no system call but
 *             for a guest's interrupt, a fault, and a gap worth asking about.
 *             (The scan, the baseline, takes its locks.)
 * INV-DATA-3  A SIGBUS can only come from the memory of the guest being served
 *             and costs that guest its connection.
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>

#include "call.h"
#include "gaps.h"
#include "port.h"

struct data_thread {
	pthread_t thread;
	struct port *ports;                 /* Immutable while the thread runs. */
	unsigned int port_cnt;              /* Immutable. */
	int cpu;                            /* Immutable; -1: anywhere. */
	int wake_fd;                        /* Immutable; an eventfd that tells of faults. */
	int result;                         /* Of the start: 1 not yet, 0 running, -errno. */
	bool stop;                          /* Control thread stores, relaxed: any round will do. */
	const struct change_window *window; /* Immutable. */
	double cycles_per_ns;               /* Immutable. */
	struct call call;                   /* Data thread only. */
	struct gaps gaps;                   /* Data thread only, but for its counters. */
	struct port *serving;               /* Data thread only: for its signal handler. */
	struct view view;                   /* Data thread only: the view open while serving. */
	sigjmp_buf rescue;                  /* Data thread only. */
};

/* Start it and wait until it serves: 0, or -errno. */
int data_start(struct data_thread *data, const struct change_window *window, double cycles_per_ns);
void data_stop(struct data_thread *data);

/* Pin the calling thread: 0, or -errno. */
int pin_to_cpu(int cpu);

#endif /* VHOST_DATA_H */
