// Pulls of the springs, and what they cost their muscles: `physics.springs`.

#ifndef SPRINGS_H
#define SPRINGS_H

#include "walker.h"
#include "world.h"

// One number for each joint, in registers.
typedef Lanes Joints[REGISTERS(JOINTS)];
typedef Lanes Springs[REGISTERS(SPRINGS)];

// The quantity of some joints, out of registers or, where there are many, of the same row in memory.
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

INLINE void sum_pulls(const Walker *walker, const Springs pull_x, const Springs pull_y, Joints x,
                      Joints y) {
  for (int r = 0; r < REGISTERS(JOINTS); r++) {
    Lanes sum_x = all(0.0f), sum_y = all(0.0f);
    for (int k = 0; k < walker->degree; k++) {
      Index spring = load_index(walker->spring[k] + LANES * r);
      Lanes sign = load(walker->sign[k] + LANES * r);
      sum_x = fused(sign, of_springs(pull_x, spring), sum_x);
      sum_y = fused(sign, of_springs(pull_y, spring), sum_y);
    }
    x[r] = sum_x;
    y[r] = sum_y;
  }
}
#else
// The same sums in the same order, spring by spring.
INLINE void sum_pulls(const Walker *walker, const Springs pull_x, const Springs pull_y, Joints x,
                      Joints y) {
  ALIGNED float sum_x[JOINTS] = {0}, sum_y[JOINTS] = {0};
  ALIGNED float along_x[SPRINGS], along_y[SPRINGS];
  for (int g = 0; LANES * g < walker->springs; g++) {
    store(along_x + LANES * g, pull_x[g]);
    store(along_y + LANES * g, pull_y[g]);
  }
  for (int s = 0; s < walker->springs; s++) {
    int first = walker->first[s], second = walker->second[s];
    sum_x[first] += along_x[s];
    sum_y[first] += along_y[s];
    sum_x[second] -= along_x[s];
    sum_y[second] -= along_y[s];
  }
  for (int r = 0; r < REGISTERS(JOINTS); r++) {
    x[r] = load(sum_x + LANES * r);
    y[r] = load(sum_y + LANES * r);
  }
}
#endif

// Force on each joint, m/s^2, at a time whose muscle clock stands at an angle of this cosine and
// sine. Adds what the muscles spend to `work`, without the factor `muscle_rate` x time step.
INLINE void spring_forces(Walker *walker, const World *world, const Joints x, const Joints y,
                          const Joints vx, const Joints vy, float cosine, float sine,
                          Joints force_x, Joints force_y) {
  Springs pull_x, pull_y;
  Lanes cos_t = all(cosine), sin_t = all(sine);
#if IN_REGISTERS
  const int groups = REGISTERS(SPRINGS);
#else
  const int groups = (walker->springs + LANES - 1) / LANES;
#endif
  for (int g = 0; g < groups; g++) {
    int at = LANES * g;
    Index first = load_index(walker->first + at), second = load_index(walker->second + at);
#define DIFFERENCE(row) \
  sub(of_joints(row, walker->row, second), of_joints(row, walker->row, first))
    Lanes dx = DIFFERENCE(x), dy = DIFFERENCE(y);
    Lanes dvx = DIFFERENCE(vx), dvy = DIFFERENCE(vy);
#undef DIFFERENCE
    Lanes a = load(walker->cosine + at), b = load(walker->sine + at);
    Lanes rest = fused_minus(b, sin_t, fused(a, cos_t, load(walker->rest + at)));
    Lanes squared = fused(dx, dx, fused(dy, dy, all(world->softening)));
    Lanes inverse = inverse_root(squared);
    Lanes stretch = mul(load(walker->stiffness + at), fused_minus(rest, inverse, all(1.0f)));
    Lanes rate = mul(fused(dvx, dx, mul(dvy, dy)), mul(inverse, inverse));
    Lanes pull = fused(load(walker->damping + at), rate, stretch);
    pull_x[g] = mul(pull, dx);
    pull_y[g] = mul(pull, dy);

    Lanes shrinking = fused(a, sin_t, mul(b, cos_t));
    Lanes tension = mul(stretch, mul(squared, inverse));
    Lanes power = larger(mul(tension, shrinking), all(0.0f));
    store(walker->work + at, add(load(walker->work + at), power));
  }
  sum_pulls(walker, pull_x, pull_y, force_x, force_y);
}

#endif
