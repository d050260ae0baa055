// `Lanes` as one register of AVX-512.

#include <immintrin.h>

typedef __m512 Lanes;
typedef __m512i Index;
typedef __mmask16 Mask;


INLINE Lanes load(const float *from) { return _mm512_load_ps(from); }
INLINE void store(float *to, Lanes a) { _mm512_store_ps(to, a); }
INLINE Index load_index(const int32_t *from) { return _mm512_load_si512(from); }
INLINE Lanes all(float a) { return _mm512_set1_ps(a); }

INLINE Lanes add(Lanes a, Lanes b) { return _mm512_add_ps(a, b); }
INLINE Lanes sub(Lanes a, Lanes b) { return _mm512_sub_ps(a, b); }
INLINE Lanes mul(Lanes a, Lanes b) { return _mm512_mul_ps(a, b); }
INLINE Lanes fused(Lanes a, Lanes b, Lanes c) { return _mm512_fmadd_ps(a, b, c); }
INLINE Lanes fused_minus(Lanes a, Lanes b, Lanes c) { return _mm512_fnmadd_ps(a, b, c); }
INLINE Lanes larger(Lanes a, Lanes b) { return _mm512_max_ps(a, b); }
INLINE Lanes smaller(Lanes a, Lanes b) { return _mm512_min_ps(a, b); }

INLINE Lanes magnitude(Lanes a) { return _mm512_abs_ps(a); }
INLINE Lanes with_sign_of(Lanes a, Lanes b) {  // `a` is not negative
  __m512i sign = _mm512_set1_epi32(INT32_MIN);
  __m512i joined = _mm512_ternarylogic_epi32(_mm512_castps_si512(a), _mm512_castps_si512(b), sign,
                                             0xf8);  // a | (b & sign)
  return _mm512_castsi512_ps(joined);
}

INLINE Mask above(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
INLINE Mask at_least(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
INLINE Mask both(Mask a, Mask b) { return a & b; }
INLINE Mask either(Mask a, Mask b) { return a | b; }
INLINE int any(Mask a) { return a != 0; }
INLINE uint32_t bits(Mask a) { return a; }
INLINE Lanes choose(Mask which, Lanes a, Lanes b) { return _mm512_mask_blend_ps(which, b, a); }

INLINE Lanes permute(Lanes a, Index from) { return _mm512_permutexvar_ps(from, a); }
INLINE Lanes permute_two(Lanes a, Lanes b, Index from) {
  return _mm512_permutex2var_ps(a, from, b);
}
INLINE Mask has_bit(Index a, int32_t bit) {
  return _mm512_test_epi32_mask(a, _mm512_set1_epi32(bit));
}
INLINE Lanes gather(const float *from, Index index) {
  return _mm512_i32gather_ps(index, from, 4);
}

INLINE Lanes rough_inverse_root(Lanes a) { return _mm512_rsqrt14_ps(a); }
