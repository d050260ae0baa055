// Sixteen numbers that are computed on at once: one register of AVX-512, two of AVX2.
//
// The kernel is written once, on these. All joints of a small walker fit into one `Lanes`, which is
// why nothing of its step touches memory by index. Products and sums are fused only where the
// kernel says so (`fused`), so that every capacity rounds alike. Where an operand is no number,
// `larger` and `smaller` give the second.

#ifndef LANES_H
#define LANES_H

#include <stdint.h>

#define LANES 16
// How many registers hold a row of `count` numbers.
#define REGISTERS(count) ((count) / LANES)
#define INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__) && !defined(SCALAR)
#include "lanes_avx512.h"
#elif defined(__AVX2__) && defined(__FMA__) && !defined(SCALAR)
#include "lanes_avx2.h"
#else
#include "lanes_scalar.h"
#endif

INLINE int count_lanes(Mask a) { return __builtin_popcount(bits(a)); }

#endif
