/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Publication of the words of a radix tree, with a writer that dies anywhere.
 *
 * One word of the root table over two words of the next level: either a node
 * of the window, at which readers look before they ask the root, or a node of
 * the pool.  Two keys, one under each word.  The first writer gives the whole a
 * value, splits it and gives the first key a value of its own, which leads to a
 * descriptor; it may die at any store.  The second gives the whole, or a half,
 * another value.  Every answer must be one that was right at an instant of the
 * lookup: `truth` changes when the store of an update arrives in memory, and by
 * nothing else.
 *
 * rcu/radix.c: radix_store() radix_store_value() radix_split() radix_visit() window_node()
 * rcu/radix.h: rcu_radix_lookup_low() rcu_radix_view_near() rcu_radix_view_word()
 * rcu/radix.h: rcu_radix_view_lookup()
 * src/segment.c: segment_describe()
 * src/index.c: index_pages_direct()
 * Invariants: INV-RADIX-1 INV-RADIX-2 INV-RADIX-3 INV-RADIX-4 INV-RADIX-5
 *
 * plant RELAXED_PUBLISH  words are stored relaxed
 * plant SPLIT_EMPTY      a split does not copy the value
 * plant SPLIT_LATE       a split copies the value after the node is published
 * plant NO_CLEAR         copies of a writer that died in a split stay in the window
 * plant CLEAR_LATE       ... are cleared after the root's word is stored
 * plant NODE_REPLACED    a word that is a node becomes a value
 */

/* Cells of memory: the root's word, the two below, the descriptor. */
#define ROOT       0
#define WORD(k)    (1 + (k))
#define DESCRIPTOR 3
#define CELLS      4
#define BUF        4

/* Words: 0 is empty. */
#define NODE    1
#define FIRST   2
#define DIRECT  3 /* Leads to the descriptor. */
#define SECOND  4
#define THIRD   5
#define UPDATES 2 /* Values from here on are updates, and not copies, if `update` says so. */

bit window; /* The node stands in the window. */
byte truth[2];
byte seen[4]; /* For each reader: answers that were right since its lookup began, one bit each. */

/*
 * An update's store has arrived: of the root's word both keys, of a word below
 * its own, if the root leads there.  Copies of a split and clears say what was
 * true before, and change nothing.
 */
#define counts(i) (buf[i].value >= UPDATES && update_of(buf[i].cell, buf[i].value))
#define update_of(c, v)                                                                            \
	((c == ROOT) || (v == DIRECT) || (v == THIRD))
#define linearize(i)                                                                               \
	if                                                                                         \
	:: buf[i].cell == ROOT && counts(i) ->                                                     \
		truth[0] = buf[i].value;                                                           \
		truth[1] = buf[i].value                                                            \
	:: (buf[i].cell == WORD(0) || buf[i].cell == WORD(1)) && counts(i) ->                      \
		truth[buf[i].cell - WORD(0)] = buf[i].value                                        \
	:: else                                                                                    \
	fi;                                                                                        \
	seen[0] = seen[0] | (1 << truth[0]);                                                       \
	seen[1] = seen[1] | (1 << truth[1])

#include "buffer.pml"

byte own[3]; /* What the writers have stored last: the writers' own loads. */
byte done;
bit first_gone;

#define write(c, v)                                                                                \
	atomic {                                                                                   \
		publish(c, v);                                                                     \
		own[c] = v                                                                         \
	}

/* radix_store_value(): in the window no copies may stay below a value. */
#define store_value(v)                                                                             \
	clear_before(0);                                                                           \
	clear_before(1);                                                                           \
	write(ROOT, v);                                                                            \
	clear_after(0);                                                                            \
	clear_after(1)

#define clear(k)                                                                                   \
	if                                                                                         \
	:: window && own[WORD(k)] != 0 -> write(WORD(k), 0)                                        \
	:: else                                                                                    \
	fi
#define clear_before(k) clear(k)
#define clear_after(k)  skip
#ifdef NO_CLEAR
#undef clear_before
#define clear_before(k) skip
#endif
#ifdef CLEAR_LATE
#undef clear_before
#define clear_before(k) skip
#undef clear_after
#define clear_after(k) clear(k)
#endif

/* The writer may die before any of its stores. */
#define may_die                                                                                    \
	if                                                                                         \
	:: goto gone                                                                               \
	:: skip                                                                                    \
	fi

/* radix_split(): the value goes into all words of the node before a word leads to it. */
#ifdef SPLIT_EMPTY
#define split()                                                                                    \
	write(ROOT, NODE)
#else
#ifdef SPLIT_LATE
#define split()                                                                                    \
	write(ROOT, NODE);                                                                         \
	write(WORD(0), own_value);                                                                 \
	write(WORD(1), own_value)
#else
#define split()                                                                                    \
	may_die;                                                                                   \
	write(WORD(0), own_value);                                                                 \
	may_die;                                                                                   \
	write(WORD(1), own_value);                                                                 \
	may_die;                                                                                   \
	write(ROOT, NODE)
#endif
#endif

proctype first_writer()
{
	byte own_value = FIRST;

	may_die;
	write(ROOT, FIRST);
	split();
	may_die;
	store_relaxed(DESCRIPTOR, 1); /* segment_describe(), and the word that leads there. */
	write(WORD(0), DIRECT);
gone:
	first_gone = 1
}

/* The successor: the mutex lets it in when the first is gone; all stores have arrived. */
proctype second_writer()
{
	byte own_value;

	first_gone;
	fence_full();
	own_value = own[ROOT];
	if
	:: own[ROOT] != NODE ->
		store_value(SECOND)
	:: own[ROOT] == FIRST ->
		split();
		write(WORD(1), THIRD)
	:: own[ROOT] == NODE ->
#ifdef NODE_REPLACED
		write(ROOT, SECOND)
#else
		write(WORD(1), THIRD)
#endif
	fi;
gone:
	stored_all = 1
}

/* Two lookups of one key. */
proctype reader(byte key)
{
	byte word, lookups;

	do
	:: lookups < 2 ->
		d_step { seen[key] = 1 << truth[key] };
		word = 0;
		if
		:: window -> word = mem[WORD(key)] /* rcu_radix_view_near() */
		:: else
		fi;
		if
		:: word == 0 ->
			word = mem[ROOT]; /* rcu_radix_lookup_low() */
			if
			:: word == NODE -> word = mem[WORD(key)]
			:: else
			fi
		:: else
		fi;
		assert(word != NODE && (seen[key] & (1 << word)));
		if
		:: word == DIRECT -> assert(mem[DESCRIPTOR] == 1)
		:: else
		fi;
		lookups++
	:: else ->
		break
	od;
	done++
}

init
{
	atomic {
		if
		:: window = 1
		:: window = 0
		fi;
		run first_writer();
		run second_writer();
		run reader(0);
		run reader(1)
	};
	done == 2 && stored_all && buf_cnt == 0
}
