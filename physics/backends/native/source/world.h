// Constants of a walk, as Python hands them over (`physics.backends.native.program`), in its order.

#ifndef WORLD_H
#define WORLD_H

#include "lanes.h"

#define CONSTANTS(constant)                                                            \
  constant(time_step)         /* s */                                                  \
  constant(minus_rate)        /* 1/s, its inverse, negative */                         \
  constant(keep)              /* share of a velocity that drag leaves in a step */     \
  constant(gain)              /* s, that a force becomes a velocity by in a step */    \
  constant(fall)              /* m/s that gravity adds in a step, negative */          \
  constant(radius)            /* m, of a joint */                                      \
  constant(minus_depth)       /* m, negative, above a surface, from where it is felt */ \
  constant(friction)                                                                   \
  constant(minus_restitution) /* negative */                                           \
  constant(minus_restitution_speed) /* m/s */                                          \
  constant(minus_push)        /* negative, share of an overlap that a step removes */  \
  constant(softening)         /* m^2 */                                                \
  constant(muscle_rate)       /* rad/s */                                              \
  constant(box_steps)         /* see `physics.backends.native.columns`, and those below */ \
  constant(least_box)         /* m */                                                  \
  constant(most_box)          /* m */                                                  \
  constant(lead)              /* s */                                                  \
  constant(rounding)          /* m */                                                  \
  constant(most_speed)        /* m/s, of a walk that has not diverged */               \
  constant(seconds)           /* length of the walk, or 1 where it has none */

typedef struct {
#define FLOAT(name) float name;
  CONSTANTS(FLOAT)
#undef FLOAT
} World;

// The same in every lane: reading such a constant is free, spreading it to the lanes is not.
typedef struct {
#define LANES_OF(name) Lanes name;
  CONSTANTS(LANES_OF)
#undef LANES_OF
} Constants;

static void spread(const World *world, Constants *constants) {
#define SPREAD(name) constants->name = all(world->name);
  CONSTANTS(SPREAD)
#undef SPREAD
}

#endif
