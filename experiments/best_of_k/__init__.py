"""Selecting the best of k sampled answers (2512.19905): the experiment."""
