/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Grace periods: two reader threads, their slots, and a writer that waits.
 *
 * The readers' stores to their slots wait in a buffer of each thread, as long as
 * they like: there is no fence in a section, and the writer's membarrier, or the
 * reader's own fence where there is no membarrier, empties it.  The writer
 * withdraws page after page, waits, and punches; a reader that loads a punched
 * page has found the bug.  Threads register and end, and share a slot when one
 * gives it back before the other comes.  Both have sections, the first is a QSBR
 * reader at times, announces quiescent states and goes offline; with and without
 * membarrier.
 *
 * rcu/section.c: reader_claim() reader_release() thread_exit() rcu_qsbr_register()
 * rcu/section.c: rcu_qsbr_offline() rcu_qsbr_online() rcu_qsbr_unregister()
 * rcu/section.h: rcu_word_set() rcu_section_enter() rcu_section_exit() rcu_qsbr_quiescent()
 * rcu/grace.c: rcu_ticket() any_claimed() barrier_all() rcu_scan() rcu_oldest() rcu_poll() rcu_wait()
 * src/hotplug_free.c: hotplug_unpublish() hotplug_reclaim() reclaim_passed()
 * Invariants: INV-SECTION-1 INV-SECTION-2 INV-SECTION-3 INV-SECTION-4
 *
 * plant NO_GRACE_PERIOD     whoever asks is told that all have passed
 * plant NO_WAIT             a page is punched after one scan, whatever that said
 * plant NO_MEMBARRIER       the writer leaves out the membarrier while a slot is claimed
 * plant NO_FENCE            where there is no membarrier, readers do not fence themselves
 * plant CLAIM_NO_BARRIER    a slot is claimed by stores that are no barriers
 * plant HIGH_MISSED         the bound of the slots is not raised by who claims one above it
 * plant TICKET_EARLY        the ticket is drawn before the page is withdrawn
 * plant BARRIER_EARLY       the membarrier comes before the page is withdrawn
 * plant EXIT_EARLY          the word becomes 0 before the last load of the section
 * plant QUIESCENT_EARLY     a QSBR reader's word is renewed before its last load
 * plant WORD_AHEAD          the word is one above the sequence
 * plant OWNER_FIRST         a slot is given back before its word is 0
 */

#define READERS 2
#define PAGES   2 /* Published one after the other. */
#define NONE    PAGES
#define BUF     3 /* A word, the word of a quiescent state or of the end, the slot. */

/* Stores of a reader that have not reached memory. */
typedef buffer {
	byte cell[BUF]; /* 0: its epoch; 1: its owner; 2: the bound. */
	byte value[BUF];
	byte slot;
	byte cnt;
};

byte sequence = 1;
byte published; /* The page that can be found, or NONE. */
byte punched;   /* Pages below this are gone. */
byte reader_high;
byte epoch[READERS]; /* Of the slots. */
byte owner[READERS];
buffer buf[READERS]; /* Of the threads. */
bit membarrier;      /* The kernel has it. */
byte done;

/* The oldest store of a thread arrives: all of a reader's stores are releases, and keep their order. */
#define arrive(t)                                                                                  \
	if                                                                                         \
	:: buf[t].cell[0] == 0 -> epoch[buf[t].slot] = buf[t].value[0]                             \
	:: buf[t].cell[0] == 1 -> owner[buf[t].slot] = buf[t].value[0]                             \
	:: buf[t].cell[0] == 2 -> reader_high = buf[t].value[0]                                    \
	fi;                                                                                        \
	buf[t].cell[0] = buf[t].cell[1];                                                           \
	buf[t].value[0] = buf[t].value[1];                                                         \
	buf[t].cell[1] = buf[t].cell[2];                                                           \
	buf[t].value[1] = buf[t].value[2];                                                         \
	buf[t].cell[2] = 0;                                                                        \
	buf[t].value[2] = 0;                                                                       \
	buf[t].cnt--

#define flush(t)                                                                                   \
	do                                                                                         \
	:: buf[t].cnt > 0 -> arrive(t)                                                             \
	:: else -> break                                                                           \
	od

#define store(t, c, v)                                                                             \
	atomic {                                                                                   \
		buf[t].cnt < BUF;                                                                  \
		buf[t].cell[buf[t].cnt] = c;                                                       \
		buf[t].value[buf[t].cnt] = v;                                                      \
		buf[t].cnt++                                                                       \
	}

active proctype memory()
{
end:
	do
	:: atomic { buf[0].cnt > 0 -> arrive(0) }
	:: atomic { buf[1].cnt > 0 -> arrive(1) }
	:: done == READERS && buf[0].cnt == 0 && buf[1].cnt == 0 ->
		break
	od
}

/* ---- A reader thread ---- */

/* reader_claim(): compare-and-swap and atomic maximum, each of which is a full barrier. */
#ifdef CLAIM_NO_BARRIER
#define claim()                                                                                    \
	atomic {                                                                                   \
		if                                                                                 \
		:: owner[0] == 0 && buf[1 - me].cnt == 0 -> buf[me].slot = 0                       \
		:: owner[0] != 0 -> buf[me].slot = 1                                               \
		fi;                                                                                \
		store(me, 1, me + 1);                                                              \
		reader_high = READERS                                                              \
	}
#else
#define claim()                                                                                    \
	atomic {                                                                                   \
		flush(me);                                                                         \
		if                                                                                 \
		:: owner[0] == 0 -> buf[me].slot = 0                                               \
		:: else -> buf[me].slot = 1                                                        \
		fi;                                                                                \
		assert(owner[buf[me].slot] == 0);                                                  \
		owner[buf[me].slot] = me + 1                                                       \
	};                                                                                         \
	raise_high()
