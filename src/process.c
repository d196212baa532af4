/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "arena_table.h"
#include "external.h"
#include "hotplug.h"
#include "log.h"
#include "os.h"
#include "pin.h"
#include "point.h"
#include "process.h"
#include "runtime.h"
#include "writer.h"

/* How long a wait for others goes on before it asks who of them still lives. */
#define LIVENESS_NS     1000000ull
#define LIVENESS_MAX_NS 16000000ull

int process_lock_file(void)
{
	return os_memfd("rcumem-processes", OS_PAGE, OS_PAGE);
}

static struct flock byte_of(uint32_t slot)
{
	return (struct flock){
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)slot, .l_len = 1};
}

static bool byte_locked(uint32_t slot)
{
	struct flock byte = byte_of(slot);

	/* Where the kernel does not say, nobody is taken for dead. */
	return fcntl(runtime.lock_fd, F_GETLK, &byte) || byte.l_type != F_UNLCK;
}

bool process_is_dead(const struct region *region, uint32_t slot)
{
	if (slot >= REGION_PROCESSES || slot == runtime.process)
		return false;
	/* Acquire pairs with process_claim(): what it has locked is seen. */
	return rcu_load_acquire(&region->processes[slot].state) != PROCESS_FREE &&
	       !byte_locked(slot);
}

int process_claim(struct region *region)
{
	for (uint32_t slot = 0; slot < REGION_PROCESSES; slot++) {
		struct region_process *process = &region->processes[slot];
		struct flock byte = byte_of(slot);

		if (process->state != PROCESS_FREE || fcntl(runtime.lock_fd, F_SETLK, &byte))
			continue;
		TEST_POINT("claim.held");
		process->pid = getpid();
		/* Relaxed, all: nobody tells this process of events yet. */
		rcu_store_relaxed(&process->told, rcu_load_relaxed(&region->events.head));
		rcu_store_relaxed(&process->bell, 0);
		TEST_POINT("claim.locked");
		/* Release pairs with process_is_dead(). */
		rcu_store_release(&process->state, PROCESS_ALIVE);
		TEST_POINT("claim.alive");
		return (int)slot;
	}
	return -EUSERS;
}

int process_reap(struct region *region, uint32_t slot)
{
	struct region_process *process = &region->processes[slot];
	int err;

	TEST_POINT("reap.begin");
	/* Relaxed: it has been, or is under the mutex, found dead; whoever looks without it may
	 * find it either way. */
	rcu_store_relaxed(&process->state, PROCESS_DYING);
	TEST_POINT("reap.dying");
	/* Release pairs with event_log_listeners(): nobody waits for it. */
	rcu_fetch_and_release(&region->events.listeners, ~(1ull << slot));
	TEST_POINT("reap.deaf");
	rcu_release_owner(region->domain, slot);
	TEST_POINT("reap.readers");
	hotplug_abandon(region, op_owner(slot, 0), 32);
	TEST_POINT("reap.records");
	pin_abandon(region, slot);
	TEST_POINT("reap.pins");
	arena_abandon(region, slot);
	TEST_POINT("reap.arena");
	err = external_abandon(region, slot);
	TEST_POINT("reap.external");
	if (!err)
		rcu_store_relaxed(&process->state, PROCESS_FREE); /* Relaxed: as above. */
	return err;
}

void process_reap_dead(struct region *region)
{
	for (uint32_t slot = 0; slot < REGION_PROCESSES; slot++) {
		struct region_process *process = &region->processes[slot];

		if (!process_is_dead(region, slot))
			continue;
		if (process->state == PROCESS_ALIVE)
			log_message(LOG_WARN, "process %d (slot %u) has died", process->pid, slot);
		process_reap(region, slot);
	}
}

bool process_wait_end(uint32_t slot, uint64_t timeout_ns)
{
	uint64_t begin = os_now_ns();

	/* Its byte, whatever its slot says: that may have been given back. */
	while (slot < REGION_PROCESSES && slot != runtime.process && byte_locked(slot)) {
		if (os_now_ns() - begin >= timeout_ns)
			return false;
		usleep(100);
	}
	return true;
}

bool process_among_dead(const struct region *region, uint64_t slots)
{
	for (; slots; slots &= slots - 1)
		if (process_is_dead(region, (uint32_t)__builtin_ctzll(slots)))
			return true;
	return false;
}

bool process_reap_found(struct region *region, uint64_t slots)
{
	if (!process_among_dead(region, slots))
		return false;
	process_reap_dead(region);
	return true;
}

bool process_reap_among(struct region *region, uint64_t slots)
{
	if (!process_among_dead(region, slots))
		return false;
	if (writer_lock(region) == 0) {
		process_reap_dead(region);
		writer_unlock(region);
	}
	return true;
}

void process_blame(const struct region *region, const struct rcu_culprit *culprit, const char *what)
{
	log_message(LOG_WARN, "thread %d of process %d holds up %s", culprit->tid,
		culprit->owner < REGION_PROCESSES ? region->processes[culprit->owner].pid : 0,
		what);
}

static int wait_readers(struct region *region, uint32_t owner, uint64_t ticket, uint64_t timeout_ns,
	const char *what)
{
	struct rcu_culprit culprit = {.owner = REGION_PROCESSES};
	uint64_t begin = os_now_ns();
	uint64_t slice = LIVENESS_NS;
	uint64_t over = 0;
	int err;

	do {
		if (slice > timeout_ns - over)
			slice = timeout_ns - over;
		err = rcu_wait(region->domain, owner, ticket, slice, &culprit);
		if (err && culprit.owner < REGION_PROCESSES)
			process_reap_among(region, 1ull << culprit.owner);
		if (slice < LIVENESS_MAX_NS)
			slice *= 2;
		over = os_now_ns() - begin;
	} while (err && over < timeout_ns);
	if (err)
		process_blame(region, &culprit, what);
	return err;
}

int process_wait_readers(
	struct region *region, uint64_t ticket, uint64_t timeout_ns, const char *what)
{
	return wait_readers(region, RCU_EVERYBODY, ticket, timeout_ns, what);
}

int process_wait_own_readers(
	struct region *region, uint64_t ticket, uint64_t timeout_ns, const char *what)
{
	return wait_readers(region, runtime.process, ticket, timeout_ns, what);
}
