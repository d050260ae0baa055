// Which segments of a terrain each joint may touch: looked up once for many steps.
//
// A look-up costs as much as a step, so what it found is kept, together with a box in which nothing
// else can be touched. Most boxes are large: that of a joint high above the ground, or of one over
// level ground, which only needs to know its height. Where all are, CHECK_INTERVAL steps pass
// between looks at whether a joint has left its own, and boxes leave room for what may happen
// meanwhile. Near rough ground that room would cost more than the looks: there, no joint takes a
// step that leads out of its box.

#ifndef GROUND_H
#define GROUND_H

#include <math.h>

#include "walker.h"
#include "world.h"

#define NO_GROUND -1e30f  // m, in place of level ground
#define NO_CORNER 1e9f    // as in `physics.surface`

enum { START_X, START_Y, TANGENT_X, TANGENT_Y, LENGTH, CORNER, FIELDS };
enum { FIRST_COLUMN, COLUMN_COUNT, FIRST_LISTED, FIRST_SEGMENT };
enum { FIRST_ENTRY, ENTRY_COUNT, LEVEL_SEGMENT };
enum { LEVEL_LEFT, LEVEL_RIGHT, LEVEL_ROOF, FREE_LEFT, FREE_RIGHT, FREE_FLOOR, FREE_ROOF };

// The terrains of a call, one behind another; see `physics.backends.native.columns`.
typedef struct {
  const int32_t *terrains;  // [terrains, 4]
  const float *places;      // [terrains, 2]: x of the first column, m, and columns a metre
  const int32_t *entries;   // [columns, 4]
  const float *bounds;      // [columns, 8] m
  const int32_t *listed;    // the segment of each entry, in the order in which they are handled
  const float *segments;    // [segments, 8]: the fields, and two without meaning
} Ground;

static const float NOTHING[FIELDS] = {0.0f, 0.0f, 1.0f, 0.0f, -1.0f, NO_CORNER};

// Whether a joint in the box with this middle and half size can touch the segment.
INLINE int is_near(const World *world, const float *segment, float x, float y, float half) {
  float reach = half * (fabsf(segment[TANGENT_X]) + fabsf(segment[TANGENT_Y])) + world->rounding;
  float dx = x - segment[START_X], dy = y - segment[START_Y];
  float along = segment[TANGENT_X] * dx + segment[TANGENT_Y] * dy;
  float side = segment[TANGENT_X] * dy - segment[TANGENT_Y] * dx;
  float round = segment[CORNER] < NO_CORNER ? world->radius : 0.0f;
  // Without branches, which nobody could foretell.
  return (side > world->minus_depth - reach) & (side < world->radius + reach) & (along > -reach) &
         (along < segment[LENGTH] + round + reach);
}

// Makes a segment one of those that a joint may touch.
INLINE void list_segment(Window *window, int joint, int place, const float *segment) {
  float *fields = window->segments + (int64_t)place * FIELDS * JOINTS + joint;
  for (int f = 0; f < FIELDS; f++) fields[f * JOINTS] = segment[f];
}

INLINE void set_box(Window *window, int joint, float left, float right, float floor, float roof) {
  window->left[joint] = left;
  window->right[joint] = right;
  window->floor[joint] = floor;
  window->roof[joint] = roof;
}

// The column of a terrain that a point is in; what is no number stands in the first.
INLINE int column_at(const Ground *ground, int terrain, float x) {
  const float *place = ground->places + 2 * terrain;
  float at = (x - place[0]) * place[1];
  float last = ground->terrains[4 * terrain + COLUMN_COUNT] - 1;
  return at > 0.0f ? (int)(at < last ? at : last) : 0;
}

// Sets the box of a joint that stands over level ground, or where it can touch nothing at all.
// Returns the number of segments that it may touch, or -1 where it stands near rough ground.
INLINE int look_below(Window *window, const World *world, const Ground *ground, int terrain,
                      int joint, float x, float y) {
  const int32_t *first = ground->terrains + 4 * terrain;
  int64_t column = first[FIRST_COLUMN] + column_at(ground, terrain, x);
  const float *bounds = ground->bounds + 8 * column;
  int32_t level = ground->entries[4 * column + LEVEL_SEGMENT];
  if (level >= 0 && y < bounds[LEVEL_ROOF]) {
    const float *segment = ground->segments + 8 * (int64_t)(first[FIRST_SEGMENT] + level);
    float deepest = segment[START_Y] + world->minus_depth;
    if (y > deepest) {
      set_box(window, joint, bounds[LEVEL_LEFT], bounds[LEVEL_RIGHT], deepest, bounds[LEVEL_ROOF]);
      window->level[joint] = segment[START_Y] + world->radius;
      list_segment(window, joint, 0, segment);
      return 1;
    }
  }
  if (y > bounds[FREE_FLOOR] && y < bounds[FREE_ROOF]) {
    set_box(window, joint, bounds[FREE_LEFT], bounds[FREE_RIGHT], bounds[FREE_FLOOR],
            bounds[FREE_ROOF]);
    return 0;
  }
  return -1;
}

