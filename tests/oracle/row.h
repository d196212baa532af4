/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ORACLE_ROW_H
#define ORACLE_ROW_H

/*
 * Rows of the contract that an operation can meet, and what each says must come out, as a
 * pattern that tests/oracle/run reads: alternatives between bars, each what is returned and the
 * errno of a failure.  `found` is anything but 0, `many` 0 or more, `any` anything.
 *
 * A is Appendix A, S3 is section 3.  A part behind a dot is a case of the row.  Where DPDK
 * answers otherwise, deviations.txt says so.
 */
#define ROWS(R)                                                                                    \
	R(SKIPPED, "skipped", "0")                                                                 \
	R(X1, "X1", "-1 EINVAL")                                                                   \
	R(X1_ORDER, "X1.order", "-1 EINVAL") /* Refused for two reasons. */                        \
	R(X2, "X2", "0")                                                                           \
	R(X3, "X3", "-1 EEXIST")                                                                   \
	R(X4, "X4", "-1 EEXIST")                                                                   \
	R(X5, "X5", "-1 EEXIST")                                                                   \
	R(X5_FULL, "X5.full", "-1 EEXIST")                                                         \
	R(X6, "X6", "-1 ENOSPC")                                                                   \
	R(X8, "X8", "-1 EINVAL")                                                                   \
	R(X8_TRUNCATED, "X8.truncated", "-1 EINVAL")                                               \
	R(X9, "X9", "0")                                                                           \
	R(X9_LARGE, "X9.large", "0") /* Pages of 4 GiB and more. */                                \
	R(X10, "X10", "-1 EINVAL")                                                                 \
	R(X11, "X11", "-1 ENOENT")                                                                 \
	R(X13, "X13", "-1 ENOENT")                                                                 \
	R(X14, "X14", "-1 ENOENT")                                                                 \
	R(X15, "X15", "-1 EEXIST")                                                                 \
	R(X16, "X16", "-1 ENOENT")                                                                 \
	R(X18, "X18", "-1 ENOENT") /* Parts of internal lists; a whole one is excluded. */         \
	R(S3, "S3", "0")                                                                           \
	R(R4, "R4", "0") /* A list that is detached. */                                            \
	R(L1, "L1", "1")                                                                           \
	R(L2_IN, "L2.in", "1")                                                                     \
	R(L2_OUT, "L2.out", "0")                                                                   \
	R(L3, "L3", "0")                                                                           \
	R(L4_TOP, "L4.top", "1") /* A list that ends at 2^64. */                                   \
	R(L4_WRAP, "L4.wrap", "-1 EINVAL")                                                         \
	R(L6, "L6", "0")                                                                           \
	R(L9, "L9", "1")                                                                           \
	R(L10, "L10", "1")                                                                         \
	R(L13, "L13", "found")                                                                     \
	R(L13_NONE, "L13.none", "0")                                                               \
	R(L14, "L14", "0")                                                                         \
	R(L15, "L15", "found")                                                                     \
	R(L16, "L16", "0")                                                                         \
	R(L17, "L17", "found")                                                                     \
	R(L18, "L18", "found")                                                                     \
	R(L18_WRAP, "L18.wrap", "-1 EINVAL")                                                       \
	R(L19, "L19", "any")                                                                       \
	R(W1, "W1", "0")                                                                           \
	R(W3, "W3", "found")                                                                       \
	R(F1, "F1", "-1 EINVAL")                                                                   \
	R(F4, "F4", "-1 ENOTSUP")                                                                  \
	R(F4_TOP, "F4.top", "-1 ENOTSUP")                                                          \
	R(F8, "F8", "0")                                                                           \
	R(T1, "T1", "0")                                                                           \
	R(T2, "T2", "many")                                                                        \
	R(T4, "T4", "0")                                                                           \
	R(D1, "D1", "-1")                                                                          \
	R(D2, "D2", "1")                                                                           \
	R(D3, "D3", "0")                                                                           \
	R(D4, "D4", "0")                                                                           \
	R(D5, "D5", "1")                                                                           \
	R(D6, "D6", "0")                                                                           \
	R(D7, "D7", "0")                                                                           \
	R(P1, "P1", "0|-1")                                                                        \
	R(P2, "P2", "-1")                                                                          \
	R(P5, "P5", "0")                                                                           \
	R(P8, "P8", "0")                                                                           \
	R(P8_BAD, "P8.bad", "-1 ENOMEM|-1 EINVAL")                                                 \
	R(A, "A", "many")                                                                          \
	R(A_INVALID, "A.invalid", "-1 EINVAL")                                                     \
	R(A_NONE, "A.none", "-1 ENOENT|-1 ENOSPC")                                                 \
	R(A_TAIL, "A.tail", "-1 ENOSPC")                                                           \
	R(A_LONG, "A.long", "-1 ENAMETOOLONG")                                                     \
	R(A_SLASH, "A.slash", "-1 ENOENT")                                                         \
	R(A_BUSY, "A.busy", "-1 EBUSY")                                                            \
	R(A_ATTACHED, "A.attached", "-1 EEXIST")                                                   \
	R(A_DETACHED, "A.detached", "-1 ENOENT")

enum row {
#define ROW_ID(id, name, pattern) ROW_##id,
	ROWS(ROW_ID)
#undef ROW_ID
		ROW_CNT
};

#endif /* ORACLE_ROW_H */
