/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events and their acknowledgement, with the death of whoever announces and of
 * whoever listens.
 *
 * One range.  The announcer plugs it, waits until all listeners have told their
 * callbacks, and frees it again; its patience may end at any time.  One process
 * listens from the beginning and stops at any time or never; one subscribes
 * while all this goes on.  Three scenes: the announcer and one of the other two,
 * each of which may die at any step; and all three, who live.  The last one
 * comes when the announcer has gone, and settles what was left.  No callback
 * may run for a range that is not there, nobody may be left believing in a range
 * that is gone, every event is told once and in order, and nobody waits for ever.
 *
 * src/event_log.c: event_log_append() event_log_decide() event_log_cancel() event_log_pending()
 * src/event_log.c: event_log_wait() event_log_answer() event_log_ring() event_log_ring_listeners()
 * src/events.c: drain_locked() events_drain() tell() lock_level() subscribe_locked()
 * src/listen.c: thread_main() start_locked() end_locked() behind()
 * src/replay.c: replay_take() replay_tell()
 * src/hotplug_record.c: hotplug_record_begin() hotplug_record_done() hotplug_record_leave()
 * src/hotplug_record.c: who_knows() hotplug_take_back() hotplug_take_back_steps() hotplug_abandon()
 * src/hotplug_alloc.c: announce() hotplug_plug()
 * src/hotplug_free.c: left() awaited() unpublish_left() reclaim_passed() hotplug_reclaim_passed()
 * src/alloc.c: tell()
 * src/free.c: tell() free_locked()
 * src/intent.c: intent_recover() finish_alloc()
 * src/process.c: process_reap() process_reap_among() process_reap_found()
 * src/writer.c: writer_lock() writer_unlock()
 * Invariants: INV-EVENT-1 INV-EVENT-2 INV-EVENT-3
 *
 * plant TOLD_EARLY       a process stores how far it is before its callbacks have run
 * plant HEAD_EARLY       an event's number is the head before the event is complete
 * plant NO_DECIDE        a process begins with an event without deciding for itself
 * plant NO_CANCEL        new pages are taken back without barring who has not begun
 * plant BELL_LATE        a listener reads its bell after it has looked for events
 * plant PINNED_LATE      that new pages are pinned is seen when those to be told are barred
 * plant NO_RING          recovery wakes nobody
 * plant NO_FINISH        recovery does not append the event of pages that were published
 * plant LEVEL_LATE       who begins to listen says how far it is when it can be waited for already
 * plant PICTURE_LATE     a subscriber takes its picture when the mutex is given back
 * plant IMPATIENT        a free goes on when not all have answered
 * plant ABANDON_TOLD     a dead one's free that somebody was told of is forgotten
 * plant DEAD_LISTENER    nobody asks whether who is waited for lives
 * plant NOT_NAMED        a writer's name stays on the mutex when it is given back
 *
 * unreached "assert(0)"  the last one shares the steps of the others, and does not die
 */

#define ANNOUNCER  0
#define LISTENER   1
#define SUBSCRIBER 2
#define LAST       3
#define PROCESSES  4
#define NOBODY     255
#define EVENTS     4 /* Numbers from 1; a range is plugged and freed once, by whomever. */

#define bit_of(p) (1 << (p))

mtype = { NONE, ALLOC, UNPUBLISH, TAKE_BACK };               /* Intents. */
mtype = { NO_EVENT, ALLOC_EVENT, FREE_EVENT };               /* Events. */
mtype = { FREE_SLOT, ALLOC_EVENTS, FREE_EVENTS };            /* The record. */

bit shown;
mtype op = NONE;
byte op_event;
mtype record = FREE_SLOT;
byte record_event;
byte record_owner; /* Process + 1; 0: whoever comes. */

byte head;
mtype type[EVENTS] = NO_EVENT;
byte to[EVENTS];
byte begun[EVENTS]; /* One bit for each process, both. */
byte barred[EVENTS];
byte listeners;
byte told[PROCESSES];
byte bell[PROCESSES];
byte answered;

