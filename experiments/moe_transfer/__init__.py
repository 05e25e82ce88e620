"""Hyperparameters that transfer across sizes of a mixture of experts (2601.20205): the experiment."""
