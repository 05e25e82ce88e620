"""Schedules and weight averages that are good at every stopping time (2602.03702): the experiment."""
