/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Process slots: who lives is who holds the lock on its byte of the lock file,
 * which the kernel drops at a death and nothing else does before the end.
 *
 * Three processes join two slots one after the other, read in a section, and
 * leave; two of them die at any step, or none, also as the owner of the mutex in the
 * middle of reaping another.  A writer that outlives them withdraws a page,
 * waits for the readers, reaps who it finds dead among them, and punches.  In
 * the end nothing of anybody may be left.
 *
 * src/process.c: process_claim() process_is_dead() byte_locked() process_reap()
 * src/process.c: process_reap_dead() process_reap_among() wait_readers()
 * src/init.c: settle_in() stop() forget() close_all()
 * rcu/section.c: reader_claim() reader_release() rcu_release_owner() rcu_detach()
 * rcu/grace.c: rcu_scan() rcu_wait()
 * src/writer.c: writer_lock() writer_unlock()
 * Invariants: INV-PROCESS-1 INV-PROCESS-2
 *
 * plant ALIVE_BEFORE_LOCK    a newcomer's slot is ALIVE before its byte is locked
 * plant FREE_BEFORE_READERS  a slot is FREE before its readers' words are released
 * plant LOCK_DROPPED_EARLY   who leaves drops its lock before it forgets the domain
 * plant REAP_THE_LIVING      a process is taken for dead by its slot alone
 * plant LOCK_KEPT            the lock outlives its process, as a child's copy would
 * plant NOBODY_REAPS         a wait for readers does not ask who of them lives
 * plant WORDS_KEPT           reaping leaves the readers' words
 * plant NOT_ROBUST           the mutex of a dead owner is nobody's any more
 *
 * unreached "assert(0)"  the writer shares the steps of the others, and does not die
 */

#define PROCESSES 3
#define SLOTS     2
#define WORDS     2
#define WRITER    PROCESSES
#define NOBODY    255

mtype = { FREE, ALIVE, DYING };

mtype state[SLOTS] = FREE;
byte lock[SLOTS] = NOBODY; /* The process that has the byte. */
byte mutex = NOBODY;
bit owner_dead;
byte owner[WORDS]; /* Slot + 1. */
byte epoch[WORDS];
byte sequence = 1;
bit withdrawn;
bit punched;
byte ended;

/* This process may die before its next step. */
#define may_die                                                                                    \
	if                                                                                         \
	:: mortal -> goto dead                                                                     \
	:: skip                                                                                    \
	fi

#ifdef NOT_ROBUST
#define mutex_lock() atomic { mutex == NOBODY -> mutex = me }
#else
#define mutex_lock() atomic { mutex == NOBODY || owner_dead -> mutex = me; owner_dead = 0 }
#endif
#define mutex_unlock() mutex = NOBODY

/* reader_release() */
#define release_word(w)                                                                            \
	if                                                                                         \
	:: owner[w] == slot + 1 ->                                                                 \
		may_die;                                                                           \
		epoch[w] = 0;                                                                      \
		may_die;                                                                           \
		owner[w] = 0                                                                       \
	:: else                                                                                    \
	fi

#ifdef WORDS_KEPT
#define release_owner() skip
#else
#define release_owner()                                                                            \
	release_word(0);                                                                           \
	release_word(1)
#endif

/* process_reap() */
#ifdef FREE_BEFORE_READERS
#define reap()                                                                                     \
	state[slot] = FREE;                                                                        \
	may_die;                                                                                   \
	release_owner()
#else
#define reap()                                                                                     \
	may_die;                                                                                   \
	state[slot] = DYING;                                                                       \
	may_die;                                                                                   \
	release_owner();                                                                           \
	may_die;                                                                                   \
	state[slot] = FREE
#endif

#ifdef REAP_THE_LIVING
#define is_dead(s) (state[s] != FREE)
#else
#define is_dead(s) (state[s] != FREE && lock[s] == NOBODY)
#endif

/* process_reap_dead(): the caller has no slot yet, or is the writer. */
#define reap_dead()                                                                                \
	slot = 0;                                                                                  \
	do                                                                                         \
	:: slot < SLOTS && is_dead(slot) ->                                                        \
		reap();                                                                            \
		slot++                                                                             \
	:: slot < SLOTS && !is_dead(slot) ->                                                       \
		slot++                                                                             \
	:: slot == SLOTS ->                                                                        \
		break                                                                              \
	od

