/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Intent, change, commit: a writer may die at any step, and so may the one that
 * recovers what it left.
 *
 * A list of two pages.  Two processes plug one page or both, or unplug what is
 * there, and each may die at any step of that or of recovery; a third comes in
 * the end.  A page is of several facts, one bit of each of these words:
 *
 *   taken      not to be plugged           described  its mask bit, and the count
 *   backed     the file has it             indexed    found by its address
 *                                          shown      found by walks: one store for all pages
 *
 * The kernel may refuse to punch: then the file still has a page that nobody has taken, and
 * it must not be plugged as it is.
 *
 * A reader finds pages by index and by walk and touches them.  Threads that
 * clear pages for a writer may go on for a moment when its thread is gone.
 *
 * src/intent.c: intent_begin() intent_end() intent_recover() undo_alloc() finish_unpublish()
 * src/intent.c: quarantine() recount()
 * src/hotplug_alloc.c: hotplug_plug() hotplug_record() back() publish()
 * src/hotplug_free.c: hotplug_unpublish() hotplug_withdraw() hotplug_quarantine()
 * src/hotplug_free.c: hotplug_reclaim() hotplug_reclaim_steps() reclaim_passed()
 * src/process.c: process_wait_end()
 * src/segment.c: segment_describe() segment_withdraw() segment_clear() segment_recount()
 * src/snapshot_edit.c: snapshot_set_pages() snapshot_publish()
 * src/writer.c: writer_lock() writer_unlock()
 * Invariants: INV-REGION-3 INV-SEGMENT-3 INV-SNAPSHOT-2
 *
 * plant INTENT_LATE      the intent of a plug is written when its pages are there
 * plant OP_FIRST         the intent's kind is stored before its members
 * plant PLUG_END_EARLY   the intent of a plug ends before the pages are shown
 * plant FREE_END_EARLY   the intent of an unplug ends before the range is in quarantine
 * plant CLEAR_END_EARLY  the intent of a reclaim ends before the range may be taken
 * plant NOT_RECOVERED    who gets the mutex of a dead owner does not look at the intent
 * plant ALWAYS_UNDO      a plug is taken back though its pages are shown
 * plant NEVER_UNDO       a plug that was not published is left as it is
 * plant UNDO_AT_ONCE     what recovery takes back is punched without a grace period
 * plant TICKET_OLD       recovery draws no ticket of its own
 * plant NO_GRACE_PERIOD  an unplugged range is punched without a grace period
 * plant NO_WAIT_END      recovery does not wait for the threads of a dead writer's process
 * plant NO_RECOUNT       recovery leaves the count as it is
 * plant NOT_PUNCHED      a plug does not punch what a free could not
 *
 * unreached "assert(0)"  the last one shares the steps of the others, and does not die
 */

#define WRITERS 2
#define LAST    WRITERS
#define NOBODY  255
#define RECORDS 2

mtype = { NONE, ALLOC, UNPUBLISH, RECLAIM };

/* What a death leaves as it is. */
byte taken, backed, described, indexed, shown;
byte dirty; /* Not punched: of `backed`. */
byte count;
byte picture; /* The number of the published snapshot. */
mtype op = NONE;
byte intent_pages, intent_picture, intent_record;
bit waiting[RECORDS]; /* OP_QUARANTINE */
byte pages[RECORDS];
byte ticket[RECORDS];
byte sequence = 1;
byte epoch;

byte mutex = NOBODY;
bit owner_dead;
byte last_owner;   /* owner_process */
bit gone[3];       /* The last thread has ended: the kernel has dropped the lock. */
byte ended;
bit busy;          /* Ghost: between an intent's end and the next the state is sound. */
byte before;       /* Ghost: `shown` before the operation under way, and its pages. */
byte under_way;

#define passed(t) (epoch == 0 || epoch >= (t))
#define popcount(w) (((w) & 1) + ((w) >> 1))