byte mutex = NOBODY;
bit owner_dead;
byte named = NOBODY;
byte dead; /* One bit for each process. */

bit knows[PROCESSES]; /* Ghost: what the callbacks believe. */
byte due[PROCESSES];  /* Ghost: the last event for a process. */
bit announced, settled;

#define may_die                                                                                    \
	if                                                                                         \
	:: mortal -> goto gone                                                                     \
	:: skip                                                                                    \
	fi

/* ---- The log ---- */

#define ring(p)                                                                                    \
	if                                                                                         \
	:: what & bit_of(p) -> bell[p]++                                                           \
	:: else                                                                                    \
	fi;                                                                                        \
	may_die
#define ring_all(slots)                                                                            \
	what = slots;                                                                              \
	ring(LISTENER);                                                                            \
	ring(SUBSCRIBER)

#define fill(kind, slots)                                                                          \
	d_step { type[head + 1] = kind; to[head + 1] = slots }
#define raise(kind, slots)                                                                         \
	atomic {                                                                                   \
		head++;                                                                            \
		if                                                                                 \
		:: (slots) & bit_of(LISTENER) -> due[LISTENER] = head                              \
		:: else                                                                            \
		fi;                                                                                \
		if                                                                                 \
		:: (slots) & bit_of(SUBSCRIBER) -> due[SUBSCRIBER] = head                          \
		:: else                                                                            \
		fi                                                                                 \
	}
#ifdef HEAD_EARLY
#define append(kind, slots)                                                                        \
	set = slots;                                                                               \
	raise(kind, set);                                                                          \
	may_die;                                                                                   \
	d_step { type[head] = kind; to[head] = set };                                              \
	may_die;                                                                                   \
	ring_all(set)
#else
#define append(kind, slots)                                                                        \
	set = slots;                                                                               \
	fill(kind, set);                                                                           \
	may_die;                                                                                   \
	raise(kind, set);                                                                          \
	may_die;                                                                                   \
	ring_all(set)
#endif

#define lags(p, e)      ((to[e] & listeners & bit_of(p)) && told[p] < (e))
#define pending(e)      (lags(LISTENER, e) * bit_of(LISTENER) + lags(SUBSCRIBER, e) * bit_of(SUBSCRIBER))

/* event_log_wait(): it ends in time, or `err` is set; the dead are reaped. */
#ifdef DEAD_LISTENER
#define reap_pending(e) false
#else
#define reap_pending(e) (pending(e) & dead)
#endif
#define wait_told(e)                                                                               \
	do                                                                                         \
	:: seen = answered;                                                                        \
		if                                                                                 \
		:: pending(e) == 0 -> err = 0; break                                               \
		:: else                                                                            \
		fi;                                                                                \
		if                                                                                 \
		:: answered != seen || pending(e) == 0 /* Without a wake it looks again, too. */   \
		:: reap_pending(e) ->                                                              \
			writer_lock();                                                             \
			reap_dead();                                                               \
			writer_unlock()                                                            \
		:: pending(e) != 0 -> err = 1; break                                               \
		fi                                                                                 \
	od

/* ---- The record ---- */

#define record_begin(state)                                                                        \
	d_step { record_event = head + 1; record_owner = me + 1 };                                 \
	may_die;                                                                                   \
	record = state;                                                                            \
	may_die
#define record_done()  record = FREE_SLOT
#define record_leave() record_owner = 0

/* hotplug_abandon() */
#ifdef ABANDON_TOLD
#define forgotten true
#else
#define forgotten (record == ALLOC_EVENTS || record_event > head)
#endif
#define abandon(p)                                                                                 \
	if                                                                                         \
	:: record != FREE_SLOT && record_owner == (p) + 1 && forgotten -> record_done()            \
	:: record != FREE_SLOT && record_owner == (p) + 1 && !forgotten -> record_leave()          \
	:: else                                                                                    \
	fi;                                                                                        \
	may_die

/* process_reap_dead(): a reaper that dies leaves the rest to the next. */
#define reap(p)                                                                                    \
	if                                                                                         \
	:: dead & bit_of(p) ->                                                                     \
		listeners = listeners & ~bit_of(p);                                                \
		may_die;                                                                           \
		abandon(p)                                                                         \
	:: else                                                                                    \
	fi
