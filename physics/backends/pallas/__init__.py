"""Kernels in Pallas, which run a whole episode in one call: one for TPUs and one for GPUs."""
