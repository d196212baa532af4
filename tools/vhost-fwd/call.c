// SPDX-License-Identifier: BSD-3-Clause
/* Interrupts by way of asynchronous I/O (INV-CALL-1). */

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"

#define CALLS_KEPT 64 /* Requests that are done and not yet taken back. */

int call_init(struct call *call)
{
	int err = 0;

	*call = (struct call){.ready_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (call->ready_fd < 0)
		return -errno;
	if (syscall(SYS_io_setup, CALLS_KEPT, &call->context)) {
		err = -errno;
		close(call->ready_fd);
	}
	return err;
}

void call_fini(struct call *call)
{
	syscall(SYS_io_destroy, call->context);
	close(call->ready_fd);
}

void call_guest(struct call *call, int call_fd)
{
	struct iocb request = {
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = (uint32_t)call->ready_fd,
		.aio_buf = POLLIN,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = (uint32_t)call_fd,
	};
	struct iocb *requests[] = {&request};
	struct io_event done[CALLS_KEPT];

	if (syscall(SYS_io_submit, call->context, 1, requests) == 1 || errno != EAGAIN)
		return;
	/* No room: nobody has taken back what is done. */
	syscall(SYS_io_getevents, call->context, 0, CALLS_KEPT, done, NULL);
	syscall(SYS_io_submit, call->context, 1, requests);
}
