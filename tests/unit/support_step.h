/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_STEP_H
#define SUPPORT_STEP_H

/*
 * Ways to run a function with a look at each instruction of the library that
 * it does while it owns the writer mutex, and to end the thread at one of them
 * as a killed one would end: without unwinding, and with the mutex.
 *
 * 1. A trace runs with the processor's trap flag, and counts how often each
 *    instruction is done.  A trap is slow, so that this is done rarely.
 * 2. A death is a breakpoint in the program's text.
 * 3. A thread does not end inside of another library, whose locks belong to
 *    the process, nor while the operation has opened a file.
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "support_recovery.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define STEP_POSSIBLE false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STEP_POSSIBLE false
#endif
#endif
#ifndef STEP_POSSIBLE
#define STEP_POSSIBLE true
#endif

#define TRAP_FLAG  (1u << 8)
#define BREAKPOINT 0xcc

/* Of this program, which contains the library. */
extern char __executable_start, etext;

/* How often each instruction was done, by its offset. */
struct trace {
	uint32_t *times;
	uint32_t len;
};

/* Where the next victim dies: instead of doing an instruction for the `time`th time. */
struct step_death {
	uint32_t off;
	uint32_t time; /* 0: nowhere. */
};

static struct {
	struct trace *trace; /* Being made; NULL: none. */
	struct step_death death;
	uint32_t met;
	uint8_t byte; /* What stands in the text in place of the breakpoint. */
	bool over;    /* The instruction under the breakpoint is being done. */
	bool died;
	int fd; /* The lowest one that is free. */
} step;

#ifdef __x86_64__

static inline bool step_owner(void)
{
	/* The futex word: the owner's number stands there as long as others cannot have it. */
	return (runtime_region()->mutex.__data.__lock & 0x3fffffff) == gettid();
}

static inline bool step_no_file_is_open(void)
{
	int fd = (int)syscall(SYS_dup, 0);

	syscall(SYS_close, fd);
	return fd == step.fd;
}

static inline void step_breakpoint_set(bool on)
{
	(&__executable_start)[step.death.off] = (char)(on ? BREAKPOINT : step.byte);
}

static inline void step_on_breakpoint(greg_t *regs)
{
	step_breakpoint_set(false);
	if (step_owner() && ++step.met >= step.death.time && step_no_file_is_open()) {
		step.died = true;
		syscall(SYS_exit, 0);
	}
	/* Do it, trap, and stop there again. */
	regs[REG_RIP]--;
	regs[REG_EFL] |= TRAP_FLAG;
	step.over = true;
}

static inline void step_on_trap(int signal, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t off = (uint64_t)regs[REG_RIP] - (uint64_t)(uintptr_t)&__executable_start;

	(void)signal;
	(void)info;
	if (step.over) {
		step.over = false;
		regs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
		step_breakpoint_set(true);
	} else if (step.trace) {
		if (off < step.trace->len && step_owner())
			step.trace->times[off]++;
	} else {
		step_on_breakpoint(regs);
	}
}

static inline void step_trap_flag_set(bool on)
{
	if (on)
		__asm__ __volatile__("pushfq; orq %0, (%%rsp); popfq" ::"i"(TRAP_FLAG)
				     : "memory", "cc");
	else
		__asm__ __volatile__("pushfq; andq %0, (%%rsp); popfq" ::"i"(~TRAP_FLAG)
				     : "memory", "cc");
}

#else

static inline void step_breakpoint_set(bool on)
{
	(void)on;
}

static inline void step_on_trap(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
}

static inline void step_trap_flag_set(bool on)
{
	(void)on;
}

#endif

/* The text becomes writable, and traps are ours: true when that is possible. */
static inline bool step_begin(void)
{
	struct sigaction action = {.sa_sigaction = step_on_trap, .sa_flags = SA_SIGINFO};
	uintptr_t begin = (uintptr_t)&__executable_start / 4096 * 4096;

	return STEP_POSSIBLE && sigaction(SIGTRAP, &action, NULL) == 0 &&
	       mprotect((void *)begin, (uintptr_t)&etext - begin,
		       PROT_READ | PROT_WRITE | PROT_EXEC) == 0;
}

static inline struct trace trace_new(void)
{
	struct trace trace = {.len = (uint32_t)(&etext - &__executable_start)};

	trace.times = calloc(trace.len, sizeof(*trace.times));
	return trace;
}

struct step_victim {
	int (*run)(void);
	int result;
};

static inline void *step_victim_main(void *arg)
{
	struct step_victim *victim = arg;

	if (step.trace)
		step_trap_flag_set(true);
	victim->result = victim->run();
	if (step.trace)
		step_trap_flag_set(false);
	return NULL;
}

/* Run in a thread of its own: traced, or until it dies, or to its end. */
static inline bool step_run(int (*run)(void), struct trace *trace, const struct step_death *death)
{
	struct step_victim victim = {.run = run};
	pthread_t thread;

	memset(&step, 0, sizeof(step));
	step.trace = trace;
	step.death = *death;
	step.fd = dup(0);
	close(step.fd);
	step.byte = (uint8_t)(&__executable_start)[death->off];
	if (death->time)
		step_breakpoint_set(true);
	assert_int_equal(pthread_create(&thread, NULL, step_victim_main, &victim), 0);
	pthread_join(thread, NULL);
	if (death->time && !step.died)
		step_breakpoint_set(false);
	assert_true(step.died || victim.result == 0);
	return step.died;
}

#endif /* SUPPORT_STEP_H */
