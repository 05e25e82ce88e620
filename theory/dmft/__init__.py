"""Disordered dynamics in high dimension: dynamical mean-field theory (2601.01010): what is predicted."""
