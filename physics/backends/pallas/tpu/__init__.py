"""The kernel for TPUs: a walker on each of the 128 lanes. Read `kernel` first."""