#define may_die                                                                                    \
	if                                                                                         \
	:: mortal -> goto dead                                                                     \
	:: skip                                                                                    \
	fi

/* Page by page, with a death between. */
#define each_set(word, m)                                                                          \
	word = word | (m & 1);                                                                     \
	may_die;                                                                                   \
	word = word | (m & 2);                                                                     \
	may_die
#define each_clear(word, m)                                                                        \
	word = word & ~(m & 1);                                                                    \
	may_die;                                                                                   \
	word = word & ~(m & 2);                                                                    \
	may_die

/* os_pages_unplug() */
#define punch_page(m) d_step { backed = backed & ~(m); dirty = dirty & ~(m) }
#define punch(m)                                                                                   \
	if                                                                                         \
	:: punch_page(m & 1);                                                                      \
		may_die;                                                                           \
		punch_page(m & 2)                                                                  \
	:: (backed & m) -> dirty = dirty | (backed & m)                                            \
	fi;                                                                                        \
	may_die

/* ---- The intent ---- */

#ifdef OP_FIRST
#define intent_begin(kind, m, next, r)                                                             \
	op = kind;                                                                                 \
	may_die;                                                                                   \
	d_step { intent_pages = m; intent_picture = next; intent_record = r };                     \
	may_die
#else
#define intent_begin(kind, m, next, r)                                                             \
	intent_pages = m;                                                                          \
	may_die;                                                                                   \
	d_step { intent_picture = next; intent_record = r };                                       \
	may_die;                                                                                   \
	op = kind;                                                                                 \
	may_die
#endif
#define intent_end()                                                                               \
	op = NONE;                                                                                 \
	may_die

/* ---- Steps that recovery repeats ---- */

/* segment_describe(), segment_withdraw(): a mask bit and the count are two stores. */
#define describe(m)                                                                                \
	described = described | m;                                                                 \
	may_die;                                                                                   \
	count = count + popcount(m);                                                               \
	may_die
#define withdraw(m)                                                                                \
	each_clear(indexed, m);                                                                    \
	change = described & m;                                                                    \
	described = described & ~m;                                                                \
	may_die;                                                                                   \
	count = count - popcount(change);                                                          \
	may_die

#define quarantine(r, m, t)                                                                        \
	pages[r] = m;                                                                              \
	may_die;                                                                                   \
	ticket[r] = t;                                                                             \
	may_die;                                                                                   \
	waiting[r] = 1;                                                                            \
	may_die

#define reclaim_steps(m)                                                                           \
	punch(m);                                                                                  \
	taken = taken & ~m;                                                                        \
	may_die

#define draw(t)                                                                                    \
	atomic { sequence++; t = sequence };                                                       \
	may_die

/* ---- Recovery: intent_recover() ---- */

#define is_published (picture >= intent_picture)
#ifdef ALWAYS_UNDO
#define plug_is_done false
#else
#ifdef NEVER_UNDO
#define plug_is_done true
#else
#define plug_is_done is_published
#endif
#endif
#ifdef NO_WAIT_END
#define wait_end() skip
#else
#define wait_end() gone[last_owner]
#endif
#ifdef TICKET_OLD
#define new_ticket() t = 1
#else
#define new_ticket() draw(t)
#endif
#ifdef UNDO_AT_ONCE
#define put_away()                                                                                 \
	reclaim_steps(m)
#else
#define put_away()                                                                                 \
	new_ticket();                                                                              \
	quarantine(intent_record, m, t)
#endif
#ifdef NO_RECOUNT
#define recount() skip
#else
#define recount() count = popcount(described)
#endif