#define reap_dead()                                                                                \
	reap(ANNOUNCER);                                                                           \
	reap(LISTENER);                                                                            \
	reap(SUBSCRIBER)

/* ---- The steps of writers ---- */

/* Nobody may be left who believes in the range: INV-EVENT-3. */
#define believes(p) (knows[p] && (listeners & bit_of(p)) && !(dead & bit_of(p)))
#define hide()                                                                                     \
	assert(!believes(LISTENER) && !believes(SUBSCRIBER));                                      \
	shown = 0
#define unpublish()                                                                                \
	assert(shown); /* Nobody else has, meanwhile. */                                           \
	op = UNPUBLISH;                                                                            \
	may_die;                                                                                   \
	hide();                                                                                    \
	may_die;                                                                                   \
	record_done();                                                                             \
	may_die;                                                                                   \
	op = NONE

/* event_log_cancel(): one decision for each process, for ever. */
#ifdef NO_CANCEL
#define bar(p, e) skip
#else
#define bar(p, e)                                                                                  \
	atomic {                                                                                   \
		if                                                                                 \
		:: (to[e] & bit_of(p)) && !(begun[e] & bit_of(p)) ->                               \
			barred[e] = barred[e] | bit_of(p)                                          \
		:: else                                                                            \
		fi                                                                                 \
	};                                                                                         \
	may_die
#endif
#ifdef PINNED_LATE
#define pinned_bar(e)                                                                              \
	bar(LISTENER, e);                                                                          \
	bar(SUBSCRIBER, e)
#else
#define pinned_bar(e) skip
#endif
#define take_back_steps(e)                                                                         \
	bar(LISTENER, e);                                                                          \
	bar(SUBSCRIBER, e);                                                                        \
	set = listeners & (begun[e] | ~to[e]);                                                     \
	if                                                                                         \
	:: set == 0 -> unpublish()                                                                 \
	:: else ->                                                                                 \
		if                                                                                 \
		:: record != FREE_EVENTS || record_event > head ->                                 \
			record_begin(FREE_EVENTS);                                                 \
			append(FREE_EVENT, set)                                                    \
		:: else                                                                            \
		fi;                                                                                \
		record_leave()                                                                     \
	fi;                                                                                        \
	may_die

/* intent_recover() */
#ifdef NO_FINISH
#define finish_alloc() skip
#else
#define finish_alloc()                                                                             \
	if                                                                                         \
	:: op_event && head + 1 == op_event -> append(ALLOC_EVENT, listeners)                      \
	:: else                                                                                    \
	fi
#endif
#ifdef NO_RING
#define ring_listeners() skip
#else
#define ring_listeners() ring_all(listeners)
#endif
#define recover()                                                                                  \
	if                                                                                         \
	:: op == ALLOC && shown -> finish_alloc()                                                  \
	:: op == UNPUBLISH ->                                                                      \
		hide();                                                                            \
		may_die;                                                                           \
		record_done()                                                                      \
	:: op == TAKE_BACK ->                                                                      \
		take_back_steps(op_event)                                                          \
	:: else                                                                                    \
	fi;                                                                                        \
	may_die;                                                                                   \
	ring_listeners();                                                                          \
	abandon(named);                                                                            \
	op = NONE;                                                                                 \
	may_die

#define writer_lock()                                                                              \
	if                                                                                         \
	:: atomic { mutex == NOBODY -> mutex = me }                                                \
	:: atomic { owner_dead -> owner_dead = 0; mutex = me };                                    \
		recover()                                                                          \
	fi;                                                                                        \
	may_die;                                                                                   \
	named = me;                                                                                \
	may_die
#ifdef NOT_NAMED
#define writer_unlock()                                                                            \
	mutex = NOBODY;                                                                            \
	may_die
#else
#define writer_unlock()                                                                            \
	named = NOBODY;                                                                            \
	may_die;                                                                                   \
	mutex = NOBODY;                                                                            \
	may_die
#endif

