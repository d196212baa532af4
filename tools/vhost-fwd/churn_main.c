// SPDX-License-Identifier: BSD-3-Clause
/* vhost-churn: its options and its two sockets. */

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "churn.h"
#include "number.h"

struct options {
	const char *listen_path, *connect_path;
	unsigned int rate, pieces;
	bool paused;
};

static int open_socket(const char *path, struct sockaddr_un *addr)
{
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	strncpy(addr->sun_path, path, sizeof(addr->sun_path) - 1);
	return sock < 0 ? -errno : sock;
}

static int accept_front(const char *path)
{
	struct sockaddr_un addr;
	int sock = open_socket(path, &addr), front = -1;

	if (sock < 0)
		return sock;
	unlink(path);
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0 && listen(sock, 1) == 0)
		front = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
	if (front < 0)
		front = -errno;
	close(sock);
	unlink(path);
	return front;
}

static int connect_back(const char *path)
{
	struct sockaddr_un addr;
	int sock = open_socket(path, &addr);

	if (sock >= 0 && connect(sock, (struct sockaddr *)&addr, sizeof(addr))) {
		int err = -errno;

		close(sock);
		return err;
	}
	return sock;
}

static const struct argp_option option_list[] = {
	{"listen", 'l', "PATH", 0, "Where the front end connects", 0},
	{"connect", 'c', "PATH", 0, "Where the back end listens", 0},
	{"rate", 'r', "N", 0, "Changes a second (default 100)", 0},
	{"pieces", 'n', "N", 0, "Regions to cut the largest one into, 2 to 8 (default 2)", 0},
	{"paused", 'p', NULL, 0, "No changes before SIGUSR1 comes; SIGUSR2 ends them", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'l':
		options->listen_path = arg;
		return 0;
	case 'c':
		options->connect_path = arg;
		return 0;
	case 'r':
		options->rate = number(state, arg, 0, 1000000);
		return 0;
	case 'n':
		options->pieces = number(state, arg, 2, 8);
		return 0;
	case 'p':
		options->paused = true;
		return 0;
	case ARGP_KEY_END:
		if (!options->listen_path || !options->connect_path)
			argp_error(state, "--listen and --connect are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp parser = {.options = option_list,
		.parser = parse_option,
		.doc = "Change a vhost-user front end's memory regions while it runs."};
	struct sigaction action = {.sa_handler = churn_signal};
	struct options options = {.rate = 100, .pieces = 2};
	struct churn churn = {0};
	int front, back, err;

	argp_parse(&parser, argc, argv, 0, NULL, &options);
	if (options.paused)
		churn_signal(SIGUSR2);
	churn.pieces = options.pieces;
	for (unsigned int i = 0; i < 4; i++)
		sigaction((int[]){SIGUSR1, SIGUSR2, SIGINT, SIGTERM}[i], &action, NULL);
	front = accept_front(options.listen_path);
	if (front == -EINTR)
		return EXIT_SUCCESS;
	if (front < 0)
		return churn_fail(options.listen_path, front), EXIT_FAILURE;
	back = connect_back(options.connect_path);
	if (back < 0)
		return churn_fail(options.connect_path, back), EXIT_FAILURE;
	wire_open(&churn.front, front);
	wire_open(&churn.back, back);
	err = churn_serve(&churn, options.rate);
	printf("{\"changes\":%llu}\n", (unsigned long long)churn.changes);
	churn_forget(&churn);
	wire_close(&churn.front);
	wire_close(&churn.back);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
