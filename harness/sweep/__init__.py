"""Many points of one experiment: planned, run through Hydra on any engine, joined into one result."""
