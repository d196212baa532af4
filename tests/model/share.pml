/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Another process is let in: readers that went without a fence begin to fence themselves.
 *
 * While the first process is alone its writers' membarrier is the readers' fence.  The
 * thread that answers newcomers sets the flag of each thread, makes all pass a barrier, and
 * says that there are fences; from then on no writer calls membarrier, which in the second
 * process would miss the readers of the first.  A page is withdrawn at any time of this, and
 * who asks whether its readers have passed is a thread of either process, each time anew.
 * One reader is of the first process, one of either; both register at any time, and are in
 * and out of sections.  A word waits as long as it likes, and the next one waits for it.
 * The kernel refuses any barrier that it likes.
 *
 * rcu/section.c: thread_register_locked() rcu_attach() rcu_share()
 * rcu/section.h: rcu_word_set() rcu_section_enter() rcu_section_exit()
 * rcu/grace.c: rcu_barrier_process() barrier_all() rcu_scan() rcu_look() rcu_wait()
 * src/join_serve.c: join_serve()
 * Invariants: INV-SECTION-1 INV-SECTION-4
 *
 * plant FENCES_FIRST    it is said that there are fences before the flags are set
 * plant NO_BARRIER      ... before the barrier
 * plant FLAG_EARLY      a reader loads its flag before it stores its word
 * plant NEW_MISSED      who registers after the change is given no flag
 * plant LET_IN_EARLY    the newcomer is answered before the change
 * plant SCAN_OLD        where there are fences, the scan before that was known is the answer
 * plant REFUSED_PASSES  a barrier that the kernel refused a writer is taken for one
 * plant SHARE_REFUSED   a barrier that it refused who answers is
 */

#define READERS 2

byte sequence = 1;
bit withdrawn; /* The page cannot be found. */
bit punched;
byte epoch[READERS];
bit owned[READERS]; /* The slots. */
bit flag[READERS];  /* rcu_thread.fence */
bit waits[READERS]; /* A word of the thread has not reached memory: */
byte word[READERS];
bit second;         /* The second reader is of the second process. */
bit attached;       /* There is one. */
bit membarrier = 1; /* rcu_process of the first. */
bit locked;         /* Its lock. */
bit fences;         /* rcu_domain. */

#define flush(t)                                                                                   \
	epoch[t] = (waits[t] -> word[t] : epoch[t]);                                               \
	waits[t] = 0;                                                                              \
	word[t] = 0

/* rcu_barrier_process(): each thread of the caller's process passes a barrier at some time. */
#define barrier_process(process)                                                                   \
	if :: d_step { process == 0 -> flush(0) } :: else fi;                                      \
	if :: d_step { process == second -> flush(1) } :: else fi

active proctype memory()
{
end:
	do
	:: d_step { waits[0] -> flush(0) }
	:: d_step { waits[1] -> flush(1) }
	od
}

#ifdef NEW_MISSED
#define flag_of_new 0
#else
#define flag_of_new (second && me == 1 -> fences : !membarrier) /* The former: rcu_attach(). */
#endif

/* A, F: a reader's stores keep their order. */
#define store(v)                                                                                   \
	d_step {                                                                                   \
		!waits[me];                                                                        \
		waits[me] = 1;                                                                     \
		word[me] = v;                                                                      \
		now = 0                                                                            \
	}

#ifdef FLAG_EARLY
#define word_set() if :: flag[me] -> store(now); !waits[me] :: else -> store(now) fi
#else
#define word_set() store(now); if :: flag[me] -> !waits[me] :: else fi
#endif

proctype reader(byte me)
{
	byte now;
	bit found;

	atomic { /* thread_register_locked(), which claims by a full barrier. */
		(second && me == 1 -> attached : !locked);
		owned[me] = 1;
		flag[me] = flag_of_new
	};
end:
	do
	:: now = sequence;
		word_set();
		found = !withdrawn; /* B */
		atomic {
			assert(!found || !punched);
			found = 0
		};
		store(0)
	od
}

#ifdef SHARE_REFUSED
#define refused skip
#else
#define refused                                                                                    \
	locked = 0; /* Who asked goes, and another comes. */                                       \
	goto again
#endif

active proctype server()
{
#ifdef LET_IN_EARLY
	attached = 1;
#endif
again:
	atomic { !locked -> locked = 1 }; /* rcu_share() */
#ifdef FENCES_FIRST
	fences = 1;
#endif
	membarrier = 0;
	flag[0] = 1;
	flag[1] = (second -> flag[1] : 1);
#ifndef NO_BARRIER
	if
	:: barrier_process(0)
	:: refused
	fi;
#endif
	fences = 1;
	locked = 0;
	attached = 1 /* join_serve(): the answer. */
}

#define scan(slot)                                                                                 \
	seen = epoch[slot];                                                                        \
	d_step {                                                                                   \
		outside = outside || (seen == 0 && owned[slot]);                                   \
		held = held || (seen != 0 && seen < ticket);                                       \
		seen = 0                                                                           \
	}

active proctype writer()
{
	byte ticket, seen;
	bit process, fenced, outside, held;

	withdrawn = 1; /* C */
	d_step { sequence++; ticket = sequence }; /* D */
ask:
	atomic {
		fenced = 0;
		if :: process = 0 :: attached -> process = 1 fi
	};
again: /* rcu_look() */
	atomic { outside = 0; held = 0 };
	scan(0);
	scan(1);
	if
	:: outside && !fenced ->
		if /* barrier_all() */
#ifdef SCAN_OLD
		:: fences -> goto answer
#else
		:: fences
#endif
		:: !fences -> barrier_process(process)
#ifdef REFUSED_PASSES
		:: !fences
#else
		:: !fences -> goto ask
#endif
		fi;
		fenced = 1;
		goto again
	:: else
	fi;
answer:
	if
	:: held -> goto again /* rcu_wait() */
	:: held -> goto ask   /* The caller had given up. */
	:: else -> punched = 1
	fi
}

init
{
	atomic {
		if :: second = 1 :: second = 0 fi;
		run reader(0);
		run reader(1)
	}
}
