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
#ifndef TOGETHER
#define TOGETHER (JOINTS == 16 ? 2 : 1)
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
} Scratch;

INLINE void load_moment(const Walker *walker, Moment *moment) {
  for (int r = 0; r < REGISTERS(JOINTS); r++) {
    moment->x[r] = load(walker->x + LANES * r);
    moment->y[r] = load(walker->y + LANES * r);
    moment->vx[r] = load(walker->vx + LANES * r);
    moment->vy[r] = load(walker->vy + LANES * r);
  }
}

// Velocities after springs, gravity and drag, in place of the forces.
INLINE void accelerate(const Walker *walker, const World *world, Moment *moment) {
  Lanes keep = all(world->keep), gain = all(world->gain);
  for (int r = 0; r < REGISTERS(JOINTS); r++) {
    Lanes fall = fused(moment->vy[r], keep, load(walker->fall + LANES * r));
    moment->force_x[r] = fused(moment->force_x[r], gain, mul(moment->vx[r], keep));
    moment->force_y[r] = fused(moment->force_y[r], gain, fall);
  }
}

// Contacts, and the new positions.
INLINE void move(const Call *call, Scratch *scratch, Walker *walker, const Moment *moment,
                 int terrain) {
  const World *world = &call->world;
  const Window *window = &walker->window;
  uint32_t left[REGISTERS(JOINTS)];
  for (int r = 0; r < REGISTERS(JOINTS); r++) {
    int at = LANES * r;
    Motion motion = {.x = moment->x[r], .y = moment->y[r],
                     .approach_x = moment->vx[r], .approach_y = moment->vy[r],
                     .vx = moment->force_x[r], .vy = moment->force_y[r]};
    if (window->candidates) {
      touch_segments(world, window, at, scratch->facings, &motion);
    } else {
      touch_level(world, load(window->level + at), &motion);
    }
    Lanes dt = all(world->time_step);
    Lanes x = fused(dt, motion.vx, add(moment->x[r], motion.push_x));
    Lanes y = fused(dt, motion.vy, add(moment->y[r], motion.push_y));
    left[r] = have_left(window, at, x, y);
    store(walker->x + at, x);
    store(walker->y + at, y);
    store(walker->vx + at, motion.vx);
    store(walker->vy + at, motion.vy);
    store(walker->touches + at, add(load(walker->touches + at), motion.touches));
  }
  for (int r = 0; r < REGISTERS(JOINTS); r++) {
    if (left[r]) look_up(walker, world, &call->ground, terrain, LANES * r, left[r]);
  }
}

// One time step of `count` walkers, stage by stage: while the numbers of one are awaited, those of
// the others are computed.
INLINE void step(const Call *call, Scratch *scratch, Walker *walkers, const int32_t *terrain_of,
                 int64_t index, int count) {
  Moment moments[TOGETHER];
  Lanes cos_t = all(call->cosine[index]), sin_t = all(call->sine[index]);
  for (int w = 0; w < count; w++) {
    load_moment(&walkers[w], &moments[w]);
    pull_springs(&walkers[w], &call->world, &moments[w], cos_t, sin_t);
  }
  sum_pulls(walkers, moments, count);
  for (int w = 0; w < count; w++) accelerate(&walkers[w], &call->world, &moments[w]);
  for (int w = 0; w < count; w++) {
    move(call, scratch, &walkers[w], &moments[w], terrain_of[w]);
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
  for (int s = 0; s < SPRINGS; s++) work += walker->work[s];
  call->displacement[row] = shared(walker, walker->x) - center[0];
  call->contact[row] = shared(walker, walker->touches) * world->time_step / world->seconds;
  call->energy[row] = work * (world->muscle_rate * world->time_step);
}

// Walks the walkers from `begin`, up to ABREAST of them.
static void walk(const Call *call, Scratch *scratch, int64_t begin, int count) {
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
    for (int w = 0; w < count; w++) {
      sample(call, &scratch->walkers[w], begin + w, now / call->interval);
    }
  }
  for (int w = 0; w < count; w++) measure(call, &scratch->walkers[w], begin + w);
}

#endif
