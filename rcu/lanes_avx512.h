/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCU_LANES_AVX512_H
#define RCU_LANES_AVX512_H

/* Lanes of AVX-512 (F is enough): eight words in a register.  All else as in lanes_avx2.h. */

#include <immintrin.h>
#include <stdint.h>

#define RCU_LANES        8
#define RCU_LANES_BITS   ((1u << RCU_LANES) - 1) /* rcu_lanes_bits() of all lanes. */
#define RCU_LANES_TARGET __attribute__((target("avx512f,popcnt")))
#define RCU_LANES_INLINE static inline __attribute__((always_inline)) RCU_LANES_TARGET

struct rcu_lanes {
	__m512i word;
};

struct rcu_lanes_mask {
	__mmask8 lane;
};

/* The same word in all lanes. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_all(uint64_t word)
{
	return (struct rcu_lanes){_mm512_set1_epi64((long long)word)};
}

RCU_LANES_INLINE struct rcu_lanes rcu_lanes_read(const void *from)
{
	return (struct rcu_lanes){_mm512_loadu_si512(from)};
}

RCU_LANES_INLINE void rcu_lanes_write(void *to, struct rcu_lanes lanes)
{
	_mm512_storeu_si512(to, lanes.word);
}

/* The first n words; the other lanes repeat the first, and nothing is touched behind. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_read_some(const void *from, unsigned int n)
{
	__mmask8 mask = (__mmask8)((1u << n) - 1);
	__m512i words = _mm512_maskz_loadu_epi64(mask, from);

	return (struct rcu_lanes){_mm512_mask_blend_epi64(
		mask, _mm512_permutexvar_epi64(_mm512_setzero_si512(), words), words)};
}

RCU_LANES_INLINE void rcu_lanes_write_some(void *to, struct rcu_lanes lanes, unsigned int n)
{
	_mm512_mask_storeu_epi64(to, (__mmask8)((1u << n) - 1), lanes.word);
}

RCU_LANES_INLINE struct rcu_lanes rcu_lanes_add(struct rcu_lanes a, struct rcu_lanes b)
{
	return (struct rcu_lanes){_mm512_add_epi64(a.word, b.word)};
}

RCU_LANES_INLINE struct rcu_lanes rcu_lanes_sub(struct rcu_lanes a, struct rcu_lanes b)
{
	return (struct rcu_lanes){_mm512_sub_epi64(a.word, b.word)};
}

RCU_LANES_INLINE struct rcu_lanes rcu_lanes_plus(struct rcu_lanes a, uint64_t b)
{
	return (struct rcu_lanes){_mm512_add_epi64(a.word, rcu_lanes_all(b).word)};
}

RCU_LANES_INLINE struct rcu_lanes rcu_lanes_and(struct rcu_lanes a, uint64_t b)
{
	return (struct rcu_lanes){_mm512_and_si512(a.word, rcu_lanes_all(b).word)};
}

RCU_LANES_INLINE struct rcu_lanes rcu_lanes_shift(struct rcu_lanes a, unsigned int right)
{
	return (struct rcu_lanes){_mm512_srli_epi64(a.word, right)};
}

RCU_LANES_INLINE struct rcu_lanes rcu_lanes_fill(
	struct rcu_lanes a, struct rcu_lanes b, uint64_t bits)
{
	/* 0xf8: a | b & c, bit by bit. */
	return (struct rcu_lanes){
		_mm512_ternarylogic_epi64(a.word, b.word, rcu_lanes_all(bits).word, 0xf8)};
}

RCU_LANES_INLINE uint32_t rcu_lanes_bits(struct rcu_lanes_mask mask)
{
	return mask.lane;
}

RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_both(
	struct rcu_lanes_mask a, struct rcu_lanes_mask b)
{
	return (struct rcu_lanes_mask){a.lane & b.lane};
}

RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_either(
	struct rcu_lanes_mask a, struct rcu_lanes_mask b)
{
	return (struct rcu_lanes_mask){a.lane | b.lane};
}

RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_equal(struct rcu_lanes a, struct rcu_lanes b)
{
	return (struct rcu_lanes_mask){_mm512_cmpeq_epi64_mask(a.word, b.word)};
}

RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_below(struct rcu_lanes a, struct rcu_lanes b)
{
	return (struct rcu_lanes_mask){_mm512_cmplt_epu64_mask(a.word, b.word)};
}

RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_are(struct rcu_lanes a, uint64_t of, uint64_t b)
{
	__m512i bits = _mm512_and_si512(a.word, rcu_lanes_all(of).word);

	if (b == of && (of & (of - 1)) == 0) /* One bit: one instruction. */
		return (struct rcu_lanes_mask){
			_mm512_test_epi64_mask(a.word, rcu_lanes_all(of).word)};
	return (struct rcu_lanes_mask){_mm512_cmpeq_epi64_mask(bits, rcu_lanes_all(b).word)};
}

#define rcu_lanes_load(old, mask, base, at, scale)                                                 \
	((struct rcu_lanes){_mm512_mask_i64gather_epi64(                                           \
		(old).word, (mask).lane, (at).word, (const void *)(base), scale)})

#endif /* RCU_LANES_AVX512_H */
