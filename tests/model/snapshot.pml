/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Publication of a picture by one word, and the reuse of its blocks.
 *
 * A picture is one block of two words, which both say the picture's number, so
 * that a reader can tell a torn, early or recycled one.  The writer publishes
 * EDITS of them from BLOCKS blocks, so that each is used again.  Grace periods
 * are as they are promised here; grace.pml is how they are made.
 *
 * src/snapshot_edit.c: snapshot_begin() edit_own() snapshot_publish() snapshot_reclaim()
 * src/snapshot_edit.c: snapshot_reserve() snapshot_set_list()
 * src/snapshot.h: snapshot_get() snapshot_seq() snapshot_block()
 * src/snapshot.c: snapshot_next_list() block_runs()
 * rcu/grace.c: rcu_ticket() rcu_oldest()
 * rcu/section.h: rcu_word_set() rcu_section_enter() rcu_section_exit()
 * Invariants: INV-SNAPSHOT-1 INV-SNAPSHOT-2
 *
 * plant RELAXED_PUBLISH  the root is stored relaxed
 * plant REUSE_EARLY      a replaced block is taken without asking readers
 * plant TICKET_EARLY     the ticket is drawn before the root is stored
 * plant IN_PLACE         a published block is changed instead of copied
 * plant HIGH_FIRST       a reader loads the bound of the lists before the root
 * plant HIGH_LATE        the bound of the lists is raised after the root
 */

#define BLOCKS  3
#define EDITS   3
#define READERS 2

/* Cells of memory: the root, the bound of lists, two words for each block. */
#define ROOT         0
#define HIGH         1
#define WORD_A(b)    (2 + 2 * (b))
#define WORD_B(b)    (3 + 2 * (b))
#define CELLS        (2 + 2 * BLOCKS)
#define BUF          4
#define linearize(i) skip

#define root_of(seq, block) ((seq) * 4 + (block))
#define seq_of(root)        ((root) / 4)
#define block_of(root)      ((root) % 4)

#include "buffer.pml"

byte sequence = 1;
byte epoch[READERS];
byte retired_at[BLOCKS]; /* The ticket of a block that waits; 0: it is free or in use. */
byte done;

#define passed(ticket)                                                                             \
	((epoch[0] == 0 || epoch[0] >= ticket) && (epoch[1] == 0 || epoch[1] >= ticket))

inline take_block()
{
	/* snapshot_reserve(), snapshot_reclaim(): a block that is free, or has been passed. */
	if
#ifdef REUSE_EARLY
	:: atomic { 0 != block_of(root) -> own = 0 }
	:: atomic { 1 != block_of(root) -> own = 1 }
	:: atomic { 2 != block_of(root) -> own = 2 }
#else
	:: atomic { 0 != block_of(root) && passed(retired_at[0]) -> own = 0 }
	:: atomic { 1 != block_of(root) && passed(retired_at[1]) -> own = 1 }
	:: atomic { 2 != block_of(root) && passed(retired_at[2]) -> own = 2 }
#endif
	fi;
	retired_at[own] = 0
}

/* snapshot_begin() to snapshot_publish(); `root` is the writer's own last store. */
active proctype writer()
{
	byte root = root_of(0, 0), own, seq = 1, ticket;

	do
	:: seq <= EDITS ->
#ifdef IN_PLACE
		own = block_of(root);
#else
		take_block();
#endif
#ifndef HIGH_LATE
		store_release(HIGH, seq); /* snapshot_set_list() */
#endif
		store_relaxed(WORD_A(own), seq); /* edit_own(): the copy. */
		store_relaxed(WORD_B(own), seq);
#ifdef TICKET_EARLY
		atomic { fence_full() -> sequence++; ticket = sequence };
		publish(ROOT, root_of(seq, own));
#else
		publish(ROOT, root_of(seq, own)); /* snapshot_publish() */
		atomic { fence_full() -> sequence++; ticket = sequence }; /* rcu_ticket() */
#endif
#ifdef HIGH_LATE
		store_release(HIGH, seq);
#endif
		d_step {
			retired_at[block_of(root)] = (block_of(root) != own -> ticket : 0);
			root = root_of(seq, own);
			own = 0;
			ticket = 0;
			seq++
		}
	:: else ->
		break
	od;
	stored_all = 1
}

/* A walk: the section is a word that the writer's grace period sees at once. */
proctype reader(byte me)
{
	byte root, a, high, walks;

	do
	:: walks < 2 ->
		atomic { epoch[me] = sequence };
#ifdef HIGH_FIRST
		high = mem[HIGH];
		root = mem[ROOT];
#else
		root = mem[ROOT]; /* snapshot_get() */
		high = mem[HIGH]; /* snapshot_next_list() */
#endif
		assert(high >= seq_of(root));
		a = mem[WORD_A(block_of(root))]; /* block_runs() */
		assert(a == seq_of(root));       /* Complete, and nobody else's yet. */
		a = mem[WORD_B(block_of(root))];
		assert(a == seq_of(root)); /* All of the operation, or nothing. */
		d_step { root = 0; a = 0; high = 0 };
		epoch[me] = 0;
		walks++
	:: else ->
		break
	od;
	done++
}

init
{
	atomic { run reader(0); run reader(1) };
	done == READERS && stored_all && buf_cnt == 0;
	assert(seq_of(mem[ROOT]) == EDITS)
}
