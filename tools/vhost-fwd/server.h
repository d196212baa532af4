/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_SERVER_H
#define VHOST_SERVER_H

/* The control thread: sockets, signals, the interval, and faults of the data thread. */

#include "guest.h"
#include "report.h"

struct server {
	struct guest *guests;
	unsigned int guest_cnt;
	struct report *report;
	unsigned int interval_ms;
	unsigned int seconds; /* 0: until a signal. */
	int wake_fd;          /* The data thread's eventfd. */
	int epoll_fd, signal_fd, timer_fd, end_fd, retry_fd;
};

/* SIGINT and SIGTERM end server_run() and nothing else. */
void server_block_signals(void);
/* Listen on every guest's path: 0, or -errno after a message. */
int server_open(struct server *server);
/* Serve until a signal or the end of the time. */
void server_run(struct server *server);
/* Drop all connections and remove the sockets; also after a server_open() that failed. */
void server_close(struct server *server);

#endif /* VHOST_SERVER_H */