// The middle, along one axis, of a box that a joint will be in for long: there is more room ahead
// of it than behind.
INLINE float middle(float at, float ahead, float most) {
  return at + (ahead > most ? most : ahead < -most ? -most : ahead);
}

// Lists what a joint near rough ground may touch, and sets its box: the faster it is, the larger.
// Returns the number of segments.
INLINE int look_around(Window *window, const World *world, const Ground *ground, int terrain,
                       int joint, float x, float y, float vx, float vy) {
  float way = world->time_step * (fabsf(vx) + fabsf(vy));
  float half = world->box_steps * way;
  half = half < world->least_box ? world->least_box : half;
  half = half > world->most_box ? world->most_box : half;
  float most = half - way < 0.5f * half ? half - way : 0.5f * half;
  x = middle(x, world->lead * vx, most);
  y = middle(y, world->lead * vy, most);
  const int32_t *first = ground->terrains + 4 * terrain;
  const int32_t *entry = ground->entries + 4 * (first[FIRST_COLUMN] + column_at(ground, terrain, x));
  const int32_t *listed = ground->listed + first[FIRST_LISTED] + entry[FIRST_ENTRY];
  const float *segments = ground->segments + 8 * (int64_t)first[FIRST_SEGMENT];
  set_box(window, joint, x - half, x + half, y - half, y + half);
  int count = 0;
  for (int e = 0; e < entry[ENTRY_COUNT]; e++) {
    const float *segment = segments + 8 * (int64_t)listed[e];
    list_segment(window, joint, count, segment);  // overwritten by the next where it is not near
    count += is_near(world, segment, x, y, half);
  }
  list_segment(window, joint, count, NOTHING);
  return count;
}

// Looks up anew what the joints of one register may touch, those whose bits are set.
static __attribute__((noinline)) void look_up(Walker *walker, const World *world,
                                              const Ground *ground, int terrain, int r,
                                              uint32_t joints) {
  Window *window = &walker->window;
  for (; joints; joints &= joints - 1) {
    int joint = r + __builtin_ctz(joints);
    float x = walker->x[joint], y = walker->y[joint];
    window->level[joint] = NO_GROUND;
    window->rough[joint] = 0;
    int count = look_below(window, world, ground, terrain, joint, x, y);
    if (count < 0) {
      count = look_around(window, world, ground, terrain, joint, x, y, walker->vx[joint],
                          walker->vy[joint]);
      window->rough[joint] = count;
    }
    for (int place = count; place < window->count[joint]; place++) {
      list_segment(window, joint, place, NOTHING);
    }
    window->count[joint] = count;
  }
  int32_t most = 0;
  for (int j = 0; j < JOINTS; j++) most = window->rough[j] > most ? window->rough[j] : most;
  window->candidates = most;
}

// Looks up everything, for a walker that enters a terrain.
static void enter(Walker *walker, const World *world, const Ground *ground, int terrain,
                  int most_listed) {
  Window *window = &walker->window;
  for (int j = 0; j < JOINTS; j++) {
    window->count[j] = 0;
    for (int place = 0; place <= most_listed; place++) list_segment(window, j, place, NOTHING);
  }
  for (int r = 0; r < JOINTS; r += LANES) look_up(walker, world, ground, terrain, r, 0xffff);
}

// The joints of one register that are not in their boxes with all of an extent.
INLINE uint32_t outside(const Window *window, int r, Lanes left, Lanes right, Lanes low,
                        Lanes high) {
  Mask across = either(above(load(window->left + r), left), above(right, load(window->right + r)));
  Mask upward = either(above(load(window->floor + r), low), above(high, load(window->roof + r)));
  return bits(either(across, upward));
}

// The joints that have left their boxes.
INLINE uint32_t have_left(const Window *window, int r, Lanes x, Lanes y) {
  return outside(window, r, x, x, y, y);
}

// The joints that a step could take out of their boxes, whichever way contacts turn it.
INLINE uint32_t may_leave(const Window *window, int r, Lanes time_step, Lanes x, Lanes y, Lanes vx,
                          Lanes vy) {
  Lanes way = mul(time_step, add(magnitude(vx), magnitude(vy)));
  return outside(window, r, sub(x, way), add(x, way), sub(y, way), add(y, way));
}

#endif
