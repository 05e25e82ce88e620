"""Is the best learning rate found, and its shift with size judged on both sides of the edge?"""

import math

import numpy as np
import pytest
import torch
from torch import nn

from solv.models.coordinate_check import FactoryError, Subject
from solv.models.coordinate_check.rates import STAYS, judge_rates, scan_rates

RATES = 2.0 ** np.arange(-8, 1)
GRID = 2.0 ** np.arange(-11.5, -4)  # the optima lie between its points
SIZES = (64, 128, 256)


def scores(*shifts, start=-4.0):
    """Parabolas in log2 rate whose least point moves by a shift per doubling, one seed each."""
    best = np.array([[start + shift * doublings for doublings in range(len(SIZES))] for shift in shifts])
    return np.exp(0.1 * (np.log2(RATES) - best[..., None]) ** 2)


def shifts_around(middle, half_width):
    spread = half_width / 2 * math.sqrt(3)
    return scores(middle - spread, middle, middle + spread)


@pytest.mark.parametrize(
    ("middle", "half_width", "verdict"),
    [
        (0.0, 0.9 * STAYS, "transfers"),
        (0.0, 1.1 * STAYS, "undecided"),
        (-1.0, 0.9 * (1 - STAYS), "moves"),
        (-1.0, 1.1 * (1 - STAYS), "undecided"),
        (1.0, 0.9 * (1 - STAYS), "moves"),
    ],
)
def test_shift_and_two_errors_decide(middle, half_width, verdict):
    found = judge_rates(SIZES, RATES, shifts_around(middle, half_width), "width")
    assert found.shift == pytest.approx(middle, abs=1e-9)
    assert 2 * found.error == pytest.approx(half_width)
    assert found.verdict == verdict
    assert found.best[1, 0] == pytest.approx(2**-4)


def test_a_best_rate_at_the_edge_decides_nothing_and_says_which():
    found = judge_rates(SIZES, RATES, scores(-2.0, -2.1), "width")
    assert found.verdict == "undecided"
    assert found.notes == ("best at the lowest rate tried at width 256: widen the rates",)


@pytest.mark.parametrize(("step", "verdict"), [(1.0, "undecided"), (0.5, "transfers")])
def test_beside_a_rate_that_overflows_the_spacing_of_the_rates_is_the_error(step, verdict):
    rates = 2.0 ** np.arange(-8, 1, step)
    values = np.exp(0.1 * np.abs(np.log2(rates) + 4.0)) * np.ones((3, 3, 1))
    values[:, :, rates > 2**-4] = np.inf
    found = judge_rates(SIZES, rates, values, "width")
    assert found.shift == pytest.approx(0)
    assert found.error == pytest.approx(step / math.sqrt(12) / math.sqrt(2))
    assert found.verdict == verdict


def test_one_seed_has_no_error():
    found = judge_rates(SIZES, RATES, scores(0.0), "width")
    assert (found.verdict, found.shift) == ("undecided", pytest.approx(0))
    assert "no error" in found.notes[0]


def quadratic(width, power=1, groups=False):
    """y = w.x with x = (1, ..., 1): SGD multiplies the error by 1 - lr width, so the best rate is 1 / width^power."""
    model = nn.Linear(width, 1, bias=False)
    nn.init.normal_(model.weight)
    x = torch.ones(1, width)
    rate = 0.01 * (SIZES[0] / width) ** (1 - power)
    parameters = [{"params": [model.weight], "lr": rate}]
    if groups:
        parameters.append({"params": [nn.Parameter(torch.ones(1))], "lr": rate / 10})
    return Subject(model, torch.optim.SGD(parameters, rate), lambda step: (model(x) - 1).square().mean())


def test_the_best_rate_of_a_quadratic_is_one_over_its_curvature():
    found = scan_rates(quadratic, SIZES, GRID, steps=3, seeds=3, name="width")
    assert found.shift == pytest.approx(-1, abs=1e-3)  # curvature 2 n: least at 1 / (2 n)
    np.testing.assert_allclose(found.best[0], [1 / 128, 1 / 256, 1 / 512], rtol=0.3)
    assert found.untuned[0] == found.tuned[0]
    assert found.untuned[2] > 1e3 * found.tuned[2]


@pytest.mark.parametrize("groups", [False, True])
def test_what_the_factory_scales_by_size_stays_scaled(groups):
    found = scan_rates(lambda width: quadratic(width, power=0, groups=groups), SIZES, GRID, 3, 3, "width")
    assert found.shift == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(found.best[0], [1 / 128] * 3, rtol=0.3)


def test_a_rate_of_zero_has_no_ratio_and_wrong_numbers_are_named():
    def still(width):
        model = nn.Linear(2, width)
        return Subject(model, torch.optim.SGD(model.parameters(), 0.0), lambda step: model(torch.ones(2)).mean())

    with pytest.raises(FactoryError, match="learning rate of the smallest model is 0"):
        scan_rates(still, SIZES, RATES)
    for rates in ([0.1, 0.2], [0.1, 0.1, 0.2], [-1, 0.1, 1]):
        with pytest.raises(ValueError, match="at least three"):
            scan_rates(quadratic, SIZES, rates)
    with pytest.raises(ValueError, match="no rate"):
        scan_rates(quadratic, SIZES, [1e30, 1e31, 1e32], steps=3)
