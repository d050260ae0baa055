// Pulls of the springs, and what they cost their muscles: `physics.springs`.

#ifndef SPRINGS_H
#define SPRINGS_H

#include "walker.h"
#include "world.h"

// Walkers whose steps are computed side by side: while the numbers of one are awaited, those of the
// other are computed.
#ifndef TOGETHER
#define TOGETHER (JOINTS == 16 ? 2 : 1)
#endif

// One number for each joint, or each spring, in registers.
typedef Lanes Joints[REGISTERS(JOINTS)];
typedef Lanes Springs[REGISTERS(SPRINGS)];

// One walker within a step.
typedef struct {
  Joints x, y, vx, vy;
  Springs pull_x, pull_y;  // m/s^2, on the first end
  Joints force_x, force_y;
} Moment;

// The quantity of some joints: from registers or, where there are many, the same row in memory.
INLINE Lanes of_joints(const Joints row, const float *memory, Index joints) {
#if JOINTS == 16
  return permute(row[0], joints);
#elif JOINTS == 32
  return permute_two(row[0], row[1], joints);
#else
  return gather(memory, joints);
#endif
}

#if IN_REGISTERS
// The quantity of some springs: among two registers at a time, chosen by the bits of the index.
INLINE Lanes of_springs(const Springs row, Index springs) {
  Lanes low = permute_two(row[0], row[1], springs);
#if SPRINGS >= 64
  low = choose(has_bit(springs, 32), permute_two(row[2], row[3], springs), low);
#endif
#if SPRINGS >= 128
  Lanes third = permute_two(row[4], row[5], springs);
  Lanes fourth = permute_two(row[6], row[7], springs);
  Lanes high = choose(has_bit(springs, 32), fourth, third);
  low = choose(has_bit(springs, 64), high, low);
#endif
  return low;
}

// Forces on the joints of `count` walkers side by side.
INLINE void sum_pulls(const Walker *walkers, Moment *moments, int count) {
  int degree = 0;
#pragma GCC unroll 4
  for (int w = 0; w < count; w++) {
    degree = walkers[w].degree > degree ? walkers[w].degree : degree;
#pragma GCC unroll 2
    for (int r = 0; r < REGISTERS(JOINTS); r++) {
      moments[w].force_x[r] = moments[w].force_y[r] = all(0.0f);
    }
  }
  for (int k = 0; k < degree; k++) {
#pragma GCC unroll 4
    for (int w = 0; w < count; w++) {
      Moment *moment = &moments[w];
#pragma GCC unroll 2
      for (int r = 0; r < REGISTERS(JOINTS); r++) {
        Index spring = load_index(walkers[w].spring[k] + LANES * r);
        Lanes sign = load(walkers[w].sign[k] + LANES * r);
        moment->force_x[r] =
            fused(sign, of_springs(moment->pull_x, spring), moment->force_x[r]);
        moment->force_y[r] =
            fused(sign, of_springs(moment->pull_y, spring), moment->force_y[r]);
      }
    }
  }
}
#else
// The same sums in the same order, spring by spring.
INLINE void sum_pulls(const Walker *walkers, Moment *moments, int count) {
#pragma GCC unroll 4
  for (int w = 0; w < count; w++) {
    const Walker *walker = &walkers[w];
    ALIGNED float sum_x[JOINTS] = {0}, sum_y[JOINTS] = {0};
    ALIGNED float along_x[SPRINGS], along_y[SPRINGS];
    for (int g = 0; LANES * g < walker->springs; g++) {
      store(along_x + LANES * g, moments[w].pull_x[g]);
      store(along_y + LANES * g, moments[w].pull_y[g]);
    }
    for (int s = 0; s < walker->springs; s++) {
      int first = walker->first[s], second = walker->second[s];
      sum_x[first] += along_x[s];
      sum_y[first] += along_y[s];
      sum_x[second] -= along_x[s];
      sum_y[second] -= along_y[s];
    }
#pragma GCC unroll 2
    for (int r = 0; r < REGISTERS(JOINTS); r++) {
      moments[w].force_x[r] = load(sum_x + LANES * r);
      moments[w].force_y[r] = load(sum_y + LANES * r);
    }
  }
}
#endif

// Pulls of the springs of `count` walkers side by side, at a time whose muscle clock stands at an
// angle of this cosine and sine. Adds what the muscles spend to `work`, but for the muscle's rate.
//
// Lengths are doubled throughout: Newton's step for the inverse root y of x, y (3 - x y^2) / 2, is
// then a product less. Coefficients make up for it, and as all factors are powers of two, nothing
// is rounded otherwise.
INLINE void pull_springs(Walker *walkers, const Constants *world, Moment *moments, Lanes cos_t,
                         Lanes sin_t, int count) {
  int groups = REGISTERS(SPRINGS);
#if !IN_REGISTERS
  groups = (walkers->springs + LANES - 1) / LANES;
#endif
  Lanes power[TOGETHER];
#pragma GCC unroll 4
  for (int w = 0; w < count; w++) power[w] = load(walkers[w].work);
#pragma GCC unroll 8
  for (int g = 0; g < groups; g++) {
    int at = LANES * g;
#pragma GCC unroll 4
    for (int w = 0; w < count; w++) {
      const Walker *walker = &walkers[w];
      Moment *moment = &moments[w];
      Index first = load_index(walker->first + at), second = load_index(walker->second + at);
#define DIFFERENCE(row) \
  sub(of_joints(moment->row, walker->row, second), of_joints(moment->row, walker->row, first))
      Lanes dx = DIFFERENCE(x), dy = DIFFERENCE(y);
      Lanes dvx = DIFFERENCE(vx), dvy = DIFFERENCE(vy);
#undef DIFFERENCE
      Lanes squared = fused(dx, dx, fused(dy, dy, world->softening));
      Lanes rough = rough_inverse_root(squared), product = mul(squared, rough);
      Lanes correction = fused_minus(product, rough, all(3.0f));
      Lanes inverse = mul(rough, correction), length = mul(product, correction);

      Lanes a = load(walker->cosine + at), b = load(walker->sine + at);
      Lanes rest = fused_minus(b, sin_t, fused(a, cos_t, load(walker->rest + at)));
      Lanes tension = mul(load(walker->stiffness + at), sub(length, rest));
      Lanes rate = mul(fused(dvx, dx, mul(dvy, dy)), inverse);
      Lanes pull = mul(fused(load(walker->damping + at), rate, tension), inverse);
      moment->pull_x[g] = mul(pull, dx);
      moment->pull_y[g] = mul(pull, dy);

      Lanes shrinking = fused(a, sin_t, mul(b, cos_t));
      power[w] = add(power[w], larger(mul(tension, shrinking), all(0.0f)));
    }
  }
#pragma GCC unroll 4
  for (int w = 0; w < count; w++) store(walkers[w].work, power[w]);
}

#endif
