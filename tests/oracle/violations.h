/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ORACLE_VIOLATIONS_H
#define ORACLE_VIOLATIONS_H

/*
 * Wrong answers on purpose, which the comparison has to find.  The driver of rcumem is linked so
 * that its calls come here first (ld --wrap, see meson.build); the library knows nothing of it.
 */

#define VIOLATIONS(V)                                                                              \
	V(REGISTER_ERRNO, "register-wrong-errno")                                                  \
	V(REGISTER_ZERO, "register-without-table-gives-0")                                         \
	V(REGISTER_COUNT, "register-ignores-count")                                                \
	V(UNREGISTER_TWICE, "unregister-twice-succeeds")                                           \
	V(ATTACH_AGAIN, "attach-again-succeeds")                                                   \
	V(DETACH_ERRNO, "detach-wrong-errno")                                                      \
	V(LIST_END, "list-end-is-inside")                                                          \
	V(LIST_ERRNO, "list-found-spoils-errno")                                                   \
	V(SEGMENT_NEXT, "last-byte-is-of-the-next-page")                                           \
	V(SEGMENT_ELSEWHERE, "segment-of-another-list")                                            \
	V(IOVA_ZERO, "iova-0-is-nowhere")                                                          \
	V(IOVA_END, "iova-end-is-inside")                                                          \
	V(IOVA_LAST, "last-of-equal-iovas-wins")                                                   \
	V(WALK_SKIP, "walk-skips-one")                                                             \
	V(WALK_REVERSED, "walk-goes-backwards")                                                    \
	V(WALK_RESULT, "walk-returns-minus-1-for-any-negative")                                    \
	V(CONTIG_SPLIT, "run-one-page-short")                                                      \
	V(LISTS_TWICE, "list-visited-twice")                                                       \
	V(UNSAFE_STOP, "unsafe-walk-does-not-stop")                                                \
	V(FD_ERRNO, "fd-wrong-errno")                                                              \
	V(FD_OFFSET, "fd-offset-written-on-failure")                                               \
	V(DMA_BITS, "dma-mask-one-bit-wide")                                                       \
	V(DMA_ERRNO, "dma-mask-sets-errno")                                                        \
	V(ARRAY_PREV, "find-prev-without-start")                                                   \
	V(ARRAY_BIGGEST, "find-biggest-last-of-equal")                                             \
	V(ARRAY_N_ERRNO, "find-next-n-wrong-errno")                                                \
	V(ARRAY_COUNT, "set-used-counts-twice")                                                    \
	V(ARRAY_DESTROY, "destroy-leaves-the-handle")                                              \
	V(ARRAY_CLEARED, "init-does-not-clear")

enum violation {
	NO_VIOLATION,
#define VIOLATION_ID(id, name) id,
	VIOLATIONS(VIOLATION_ID)
};

/* The one that was asked for. */
extern enum violation violation;

/* Declares the wrapper of a function, and the function behind it. */
#define WRAP(type, name, ...)                                                                      \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

#endif /* ORACLE_VIOLATIONS_H */
