/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Grace periods: reader threads, their slots, and a writer that waits.
 *
 * The readers' stores to their slots wait in a buffer of each thread, as long as
 * they like: there is no fence in a section, and the writer's membarrier, or the
 * reader's own fence where there is no membarrier, empties it.  The writer
 * withdraws page after page, waits, and punches; a reader that loads a punched
 * page has found the bug.  Either one thread reads, in sections or as a QSBR reader
 * that announces quiescent states and goes offline, with and without membarrier,
 * while two pages go; or two threads come and end, and take each other's slots,
 * while one goes.  With membarrier these are of a process that is alone; that another comes,
 * and that the kernel refuses a barrier, is in share.pml.
 *
 * rcu/section.c: reader_claim() reader_release() thread_exit() rcu_qsbr_register()
 * rcu/section.c: rcu_qsbr_offline() rcu_qsbr_online() rcu_qsbr_unregister()
 * rcu/section.h: rcu_word_set() rcu_section_enter() rcu_section_exit() rcu_qsbr_quiescent()
 * rcu/grace.c: rcu_ticket() barrier_all() rcu_scan() rcu_look() rcu_oldest() rcu_poll() rcu_wait()
 * src/hotplug_free.c: hotplug_unpublish() hotplug_reclaim() reclaim_passed()
 * Invariants: INV-SECTION-1 INV-SECTION-2 INV-SECTION-3 INV-SECTION-4
 *
 * plant NO_GRACE_PERIOD     whoever asks is told that all have passed
 * plant NO_WAIT             a page is punched after one scan, whatever that said
 * plant NO_MEMBARRIER       the writer leaves out the membarrier while a reader is seen outside
 * plant ONE_OUTSIDE         ... while only the second slot's is
 * plant BARRIER_OLD         a membarrier for an earlier ticket is taken for one for this
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
#define BUF     2 /* Stores of a thread that may wait: a section's begin and end. */

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
bit membarrier;      /* Readers have no fence, and rcu_domain.fences is 0. */
bit lives;           /* Threads end, and others take their slots. */
bit qsbr;            /* The first reader is one at times. */
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
	buf[t].cell[1] = 0;                                                                        \
	buf[t].value[1] = 0;                                                                       \
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
	atomic { store(me, 0, now); now = 0 };                                                     \
	fence()
#else
#define word_set()                                                                                 \
	now = sequence;                                                                            \
	atomic { store(me, 0, now); now = 0 };                                                     \
	fence()
#endif
#define word_clear() store(me, 0, 0) /* F. */

/* B, and a load of what it leads to. */
#define find() page = published
#define load() atomic { assert(page == NONE || page >= punched); page = NONE }

proctype reader(byte me)
{
	byte now, page = NONE;
	bit registered;

	do
	:: if
		:: !registered -> claim()
		:: else
		fi;
		registered = 1;
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
		:: qsbr && me == 0 ->
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
		if
		:: lives -> /* thread_exit(): reader_release(). */
#ifdef OWNER_FIRST
			store(me, 1, 0);
			store(me, 0, 0);
#else
			store(me, 0, 0);
			store(me, 1, 0);
#endif
			registered = 0
		:: else
		fi
	:: break
	od;
	done++
}

/* ---- The writer ---- */

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

/* rcu_scan(): a slot that holds the ticket up, and whether a reader was seen outside. */
#ifdef ONE_OUTSIDE
#define is_outside (seen == 0 && owner[slot] != 0 && slot == 0)
#else
#define is_outside (seen == 0 && owner[slot] != 0)
#endif
#define scan()                                                                                     \
	high = reader_high;                                                                        \
	slot = 0;                                                                                  \
	held = 0;                                                                                  \
	outside = 0;                                                                               \
	do                                                                                         \
	:: slot < high ->                                                                          \
		seen = epoch[slot];                                                                \
		d_step {                                                                           \
			outside = outside || is_outside;                                           \
			if                                                                         \
			:: seen != 0 && seen < ticket ->                                           \
				held = seen;                                                       \
				culprit = slot                                                     \
			:: else                                                                    \
			fi;                                                                        \
			seen = 0;                                                                  \
			slot++                                                                     \
		}                                                                                  \
	:: else ->                                                                                 \
		atomic { high = 0; slot = 0; break }                                               \
	od

/* rcu_look(): the writer's own fence came with the ticket, whose successor no load passes. */
#define look()                                                                                     \
	scan();                                                                                    \
	if                                                                                         \
	:: !fenced && outside ->                                                                   \
		barrier_all();                                                                     \
		fenced = 1;                                                                        \
		scan()                                                                             \
	:: else                                                                                    \
	fi;                                                                                        \
	outside = 0

#ifdef TICKET_EARLY
#define withdraw()                                                                                 \
	draw();                                                                                    \
	published = published + 1
#else
#ifdef BARRIER_EARLY
#define withdraw()                                                                                 \
	barrier_all();                                                                             \
	fenced = 1;                                                                                \
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
	byte ticket, high, slot, seen, held, culprit;
	bit outside, fenced;

	do
	:: published < NONE ->
		/* hotplug_unpublish(): C, D; the next page is published by the same store. */
		withdraw();
ask:            /* rcu_oldest(), and rcu_wait() at its beginning: no barrier yet. */
#if !defined(BARRIER_EARLY) && !defined(BARRIER_OLD)
		fenced = 0;
#endif
again:          /* rcu_wait(): one barrier is enough. */
		look();
#if !defined(NO_GRACE_PERIOD) && !defined(NO_WAIT)
		if
		:: held && epoch[culprit] != held ->
			if
			:: goto again
			:: goto ask /* The caller had given up, and asks anew. */
			fi
		:: !held
		fi;
#endif
		atomic {
			punched = published; /* hotplug_reclaim() */
			ticket = 0;
			culprit = 0;
			held = 0
		}
	:: else ->
		break
	od
}

init
{
	atomic {
		/*
		 * Two pages and one reader, of both kinds, with and without membarrier; or
		 * one page and two threads that end and take each other's slots.
		 */
		if
#ifndef NO_FENCE
		:: membarrier = 1;
			qsbr = 1;
			done = 1
		:: membarrier = 1;
			published = 1;
			lives = 1;
			run reader(1)
#endif
		:: qsbr = 1;
			done = 1
		fi;
		punched = published;
		run reader(0)
	}
}
