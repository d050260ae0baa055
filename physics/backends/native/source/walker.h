// One walker as the kernel keeps it: rows of joints and springs, and how the two find each other.

#ifndef WALKER_H
#define WALKER_H

#include <string.h>

#include "lanes.h"

// Springs reach their joints, and joints the pulls of their springs, by permuting registers where
// both fit into a few; else through memory.
#define IN_REGISTERS (JOINTS <= 32 && SPRINGS <= 128)

#define ALIGNED __attribute__((aligned(64)))

// What the joints may touch, and the boxes they must leave to touch anything else; see ground.h.
typedef struct {
  ALIGNED float left[JOINTS], right[JOINTS], floor[JOINTS], roof[JOINTS];  // m
  ALIGNED float level[JOINTS];  // m, where a joint lies on the level ground that it may touch
  ALIGNED int32_t rough[JOINTS];  // segments that it may touch, or 0 where its ground is level
  int32_t count[JOINTS];          // segments that it may touch
  int candidates;                 // most of `rough`
  float *segments;              // [candidates][FIELDS][JOINTS], in the order of handling
} Window;

typedef struct {
  ALIGNED float x[JOINTS], y[JOINTS];    // m
  ALIGNED float vx[JOINTS], vy[JOINTS];  // m/s
  ALIGNED float fall[JOINTS];            // m/s that gravity adds in a step; 0 where padded
  ALIGNED float share[JOINTS];           // of the centre of mass

  ALIGNED int32_t first[SPRINGS], second[SPRINGS];
  // Twice the lengths (m), a quarter of stiffness (1/s^2) and damping (1/s): see springs.h.
  ALIGNED float rest[SPRINGS], cosine[SPRINGS], sine[SPRINGS];
  ALIGNED float stiffness[SPRINGS], damping[SPRINGS];
  ALIGNED float work[LANES];  // m^2/s^3, sum of the muscles' power over the steps
  int64_t touches;            // sum over the steps of the joints that felt the ground

#if IN_REGISTERS
  // The springs of each joint one after another: its k-th spring, and whether it pulls it (1) or
  // its other end (-1), or is none (0).
  ALIGNED int32_t spring[SPRINGS][JOINTS];
  ALIGNED float sign[SPRINGS][JOINTS];
  int degree;  // most springs of a joint
#endif
  int springs;  // all further ones are padding

  Window window;
} Walker;

// What a call is given for its walkers, each [walkers, ...] as `physics.types.Walker` says.
typedef struct {
  const float *position, *share;
  const int32_t *ends;
  const float *rest, *cosine, *sine, *stiffness, *damping;
} Bodies;

static void wire(Walker *walker) {
#if IN_REGISTERS
  int degree[JOINTS] = {0};
  memset(walker->spring, 0, sizeof walker->spring);
  memset(walker->sign, 0, sizeof walker->sign);
  walker->degree = 0;
  for (int s = 0; s < walker->springs; s++) {
    for (int end = 0; end < 2; end++) {
      int joint = end ? walker->second[s] : walker->first[s];
      int place = degree[joint]++;
      walker->spring[place][joint] = s;
      walker->sign[place][joint] = end ? -1.0f : 1.0f;
      if (degree[joint] > walker->degree) walker->degree = degree[joint];
    }
  }
#else
  (void)walker;
#endif
}

// Takes a walker over, at rest. Padded joints hang far above the ground, where they cost nothing.
static void take_over(Walker *walker, const Bodies *bodies, int64_t row, float fall) {
  const float *position = bodies->position + 2 * JOINTS * row;
  const int32_t *ends = bodies->ends + 2 * SPRINGS * row;
#define COPY(name, values, count) memcpy(walker->name, (values), (count) * 4)
  COPY(x, position, JOINTS);
  COPY(y, position + JOINTS, JOINTS);
  COPY(share, bodies->share + JOINTS * row, JOINTS);
  COPY(first, ends, SPRINGS);
  COPY(second, ends + SPRINGS, SPRINGS);
#undef COPY
  memset(walker->work, 0, sizeof walker->work);
  walker->touches = 0;
  walker->springs = 0;
  for (int s = 0; s < SPRINGS; s++) {
    int64_t spring = SPRINGS * row + s;
    walker->rest[s] = 2.0f * bodies->rest[spring];
    walker->cosine[s] = 2.0f * bodies->cosine[spring];
    walker->sine[s] = 2.0f * bodies->sine[spring];
    walker->stiffness[s] = 0.25f * bodies->stiffness[spring];
    walker->damping[s] = 0.25f * bodies->damping[spring];
    if (walker->first[s] != walker->second[s]) walker->springs = s + 1;
  }
  for (int j = 0; j < JOINTS; j++) {
    int padded = walker->share[j] == 0.0f;
    walker->fall[j] = padded ? 0.0f : fall;
    walker->vx[j] = walker->vy[j] = 0.0f;
    if (padded) walker->y[j] = 1e5f;
  }
  wire(walker);
}

#endif
