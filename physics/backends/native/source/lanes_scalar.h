// `Lanes` for any processor: vectors of the compiler's own, which it makes of what there is.

#include <math.h>
#include <string.h>

typedef float Lanes __attribute__((vector_size(64)));
typedef int32_t Index __attribute__((vector_size(64)));
typedef Index Mask;  // all bits of a lane, or none

#define FOR_LANES for (int i = 0; i < LANES; i++)

INLINE Lanes load(const float *from) {
  Lanes a;
  memcpy(&a, from, sizeof a);
  return a;
}
INLINE void store(float *to, Lanes a) { memcpy(to, &a, sizeof a); }
INLINE Index load_index(const int32_t *from) {
  Index a;
  memcpy(&a, from, sizeof a);
  return a;
}
INLINE Lanes all(float a) { return (Lanes){a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a}; }

INLINE Lanes add(Lanes a, Lanes b) { return a + b; }
INLINE Lanes sub(Lanes a, Lanes b) { return a - b; }
INLINE Lanes mul(Lanes a, Lanes b) { return a * b; }
// Not fused: a processor that cannot would call a function for every lane.
INLINE Lanes fused(Lanes a, Lanes b, Lanes c) { return a * b + c; }
INLINE Lanes fused_minus(Lanes a, Lanes b, Lanes c) { return c - a * b; }

INLINE Lanes magnitude(Lanes a) { return (Lanes)((Index)a & INT32_MAX); }
INLINE Lanes with_sign_of(Lanes a, Lanes b) {  // `a` is not negative
  return (Lanes)((Index)a | ((Index)b & INT32_MIN));
}

INLINE Mask above(Lanes a, Lanes b) { return a > b; }
INLINE Mask at_least(Lanes a, Lanes b) { return a >= b; }
INLINE Mask both(Mask a, Mask b) { return a & b; }
INLINE Mask either(Mask a, Mask b) { return a | b; }
INLINE uint32_t bits(Mask a) {
  uint32_t set = 0;
  FOR_LANES set |= (uint32_t)(a[i] & 1) << i;
  return set;
}
INLINE int any(Mask a) { return bits(a) != 0; }
INLINE Lanes choose(Mask which, Lanes a, Lanes b) {
  return (Lanes)((which & (Index)a) | (~which & (Index)b));
}
INLINE Lanes larger(Lanes a, Lanes b) { return choose(a > b, a, b); }
INLINE Lanes smaller(Lanes a, Lanes b) { return choose(a < b, a, b); }

INLINE Lanes gather(const float *from, Index index) {
  Lanes a;
  FOR_LANES a[i] = from[index[i]];
  return a;
}
INLINE Lanes permute(Lanes a, Index from) {
  float lanes[LANES];
  store(lanes, a);
  return gather(lanes, from & (LANES - 1));
}
INLINE Lanes permute_two(Lanes a, Lanes b, Index from) {
  float lanes[2 * LANES];
  store(lanes, a);
  store(lanes + LANES, b);
  return gather(lanes, from & (2 * LANES - 1));
}
INLINE Mask has_bit(Index a, int32_t bit) { return (a & bit) != 0; }

INLINE Lanes rough_inverse_root(Lanes a) {
  FOR_LANES a[i] = 1.0f / sqrtf(a[i]);
  return a;
}

#undef FOR_LANES
