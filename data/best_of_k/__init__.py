"""Selecting the best of k sampled answers (2512.19905): what is learned from."""
