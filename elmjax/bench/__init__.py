"""Benchmarks: named cases, timings and records of what this machine does with them."""
