/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_CHURN_H
#define VHOST_CHURN_H

/*
 * vhost-churn: stands on the socket between a front end and a back end, passes
 * their messages on, and cuts the front end's memory into other regions so and
 * so many times a second.
 *
 * An unmodified front end changes its memory table a few times at its start
 * and then never again.  Here the same memory is announced again and again with
 * other borders, by the front end's own request (SET_MEM_TABLE) and its own
 * descriptors: regions that hold packets and rings in flight are taken away and
 * come back in another shape, at one instant, while both ends go on.
 */

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

struct churn {
	struct wire front, back;
	unsigned int pieces;      /* To cut the largest region into. */
	bool acks;                /* The two ends have agreed on answers. */
	unsigned int enabled;     /* Rings on, one bit each. */
	struct vhost_table table; /* As the front end sent it. */
	int fds[VHOST_TABLE_REGIONS];
	uint64_t changes;
};

/* Until an end has hung up or a signal came: 0, or -errno after a message. */
int churn_serve(struct churn *churn, unsigned int rate);
/* Close the descriptors of the table. */
void churn_forget(struct churn *churn);
/* SIGUSR1: changes begin; SIGUSR2: they pause; anything else: the end. */
void churn_signal(int signo);
/* Say so, and return `err`. */
int churn_fail(const char *what, int err);

#endif /* VHOST_CHURN_H */
