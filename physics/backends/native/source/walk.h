// Whole walks of a few walkers at once, and what is measured of them: `physics.rollout`.

#ifndef WALK_H
#define WALK_H

#include <math.h>

#include "contact.h"
#include "springs.h"

// Walkers that take turns on a core: while the numbers of one are awaited, the next is computed on.
#ifndef ABREAST
#define ABREAST 4
#endif

typedef struct {
  World world;
  int64_t steps, interval;
  const float *cosine, *sine;  // [steps], of the muscle clock
  Bodies bodies;
  const int32_t *terrain_of;  // [walkers]
  Ground ground;
  int64_t samples;      // of the centre of mass, each `interval` steps
  int64_t path_frames;  // `samples`, or 0 where the joints' paths are not asked for
  int64_t most_listed;  // entries of a column at most

  float *displacement;       // [walkers] m
  uint8_t *diverged;         // [walkers]
  float *center_of_mass;     // [walkers, samples, 2] m
  float *contact;            // [walkers]
  float *energy;             // [walkers] m^2/s^2
  float *path;               // [walkers, path_frames, 2, JOINTS] m
} Call;

// What a thread works with.
typedef struct {
  Walker walkers[ABREAST];
  Facing *facings;
  Constants world;
} Scratch;

INLINE void load_moment(const Walker *walker, Moment *moment) {
#pragma GCC unroll 2
  for (int r = 0; r < REGISTERS(JOINTS); r++) {
    moment->x[r] = load(walker->x + LANES * r);
    moment->y[r] = load(walker->y + LANES * r);
    moment->vx[r] = load(walker->vx + LANES * r);
    moment->vy[r] = load(walker->vy + LANES * r);
  }
}

// Velocities after springs, gravity and drag, in place of the forces.
INLINE void accelerate(const Walker *walker, const Constants *world, Moment *moment) {
#pragma GCC unroll 2
  for (int r = 0; r < REGISTERS(JOINTS); r++) {
    Lanes fall = fused(moment->vy[r], world->keep, load(walker->fall + LANES * r));
    moment->force_x[r] = fused(moment->force_x[r], world->gain, mul(moment->vx[r], world->keep));
    moment->force_y[r] = fused(moment->force_y[r], world->gain, fall);
  }
}

// Contacts, and the new positions.
INLINE void move(const Call *call, Scratch *scratch, Walker *walker, const Moment *moment,
                 int terrain, int is_checked) {
  const Constants *world = &scratch->world;
  const Window *window = &walker->window;
  uint32_t left[REGISTERS(JOINTS)];
#pragma GCC unroll 2
  for (int r = 0; r < REGISTERS(JOINTS); r++) {
    int at = LANES * r;
    Motion motion = {moment->x[r],  moment->y[r],       moment->vx[r],
                     moment->vy[r], moment->force_x[r], moment->force_y[r]};
    if (window->candidates) {
      uint32_t leaving = may_leave(window, at, world->time_step, motion.x, motion.y, motion.vx,
                                   motion.vy);
      if (leaving) {
        store(walker->vx + at, motion.vx);
        store(walker->vy + at, motion.vy);
        look_up(walker, &call->world, &call->ground, terrain, at, leaving);
      }
    }
    Mask felt;
    if (window->candidates) {
      felt = move_among_segments(world, window, at, scratch->facings, &motion);
    } else {
      felt = move_on_level(world, load(window->level + at), &motion);
    }
    walker->touches += count_lanes(felt);
    store(walker->x + at, motion.x);
    store(walker->y + at, motion.y);
    store(walker->vx + at, motion.vx);
    store(walker->vy + at, motion.vy);
    left[r] = is_checked && !window->candidates ? have_left(window, at, motion.x, motion.y) : 0;
  }
  for (int r = 0; r < REGISTERS(JOINTS); r++) {
    if (left[r]) look_up(walker, &call->world, &call->ground, terrain, LANES * r, left[r]);
  }
}