/* process_claim() */
#ifdef ALIVE_BEFORE_LOCK
#define claim()                                                                                    \
	state[slot] = ALIVE;                                                                       \
	mutex_unlock();                                                                            \
	lock[slot] = me
#else
#define claim()                                                                                    \
	lock[slot] = me;                                                                           \
	may_die;                                                                                   \
	state[slot] = ALIVE;                                                                       \
	may_die;                                                                                   \
	mutex_unlock()
#endif

/* A section; nobody takes a live process's slot or word. */
#define section(w)                                                                                 \
	may_die;                                                                                   \
	epoch[w] = sequence; /* rcu_word_set() */                                                  \
	may_die;                                                                                   \
	if                                                                                         \
	:: !withdrawn ->                                                                           \
		may_die;                                                                           \
		assert(!punched);                                                                  \
	:: else                                                                                    \
	fi;                                                                                        \
	assert(owner[w] == slot + 1 && state[slot] == ALIVE && lock[slot] == me);                  \
	epoch[w] = 0

proctype process(byte me; bit mortal)
{
	byte slot;

	/* settle_in() */
	mutex_lock();
	may_die;
	reap_dead();
	atomic {
		slot = 0;
		do
		:: slot < SLOTS && (state[slot] != FREE || lock[slot] != NOBODY) ->
			slot++
		:: else ->
			break
		od
	}
	if
	:: slot == SLOTS -> /* EUSERS */
		mutex_unlock();
		goto gone
	:: else
	fi;
	claim();
	/* reader_claim() */
	if
	:: atomic { owner[0] == 0 -> owner[0] = slot + 1 };
		section(0)
	:: atomic { owner[0] != 0 && owner[1] == 0 -> owner[1] = slot + 1 };
		section(1)
	:: owner[0] != 0 && owner[1] != 0 -> /* ENOSPC */
	fi;
	/* stop() */
	mutex_lock();
	reap();
	may_die;
	mutex_unlock();
	/* forget(), whose last act is to close the lock file. */
#ifdef LOCK_DROPPED_EARLY
	lock[slot] = NOBODY;
	release_owner();
#else
	release_owner(); /* rcu_detach() */
	may_die;
	lock[slot] = NOBODY;
#endif
	goto gone;
dead:   /* The kernel gives up everything, the mutex last or first. */
	if
	:: atomic { mutex == me -> owner_dead = 1 }
	:: mutex != me
	fi;
#ifndef LOCK_KEPT
	atomic {
		if
		:: lock[0] == me -> lock[0] = NOBODY
		:: lock[1] == me -> lock[1] = NOBODY
		:: else
		fi
	};
#endif
gone:
	ended++
}

active proctype writer()
{
	byte me = WRITER, slot, word, ticket;
	bit mortal;

	withdrawn = 1;
	atomic { sequence++; ticket = sequence }; /* rcu_ticket() */
	/* wait_readers(): every word in turn; a wait that is long asks who lives. */
	do
	:: word < WORDS && (epoch[word] == 0 || epoch[word] >= ticket) ->
		word++
#ifndef NOBODY_REAPS
	:: word < WORDS && epoch[word] != 0 && epoch[word] < ticket && owner[word] != 0 &&
		is_dead(owner[word] - 1) ->
		mutex_lock();
		reap_dead();
		mutex_unlock()
#endif
	:: word == WORDS ->
		break
	od;
	punched = 1;
	/* All others are gone: what they left is taken by whoever comes. */
	ended == PROCESSES;
	mutex_lock();
	reap_dead();
	mutex_unlock();
	assert(state[0] == FREE && state[1] == FREE);
	assert(owner[0] == 0 && owner[1] == 0 && epoch[0] == 0 && epoch[1] == 0);
	assert(lock[0] == NOBODY && lock[1] == NOBODY);
	goto end;
dead:   /* It does not die. */
	assert(false);
end:
	skip
}

init
{
	atomic {
		run process(0, 1);
		run process(1, 1);
		run process(2, 0)
	}
}
