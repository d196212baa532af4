// SPDX-License-Identifier: BSD-3-Clause
/*
 * vhost-fwd: a vhost-user back end that sends every packet back where it came
 * from, on the public interface of rcumem.  Its main thread is the control
 * thread; one more thread moves the packets.
 */

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <rte_errno.h>

#include "number.h"
#include "server.h"

#define GUESTS_MAX 64

struct options {
	const char *paths[GUESTS_MAX];
	unsigned int path_cnt;
	enum lookup_kind lookup;
	unsigned int pad_to, interval_ms, seconds;
	int data_cpu, control_cpu;
	const char *json;
	bool verify, require_seals, quiet;
};

enum { KEY_LOOKUP = 256, KEY_PAD, KEY_DATA_CPU, KEY_CONTROL_CPU, KEY_JSON, KEY_VERIFY, KEY_SEALS };

static const struct argp_option option_list[] = {
	{"socket", 's', "PATH", 0, "Listen here for a front end; may be given several times", 0},
	{"lookup", KEY_LOOKUP, "index|scan", 0,
		"Translate by the library (index), or by a scan under a lock, to compare with", 0},
	{"pad-regions", KEY_PAD, "N", 0,
		"Fill each table up to N regions; a scan meets the guest's halfway", 0},
	{"data-cpu", KEY_DATA_CPU, "CPU", 0, "Where packets are moved (default: anywhere)", 0},
	{"control-cpu", KEY_CONTROL_CPU, "CPU", 0, "Where messages are handled", 0},
	{"interval", 'i', "MS", 0, "Time between reports (default 1000)", 0},
	{"seconds", 't', "S", 0, "End after so many seconds", 0},
	{"json", KEY_JSON, "FILE", 0, "Append a line of figures each interval", 0},
	{"verify-same", KEY_VERIFY, NULL, 0, "Count packets that differ from the first as corrupt",
		0},
	{"require-seals", KEY_SEALS, NULL, 0, "Refuse memory that the peer could truncate", 0},
	{"quiet", 'q', NULL, 0, "No progress line", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 's':
		if (options->path_cnt == GUESTS_MAX)
			argp_error(state, "more than %d sockets", GUESTS_MAX);
		if (!*arg)
			argp_error(state, "a socket without a name");
		options->paths[options->path_cnt++] = arg;
		return 0;
	case KEY_LOOKUP:
		if (strcmp(arg, "index") && strcmp(arg, "scan"))
			argp_error(state, "--lookup is 'index' or 'scan'");
		options->lookup = strcmp(arg, "scan") ? LOOKUP_INDEX : LOOKUP_SCAN;
		return 0;
	case KEY_PAD:
		options->pad_to = number(state, arg, 0, 60000);
		return 0;
	case KEY_DATA_CPU:
		options->data_cpu = (int)number(state, arg, 0, CPU_SETSIZE - 1);
		return 0;
	case KEY_CONTROL_CPU:
		options->control_cpu = (int)number(state, arg, 0, CPU_SETSIZE - 1);
		return 0;
	case 'i':
		options->interval_ms = number(state, arg, 1, 3600000);
		return 0;
	case 't':
		options->seconds = number(state, arg, 0, 1000000);
		return 0;
	case KEY_JSON:
		options->json = arg;
		return 0;
	case KEY_VERIFY:
		options->verify = true;
		return 0;
	case KEY_SEALS:
		options->require_seals = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", arg);
		return 0;
	case ARGP_KEY_END:
		if (!options->path_cnt)
			argp_error(state, "no --socket");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = option_list,
	.parser = parse_option,
	.doc = "Echo packets of vhost-user front ends (virtio-net, split rings).\v"
	       "Ends on SIGINT or SIGTERM.  Exit status: 0, 1 when it could not start, 64 for "
	       "wrong options.",
};

static int fail(const char *what, int err)
{
	fprintf(stderr, "vhost-fwd: %s: %s\n", what, strerror(err < 0 ? -err : err));
	return EXIT_FAILURE;
}

/* Every region of every guest keeps a descriptor. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Everything between the start of the runtime and its end. */
static int run(const struct options *options, struct switchboard *board, struct port *ports,
	struct guest *guests)
{
	struct data_thread data = {
		.ports = ports, .port_cnt = options->path_cnt, .cpu = options->data_cpu};
	struct report report = {.data = &data,
		.board = board,
		.guests = guests,
		.guest_cnt = options->path_cnt,
		.progress = !options->quiet && isatty(STDERR_FILENO),
		.cycles_per_ns = board->cycles_per_ns};
	struct server server = {.guests = guests,
		.guest_cnt = options->path_cnt,
		.report = &report,
		.interval_ms = options->interval_ms,
		.seconds = options->seconds};
	int err;

	if (options->json && !(report.json = fopen(options->json, "ae")))
		return fail(options->json, errno);
	server.wake_fd = data.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server_block_signals(); /* Before there is another thread that could get them. */
	err = data_start(&data, &board->window, board->cycles_per_ns);
	if (err) {
		fail("cannot start the data thread", err);
	} else {
		err = pin_to_cpu(options->control_cpu);
		if (err)
			fail("cannot use that CPU", err);
		else
			err = server_open(&server);
		if (!err)
			server_run(&server);
		server_close(&server);
		data_stop(&data);
	}
	if (report.json)
		fclose(report.json);
	close(server.wake_fd);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int with_ports(const struct options *options, struct switchboard *board)
{
	struct guest *guests = calloc(options->path_cnt, sizeof(*guests));
	struct port *ports = calloc(options->path_cnt, sizeof(*ports));
	int result = guests && ports ? EXIT_SUCCESS : EXIT_FAILURE;
	unsigned int i = 0;

	for (; i < options->path_cnt && result == EXIT_SUCCESS; i++) {
		int err = port_init(&ports[i], options->lookup, options->verify);

		if (err)
			result = fail("cannot prepare a port", err);
		else
			guest_init(&guests[i], options->paths[i], &ports[i], board);
	}
	if (result == EXIT_SUCCESS)
		result = run(options, board, ports, guests);
	while (ports && i--)
		port_fini(&ports[i]);
	free(ports);
	free(guests);
	return result;
}

int main(int argc, char **argv)
{
	struct options options = {.interval_ms = 1000, .data_cpu = -1, .control_cpu = -1};
	struct switchboard board = {0};
	int result;

	argp_program_version = "vhost-fwd of rcumem";
	argp_parse(&parser, argc, argv, 0, NULL, &options);
	raise_descriptor_limit();
	if (rcumem_init(NULL))
		return fail("cannot start the runtime", rte_errno);
	board.pad_to = options.pad_to;
	board.require_seals = options.require_seals;
	board.cycles_per_ns = tsc_cycles_per_ns();
	board.pad_memory = rcumem_pages_alloc(BURST_BYTES, 0, SOCKET_ID_ANY, 0);
	result = board.pad_memory ? with_ports(&options, &board)
				  : fail("no memory for packets", rte_errno);
	if (rcumem_fini())
		return fail("cannot leave the runtime", rte_errno);
	return result;
}
