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
} Motion;

// The normal impulse (m/s) of a contact, by the gap and the speeds along the normal.
INLINE Lanes impulse_of(const Constants *world, Lanes gap, Lanes approach, Lanes speed) {
  Lanes zero = all(0.0f);
  Lanes slowest = smaller(mul(gap, world->minus_rate), zero);
  Mask rebounds = both(above(world->minus_restitution_speed, approach), at_least(zero, gap));
  slowest = choose(rebounds, mul(world->minus_restitution, approach), slowest);
  return larger(sub(slowest, speed), zero);
}

// What is left of a sliding speed, given the normal impulse.
INLINE Lanes slip_of(const Constants *world, Lanes impulse, Lanes slide) {
  Lanes left = fused_minus(world->friction, impulse, magnitude(slide));
  return with_sign_of(larger(all(0.0f), left), slide);
}

// What is to be removed of the overlap after the step, m.
INLINE Lanes push_of(const Constants *world, Lanes gap, Lanes speed) {
  Lanes after = fused(world->time_step, speed, gap);
  return larger(mul(world->minus_push, after), all(0.0f));
}

// Moves joints over level ground on which they lie at a height: the normal points up, and most
// terms vanish. Returns which felt it.
INLINE Mask move_on_level(const Constants *world, Lanes level, Motion *motion) {
  Lanes gap = sub(motion->y, level);
  Lanes impulse = impulse_of(world, gap, motion->approach_y, motion->vy);
  motion->vx = slip_of(world, impulse, motion->vx);
  motion->vy = add(motion->vy, impulse);
  motion->x = fused(world->time_step, motion->vx, motion->x);
  Lanes pushed = add(motion->y, push_of(world, gap, motion->vy));
  motion->y = fused(world->time_step, motion->vy, pushed);
  return above(impulse, all(0.0f));
}

// Where joints are beside a segment, and whether they face its inside or the convex corner at its
// end. What is not within reach may be faced and changes nothing, but it is seldom listed.
typedef struct {
  Lanes tangent_x, tangent_y;
  Lanes side;    // m, left of it
  Lanes beyond;  // m, past its end
  Mask inside, rounding;
} Place;

INLINE Place place_at(const Constants *world, const float *segment, Lanes x, Lanes y) {
#define FIELD(f) load(segment + JOINTS * (f))
  Place place = {.tangent_x = FIELD(TANGENT_X), .tangent_y = FIELD(TANGENT_Y)};
  Lanes dx = sub(x, FIELD(START_X)), dy = sub(y, FIELD(START_Y));
  Lanes along = fused(place.tangent_x, dx, mul(place.tangent_y, dy));
  place.side = fused_minus(place.tangent_y, dx, mul(place.tangent_x, dy));
  place.beyond = sub(along, FIELD(LENGTH));
  Lanes zero = all(0.0f);
  Mask within = both(at_least(along, zero), at_least(zero, place.beyond));
  place.inside = both(within, above(place.side, world->minus_depth));
  Mask turned = above(place.side, mul(place.beyond, FIELD(CORNER)));
  place.rounding = both(above(place.beyond, zero), turned);
#undef FIELD
  return place;
}

INLINE Mask is_faced(const Place *place) { return either(place->inside, place->rounding); }

// A contact with what joints face: how far it is and which way it faces them.
typedef struct {
  Lanes normal_x, normal_y;
  Lanes gap;  // m, or NO_CONTACT
} Facing;

INLINE Facing face(const Constants *world, const Place *place) {
  Lanes side = place->side, beyond = place->beyond;
  Lanes tangent_x = place->tangent_x, tangent_y = place->tangent_y;
  Facing facing = {sub(all(0.0f), tangent_y), tangent_x,
                   choose(place->inside, sub(side, world->radius), all(NO_CONTACT))};
  if (any(place->rounding)) {
    Lanes squared = fused(beyond, beyond, mul(side, side));
    Lanes rough = rough_inverse_root(squared), half = mul(squared, all(0.5f));
    Lanes inverse = mul(rough, fused_minus(half, mul(rough, rough), all(1.5f)));
    Lanes ahead = mul(beyond, inverse), upward = mul(side, inverse);
    Lanes normal_x = fused_minus(upward, tangent_y, mul(ahead, tangent_x));
    Lanes normal_y = fused(upward, tangent_x, mul(ahead, tangent_y));
    Lanes distance = mul(squared, inverse);
    facing.normal_x = choose(place->rounding, normal_x, facing.normal_x);
    facing.normal_y = choose(place->rounding, normal_y, facing.normal_y);
    facing.gap = choose(place->rounding, sub(distance, world->radius), facing.gap);
  }
  return facing;
}

