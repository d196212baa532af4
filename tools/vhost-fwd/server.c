// SPDX-License-Identifier: BSD-3-Clause
/* Sockets and events of the control thread. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "server.h"

/* What an event is about: a guest's number, with one of these in the upper half. */
enum event_kind {
	EVENT_LISTEN,
	EVENT_GUEST,
	EVENT_SIGNAL,
	EVENT_TIMER,
	EVENT_RETRY,
	EVENT_END,
	EVENT_WAKE
};

#define RETRY_MS 100 /* After a connection that could not be taken. */

static uint64_t event_tag(enum event_kind kind, unsigned int guest)
{
	return (uint64_t)kind << 32 | guest;
}

static int watch(struct server *server, int fd, uint64_t tag)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};

	return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* A socket that nobody listens on is left over from a program that died.  What is no socket stays,
 * and bind() says so: connect() refuses that, too. */
static void remove_stale(const struct sockaddr_un *addr)
{
	struct stat st;
	int sock;

	if (lstat(addr->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return;
	/* Not blocking: a listener with a full queue is alive. */
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return;
	if (connect(sock, (const struct sockaddr *)addr, sizeof(*addr)) && errno == ECONNREFUSED)
		unlink(addr->sun_path);
	close(sock);
}

static int listen_on(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	remove_stale(&addr);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0 && listen(sock, 1) == 0)
		return sock;
	err = -errno;
	close(sock);
	return err;
}

static void ending_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

void server_block_signals(void)
{
	sigset_t set;

	ending_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int open_signals(void)
{
	sigset_t set;

	ending_signals(&set);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* 0: it does not expire, nor has it. */
static void set_timer(int fd, unsigned int ms)
{
	struct itimerspec spec = {
		.it_interval = {ms / 1000, (long)(ms % 1000) * 1000000},
		.it_value = {ms / 1000, (long)(ms % 1000) * 1000000},
	};

	timerfd_settime(fd, 0, &spec, NULL);
}

static int open_timer(unsigned int ms)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		set_timer(fd, ms);
	return fd;
}

int server_open(struct server *server)
{
	int err = 0;

	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->signal_fd = open_signals();
	server->timer_fd = open_timer(server->interval_ms);
	server->end_fd = open_timer(server->seconds * 1000);
	server->retry_fd = open_timer(0);
	if (server->epoll_fd < 0 || server->signal_fd < 0 || server->timer_fd < 0 ||
		server->end_fd < 0 || server->retry_fd < 0) {
		err = -errno;
		fprintf(stderr, "vhost-fwd: cannot wait for events: %s\n", strerror(-err));
		return err;
	}
	watch(server, server->signal_fd, event_tag(EVENT_SIGNAL, 0));
	watch(server, server->timer_fd, event_tag(EVENT_TIMER, 0));
	watch(server, server->retry_fd, event_tag(EVENT_RETRY, 0));
	watch(server, server->end_fd, event_tag(EVENT_END, 0));
	watch(server, server->wake_fd, event_tag(EVENT_WAKE, 0));
	for (unsigned int i = 0; i < server->guest_cnt && !err; i++) {
		struct guest *guest = &server->guests[i];

		guest->listen_fd = listen_on(guest->path);
		err = guest->listen_fd < 0
			      ? guest->listen_fd
			      : watch(server, guest->listen_fd, event_tag(EVENT_LISTEN, i));
		if (err)
			fprintf(stderr, "vhost-fwd: %s: %s\n", guest->path, strerror(-err));
	}
	return err;
}

/* One connection a socket: the next one waits in the queue of the kernel. */
static void set_listening(struct server *server, unsigned int i, bool on)
{
	struct epoll_event event = {
		.events = on ? EPOLLIN : 0, .data.u64 = event_tag(EVENT_LISTEN, i)};

	epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, server->guests[i].listen_fd, &event);
}

static void accept_guest(struct server *server, unsigned int i)
{
	struct guest *guest = &server->guests[i];
	int sock = accept4(guest->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (sock < 0) {
		/* Most likely no descriptor is left, and the connection stays where it is. */
		set_listening(server, i, false);
		set_timer(server->retry_fd, RETRY_MS);
		return;
	}
	if (watch(server, sock, event_tag(EVENT_GUEST, i))) {
		close(sock);
		return;
	}
	set_listening(server, i, false);
	guest_connected(guest, sock);
}

static void listen_again(struct server *server)
{
	set_timer(server->retry_fd, 0);
	for (unsigned int i = 0; i < server->guest_cnt; i++)
		set_listening(server, i, server->guests[i].wire.sock < 0);
}

static void poll_faults(struct server *server)
{
	eventfd_t ignored;

	eventfd_read(server->wake_fd, &ignored);
	for (unsigned int i = 0; i < server->guest_cnt; i++)
		if (guest_poll_fault(&server->guests[i]))
			set_listening(server, i, true);
}

static void on_timer(struct server *server)
{
	uint64_t expired;

	if (read(server->timer_fd, &expired, sizeof(expired)) == sizeof(expired))
		report_interval(server->report, false);
}

/* False at the end of the run. */
static bool on_event(struct server *server, uint64_t tag)
{
	unsigned int i = (uint32_t)tag;

	switch ((enum event_kind)(tag >> 32)) {
	case EVENT_LISTEN:
		accept_guest(server, i);
		return true;
	case EVENT_GUEST:
		/* A fault may have ended it already. */
		if (server->guests[i].wire.sock >= 0)
			guest_receive(&server->guests[i]);
		if (server->guests[i].wire.sock < 0)
			set_listening(server, i, true);
		return true;
	case EVENT_TIMER:
		on_timer(server);
		return true;
	case EVENT_RETRY:
		listen_again(server);
		return true;
	case EVENT_WAKE:
		poll_faults(server);
		return true;
	case EVENT_END:
	case EVENT_SIGNAL:
	default:
		return false;
	}
}

void server_run(struct server *server)
{
	struct epoll_event event;
	bool more = true;

	report_begin(server->report);
	while (more) {
		/* One at a time: an event may make the next one meaningless. */
		int n = epoll_wait(server->epoll_fd, &event, 1, -1);

		if (n > 0)
			more = on_event(server, event.data.u64);
		else if (n < 0 && errno != EINTR)
			more = false;
	}
	report_interval(server->report, true);
}

void server_close(struct server *server)
{
	for (unsigned int i = 0; i < server->guest_cnt; i++) {
		struct guest *guest = &server->guests[i];

		if (guest->wire.sock >= 0)
			guest_drop(guest, "we are ending");
		if (guest->listen_fd >= 0) {
			close(guest->listen_fd);
			unlink(guest->path);
		}
	}
	close(server->retry_fd);
	close(server->end_fd);
	close(server->timer_fd);
	close(server->signal_fd);
	close(server->epoll_fd);
}
