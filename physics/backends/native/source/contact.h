// Contacts of joints with the ground during one step: `physics.contact`.

#ifndef CONTACT_H
#define CONTACT_H

#include "ground.h"

#define NO_CONTACT 1e30f  // m, gap to what cannot be touched

// One register of joints: where they are, their velocity before and after forces acted, and what
// contacts make of both.
typedef struct {
  Lanes x, y;
  Lanes approach_x, approach_y;
  Lanes vx, vy;
  Lanes push_x, push_y;  // m, to add to the position
  Lanes touches;         // 1 where a contact was felt
} Motion;

// The normal impulse (m/s) of a contact, by the gap and the speeds along the normal.
INLINE Lanes impulse_of(const World *world, Lanes gap, Lanes approach_speed, Lanes speed) {
  Lanes slowest = smaller(mul(gap, all(-world->rate)), all(0.0f));
  Mask rebounds = both(above(approach_speed, all(world->restitution_speed)),
                       at_least(all(0.0f), gap));
  slowest = choose(rebounds, mul(all(world->restitution), approach_speed), slowest);
  return larger(sub(slowest, speed), all(0.0f));
}

// What friction takes of a sliding speed, given the normal impulse.
INLINE Lanes grip_of(const World *world, Lanes impulse, Lanes slide) {
  Lanes most = mul(all(world->friction), impulse);
  return larger(smaller(slide, most), sub(all(0.0f), most));
}

// What is to be removed of the overlap after the step, m.
INLINE Lanes push_of(const World *world, Lanes gap, Lanes speed) {
  Lanes after = fused(all(world->time_step), speed, gap);
  return mul(all(world->push), larger(sub(all(0.0f), after), all(0.0f)));
}

// Contact with level ground: the normal points up, and most terms vanish.
INLINE void touch_level(const World *world, Lanes level, Motion *motion) {
  Lanes side = sub(motion->y, level);
  Lanes gap = choose(above(side, all(-world->depth)), sub(side, all(world->radius)),
                     all(NO_CONTACT));
  Lanes impulse = impulse_of(world, gap, sub(all(0.0f), motion->approach_y), motion->vy);
  motion->vx = add(motion->vx, grip_of(world, impulse, sub(all(0.0f), motion->vx)));
  motion->vy = add(motion->vy, impulse);
  motion->push_x = all(0.0f);
  motion->push_y = push_of(world, gap, motion->vy);
  motion->touches = choose(above(impulse, all(0.0f)), all(1.0f), all(0.0f));
}

// A contact with any segment: where it is and which way it faces.
typedef struct {
  Lanes normal_x, normal_y;
  Lanes gap;  // m, or NO_CONTACT
} Facing;

// A joint faces either the segment's inside or the convex corner at its end. One too far away to
// be touched in this step faces neither.
INLINE Facing face(const World *world, const float *segment, Lanes x, Lanes y) {
#define FIELD(f) load(segment + JOINTS * (f))
  Lanes tangent_x = FIELD(TANGENT_X), tangent_y = FIELD(TANGENT_Y);
  Lanes dx = sub(x, FIELD(START_X)), dy = sub(y, FIELD(START_Y));
  Lanes along = fused(tangent_x, dx, mul(tangent_y, dy));
  Lanes side = fused_minus(tangent_y, dx, mul(tangent_x, dy));
  Lanes beyond = sub(along, FIELD(LENGTH));
  Lanes zero = all(0.0f), far = all(world->far);
  Mask within = both(at_least(along, zero), at_least(zero, beyond));
  Mask beside = both(above(side, all(-world->depth)), above(far, side));
  Mask rounding = both(above(beyond, zero), above(side, mul(beyond, FIELD(CORNER))));
#undef FIELD
  Lanes squared = fused(beyond, beyond, mul(side, side));
  rounding = both(rounding, above(mul(far, far), squared));
  Facing facing = {sub(zero, tangent_y), tangent_x,
                   choose(both(within, beside), sub(side, all(world->radius)), all(NO_CONTACT))};
  if (any(rounding)) {
    Lanes inverse = inverse_root(squared);
    Lanes ahead = mul(beyond, inverse), upward = mul(side, inverse);
    Lanes normal_x = fused_minus(upward, tangent_y, mul(ahead, tangent_x));
    Lanes normal_y = fused(upward, tangent_x, mul(ahead, tangent_y));
    Lanes distance = mul(squared, inverse);
    facing.normal_x = choose(rounding, normal_x, facing.normal_x);
    facing.normal_y = choose(rounding, normal_y, facing.normal_y);
    facing.gap = choose(rounding, sub(distance, all(world->radius)), facing.gap);
  }
  return facing;
}

INLINE Lanes along_normal(const Facing *facing, Lanes x, Lanes y) {
  return fused(facing->normal_x, x, mul(facing->normal_y, y));
}

// Velocity after one contact.
INLINE void constrain(const World *world, const Facing *facing, Motion *motion) {
  Lanes approach = along_normal(facing, motion->approach_x, motion->approach_y);
  Lanes speed = along_normal(facing, motion->vx, motion->vy);
  Lanes impulse = impulse_of(world, facing->gap, sub(all(0.0f), approach), speed);
  Lanes slide = fused_minus(facing->normal_y, motion->vx, mul(facing->normal_x, motion->vy));
  Lanes grip = grip_of(world, impulse, slide);
  motion->vx = add(motion->vx, fused(impulse, facing->normal_x, mul(grip, facing->normal_y)));
  motion->vy = add(motion->vy, fused_minus(grip, facing->normal_x, mul(impulse, facing->normal_y)));
  motion->touches = choose(above(impulse, all(0.0f)), all(1.0f), motion->touches);
}

INLINE void push_out(const World *world, const Facing *facing, Motion *motion) {
  Lanes push = push_of(world, facing->gap, along_normal(facing, motion->vx, motion->vy));
  motion->push_x = fused(push, facing->normal_x, motion->push_x);
  motion->push_y = fused(push, facing->normal_y, motion->push_y);
}

// Contacts with the segments of a window, one after another, which is what makes a corner hold.
INLINE void touch_segments(const World *world, const Window *window, int r, Facing *facings,
                           Motion *motion) {
  motion->push_x = motion->push_y = motion->touches = all(0.0f);
  // Seldom does a joint face two segments at once. Where none does, one contact serves for all:
  // what is not faced changes nothing.
  Facing only = face(world, window->segments + r, motion->x, motion->y);
  facings[0] = only;
  int alone = 1;
  for (int c = 1; c < window->candidates; c++) {
    const float *segment = window->segments + c * FIELDS * JOINTS + r;
    Facing facing = face(world, segment, motion->x, motion->y);
    Mask faced = above(all(NO_CONTACT), facing.gap);
    alone &= !any(both(faced, above(all(NO_CONTACT), only.gap)));
    only.normal_x = choose(faced, facing.normal_x, only.normal_x);
    only.normal_y = choose(faced, facing.normal_y, only.normal_y);
    only.gap = choose(faced, facing.gap, only.gap);
    facings[c] = facing;
  }
  if (alone) {
    constrain(world, &only, motion);
    push_out(world, &only, motion);
    return;
  }
  for (int c = 0; c < window->candidates; c++) constrain(world, &facings[c], motion);
  for (int c = 0; c < window->candidates; c++) push_out(world, &facings[c], motion);
}

#endif
