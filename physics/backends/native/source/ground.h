// Which segments of a terrain a joint may touch: looked up once for several steps.
//
// A look-up costs more than all else in a step, so its result is kept as long as every joint stays
// within a `margin` of where it was, counting where it would be after the step at its present
// speed. That box is the walker's window. All that a joint could touch from within the window is
// listed in the column of the terrain that it stood in, and sorted out here: a joint over level
// ground only needs its height, others need their segments.

#ifndef GROUND_H
#define GROUND_H

#include "walker.h"
#include "world.h"

#define NO_GROUND -1e30f  // m, height of level ground where there is none
#define NO_CORNER 1e9f    // as in `physics.surface`

enum { START_X, START_Y, TANGENT_X, TANGENT_Y, LENGTH, CORNER, FIELDS };

// The terrains of a call, one behind another; see `physics.backends.native.columns`.
typedef struct {
  const int32_t *columns;   // [terrains, 2]: the first column of a terrain, and their number
  const float *places;      // [terrains, 2]: x of the first column, m, and columns a metre
  const int32_t *entries;   // [columns, 2]: the first entry of a column, and their number
  const float *free_space;  // [2, columns] m: below and above it there may be something to touch
  int64_t all_columns;
  const int32_t *listed;  // the segment of each entry, in the order in which they are handled
  const float *segments;  // [segments, 8]: the fields, and two without meaning
} Ground;

// Whether a joint at a point can touch the segment before it leaves its window.
INLINE int is_near(const World *world, const float *segment, float x, float y) {
  float reach = 2.0f * world->margin;
  float dx = x - segment[START_X], dy = y - segment[START_Y];
  float along = segment[TANGENT_X] * dx + segment[TANGENT_Y] * dy;
  float side = segment[TANGENT_X] * dy - segment[TANGENT_Y] * dx;
  float beyond = along - segment[LENGTH];
  float round = segment[CORNER] < NO_CORNER ? world->radius : 0.0f;
  return side > -world->depth - reach && side < world->radius + reach && along > -reach &&
         beyond < round + reach;
}

// Whether the segment is level and neither of its ends can matter to a joint near it.
INLINE int is_level(const World *world, const float *segment, float x) {
  float reach = 2.0f * world->margin;
  float along = x - segment[START_X];
  return segment[TANGENT_X] == 1.0f && segment[TANGENT_Y] == 0.0f && along > reach &&
         along < segment[LENGTH] - reach;
}

// Adds a segment to the candidates of a joint.
INLINE void list_segment(Window *window, int joint, int place, const float *segment) {
  float *fields = window->segments + (int64_t)place * FIELDS * JOINTS + joint;
  for (int f = 0; f < FIELDS; f++) fields[f * JOINTS] = segment[f];
}

// A place among the candidates that nothing touches, for every joint.
INLINE void clear_place(Window *window, int place) {
  const float nothing[FIELDS] = {0.0f, 0.0f, 1.0f, 0.0f, -1.0f, NO_CORNER};
  for (int f = 0; f < FIELDS; f++) {
    float *row = window->segments + ((int64_t)place * FIELDS + f) * JOINTS;
    for (int r = 0; r < JOINTS; r += LANES) store(row + r, all(nothing[f]));
  }
}

// Looks up what one joint is near to, and lists it.
static void look_up(Window *window, const World *world, const Ground *ground, int column, int joint,
                    int *most) {
  float x = window->x[joint], y = window->y[joint];
  const int32_t *entry = ground->listed + ground->entries[2 * column];
  int count = 0;
  const float *found = 0;
  for (int e = 0; e < ground->entries[2 * column + 1]; e++) {
    const float *segment = ground->segments + 8 * entry[e];
    if (!is_near(world, segment, x, y)) continue;
    if (count == *most) clear_place(window, (*most)++);
    list_segment(window, joint, count, segment);
    found = segment;
    count++;
  }
  if (count == 1 && is_level(world, found, x)) {
    window->level[joint] = found[START_Y];
  } else if (count > 0) {
    window->candidates = count > window->candidates ? count : window->candidates;
  }
}

// Starts a window where the joints are now.
static __attribute__((noinline)) void open_window(Walker *walker, const World *world,
                                                  const Ground *ground, int terrain) {
  Window *window = &walker->window;
  const float *place = ground->places + 2 * terrain;
  const int32_t *columns = ground->columns + 2 * terrain;
  ALIGNED int32_t column[JOINTS];
  int most = 0;
  window->candidates = 0;
  for (int r = 0; r < JOINTS; r += LANES) {
    Lanes x = load(walker->x + r), y = load(walker->y + r);
    Index at = whole(mul(sub(x, all(place[0])), all(place[1])));
    at = shift_index(limit_index(at, columns[1] - 1), columns[0]);
    Lanes floor = gather(ground->free_space, at);
    Lanes roof = gather(ground->free_space + ground->all_columns, at);
    store(window->x + r, x);
    store(window->y + r, y);
    store(window->level + r, all(NO_GROUND));
    store_index(column + r, at);
    uint32_t near = bits(either(above(floor, y), above(y, roof)));
    for (; near; near &= near - 1) {
      int joint = r + __builtin_ctz(near);
      look_up(window, world, ground, column[joint], joint, &most);
    }
  }
}

// Whether some joint has left the window, or would in this step at its present speed.
INLINE int has_left(const Window *window, const World *world, int r, Lanes x, Lanes y, Lanes vx,
                    Lanes vy) {
  Lanes step = all(world->time_step);
  Lanes across = fused(step, magnitude(vx), magnitude(sub(x, load(window->x + r))));
  Lanes upward = fused(step, magnitude(vy), magnitude(sub(y, load(window->y + r))));
  return any(above(larger(across, upward), all(world->margin)));
}

#endif