// One time step of `count` walkers, stage by stage: while the numbers of one are awaited, those of
// the others are computed.
INLINE void step(const Call *call, Scratch *scratch, Walker *walkers, const int32_t *terrain_of,
                 int64_t index, int count) {
  Moment moments[TOGETHER];
  Lanes cos_t = all(call->cosine[index]), sin_t = all(call->sine[index]);
#pragma GCC unroll 4
  for (int w = 0; w < count; w++) load_moment(&walkers[w], &moments[w]);
  pull_springs(walkers, &scratch->world, moments, cos_t, sin_t, count);
  sum_pulls(walkers, moments, count);
#pragma GCC unroll 4
  for (int w = 0; w < count; w++) accelerate(&walkers[w], &scratch->world, &moments[w]);
  int is_checked = index % CHECK_INTERVAL == 0;
#pragma GCC unroll 4
  for (int w = 0; w < count; w++) {
    move(call, scratch, &walkers[w], &moments[w], terrain_of[w], is_checked);
  }
}

// Sum of the products with each joint's share, one after another: padding adds nothing, not even a
// rounding.
static float shared(const Walker *walker, const float *row) {
  float sum = 0.0f;
  for (int j = 0; j < JOINTS; j++) sum += walker->share[j] * row[j];
  return sum;
}

static int is_sound(const Walker *walker, float most_speed) {
  int sound = 1;
  for (int j = 0; j < JOINTS; j++) {
    sound &= fabsf(walker->x[j]) < INFINITY && fabsf(walker->y[j]) < INFINITY;
    sound &= fabsf(walker->vx[j]) < most_speed && fabsf(walker->vy[j]) < most_speed;
  }
  return sound;
}

static void sample(const Call *call, const Walker *walker, int64_t row, int64_t frame) {
  float *center = call->center_of_mass + 2 * (row * call->samples + frame);
  center[0] = shared(walker, walker->x);
  center[1] = shared(walker, walker->y);
  if (!is_sound(walker, call->world.most_speed)) call->diverged[row] = 1;
  if (call->path_frames) {
    float *path = call->path + 2 * JOINTS * (row * call->path_frames + frame);
    memcpy(path, walker->x, sizeof walker->x);
    memcpy(path + JOINTS, walker->y, sizeof walker->y);
  }
}

// All numbers but the flag are 0, and the centre stays, where the walk diverged.
static void measure(const Call *call, const Walker *walker, int64_t row) {
  const World *world = &call->world;
  float *center = call->center_of_mass + 2 * row * call->samples;
  if (!is_sound(walker, world->most_speed)) call->diverged[row] = 1;
  if (call->diverged[row]) {
    for (int64_t s = 1; s < call->samples; s++) memcpy(center + 2 * s, center, 2 * sizeof *center);
    call->displacement[row] = call->contact[row] = call->energy[row] = 0.0f;
    return;
  }
  float work = 0.0f;
  int joints = 0;
  for (int i = 0; i < LANES; i++) work += walker->work[i];
  for (int j = 0; j < JOINTS; j++) joints += walker->share[j] > 0.0f;
  call->displacement[row] = shared(walker, walker->x) - center[0];
  call->contact[row] = walker->touches * world->time_step / (joints * world->seconds);
  call->energy[row] = work * (world->muscle_rate * world->time_step);
}

// Walks the walkers from `begin`, up to ABREAST of them.
static void walk(const Call *call, Scratch *scratch, int64_t begin, int count) {
#pragma GCC unroll 4
  for (int w = 0; w < count; w++) {
    take_over(&scratch->walkers[w], &call->bodies, begin + w, call->world.fall);
    enter(&scratch->walkers[w], &call->world, &call->ground, call->terrain_of[begin + w],
          call->most_listed);
    call->diverged[begin + w] = 0;
    sample(call, &scratch->walkers[w], begin + w, 0);
  }
  for (int64_t now = 0; now < call->steps;) {
    int64_t until = now + call->interval < call->steps ? now + call->interval : call->steps;
    for (; now < until; now++) {
      int w = 0;
      for (; w + TOGETHER <= count; w += TOGETHER) {
        step(call, scratch, &scratch->walkers[w], call->terrain_of + begin + w, now, TOGETHER);
      }
      for (; w < count; w++) {
        step(call, scratch, &scratch->walkers[w], call->terrain_of + begin + w, now, 1);
      }
    }
    if (now % call->interval) break;
#pragma GCC unroll 4
    for (int w = 0; w < count; w++) {
      sample(call, &scratch->walkers[w], begin + w, now / call->interval);
    }
  }
#pragma GCC unroll 4
  for (int w = 0; w < count; w++) measure(call, &scratch->walkers[w], begin + w);
}

#endif
