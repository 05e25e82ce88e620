"""Do the families of task covariances have the trace, order and shape they promise?"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.theory.icl_alignment.covariances import (
    exponential_spectrum,
    linear_spectrum,
    power_law_spectrum,
    projector_spectrum,
    random_rotation,
    rotated_covariance,
    spiked_spectrum,
)


@given(d=st.integers(2, 60), exponent=st.floats(-3, 3), share=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_every_spectrum_has_mean_one(d, exponent, share):
    for spectrum in (
        power_law_spectrum(d, exponent),
        exponential_spectrum(d, exponent),
        spiked_spectrum(d, 1, share),
        projector_spectrum(d, 0.5),
    ):
        assert spectrum.shape == (d,)
        assert spectrum.mean() == pytest.approx(1)
        assert (spectrum >= 0).all()


def test_power_law_falls_with_its_exponent():
    spectrum = power_law_spectrum(100, 0.8)
    assert spectrum[9] / spectrum[0] == pytest.approx(10**-0.8)


def test_exponential_has_its_rate_per_dimension():
    spectrum = exponential_spectrum(100, 2.0)
    assert spectrum[60] / spectrum[10] == pytest.approx(math.exp(-1))


def test_spikes_carry_their_share():
    spectrum = spiked_spectrum(10, [2, 5], 0.6)
    assert spectrum[[2, 5]] == pytest.approx([3, 3])
    assert spectrum[0] == pytest.approx(0.5)
    assert spiked_spectrum(10, 2, 0.6)[:2] == pytest.approx([3, 3])


def test_projector_and_complement_share_no_direction_and_fill_the_space():
    half, rest = projector_spectrum(7, 0.5), projector_spectrum(7, 0.5, complement=True)
    assert half @ rest == 0
    assert ((half > 0) | (rest > 0)).all()
    assert half.max() == pytest.approx(7 / 4)


def test_rotation_is_orthogonal_and_turns_by_its_angle_at_most():
    rotation = random_rotation(9, 0.3, np.random.default_rng(0))
    assert rotation @ rotation.T == pytest.approx(np.eye(9), abs=1e-12)
    assert np.abs(np.angle(np.linalg.eigvals(rotation))).max() == pytest.approx(0.3)
    assert random_rotation(9, 0, np.random.default_rng(0)) == pytest.approx(np.eye(9))


def test_rotated_covariance_keeps_its_spectrum_and_is_symmetric():
    spectrum = power_law_spectrum(9, 1)
    covariance = rotated_covariance(spectrum, random_rotation(9, math.inf, np.random.default_rng(1)))
    assert (covariance == covariance.T).all()
    assert np.linalg.eigvalsh(covariance)[::-1] == pytest.approx(spectrum)


@pytest.mark.parametrize(
    "call",
    [
        lambda: power_law_spectrum(0, 1),
        lambda: power_law_spectrum(5, math.nan),
        lambda: spiked_spectrum(5, 5, 0.5),
        lambda: spiked_spectrum(5, [7], 0.5),
        lambda: spiked_spectrum(5, 1, 1.5),
        lambda: projector_spectrum(5, 1, complement=True),
        lambda: projector_spectrum(5, 0),
        lambda: random_rotation(1, 1, np.random.default_rng(0)),
    ],
)
def test_arguments_out_of_range_are_refused(call):
    with pytest.raises(ValueError, match=r"= |leaves no direction"):
        call()


def test_a_linear_spectrum_falls_evenly_to_its_last_direction():
    assert linear_spectrum(3) == pytest.approx([1.5, 1.0, 0.5])
    with pytest.raises(ValueError, match="d"):
        linear_spectrum(0)