#endif
#ifdef HIGH_MISSED
#define raise_high()                                                                               \
	reader_high = (reader_high == 0 -> 1 : reader_high)
#else
#define raise_high()                                                                               \
	reader_high = (reader_high < buf[me].slot + 1 -> buf[me].slot + 1 : reader_high)
#endif

/* rcu_word_set(): A. */
#ifdef NO_FENCE
#define fence() skip
#else
#define fence()                                                                                    \
	if                                                                                         \
	:: !membarrier -> buf[me].cnt == 0                                                         \
	:: else                                                                                    \
	fi
#endif
#ifdef WORD_AHEAD
#define word_set()                                                                                 \
	now = sequence + 1;                                                                        \
	store(me, 0, now);                                                                         \
	fence()
#else
#define word_set()                                                                                 \
	now = sequence;                                                                            \
	store(me, 0, now);                                                                         \
	fence()
#endif
#define word_clear() store(me, 0, 0) /* F. */

/* B, and a load of what it leads to. */
#define find() page = published
#define load() assert(page == NONE || page >= punched)

proctype reader(byte me)
{
	byte now, page = NONE;

	do
	:: claim();
		if
		:: word_set(); /* rcu_section_enter() */
			find();
#ifdef EXIT_EARLY
			word_clear();
			load();
#else
			load();
			word_clear(); /* rcu_section_exit() */
#endif
		:: me == 0 ->
			word_set(); /* rcu_qsbr_register(): online. */
			find();
#ifdef QUIESCENT_EARLY
			word_set();
			load();
#else
			load();
			word_set(); /* rcu_qsbr_quiescent() */
#endif
			find();
			load();
			word_clear() /* rcu_qsbr_offline() */
		fi;
		d_step { page = NONE; now = 0 };
		/* thread_exit(): reader_release(). */
#ifdef OWNER_FIRST
		store(me, 1, 0);
		store(me, 0, 0)
#else
		store(me, 0, 0);
		store(me, 1, 0)
#endif
	:: break
	od;
	done++
}

/* ---- The writer ---- */

/* any_claimed(): the ticket was a full barrier. */
#define any_claimed()                                                                              \
	high = reader_high;                                                                        \
	claimed = 0;                                                                               \
	slot = 0;                                                                                  \
	do                                                                                         \
	:: slot < high && !claimed ->                                                              \
		claimed = (owner[slot] != 0);                                                      \
		slot++                                                                             \
	:: else ->                                                                                 \
		break                                                                              \
	od

/* Every thread passes a full barrier at some time of the call. */
#ifdef NO_MEMBARRIER
#define barrier_all() skip
#else
#define barrier_all()                                                                              \
	if                                                                                         \
	:: membarrier ->                                                                           \
		atomic { flush(0) };                                                               \
		atomic { flush(1) }                                                                \
	:: else                                                                                    \
	fi
#endif

/* rcu_scan(): the first slot that holds the ticket up. */
#define scan()                                                                                     \
	high = reader_high;                                                                        \
	slot = 0;                                                                                  \
	held = 0;                                                                                  \
	do                                                                                         \
	:: slot < high && held == 0 ->                                                             \
		seen = epoch[slot];                                                                \
		if                                                                                 \
		:: seen != 0 && seen < ticket -> held = 1                                          \
		:: else -> slot++                                                                  \
		fi                                                                                 \
	:: else ->                                                                                 \
		break                                                                              \
	od

#ifdef TICKET_EARLY
#define withdraw()                                                                                 \
	draw();                                                                                    \
	published = published + 1
#else
#ifdef BARRIER_EARLY
#define withdraw()                                                                                 \
	barrier_all();                                                                             \
	published = published + 1;                                                                 \
	draw()
#else
#define withdraw()                                                                                 \
	published = published + 1;                                                                 \
	draw()
#endif
#endif
#define draw()                                                                                     \
	atomic {                                                                                   \
		sequence++;                                                                        \
		ticket = sequence                                                                  \
	}

active proctype writer()
{
	byte ticket, high, slot, seen;
	bit claimed, held;

	do
	:: published < NONE ->
		/* hotplug_unpublish(): C, D; the next page is published by the same store. */
		withdraw();
ask:            /* rcu_oldest() */
		any_claimed();
		if
		:: claimed ->
#ifndef BARRIER_EARLY
			barrier_all();
#endif
			scan()
		:: else ->
			held = 0
		fi;
#if !defined(NO_GRACE_PERIOD) && !defined(NO_WAIT)
		/* rcu_wait(): no further barrier; or the caller gives up, and asks anew later. */
		do
		:: held ->
			if
			:: epoch[slot] != seen -> scan()
			:: goto ask
			fi
		:: else ->
			break
		od;
#endif
#ifdef NO_WAIT
		if
		:: held && epoch[slot] != seen /* It has moved: that is no proof. */
		:: held
		:: else
		fi;
#endif
		atomic {
			punched = published; /* hotplug_reclaim() */
			ticket = 0;
			high = 0;
			slot = 0;
			seen = 0;
			claimed = 0;
			held = 0
		}
	:: else ->
		break
	od
}

init
{
	atomic {
		if
#ifndef NO_FENCE
		:: membarrier = 1
#endif
		:: membarrier = 0
		fi;
		run reader(0);
		run reader(1)
	}
}
