"""The native backend: a C kernel for the CPU, compiled on demand. Every capacity, every terrain.

`source/walk.h` reads as the algorithm, which is that of `physics.step` and `physics.rollout`; the
kernel is written once on `source/lanes.h`, for AVX-512, AVX2 and any other processor.
"""