/* hotplug_reclaim_passed(): frees that were left, and those that wait for the dead. */
#define left (record == FREE_EVENTS && record_owner == 0 && pending(record_event) == 0)
#define owner_is_dead (record_owner != 0 && (dead & bit_of(record_owner - 1)))
#define awaits_dead                                                                                \
	(record != FREE_SLOT &&                                                                    \
		(owner_is_dead || (record_owner == 0 && reap_pending(record_event))))
#define reclaim_passed()                                                                           \
	if                                                                                         \
	:: left -> unpublish()                                                                     \
	:: awaits_dead ->                                                                          \
		reap_dead();                                                                       \
		if                                                                                 \
		:: left -> unpublish()                                                             \
		:: else                                                                            \
		fi                                                                                 \
	:: else                                                                                    \
	fi;                                                                                        \
	may_die

/* ---- The announcer: rcumem_pages_alloc(), rcumem_pages_free() ---- */

#define die()                                                                                      \
	atomic {                                                                                   \
		if                                                                                 \
		:: mutex == me -> owner_dead = 1                                                   \
		:: else                                                                            \
		fi;                                                                                \
		dead = dead | bit_of(me)                                                           \
	}

proctype announcer(bit mortal)
{
	byte me = ANNOUNCER, seen, set, what;
	bit err;

	/* alloc_locked(), hotplug_plug(), announce() */
	writer_lock();
	op_event = (listeners != 0 -> head + 1 : 0);
	may_die;
	op = ALLOC;
	may_die;
	shown = 1;
	may_die;
	if
	:: op_event ->
		record_begin(ALLOC_EVENTS);
		append(ALLOC_EVENT, listeners);
		op = NONE;
		may_die;
		writer_unlock();
		wait_told(op_event); /* alloc.c: tell() */
		may_die;
		if
		:: err ->
			writer_lock();
			if
			:: pinned_bar(record_event);
				writer_unlock(); /* A callback has pinned the range: it stays. */
				goto stays
			:: op_event = record_event /* hotplug_take_back() */
			fi;
			op = TAKE_BACK;
			may_die;
			take_back_steps(op_event);
			op = NONE;
			writer_unlock();
			goto gone
		:: else ->
stays:
			record_done()
		fi
	:: else ->
		op = NONE;
		may_die;
		writer_unlock()
	fi;
	may_die;

	/* free_locked() */
	writer_lock();
	reclaim_passed();
	if
	:: listeners ->
		record_begin(FREE_EVENTS); /* free.c: tell() */
		append(FREE_EVENT, listeners);
		writer_unlock();
		wait_told(record_event);
		may_die;
#ifndef IMPATIENT
		if
		:: err ->
			record_leave(); /* EINPROGRESS */
			goto gone
		:: else
		fi;
#endif
		writer_lock()
	:: else
	fi;
	unpublish();
	may_die;
	writer_unlock();
gone:
	die();
	announced = 1
}

/* ---- A process that listens ---- */

/* drain_locked(): one event.  Callbacks see the range as long as they run. */
#ifdef NO_DECIDE
#define decide(e) begun[e] = begun[e] | bit_of(me)
#define decided(e) true
#else
#define decide(e)                                                                                  \
	atomic {                                                                                   \
		if                                                                                 \
		:: !(barred[e] & bit_of(me)) -> begun[e] = begun[e] | bit_of(me)                   \
		:: else                                                                            \
		fi                                                                                 \
	}
#define decided(e) (begun[e] & bit_of(me))
#endif
#define callbacks(e)                                                                               \
	if                                                                                         \
	:: type[e] == ALLOC_EVENT ->                                                               \
		assert(!knows[me] && shown);                                                       \
		knows[me] = 1;                                                                     \
		may_die;                                                                           \
		assert(shown)                                                                      \
	:: type[e] == FREE_EVENT ->                                                                \
		assert(knows[me] && shown);                                                        \
		may_die;                                                                           \
		assert(shown);                                                                     \
		knows[me] = 0                                                                      \
	fi
#ifdef TOLD_EARLY
#define drain_one()                                                                                \
	told[me] = number;                                                                         \
	may_die;                                                                                   \
	tell_one()
