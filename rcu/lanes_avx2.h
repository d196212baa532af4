/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCU_LANES_AVX2_H
#define RCU_LANES_AVX2_H

/*
 * Lanes of AVX2: four words in a register.  A file includes one lanes_*.h, and
 * what is written over its functions works with any.
 */

#include <immintrin.h>
#include <stdint.h>

#define RCU_LANES        4
#define RCU_LANES_BITS   ((1u << RCU_LANES) - 1) /* rcu_lanes_bits() of all lanes. */
#define RCU_LANES_TARGET __attribute__((target("avx2,popcnt")))
#define RCU_LANES_INLINE static inline __attribute__((always_inline)) RCU_LANES_TARGET

struct rcu_lanes {
	__m256i word;
};

/* All bits of a lane are set or clear. */
struct rcu_lanes_mask {
	__m256i lane;
};

/* The same word in all lanes. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_all(uint64_t word)
{
	return (struct rcu_lanes){_mm256_set1_epi64x((long long)word)};
}

/* As many words as there are lanes, at any address. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_read(const void *from)
{
	return (struct rcu_lanes){_mm256_loadu_si256(from)};
}

RCU_LANES_INLINE void rcu_lanes_write(void *to, struct rcu_lanes lanes)
{
	_mm256_storeu_si256(to, lanes.word);
}

/* The first n words; the other lanes repeat the first, and nothing is touched behind. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_read_some(const void *from, unsigned int n)
{
	__m256i mask = _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
	__m256i words = _mm256_maskload_epi64(from, mask);

	return (struct rcu_lanes){
		_mm256_blendv_epi8(_mm256_permute4x64_epi64(words, 0), words, mask)};
}

RCU_LANES_INLINE void rcu_lanes_write_some(void *to, struct rcu_lanes lanes, unsigned int n)
{
	__m256i mask = _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));

	_mm256_maskstore_epi64(to, mask, lanes.word);
}

RCU_LANES_INLINE struct rcu_lanes rcu_lanes_add(struct rcu_lanes a, struct rcu_lanes b)
{
	return (struct rcu_lanes){_mm256_add_epi64(a.word, b.word)};
}

RCU_LANES_INLINE struct rcu_lanes rcu_lanes_sub(struct rcu_lanes a, struct rcu_lanes b)
{
	return (struct rcu_lanes){_mm256_sub_epi64(a.word, b.word)};
}

RCU_LANES_INLINE struct rcu_lanes rcu_lanes_plus(struct rcu_lanes a, uint64_t b)
{
	return (struct rcu_lanes){_mm256_add_epi64(a.word, rcu_lanes_all(b).word)};
}

RCU_LANES_INLINE struct rcu_lanes rcu_lanes_and(struct rcu_lanes a, uint64_t b)
{
	return (struct rcu_lanes){_mm256_and_si256(a.word, rcu_lanes_all(b).word)};
}

RCU_LANES_INLINE struct rcu_lanes rcu_lanes_shift(struct rcu_lanes a, unsigned int right)
{
	return (struct rcu_lanes){_mm256_srli_epi64(a.word, (int)right)};
}

/* `a`, with the bits of `b` where `bits` are; those of `a` are clear. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_fill(
	struct rcu_lanes a, struct rcu_lanes b, uint64_t bits)
{
	return (struct rcu_lanes){_mm256_or_si256(a.word, rcu_lanes_and(b, bits).word)};
}

/* A bit for each lane, the first lane's the lowest. */
RCU_LANES_INLINE uint32_t rcu_lanes_bits(struct rcu_lanes_mask mask)
{
	return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(mask.lane));
}

RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_both(
	struct rcu_lanes_mask a, struct rcu_lanes_mask b)
{
	return (struct rcu_lanes_mask){_mm256_and_si256(a.lane, b.lane)};
}

RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_either(
	struct rcu_lanes_mask a, struct rcu_lanes_mask b)
{
	return (struct rcu_lanes_mask){_mm256_or_si256(a.lane, b.lane)};
}

/* The lanes in which `a` is `b`. */
RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_equal(struct rcu_lanes a, struct rcu_lanes b)
{
	return (struct rcu_lanes_mask){_mm256_cmpeq_epi64(a.word, b.word)};
}

/* The lanes in which `a` is less than `b`; both are less than 2^63. */
RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_below(struct rcu_lanes a, struct rcu_lanes b)
{
	return (struct rcu_lanes_mask){_mm256_cmpgt_epi64(b.word, a.word)};
}

/* The lanes in which the bits `of` of `a` are `b`. */
RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_are(struct rcu_lanes a, uint64_t of, uint64_t b)
{
	__m256i bits = _mm256_and_si256(a.word, rcu_lanes_all(of).word);

	return (struct rcu_lanes_mask){_mm256_cmpeq_epi64(bits, rcu_lanes_all(b).word)};
}

/*
 * In the lanes of the mask the aligned words at base + at * scale, elsewhere `old`; `base` is an
 * address, `scale` a constant.
 * Plain loads to the compiler, one for each lane to the processor: why that is
 * an acquire load of each word is in docs/memory-model.md, "Several words by
 * one instruction".
 */
#define rcu_lanes_load(old, mask, base, at, scale)                                                 \
	((struct rcu_lanes){_mm256_mask_i64gather_epi64(                                           \
		(old).word, (const long long *)(base), (at).word, (mask).lane, scale)})

#endif /* RCU_LANES_AVX2_H */
