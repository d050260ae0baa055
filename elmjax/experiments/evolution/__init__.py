"""Experiments on stage 1: runs of MAP-Elites under stated conditions, with repeats."""
