// `Lanes` as two registers of AVX2.

#include <immintrin.h>

typedef struct {
  __m256 low, high;
} Lanes;
typedef struct {
  __m256i low, high;
} Index;
typedef Lanes Mask;  // all bits of a lane, or none

#define EACH(call) ((Lanes){call(a.low), call(a.high)})
#define EACH_PAIR(call) ((Lanes){call(a.low, b.low), call(a.high, b.high)})

INLINE Lanes load(const float *from) {
  return (Lanes){_mm256_load_ps(from), _mm256_load_ps(from + 8)};
}
INLINE void store(float *to, Lanes a) {
  _mm256_store_ps(to, a.low);
  _mm256_store_ps(to + 8, a.high);
}
INLINE Index load_index(const int32_t *from) {
  const __m256i *half = (const __m256i *)from;
  return (Index){_mm256_load_si256(half), _mm256_load_si256(half + 1)};
}
INLINE Lanes all(float a) { return (Lanes){_mm256_set1_ps(a), _mm256_set1_ps(a)}; }

INLINE Lanes add(Lanes a, Lanes b) { return EACH_PAIR(_mm256_add_ps); }
INLINE Lanes sub(Lanes a, Lanes b) { return EACH_PAIR(_mm256_sub_ps); }
INLINE Lanes mul(Lanes a, Lanes b) { return EACH_PAIR(_mm256_mul_ps); }
INLINE Lanes larger(Lanes a, Lanes b) { return EACH_PAIR(_mm256_max_ps); }
INLINE Lanes smaller(Lanes a, Lanes b) { return EACH_PAIR(_mm256_min_ps); }
INLINE Lanes fused(Lanes a, Lanes b, Lanes c) {
  return (Lanes){_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
INLINE Lanes fused_minus(Lanes a, Lanes b, Lanes c) {
  return (Lanes){_mm256_fnmadd_ps(a.low, b.low, c.low), _mm256_fnmadd_ps(a.high, b.high, c.high)};
}

INLINE Lanes magnitude(Lanes a) {
  __m256 sign = _mm256_set1_ps(-0.0f);
  return (Lanes){_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
}
INLINE Lanes with_sign_of(Lanes a, Lanes b) {  // `a` is not negative
  __m256 sign = _mm256_set1_ps(-0.0f);
  return (Lanes){_mm256_or_ps(a.low, _mm256_and_ps(sign, b.low)),
                 _mm256_or_ps(a.high, _mm256_and_ps(sign, b.high))};
}

INLINE Mask above(Lanes a, Lanes b) {
  return (Mask){_mm256_cmp_ps(a.low, b.low, _CMP_GT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_GT_OQ)};
}
INLINE Mask at_least(Lanes a, Lanes b) {
  return (Mask){_mm256_cmp_ps(a.low, b.low, _CMP_GE_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_GE_OQ)};
}
INLINE Mask both(Mask a, Mask b) { return EACH_PAIR(_mm256_and_ps); }
INLINE Mask either(Mask a, Mask b) { return EACH_PAIR(_mm256_or_ps); }
INLINE uint32_t bits(Mask a) {
  return (uint32_t)_mm256_movemask_ps(a.low) | (uint32_t)_mm256_movemask_ps(a.high) << 8;
}
INLINE int any(Mask a) { return _mm256_movemask_ps(_mm256_or_ps(a.low, a.high)) != 0; }
INLINE Lanes choose(Mask which, Lanes a, Lanes b) {
  return (Lanes){_mm256_blendv_ps(b.low, a.low, which.low),
                 _mm256_blendv_ps(b.high, a.high, which.high)};
}

// Permutes see the lowest three bits of an index; the fourth is moved to the sign for blends.
INLINE __m256 permute_half(Lanes a, __m256i from) {
  __m256 low = _mm256_permutevar8x32_ps(a.low, from);
  __m256 high = _mm256_permutevar8x32_ps(a.high, from);
  return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(from, 28)));
}
INLINE Lanes permute(Lanes a, Index from) {
  return (Lanes){permute_half(a, from.low), permute_half(a, from.high)};
}
INLINE __m256 permute_two_half(Lanes a, Lanes b, __m256i from) {
  __m256 second = _mm256_castsi256_ps(_mm256_slli_epi32(from, 27));
  return _mm256_blendv_ps(permute_half(a, from), permute_half(b, from), second);
}
INLINE Lanes permute_two(Lanes a, Lanes b, Index from) {
  return (Lanes){permute_two_half(a, b, from.low), permute_two_half(a, b, from.high)};
}
INLINE Mask has_bit(Index a, int32_t bit) {
  __m256i wanted = _mm256_set1_epi32(bit);
  __m256i low = _mm256_cmpeq_epi32(_mm256_and_si256(a.low, wanted), wanted);
  __m256i high = _mm256_cmpeq_epi32(_mm256_and_si256(a.high, wanted), wanted);
  return (Mask){_mm256_castsi256_ps(low), _mm256_castsi256_ps(high)};
}
INLINE Lanes gather(const float *from, Index index) {
  return (Lanes){_mm256_i32gather_ps(from, index.low, 4), _mm256_i32gather_ps(from, index.high, 4)};
}

INLINE Lanes rough_inverse_root(Lanes a) { return EACH(_mm256_rsqrt_ps); }

#undef EACH
#undef EACH_PAIR
