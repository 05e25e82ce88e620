"""Is one regression what its settings say, and are averages told apart and named?"""

import numpy as np
import pytest

from solv.experiments.anytime.regression import LAST, average_name, case, ema_of, problem
from solv.experiments.anytime.settings import AnytimeConfig

CONFIG = AnytimeConfig(dimension=2000, sigma2=0.04, batch=3)


def test_a_regression_has_the_noise_and_batch_of_the_settings_and_a_power_law():
    made = problem(CONFIG, 1.5, 2.5)
    assert (made.sigma2, made.batch) == (0.04, 3)
    eigenvalues = np.asarray(made.spectrum.eigenvalue)
    assert eigenvalues[9] / eigenvalues[0] == pytest.approx(10**-1.5)


def test_every_setting_of_a_regression_tells_its_curves_apart():
    base = tuple(case(CONFIG, 1.5, 2.5).items())
    others = [
        case(CONFIG, 1.6, 2.5),
        case(CONFIG, 1.5, 2.6),
        *(
            case(AnytimeConfig(**{**dict(CONFIG), key: value}), 1.5, 2.5)
            for key, value in (("sigma2", 0.05), ("batch", 4), ("dimension", 2001), ("normalize", not CONFIG.normalize))
        ),
    ]
    assert all(tuple(each.items()) != base for each in others)


def test_an_ema_is_named_with_its_label():
    assert average_name(ema_of(6.25)) == "EMA 6.25"
    assert average_name({"average": LAST}) == "last iterate"
