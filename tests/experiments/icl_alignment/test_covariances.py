"""Do the names of covariances stand for spectra of mean one, in the order that pretraining and test share?"""

import numpy as np
import pytest

from solv.experiments.icl_alignment import covariances
from solv.experiments.icl_alignment.covariances import exponent, spiked_directions, train_spectrum


@pytest.mark.parametrize("name", ["half", "power-law", "exponential", "spikes", "isotropic"])
def test_every_family_has_mean_one(name):
    spectrum = train_spectrum(name, 40, 0.9)
    assert spectrum.shape == (40,)
    assert spectrum.mean() == pytest.approx(1)
    assert np.all(np.diff(spectrum) <= 0)


def test_the_families_are_what_they_are_called():
    np.testing.assert_allclose(train_spectrum("half", 10, 0), [2] * 5 + [0] * 5)
    law = train_spectrum("power-law", 100, 0.9)
    assert law[9] / law[0] == pytest.approx(10**-0.9)
    assert train_spectrum("spikes", 40, 0)[:4].sum() == pytest.approx(20)  # half of the variance in a tenth
    np.testing.assert_array_equal(train_spectrum("isotropic", 5, 0.9), 1)


def test_a_test_is_pretraining_itself_reversed_or_a_family():
    train = train_spectrum("exponential", 20, 0)
    np.testing.assert_array_equal(covariances.tested_spectrum("same", "exponential", 20, 0), train)
    np.testing.assert_array_equal(covariances.tested_spectrum("reversed", "exponential", 20, 0), train[::-1])
    np.testing.assert_array_equal(covariances.tested_spectrum("isotropic", "exponential", 20, 0), np.ones(20))


@pytest.mark.parametrize(("d", "count"), [(4, 1), (10, 1), (40, 4)])
def test_at_least_one_direction_is_spiked(d, count):
    assert spiked_directions(d) == count


def test_the_exponent_is_a_param_only_of_power_laws():
    assert exponent(0.9, "half", "same") == {}
    assert exponent(0.9, "half", "power-law") == {"p": 0.9}


@pytest.mark.parametrize(
    ("params", "label"),
    [
        ({"train": "half", "test": "same"}, "same"),
        ({"train": "half", "test": "power-law", "p": 0.9}, "power-law (p = 0.9)"),
        ({"train": "power-law", "test": "reversed", "p": 0.8}, "reversed (p = 0.8)"),
        ({"train": "power-law", "test": "isotropic", "p": 0.8}, "isotropic"),
    ],
)
def test_a_label_says_which_power_law(params, label):
    assert covariances.test_label(params) == label
