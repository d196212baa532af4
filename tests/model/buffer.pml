/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One writer's stores on their way to memory: rcu/atomic.h, weaker than x86-64.
 *
 * A store waits in `buf` and reaches `mem` at any later time, in any order but
 * for two rules: stores to one cell keep theirs, and a release store is the last
 * of all that stand before it.  Loads of readers are acquires and happen in the
 * order of the program.  Who includes this has CELLS, BUF and `linearize(i)`,
 * which says what becomes true when entry i arrives.
 */

typedef store {
	byte cell;
	byte value;
	bit release;
};

byte mem[CELLS];
store buf[BUF];
byte buf_cnt;
bit stored_all; /* No store comes any more. */

#ifdef RELAXED_PUBLISH
#define PUBLISH 0
#else
#define PUBLISH 1
#endif

#define put(c, v, r)                                                                               \
	atomic {                                                                                   \
		buf_cnt < BUF;                                                                     \
		buf[buf_cnt].cell = c;                                                             \
		buf[buf_cnt].value = v;                                                            \
		buf[buf_cnt].release = r;                                                          \
		buf_cnt++                                                                          \
	}
#define store_relaxed(c, v) put(c, v, 0)
#define store_release(c, v) put(c, v, 1)
#define publish(c, v)       put(c, v, PUBLISH)
#define fence_full()        buf_cnt == 0 /* Also what a read-modify-write begins with. */

/* Entry i may arrive: it exists, no older one is of its cell, and a release waits for all. */
#define same(i, j) (buf[i].cell == buf[j].cell)
#define older_than(i)                                                                              \
	((i > 0 && same(i, 0)) || (i > 1 && same(i, 1)) || (i > 2 && same(i, 2)) ||                \
		(i > 3 && same(i, 3)))
#define may_arrive(i) (i < buf_cnt && (i == 0 || (!buf[i].release && !older_than(i))))

active proctype memory()
{
	byte i;

end:
	do
	:: atomic {
		if
		:: may_arrive(0) -> i = 0
		:: may_arrive(1) -> i = 1
		:: may_arrive(2) -> i = 2
		:: may_arrive(3) -> i = 3
		fi;
		mem[buf[i].cell] = buf[i].value;
		linearize(i);
		do
		:: i + 1 < buf_cnt ->
			buf[i].cell = buf[i + 1].cell;
			buf[i].value = buf[i + 1].value;
			buf[i].release = buf[i + 1].release;
			i++
		:: else ->
			break
		od;
		buf_cnt--;
		buf[buf_cnt].cell = 0;
		buf[buf_cnt].value = 0;
		buf[buf_cnt].release = 0;
		i = 0
	   }
	:: stored_all && buf_cnt == 0 ->
		break
	od
}
