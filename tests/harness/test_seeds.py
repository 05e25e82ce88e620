"""Does a stream depend on the run's seed and its own name, and on nothing else?"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from solv.harness.seeds import Seeds


@given(st.integers(0, 2**63), st.text(max_size=10), st.floats(allow_nan=False))
def test_a_name_gives_the_same_stream_every_time(seed, name, value):
    assert Seeds(seed).integer(name, value) == Seeds(seed).integer(name, value)


def test_seed_and_name_both_matter():
    streams = [Seeds(0).integer("a"), Seeds(1).integer("a"), Seeds(0).integer("b"), Seeds(0).integer("a", 0)]
    assert len(set(streams)) == 4


def test_equal_numbers_name_the_same_stream():
    assert Seeds(0).integer("tau", 2) == Seeds(0).integer("tau", 2.0) == Seeds(0).integer("tau", np.float64(2))


def test_generators_of_both_libraries_start_where_their_stream_does():
    seeds = Seeds(3)
    assert seeds.numpy("x").random() == seeds.numpy("x").random()
    import torch

    draws = [torch.rand(3, generator=seeds.torch("x")) for _ in range(2)]
    assert torch.equal(*draws)


def test_streams_are_uncorrelated():
    samples = np.stack([Seeds(0).numpy("repeat", index).standard_normal(1000) for index in range(20)])
    correlations = np.corrcoef(samples)[np.triu_indices(20, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(1000)
