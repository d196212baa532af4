/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_WIRE_H
#define VHOST_WIRE_H

/*
 * One vhost-user connection as a stream of messages with descriptors.
 *
 * INV-WIRE-1  Every descriptor that arrives is in `fds` until somebody takes
 *             it; wire_next() and wire_close() close what is left, so that no
 *             path of a refused message leaks one.
 * INV-WIRE-2  Never reads past the message in progress: descriptors always
 *             belong to the message they came with.
 */

#include <stddef.h>

#include "protocol.h"

struct wire {
	int sock;    /* -1 when closed. */
	size_t have; /* Bytes of the present message that have arrived. */
	struct vhost_header hdr;
	union vhost_payload payload;
	int fds[VHOST_MAX_FDS]; /* -1 once taken. */
	unsigned int fd_cnt;
};

/* Take over a connected socket. */
void wire_open(struct wire *wire, int sock);
void wire_close(struct wire *wire);

/*
 * Read on without blocking: 1 when a message is complete, 0 when more must
 * come, -ECONNRESET when the peer has gone, -EPROTO when it talks nonsense;
 * `why` then says what.
 */
int wire_receive(struct wire *wire, const char **why);

/* The same, waiting up to `timeout_ms`: -ETIMEDOUT then.  For front ends. */
int wire_receive_wait(struct wire *wire, int timeout_ms, const char **why);

/* Done with the message: close what was not taken and wait for the next. */
void wire_next(struct wire *wire);

/* Take descriptor `i` of the message, or -1: the caller closes it. */
int wire_take_fd(struct wire *wire, unsigned int i);

/* Send a message at once: 0, or -errno (-EAGAIN: the peer does not read). */
int wire_send(int sock, const struct vhost_header *hdr, const void *payload, const int *fds,
	unsigned int fd_cnt);

#endif /* VHOST_WIRE_H */
