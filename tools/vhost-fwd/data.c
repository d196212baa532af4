// SPDX-License-Identifier: BSD-3-Clause
/* The loop that moves packets, and the guard against memory that vanishes. */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_errno.h>

#include "data.h"

/* The one data thread of the process: a signal handler has no argument of ours. */
static struct data_thread *guarded;

int pin_to_cpu(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	CPU_SET((unsigned int)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

static void report_fault(struct data_thread *data, struct port *port, enum port_fault fault)
{
	/* Release pairs with guest_poll_fault(): `fault_at` is written. */
	shared_store_release(&port->fault, fault);
	eventfd_write(data->wake_fd, 1);
}

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	if (guarded && guarded->serving && pthread_equal(pthread_self(), guarded->thread)) {
		guarded->serving->fault_at = (uint64_t)(uintptr_t)info->si_addr;
		siglongjmp(guarded->rescue, 1);
	}
	/* Not a guest's memory: die of it as if nobody had asked. */
	signal(signo, SIG_DFL);
	raise(signo);
}

/* INV-DATA-3.  SA_NODEFER: the handler leaves by a jump, which restores no mask. */
static int guard_install(struct data_thread *data)
{
	struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER};

	guarded = data;
	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}

/* One burst of one guest.  False when a change has the queues locked (scan only). */
static inline bool data_serve(struct data_thread *data, struct port *port)
{
	enum port_fault fault;

	/* Acquire pairs with port_reset(). */
	if (shared_load_acquire(&port->fault))
		return true;
	if (!view_open(&port->lookup, &data->view))
		return false;
	if (data->view.user) {
		port->tick = (uint32_t)(data->gaps.last >> USE_TICK_SHIFT);
		data->serving = port;
		port_echo(port, &data->view, &fault);
		data->serving = NULL;
		if (fault)
			report_fault(data, port, fault);
	}
	view_close(&data->view);
	return true;
}

static void data_loop(struct data_thread *data)
{
	if (sigsetjmp(data->rescue, 0)) {
		struct port *port = data->serving;

		data->serving = NULL;
		view_close(&data->view);
		report_fault(data, port, FAULT_SIGBUS);
	}
	while (!shared_load_relaxed(&data->stop)) {
		bool served = true;

		for (unsigned int i = 0; i < data->port_cnt; i++)
			served &= data_serve(data, &data->ports[i]);
		rcumem_reader_quiescent(); /* INV-DATA-1 */
		if (served)
			gaps_mark(&data->gaps);
	}
}

static void *data_main(void *arg)
{
	struct data_thread *data = arg;
	int err = pin_to_cpu(data->cpu);

	data->thread = pthread_self();
	gaps_start(&data->gaps, data->window, data->cycles_per_ns);
	if (!err && rcumem_reader_register())
		err = -rte_errno;
	/* Release pairs with data_start(). */
	shared_store_release(&data->result, err);
	if (err)
		return NULL;
	data_loop(data);
	rcumem_reader_unregister();
	return NULL;
}

int data_start(struct data_thread *data, const struct change_window *window, double cycles_per_ns)
{
	int err = guard_install(data);

	if (err)
		return err;
	err = call_init(&data->call);
	if (err)
		return err;
	for (unsigned int i = 0; i < data->port_cnt; i++)
		data->ports[i].call = &data->call;
	data->result = 1;
	data->window = window;
	data->cycles_per_ns = cycles_per_ns;
	err = -pthread_create(&data->thread, NULL, data_main, data);
	if (!err) {
		/* Acquire pairs with data_main(). */
		while (shared_load_acquire(&data->result) > 0)
			usleep(100);
		err = data->result;
		if (err)
			pthread_join(data->thread, NULL);
	}
	if (err)
		call_fini(&data->call);
	return err;
}

void data_stop(struct data_thread *data)
{
	shared_store_relaxed(&data->stop, true);
	pthread_join(data->thread, NULL);
	gaps_stop(&data->gaps);
	call_fini(&data->call);
}
