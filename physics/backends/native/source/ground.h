// Which segments of a terrain each joint may touch: looked up once for many steps.
//
// A look-up costs as much as a step, so what it found is kept, together with a box: as long as a
// joint is in it whenever that is checked, every CHECK_INTERVAL steps, nothing else can be touched.
// Most boxes are large: that of a joint high above the ground, or of one over level ground, which
// only needs to know its height.

#ifndef GROUND_H
#define GROUND_H

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

// Whether a joint at a point can touch the segment before it leaves the box of a margin around it.
INLINE int is_near(const World *world, const float *segment, float x, float y) {
  float reach = world->reach;
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

// Lists what a joint may touch, and sets its box. Returns the number of segments.
static int look_around(Window *window, const World *world, const Ground *ground,
                       const int32_t *terrain, int column, int joint, float x, float y) {
  const int32_t *entry = ground->entries + 4 * (terrain[FIRST_COLUMN] + column);
  const float *bounds = ground->bounds + 8 * (terrain[FIRST_COLUMN] + column);
  const float *segments = ground->segments + 8 * terrain[FIRST_SEGMENT];
  window->level[joint] = NO_GROUND;
  window->rough[joint] = 0;
  if (entry[LEVEL_SEGMENT] >= 0 && y < bounds[LEVEL_ROOF]) {
    const float *segment = segments + 8 * entry[LEVEL_SEGMENT];
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
  float margin = world->margin;
  set_box(window, joint, x - margin, x + margin, y - margin, y + margin);
  const int32_t *listed = ground->listed + terrain[FIRST_LISTED] + entry[FIRST_ENTRY];
  int count = 0;
  for (int e = 0; e < entry[ENTRY_COUNT]; e++) {
    const float *segment = segments + 8 * listed[e];
    list_segment(window, joint, count, segment);  // overwritten by the next where it is not near
    count += is_near(world, segment, x, y);
  }
  list_segment(window, joint, count, NOTHING);
  window->rough[joint] = count;
  return count;
}

// Looks up anew what the joints of one register may touch, those whose bits are set.
static __attribute__((noinline)) void look_up(Walker *walker, const World *world,
                                              const Ground *ground, int terrain, int r,
                                              uint32_t joints) {
  Window *window = &walker->window;
  const float *place = ground->places + 2 * terrain;
  const int32_t *columns = ground->terrains + 4 * terrain;
  for (; joints; joints &= joints - 1) {
    int joint = r + __builtin_ctz(joints);
    float x = walker->x[joint], y = walker->y[joint];
    float at = (x - place[0]) * place[1], last = columns[COLUMN_COUNT] - 1;
    int column = at > 0.0f ? (int)(at < last ? at : last) : 0;  // what is no number stands in 0
    int count = look_around(window, world, ground, columns, column, joint, x, y);
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

// The joints of one register that have left their boxes.
INLINE uint32_t have_left(const Window *window, int r, Lanes x, Lanes y) {
  Mask across = either(above(load(window->left + r), x), above(x, load(window->right + r)));
  Mask upward = either(above(load(window->floor + r), y), above(y, load(window->roof + r)));
  return bits(either(across, upward));
}

#endif
