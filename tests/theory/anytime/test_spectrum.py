import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.spectrum import power_law_spectrum, power_law_targets, spectrum_of
from solv.theory.anytime.weight_averaging import ema, uniform
from solv.theory.schedules import constant, cosine


@settings(max_examples=25, deadline=None)
@given(st.floats(1.01, 3), st.floats(1.01, 4), st.integers(1, 3000), st.integers(0, 60), st.floats(1.01, 2))
def test_nodes_keep_trace_noise_and_signal(a, b, dimension, exact, ratio):
    binned = power_law_spectrum(a, b, dimension, exact=exact, ratio=ratio)
    i = np.arange(1.0, dimension + 1)
    assert binned.trace == pytest.approx(np.sum(i**-a), rel=1e-10)
    assert binned.multiplicity @ binned.eigenvalue**2 == pytest.approx(np.sum(i ** (-2 * a)), rel=1e-10)
    assert binned.multiplicity @ binned.signal == pytest.approx(np.sum(i**-b), rel=1e-10)
    assert np.all(binned.multiplicity > 0)
    assert np.all(binned.signal > 0)
    assert np.all(np.diff(binned.eigenvalue) < 0)


def test_the_first_indices_are_nodes_of_their_own():
    binned = power_law_spectrum(1.5, 2.5, 2000, exact=12, ratio=1.5)
    assert binned.eigenvalue[:12] == pytest.approx(np.arange(1.0, 13) ** -1.5)
    assert binned.signal[:12] == pytest.approx(np.arange(1.0, 13) ** -2.5)
    assert np.all(binned.multiplicity[:12] == 1)


@pytest.mark.parametrize(("exact", "ratio", "nodes", "error"), [(16, 1.5, 68, 6e-4), (30, 1.2, 138, 3e-5)])
def test_a_few_dozen_nodes_have_the_risk_of_all_dimensions(exact, ratio, nodes, error):
    """Against every eigenvalue of 20000 dimensions, at a constant rate and a cosine, the last iterate and an EMA."""
    assert len(power_law_spectrum(1.5, 3, 500_000, exact=exact, ratio=ratio).eigenvalue) == nodes
    t = np.arange(1, 1001)
    for a, b in ((1.1, 1.2), (1.5, 3.0), (1.9, 3.8)):
        found = []
        for spectrum in (
            power_law_spectrum(a, b, 20_000, exact=20_000),
            power_law_spectrum(a, b, 20_000, exact=exact, ratio=ratio),
        ):
            rates = np.stack([constant(t), cosine(t, 1000)], axis=1) * 0.5 / spectrum.trace
            risks = excess_risk(spectrum, 0.01, rates, [100, 1000], [ema(6.25)])
            found.append(np.concatenate([risks.last[None], risks.averaged]))
        assert found[1] == pytest.approx(found[0], rel=error)


def test_several_targets_are_one_spectrum_and_each_has_the_risk_of_its_own():
    targets = power_law_targets(1.5, (1.5, 3.0), 3000, exact=10, ratio=1.5)
    rates = np.full((60, 2), 0.5 / targets.trace)
    together = excess_risk(targets, 0.1, rates, [20, 60], [uniform()])
    for run, b in enumerate((1.5, 3.0)):
        alone = excess_risk(
            power_law_spectrum(1.5, b, 3000, exact=10, ratio=1.5), 0.1, rates[:, :1], [20, 60], [uniform()]
        )
        assert together.last[:, run] == pytest.approx(alone.last[:, 0], rel=1e-12)
        assert together.averaged[0, :, run] == pytest.approx(alone.averaged[0, :, 0], rel=1e-12)


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
        (lambda: power_law_spectrum(2, 2, 10, ratio=2.1), "ratio = 2.1"),
        (lambda: power_law_spectrum(2, 2, 10, exact=-1), "exact = -1"),
        (lambda: power_law_targets(2, (), 10), "b is empty"),
        (lambda: spectrum_of([1.0, 2.0], [1.0]), "shapes"),
        (lambda: spectrum_of([1.0, 0.0], [1.0, 1.0]), "eigenvalues"),
    ],
)
def test_a_value_out_of_range_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