INLINE Lanes along_normal(const Facing *facing, Lanes x, Lanes y) {
  return fused(facing->normal_x, x, mul(facing->normal_y, y));
}

// Velocity after one contact; returns which joints felt it.
INLINE Mask constrain(const Constants *world, const Facing *facing, Motion *motion) {
  Lanes approach = along_normal(facing, motion->approach_x, motion->approach_y);
  Lanes speed = along_normal(facing, motion->vx, motion->vy);
  Lanes impulse = impulse_of(world, facing->gap, approach, speed);
  Lanes slide = fused_minus(facing->normal_y, motion->vx, mul(facing->normal_x, motion->vy));
  // The tangent is the normal turned left, (-y, x).
  Lanes grip = sub(slide, slip_of(world, impulse, slide));
  motion->vx = add(motion->vx, fused(impulse, facing->normal_x, mul(grip, facing->normal_y)));
  motion->vy = add(motion->vy, fused_minus(grip, facing->normal_x, mul(impulse, facing->normal_y)));
  return above(impulse, all(0.0f));
}

// Pushes joints out of what they face, by position alone.
INLINE void push_out(const Constants *world, const Facing *facing, Motion *motion) {
  Lanes push = push_of(world, facing->gap, along_normal(facing, motion->vx, motion->vy));
  motion->x = fused(push, facing->normal_x, motion->x);
  motion->y = fused(push, facing->normal_y, motion->y);
}

// Contacts with segments one after another, which is what makes a corner hold.
static __attribute__((noinline)) Mask touch_in_turn(const Constants *world, const Window *window,
                                                    int r, Facing *facings, Motion *motion) {
  const float *segment = window->segments + r;
  Mask felt = above(all(0.0f), all(0.0f));
  for (int c = 0; c < window->candidates; c++, segment += FIELDS * JOINTS) {
    Place place = place_at(world, segment, motion->x, motion->y);
    facings[c] = face(world, &place);
    felt = either(felt, constrain(world, &facings[c], motion));
  }
  for (int c = 0; c < window->candidates; c++) push_out(world, &facings[c], motion);
  return felt;
}

// Moves joints among the segments that they may touch. Returns which felt one.
INLINE Mask move_among_segments(const Constants *world, const Window *window, int r,
                                Facing *facings, Motion *motion) {
  // Seldom does a joint face two segments at once. Where none does, one contact serves for all:
  // what is not faced changes nothing.
  const float *segment = window->segments + r;
  Place only = place_at(world, segment, motion->x, motion->y);
  Mask twice = above(all(0.0f), all(0.0f));
  for (int c = 1; c < window->candidates; c++) {
    segment += FIELDS * JOINTS;
    Place place = place_at(world, segment, motion->x, motion->y);
    Mask faced = is_faced(&place);
    twice = either(twice, both(faced, is_faced(&only)));
    only.tangent_x = choose(faced, place.tangent_x, only.tangent_x);
    only.tangent_y = choose(faced, place.tangent_y, only.tangent_y);
    only.side = choose(faced, place.side, only.side);
    only.beyond = choose(faced, place.beyond, only.beyond);
    only.inside = either(place.inside, only.inside);
    only.rounding = either(place.rounding, only.rounding);
  }
  Mask felt;
  if (any(twice)) {
    felt = touch_in_turn(world, window, r, facings, motion);
  } else {
    Facing facing = face(world, &only);
    felt = constrain(world, &facing, motion);
    push_out(world, &facing, motion);
  }
  motion->x = fused(world->time_step, motion->vx, motion->x);
  motion->y = fused(world->time_step, motion->vy, motion->y);
  return felt;
}

#endif
