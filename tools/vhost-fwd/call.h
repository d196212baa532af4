/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_CALL_H
#define VHOST_CALL_H

/*
 * Interrupts: adding one to an eventfd that the peer holds, too.
 *
 * INV-CALL-1  An interrupt never waits, whatever the peer does to its eventfd.
 *             write() can: O_NONBLOCK belongs to the open file, which is the
 *             peer's as well, and a full counter then stops the writer.  What
 *             the kernel adds itself when a request of asynchronous I/O is
 *             done cannot be stopped: here a poll that is done at once.
 */

#include <linux/aio_abi.h>

struct call {
	aio_context_t context;
	int ready_fd; /* An eventfd of ours, always readable. */
};

/* 0, or -errno. */
int call_init(struct call *call);
void call_fini(struct call *call);

/* Interrupt the guest.  One system call, now and then three. */
void call_guest(struct call *call, int call_fd);

#endif /* VHOST_CALL_H */