#else
#define drain_one()                                                                                \
	tell_one();                                                                                \
	told[me] = number;                                                                         \
	may_die
#endif
#define tell_one()                                                                                 \
	if                                                                                         \
	:: to[number] & bit_of(me) ->                                                              \
		decide(number);                                                                    \
		may_die;                                                                           \
		if                                                                                 \
		:: decided(number) && registered -> callbacks(number)                              \
		:: else                                                                            \
		fi;                                                                                \
		may_die                                                                            \
	:: else                                                                                    \
	fi
#define drain()                                                                                    \
	do                                                                                         \
	:: told[me] < head ->                                                                      \
		number = told[me] + 1;                                                             \
		for_us = (to[number] & bit_of(me)) != 0;                                           \
		drain_one();                                                                       \
		if                                                                                 \
		:: for_us -> answered++                                                            \
		:: else                                                                            \
		fi;                                                                                \
		may_die                                                                            \
	:: else ->                                                                                 \
		break                                                                              \
	od

/* thread_main() */
#ifdef BELL_LATE
#define listen_round()                                                                             \
	drain();                                                                                   \
	heard = bell[me]
#else
#define listen_round()                                                                             \
	heard = bell[me];                                                                          \
	drain()
#endif

proctype listener(bit mortal)
{
	byte me = LISTENER, heard, number;
	bit for_us, registered = 1;

	do
	:: listen_round();
		if
		:: bell[me] != heard
		:: settled && told[me] >= due[me] ->
			assert(knows[me] == shown);
			goto end
		:: break /* The callback is unregistered: end_locked(). */
		fi
	od;
	listeners = listeners & ~bit_of(me);
	may_die;
	answered++;
	goto end;
gone:
	die();
end:
	skip
}

/* rcumem_subscribe(): its own thread does what the listening thread does, by the turn. */
proctype subscriber(bit mortal)
{
	byte me = SUBSCRIBER, heard, number, set, what;
	bit for_us, registered;

	/* start_locked() */
#ifdef LEVEL_LATE
	listeners = listeners | bit_of(me);
	may_die;
	told[me] = head;
#else
	told[me] = head;
	may_die;
	listeners = listeners | bit_of(me);
#endif
	may_die;
	/* lock_level() */
	do
	:: drain();
		writer_lock();
		if
		:: told[me] == head -> break
		:: else -> writer_unlock()
		fi
	od;
#ifdef PICTURE_LATE
	writer_unlock();
	knows[me] = shown && record != FREE_EVENTS;
#else
	knows[me] = shown && record != FREE_EVENTS; /* replay_take(), replay_tell() */
	may_die;
	writer_unlock();
#endif
	registered = 1;
	do
	:: listen_round();
		if
		:: bell[me] != heard
		:: settled && told[me] >= due[me] -> break
		fi
	od;
	assert(knows[me] == shown);
	goto end;
gone:
	die();
end:
	skip
}

/* Whoever comes: once at any time if `early`, and when the announcer has gone; it lives. */
proctype last(bit early)
{
	byte me = LAST, set, what;
	bit mortal;

	if
	:: early ->
		writer_lock();
		reclaim_passed();
		writer_unlock()
	:: else
	fi;
	announced;
	do
	:: writer_lock();
		reap_dead();
		reclaim_passed();
		writer_unlock();
		if
		:: record == FREE_SLOT -> break
		:: record != FREE_SLOT -> record == FREE_SLOT || left || awaits_dead
		fi
	od;
	assert(op == NONE);
	settled = 1;
	goto end;
gone:   /* It does not die. */
	assert(false);
end:
	skip
}

init
{
	atomic {
		/* Who takes part, and who of them may die. */
		if
		:: listeners = bit_of(LISTENER);
			run announcer(1);
			run listener(1);
			run last(1)
		:: run announcer(1);
			run subscriber(1);
			run last(1)
		:: listeners = bit_of(LISTENER);
			run announcer(0);
			run listener(0);
			run subscriber(0);
			run last(0)
		fi
	}
}