#define recover()                                                                                  \
	m = intent_pages;                                                                          \
	if                                                                                         \
	:: op == ALLOC && plug_is_done                                                             \
	:: op == ALLOC && !plug_is_done ->                                                         \
		wait_end();                                                                        \
		taken = taken | m;                                                                 \
		may_die;                                                                           \
		withdraw(m);                                                                       \
		put_away()                                                                         \
	:: op == UNPUBLISH ->                                                                      \
		withdraw(m);                                                                       \
		if                                                                                 \
		:: !is_published -> d_step { shown = shown & ~m; picture++ }                       \
		:: else                                                                            \
		fi;                                                                                \
		may_die;                                                                           \
		put_away()                                                                         \
	:: op == RECLAIM ->                                                                        \
		m = pages[intent_record];                                                          \
		reclaim_steps(m);                                                                  \
		waiting[intent_record] = 0;                                                        \
		may_die                                                                            \
	:: op == NONE                                                                              \
	fi;                                                                                        \
	recount();                                                                                 \
	may_die;                                                                                   \
	intent_end()

/* What must hold while nothing is under way; an operation was done wholly or not at all. */
#define waits (waiting[0] * pages[0] | waiting[1] * pages[1])
#define check()                                                                                    \
	assert(op == NONE && indexed == shown && described == shown);                              \
	assert(count == popcount(described) && (shown & waits) == 0);                              \
	assert(taken == (shown | waits) && (backed & ~taken & ~dirty) == 0 && (shown & ~backed) == 0);      \
	assert(shown == before || shown == (before | under_way) ||                                 \
		shown == (before & ~under_way))

#ifdef NOT_RECOVERED
#define lock_recover() op = NONE
#else
#define lock_recover() recover()
#endif

#define writer_lock()                                                                              \
	if                                                                                         \
	:: atomic { mutex == NOBODY -> mutex = me }                                                \
	:: atomic { owner_dead -> owner_dead = 0; mutex = me };                                    \
		lock_recover()                                                                     \
	fi;                                                                                        \
	check();                                                                                   \
	last_owner = me
#define writer_unlock() atomic { mutex = NOBODY }

/* ---- The operations ---- */

#define begin_ghost(mask) d_step { before = shown; under_way = mask }

/* hotplug_plug(), which fails where it cannot punch. */
#ifdef NOT_PUNCHED
#define back()                                                                                     \
	each_set(backed, m)
#define is_clear true
#else
#define back()                                                                                     \
	punch(m);                                                                                  \
	if                                                                                         \
	:: is_clear -> each_set(backed, m)                                                         \
	:: else                                                                                    \
	fi
#define is_clear ((dirty & m) == 0)
#endif
#ifdef INTENT_LATE
#define plug_begin()                                                                               \
	each_set(taken, m);                                                                        \
	each_set(backed, m);                                                                       \
	intent_begin(ALLOC, m, picture + 1, r)
#else
#define plug_begin()                                                                               \
	intent_begin(ALLOC, m, picture + 1, r);                                                    \
	taken = taken | m;                                                                         \
	may_die;                                                                                   \
	filling = 1;                                                                               \
	back();                                                                                    \
	filling = 0
#endif
#define plug()                                                                                     \
	begin_ghost(m);                                                                            \
	plug_begin();                                                                              \
	if                                                                                         \
	:: punch(m); /* Refused: undo_pages. */                                                    \
		taken = taken & ~m;                                                                \
		may_die;                                                                           \
		intent_end()                                                                       \
	:: is_clear ->                                                                             \
		describe(m);                                                                       \
		each_set(indexed, m);                                                              \
		plug_end()                                                                         \
	fi
#ifdef PLUG_END_EARLY
#define plug_end()                                                                                 \
	intent_end();                                                                              \
	d_step { shown = shown | m; picture++ };                                                   \
	may_die
#else
#define plug_end()                                                                                 \
	d_step { shown = shown | m; picture++ };                                                   \
	may_die;                                                                                   \
	intent_end()
#endif

/* hotplug_unpublish() */
#ifdef FREE_END_EARLY
#define unpublish_end()                                                                            \
	intent_end();                                                                              \
	quarantine(r, m, t)
#else
#define unpublish_end()                                                                            \
	quarantine(r, m, t);                                                                       \
	intent_end()
