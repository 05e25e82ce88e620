from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.theory.anytime.spectrum import power_law_spectrum, spectrum_of


@settings(max_examples=25, deadline=None)
@given(st.floats(1.01, 3), st.floats(1.01, 4), st.integers(1, 3000), st.integers(0, 60), st.floats(1.01, 2))
def test_nodes_keep_dimension_trace_and_signal(a, b, dimension, exact, ratio):
    binned = power_law_spectrum(a, b, dimension, exact=exact, ratio=ratio)
    i = np.arange(1.0, dimension + 1)
    assert binned.multiplicity.sum() == dimension
    assert binned.trace == pytest.approx(np.sum(i**-a), rel=1e-10)
    assert binned.multiplicity @ binned.signal == pytest.approx(np.sum(i**-b), rel=1e-10)


def test_each_node_holds_the_mean_of_its_bin():
    binned = power_law_spectrum(1.5, 2.5, 2000, exact=3, ratio=1.5)
    ends = np.concatenate([[1], 1 + np.cumsum(binned.multiplicity)]).astype(int)
    i = np.arange(1.0, 2001)
    for node, (low, high) in enumerate(pairwise(ends)):
        assert binned.eigenvalue[node] == pytest.approx(np.mean(i[low - 1 : high - 1] ** -1.5))
        assert binned.signal[node] == pytest.approx(np.mean(i[low - 1 : high - 1] ** -2.5))


def test_half_a_million_dimensions_have_the_node_counts_of_the_spec():
    sizes = {(40, 1.05): 234, (30, 1.08): 157}
    counts = [
        len(power_law_spectrum(1.5, 3, 500_000, exact=e, ratio=r).eigenvalue) for e, r in ((40, 1.05), (30, 1.08))
    ]
    assert counts == pytest.approx(list(sizes.values()), abs=1)


def test_the_normalised_target_has_norm_one_and_the_plain_one_its_power():
    every = power_law_spectrum(1.5, 2.0, 50, exact=50)
    normal = power_law_spectrum(1.5, 2.0, 50, exact=10, normalize=True)
    assert every.signal / every.eigenvalue == pytest.approx(np.arange(1.0, 51) ** -0.5)
    assert every.trace == pytest.approx(spectrum_of(every.eigenvalue, np.ones(50)).trace)
    norm = power_law_spectrum(1.5, 2.0, 50, exact=50, normalize=True)
    assert np.sum(norm.signal / norm.eigenvalue) == pytest.approx(1)
    assert normal.signal[:10] == pytest.approx(norm.signal[:10])


def test_a_divergent_trace_is_an_option():
    flat = power_law_spectrum(0.5, 1.0, 400, exact=5, ratio=1.3, allow_divergent_trace=True)
    assert flat.trace == pytest.approx(np.sum(np.arange(1.0, 401) ** -0.5))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: power_law_spectrum(1.0, 2, 10), "a = 1.0"),
        (lambda: power_law_spectrum(2, 0.9, 10), "b = 0.9"),
        (lambda: power_law_spectrum(2, 2, 0), "dimension = 0"),
        (lambda: power_law_spectrum(2, 2, 10, ratio=1.0), "ratio = 1.0"),
        (lambda: power_law_spectrum(2, 2, 10, exact=-1), "exact = -1"),
        (lambda: spectrum_of([1.0, 2.0], [1.0]), "shapes"),
        (lambda: spectrum_of([1.0, 0.0], [1.0, 1.0]), "eigenvalues"),
    ],
)
def test_a_value_out_of_range_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
