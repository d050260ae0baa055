// Constants of a walk, as Python hands them over (`physics.backends.native.program`), in its order.

#ifndef WORLD_H
#define WORLD_H

typedef struct {
  float time_step;  // s
  float rate;       // 1/s, its inverse
  float keep;       // share of a velocity that drag leaves in a step
  float gain;       // s, that an acceleration is multiplied by in a step
  float fall;       // m/s that gravity adds in a step, negative
  float radius;     // m, of a joint
  float depth;      // m below a surface from which a joint does not feel it
  float far;        // m from a surface, from which it is not touched in a step
  float friction;
  float restitution;
  float restitution_speed;  // m/s
  float push;               // share of an overlap that is removed in a step
  float softening;          // m^2
  float muscle_rate;        // rad/s
  float margin, reach;      // m, see `physics.backends.native.columns`
  float most_speed;         // m/s, of a walk that has not diverged
  float seconds;            // length of the walk, or 1 where it has none
} World;

#endif
