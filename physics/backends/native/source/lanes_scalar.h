// `Lanes` as an array, for any processor: plain loops, which a compiler may turn into registers.

#include <math.h>

typedef struct {
  float lane[LANES];
} Lanes;
typedef struct {
  int32_t lane[LANES];
} Index;
typedef Index Mask;  // 1 or 0

#define FOR_LANES for (int i = 0; i < LANES; i++)
// A value of a type whose every lane `i` is an expression.
#define MAKE(type, expression)        \
  type made;                          \
  FOR_LANES made.lane[i] = expression; \
  return made

INLINE Lanes load(const float *from) { MAKE(Lanes, from[i]); }
INLINE void store(float *to, Lanes a) { FOR_LANES to[i] = a.lane[i]; }
INLINE Index load_index(const int32_t *from) { MAKE(Index, from[i]); }
INLINE void store_index(int32_t *to, Index a) { FOR_LANES to[i] = a.lane[i]; }
INLINE Lanes all(float a) { MAKE(Lanes, a); }

INLINE Lanes add(Lanes a, Lanes b) { MAKE(Lanes, a.lane[i] + b.lane[i]); }
INLINE Lanes sub(Lanes a, Lanes b) { MAKE(Lanes, a.lane[i] - b.lane[i]); }
INLINE Lanes mul(Lanes a, Lanes b) { MAKE(Lanes, a.lane[i] * b.lane[i]); }
INLINE Lanes quotient(Lanes a, Lanes b) { MAKE(Lanes, a.lane[i] / b.lane[i]); }
INLINE Lanes root(Lanes a) { MAKE(Lanes, sqrtf(a.lane[i])); }
INLINE Lanes magnitude(Lanes a) { MAKE(Lanes, fabsf(a.lane[i])); }
INLINE Lanes larger(Lanes a, Lanes b) { MAKE(Lanes, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]); }
INLINE Lanes smaller(Lanes a, Lanes b) {
  MAKE(Lanes, a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]);
}
#ifdef __FP_FAST_FMAF
#define FUSED(a, b, c) __builtin_fmaf(a, b, c)
#else  // a processor that cannot fuse would call a slow function
#define FUSED(a, b, c) ((a) * (b) + (c))
#endif
INLINE Lanes fused(Lanes a, Lanes b, Lanes c) {
  MAKE(Lanes, FUSED(a.lane[i], b.lane[i], c.lane[i]));
}
INLINE Lanes fused_minus(Lanes a, Lanes b, Lanes c) {
  MAKE(Lanes, FUSED(-a.lane[i], b.lane[i], c.lane[i]));
}

INLINE Mask above(Lanes a, Lanes b) { MAKE(Mask, a.lane[i] > b.lane[i]); }
INLINE Mask at_least(Lanes a, Lanes b) { MAKE(Mask, a.lane[i] >= b.lane[i]); }
INLINE Mask both(Mask a, Mask b) { MAKE(Mask, a.lane[i] & b.lane[i]); }
INLINE Mask either(Mask a, Mask b) { MAKE(Mask, a.lane[i] | b.lane[i]); }
INLINE uint32_t bits(Mask a) {
  uint32_t set = 0;
  FOR_LANES set |= (uint32_t)a.lane[i] << i;
  return set;
}
INLINE int any(Mask a) { return bits(a) != 0; }
INLINE Lanes choose(Mask which, Lanes a, Lanes b) {
  MAKE(Lanes, which.lane[i] ? a.lane[i] : b.lane[i]);
}

INLINE Lanes permute(Lanes a, Index from) { MAKE(Lanes, a.lane[from.lane[i] & 15]); }
INLINE Lanes permute_two(Lanes a, Lanes b, Index from) {
  MAKE(Lanes, (from.lane[i] & 16 ? b : a).lane[from.lane[i] & 15]);
}
INLINE Mask has_bit(Index a, int32_t bit) { MAKE(Mask, (a.lane[i] & bit) != 0); }
INLINE Lanes gather(const float *from, Index index) { MAKE(Lanes, from[index.lane[i]]); }
// Truncated; what is no number, or too large for one, becomes the smallest integer.
INLINE Index whole(Lanes a) {
  MAKE(Index, fabsf(a.lane[i]) < 2147483648.0f ? (int32_t)a.lane[i] : INT32_MIN);
}
INLINE Index limit_index(Index a, int32_t most) {
  MAKE(Index, a.lane[i] < 0 ? 0 : a.lane[i] > most ? most : a.lane[i]);
}
INLINE Index shift_index(Index a, int32_t by) { MAKE(Index, a.lane[i] + by); }

INLINE Lanes rough_inverse_root(Lanes a) { MAKE(Lanes, 1.0f / sqrtf(a.lane[i])); }

#undef MAKE
#undef FOR_LANES
#undef FUSED
