"""Programs of all stages, compiled ahead of time for TPUs that are not there."""
