/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.h"
#include "join.h"
#include "os.h"
#include "point.h"
#include "runtime.h"

#define RETRY_MS 10

static struct {
	bool running;
	pthread_t thread;
	int listen_fd;
	int stop_fd; /* Readable: the end. */
	const struct region *region;
} agent;

static void *agent_main(void *arg)
{
	struct pollfd fds[] = {
		{.fd = agent.listen_fd, .events = POLLIN},
		{.fd = agent.stop_fd, .events = POLLIN},
	};

	(void)arg;
	for (;;) {
		int fd;

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			return NULL;
		fd = os_fd_keep(accept4(agent.listen_fd, NULL, NULL, SOCK_CLOEXEC));
		if (fd >= 0)
			join_serve(fd, agent.region);
		else /* No descriptor is left: the newcomer stays at the door. */
			poll(&fds[1], 1, RETRY_MS);
	}
}

static void close_both(void)
{
	close(agent.listen_fd);
	close(agent.stop_fd);
}

int agent_start(struct region *region, const struct rundir *dir)
{
	int err;

	agent.listen_fd = rundir_listen(dir, runtime.process);
	if (agent.listen_fd < 0)
		return agent.listen_fd;
	TEST_POINT("agent.listening");
	agent.stop_fd = os_fd_keep(eventfd(0, EFD_CLOEXEC));
	if (agent.stop_fd < 0) {
		close(agent.listen_fd);
		return agent.stop_fd;
	}
	agent.region = region;
	err = os_thread_start(&agent.thread, agent_main, NULL);
	if (err)
		close_both();
	agent.running = !err;
	return err;
}

void agent_stop(void)
{
	if (!agent.running)
		return;
	eventfd_write(agent.stop_fd, 1);
	pthread_join(agent.thread, NULL);
	close_both();
	agent.running = false;
}

void agent_fork_child(void)
{
	if (agent.running)
		close_both();
	agent.running = false;
}