#endif
#define unpublish()                                                                                \
	begin_ghost(m);                                                                            \
	intent_begin(UNPUBLISH, m, picture + 1, r);                                                \
	withdraw(m);                                                                               \
	d_step { shown = shown & ~m; picture++ };                                                  \
	may_die;                                                                                   \
	draw(t);                                                                                   \
	unpublish_end()

/* hotplug_reclaim() */
#ifdef CLEAR_END_EARLY
#define reclaim_end()                                                                              \
	intent_end();                                                                              \
	taken = taken & ~m;                                                                        \
	may_die;                                                                                   \
	waiting[r] = 0;                                                                            \
	may_die
#else
#define reclaim_end()                                                                              \
	taken = taken & ~m;                                                                        \
	may_die;                                                                                   \
	waiting[r] = 0;                                                                            \
	may_die;                                                                                   \
	intent_end()
#endif
#define reclaim()                                                                                  \
	begin_ghost(0);                                                                            \
	m = pages[r];                                                                              \
	intent_begin(RECLAIM, m, 0, r);                                                            \
	punch(m);                                                                                  \
	reclaim_end()

#ifdef NO_GRACE_PERIOD
#define may_reclaim(r) waiting[r]
#else
#define may_reclaim(r) (waiting[r] && passed(ticket[r]))
#endif

/* One operation; a writer that dies leaves the mutex to the next. */
proctype writer(byte me)
{
	bit mortal = 1, filling;
	byte m, r, t, change;

	writer_lock();
	may_die;
	/* reclaim_passed() */
	do
	:: may_reclaim(0) -> r = 0; reclaim()
	:: may_reclaim(1) -> r = 1; reclaim()
	:: else -> break
	od;
	r = (waiting[0] -> 1 : 0); /* hotplug_record() */
	if
	:: (taken & 1) == 0 -> m = 1; plug()
	:: taken == 0 -> m = 3; plug()
	:: (shown & 1) -> m = 1; unpublish()
	:: shown == 3 -> m = 3; unpublish()
	:: skip
	fi;
	writer_unlock();
	goto end;
dead:
	if
	:: atomic { mutex == me -> owner_dead = 1 }
	:: mutex != me
	fi;
	if
	:: filling -> backed = backed | m /* A thread of its process was about to. */
	:: skip
	fi;
end:
	atomic {
		gone[me] = 1;
		m = 0;
		r = 0;
		t = 0;
		change = 0;
		filling = 0;
		ended++
	}
}

/* Finds a page by index or by walk, and touches it. */
active proctype reader()
{
	byte found;

	do
	:: ended < WRITERS ->
		epoch = sequence;
		if
		:: found = indexed
		:: found = shown
		fi;
		assert((found & ~backed) == 0 && (found & dirty) == 0);
		found = 0;
		epoch = 0
	:: ended == WRITERS ->
		break
	od
}

/* When the others are gone: recovery leaves something sound, and nothing waits for ever. */
active proctype last()
{
	bit mortal, filling;
	byte me = LAST, m, r, t, change;

	ended == WRITERS;
	writer_lock();
	do
	:: may_reclaim(0) -> r = 0; reclaim()
	:: may_reclaim(1) -> r = 1; reclaim()
	:: waiting[0] == 0 && waiting[1] == 0 -> break
	od;
	check();
	assert(taken == shown && (backed & ~dirty) == taken);
	writer_unlock();
	goto end;
dead:   /* It does not die. */
	assert(false);
end:
	skip
}

init
{
	atomic {
		/* One page is there already, or both, or none; or one that waits for readers. */
		if
		:: shown = 0
		:: shown = 1
		:: shown = 3
		:: shown = 1;
			pages[1] = 2;
			ticket[1] = 1;
			waiting[1] = 1
		fi;
		taken = shown | pages[1];
		backed = taken;
		described = shown;
		indexed = shown;
		before = shown;
		count = popcount(shown);
		run writer(0);
		run writer(1)
	}
}
