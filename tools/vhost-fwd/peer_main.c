// SPDX-License-Identifier: BSD-3-Clause
/* vhost-peer: a small vhost-user front end; its options. */

#include <argp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "number.h"
#include "peer.h"

enum { KEY_RX_LEN = 256, KEY_CPU, KEY_HUGE, KEY_PCAP };

static const struct argp_option option_list[] = {
	{"socket", 's', "PATH", 0, "Where the back end listens", 0},
	{"regions", 'n', "N", 0, "Regions for packets, 2 to 508 (default 8)", 0},
	{"region-kb", 'k', "KB", 0, "Size of each (default 1024)", 0},
	{"rate", 'r', "N", 0, "Removals and additions a second (default 0)", 0},
	{"seconds", 't', "S", 0, "How long (default 5)", 0},
	{"packets", 'c', "N", 0, "End after so many packets", 0},
	{"size", 'l', "BYTES", 0, "Of a packet, 16 to 1500 (default 60)", 0},
	{"pcap", KEY_PCAP, "FILE", 0, "Send the frames of a capture, again and again", 0},
	{"rx-buffer", KEY_RX_LEN, "BYTES", 0, "Of a receive buffer (default 1920)", 0},
	{"cpu", KEY_CPU, "CPU", 0, "Where to run", 0},
	{"paused", 'p', NULL, 0, "No changes before SIGUSR1 comes; SIGUSR2 ends them", 0},
	{"huge", KEY_HUGE, NULL, 0, "Memory in 2 MiB pages (regions of a multiple of 2048 KB)", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct peer_options *options = state->input;

	switch (key) {
	case 's':
		options->path = arg;
		return 0;
	case 'n':
		options->regions = number(state, arg, 2, PEER_REGIONS_MAX);
		return 0;
	case 'k':
		options->region_kb = number(state, arg, 64, 1u << 20);
		return 0;
	case 'r':
		options->rate = number(state, arg, 0, 100000);
		return 0;
	case 't':
		options->seconds = number(state, arg, 1, 1000000);
		return 0;
	case 'c':
		options->packets = number(state, arg, 1, UINT32_MAX);
		return 0;
	case 'l':
		options->size = number(state, arg, 16, 1500);
		return 0;
	case KEY_PCAP:
		options->pcap = arg;
		return 0;
	case KEY_RX_LEN:
		options->rx_len = number(state, arg, 64, PEER_BUFFER);
		return 0;
	case KEY_CPU:
		options->cpu = (int)number(state, arg, 0, CPU_SETSIZE - 1);
		return 0;
	case 'p':
		options->paused = true;
		return 0;
	case KEY_HUGE:
		options->huge = true;
		return 0;
	case ARGP_KEY_END:
		if (!options->path)
			argp_error(state, "no --socket");
		/* Both rings full, and one region on its way out. */
		if ((uint64_t)(options->regions - 1) * (options->region_kb << 10) / PEER_BUFFER <
			2 * PEER_RING_NUM + 32)
			argp_error(
				state, "too little memory for both rings: more or larger regions");
		if (options->huge && options->region_kb % 2048)
			argp_error(state, "--huge needs a --region-kb that is a multiple of 2048");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp parser = {.options = option_list,
		.parser = parse_option,
		.doc = "Send packets through a vhost-user back end and check what comes back.\v"
		       "Exit status: 0 when every packet came back, in order and unharmed."};
	struct peer_options options = {.regions = 8,
		.region_kb = 1024,
		.seconds = 5,
		.size = 60,
		.rx_len = PEER_BUFFER,
		.cpu = -1};

	argp_parse(&parser, argc, argv, 0, NULL, &options);
	if (options.cpu >= 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET((unsigned int)options.cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	for (unsigned int i = 0; i < 4; i++)
		signal((int[]){SIGUSR1, SIGUSR2, SIGINT, SIGTERM}[i], peer_signal);
	if (options.paused)
		peer_signal(SIGUSR2);
	return peer_run(&options) ? EXIT_FAILURE : EXIT_SUCCESS;
}
