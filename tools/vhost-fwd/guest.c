// SPDX-License-Identifier: BSD-3-Clause
/* The life of a connection, and the words about it. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

void guest_say(const struct guest *guest, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "vhost-fwd: %s: %s\n", guest->path, text);
}

int guest_refuse(struct guest *guest, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(guest->why, sizeof(guest->why), format, args);
	va_end(args);
	return err;
}

void guest_init(struct guest *guest, const char *path, struct port *port, struct switchboard *board)
{
	memset(guest, 0, sizeof(*guest));
	guest->path = path;
	guest->port = port;
	guest->board = board;
	guest->listen_fd = -1;
	guest->wire.sock = -1;
	for (unsigned int i = 0; i < RINGS; i++)
		guest->rings[i].kick_fd = guest->rings[i].call_fd = guest->rings[i].err_fd = -1;
}

void guest_connected(struct guest *guest, int sock)
{
	wire_open(&guest->wire, sock);
	guest->board->connections++;
	guest_say(guest, "connected");
}

void guest_drop(struct guest *guest, const char *why)
{
	uint64_t dropped = guest->port->count.dropped;

	memory_clear(guest);
	vring_reset(guest);
	wire_close(&guest->wire);
	port_reset(guest->port);
	guest->features = 0;
	guest->protocol_features = 0;
	guest->unsealed_said = false;
	guest->board->drops++;
	/* INV-GUEST-3: the only message of the end. */
	if (dropped)
		guest_say(guest, "connection closed: %s (%llu packets fitted no buffer)", why,
			(unsigned long long)dropped);
	else
		guest_say(guest, "connection closed: %s", why);
}

bool guest_poll_fault(struct guest *guest)
{
	/* Acquire pairs with report_fault(). */
	uint32_t fault = shared_load_acquire(&guest->port->fault);

	if (fault == FAULT_NONE || guest->wire.sock < 0)
		return false;
	guest_refuse(guest, 0, "%s (%#llx)", port_fault_text((enum port_fault)fault),
		(unsigned long long)guest->port->fault_at);
	guest_drop(guest, guest->why);
	return true;
}
