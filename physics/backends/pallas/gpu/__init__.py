"""The kernel for GPUs: a walker to a program of Triton. Read `kernel` first."""
