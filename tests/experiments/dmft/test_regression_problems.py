"""Are problems of finite size rounded the same way in theory and simulation, and read at steps that exist?"""

import math

import numpy as np
import pytest

from solv.experiments.dmft.regression_problems import (
    RegressionCell,
    count,
    rate,
    read_steps,
    regression_cells,
    spectrum_called,
)
from solv.experiments.dmft.settings import DmftConfig


@pytest.mark.parametrize(("ratio", "dimension", "expected"), [(0.5, 60, 30), (0.01, 10, 1), (1.26, 10, 13)])
def test_a_count_is_the_nearest_whole_number_and_at_least_one(ratio, dimension, expected):
    assert count(ratio, dimension) == expected


def test_a_cell_is_a_model_of_rounded_sizes():
    model = RegressionCell(0.33, 0.77, "power-law").model(10, 0.2)
    assert (model.samples, model.features, model.label_noise) == (3, 8, 0.2)
    assert math.isinf(RegressionCell(1, math.inf).model(10, 0).features)
    assert RegressionCell(0.5, 2).params == {"samples": 0.5, "features": 2}


def test_both_spectra_have_a_target_of_power_one():
    for name in ("isotropic", "power-law"):
        spectrum = spectrum_called(name, 50)
        assert np.sum(spectrum.eigenvalues * spectrum.teacher) == pytest.approx(1)
    falling = np.sort(spectrum_called("power-law", 50).eigenvalues)[::-1]
    assert falling[9] / falling[0] == pytest.approx(10**-1.2)


def test_cells_are_every_pair_and_rates_go_with_the_spectrum():
    config = DmftConfig(samples=[0.5, 1], features=[2, 3], eta=0.05, eta_power_law=0.5)
    cells = regression_cells(config, "power-law")
    assert {(cell.samples, cell.features) for cell in cells} == {(0.5, 2), (1, 2), (0.5, 3), (1, 3)}
    assert {cell.spectrum for cell in cells} == {"power-law"}
    assert (rate(config, "isotropic"), rate(config, "power-law")) == (0.05, 0.5)


@pytest.mark.parametrize("steps", [1, 2, 3, 200, 10_000])
def test_steps_that_are_read_exist_and_are_close_together_early(steps):
    read = read_steps(steps)
    assert read[0] == 0
    assert read[-1] == steps - 1
    assert np.all(np.diff(read) > 0)
    assert len(read) <= 17
    assert np.all(np.diff(read, 2) >= -1)
