"""Is an optimum where its parabola is, known as well as its seeds say, and unknown where trainings diverged?"""

import math
from enum import StrEnum

import numpy as np
import pytest

from solv.experiments.moe_transfer.optima import (
    Optimum,
    optimum_of,
    optimum_table,
    rate_curve,
    read_optima,
    shift_per_doubling,
    transfer_of,
)
from solv.tracking.claims import Verdict
from solv.tracking.curves import Recorder, join_curves

RECORD = Recorder("moe-transfer", "learning-rate")


class Panels(StrEnum):
    TABLE = "table"


def test_an_optimum_is_that_of_the_parabola():
    rates = np.arange(-6, -1)
    scores = np.stack([(rates + 3.7) ** 2, (rates + 3.9) ** 2]) + 2.0
    optimum = optimum_of(rates, scores)
    assert optimum.log2_rate == pytest.approx(-3.8)
    assert optimum.error == pytest.approx(0.1)
    assert (optimum.n, optimum.without, optimum.inside, optimum.vague) == (2, 0, 1, False)
    alone = optimum_of(rates, scores[:1])
    assert math.isnan(alone.error)
    assert (alone.n, alone.vague) == (1, False)  # one seed was asked for: nothing was lost


@pytest.mark.parametrize("scores", [[1.0, 2, 3], [2.0, 1, math.inf], [math.inf] * 3])
def test_an_optimum_at_the_edge_or_beside_a_divergence_is_none(scores):
    optimum = optimum_of([0, 1, 2], np.array([scores]))
    assert math.isnan(optimum.log2_rate)
    assert (optimum.inside, optimum.without, optimum.vague) == (0, 1, True)


def test_a_seed_that_has_no_optimum_of_its_own_is_counted_and_takes_the_error_away():
    scores = np.array([[3.0, 2, 1, 2, 3], [3.0, 2, 1.2, 1.1, math.inf]])
    optimum = optimum_of(range(5), scores)
    assert optimum.log2_rate == pytest.approx(2 + 1 / 6)  # of the mean (3, 2, 1.1, 1.55, inf)
    assert math.isnan(optimum.error)
    assert (optimum.n, optimum.without, optimum.vague) == (1, 1, True)


@pytest.mark.parametrize(
    "scores",
    [
        [[3.0, 2, 1, 2, 3], [3.0, 2, 1.2, 1.9, 3]],
        [[3.0, 2, 1, 2, 3], [3.0, 2, 1.2, 1.1, math.inf]],
        [[3.0, 2, 1, math.inf, math.inf], [3.0, 2, 1.2, 2, 3]],
    ],
    ids=["known", "without error", "none"],
)
def test_whatever_is_known_of_an_optimum_is_a_curve_and_read_back(scores):
    optimum = optimum_of(range(5), np.array(scores))
    rows = join_curves(optimum_table(RECORD, Panels.TABLE, {}, 64, optimum))
    assert len(join_curves(rate_curve(RECORD, Panels.TABLE, {}, "width N", 64, optimum))) == optimum.inside
    (again,) = read_optima(rows).values()
    for name in ("log2_rate", "error", "n", "without", "inside", "vague"):
        value = getattr(optimum, name)
        if name in ("error", "n") and not optimum.inside:
            continue  # nothing has this error
        assert getattr(again, name) == pytest.approx(value, nan_ok=True)


def test_the_shift_is_a_slope_with_the_error_of_its_optima():
    slope, error = shift_per_doubling({32: (-4.0, 0.1), 64: (-5.0, 0.1), 128: (-6.0, 0.1)})
    assert slope == pytest.approx(-1)
    assert error == pytest.approx(0.1 / math.sqrt(2))
    lone = shift_per_doubling({32: (-4.0, 0.1), 64: (-5.0, math.nan)})[1]
    assert lone == pytest.approx(math.hypot(0.1, math.sqrt(2) * 0.1))
    assert math.isnan(shift_per_doubling({32: (-4.0, math.nan), 64: (-5.0, math.nan)})[1])


def test_every_size_is_compared_with_the_smallest_by_the_scatter_of_all():
    optima = {32: Optimum(-4.0, 0.02, 9), 64: Optimum(-4.1, 0.02, 9), 128: Optimum(-3.9, 0.03, 4)}
    found = transfer_of(optima, 0.25)
    assert found.verdict is Verdict.HOLDS  # 0.2 octaves apart from each other, 0.1 from the smallest
    assert (found.shift, found.size) == (pytest.approx(0.1), 128)
    assert found.error == pytest.approx(0.06 * math.sqrt(1 / 9 + 1 / 4))  # deviations of 0.06 at all sizes
    assert transfer_of({**optima, 256: Optimum(-3.8, 0.03, 4)}, 0.25).verdict is Verdict.UNDECIDED
    assert transfer_of({**optima, 256: Optimum(-3.6, 0.03, 4)}, 0.25).verdict is Verdict.FAILS


def test_an_error_that_is_small_by_chance_does_not_count_as_it_is():
    lucky = {32: Optimum(-4.0, 0.05, 9), 64: Optimum(-4.2, 0.001, 2)}
    assert transfer_of(lucky, 0.25).error == pytest.approx(math.sqrt(8 / 9) * 0.15 * math.sqrt(1 / 9 + 1 / 2), rel=1e-3)
    assert transfer_of(lucky, 0.25).verdict is Verdict.UNDECIDED


def test_few_repeats_need_a_wider_margin():
    for n, verdict in ((2, Verdict.UNDECIDED), (16, Verdict.HOLDS)):
        assert transfer_of({32: Optimum(-4.0, 0.03, n), 64: Optimum(-4.1, 0.03, n)}, 0.25).verdict is verdict


def test_a_single_initialisation_has_the_scatter_of_the_others():
    lone = {32: Optimum(-4.0, 0.05, 4), 64: Optimum(-4.0, math.nan, 1)}
    assert transfer_of(lone, 1).error == pytest.approx(math.hypot(0.05, 0.1))
    lost = {32: Optimum(-4.0, 0.05, 4), 64: Optimum(-4.0, math.nan, 1, without=3)}
    assert transfer_of(lost, 1).verdict is Verdict.UNDECIDED
    assert transfer_of({32: Optimum(-4.0, math.nan, 1), 64: Optimum(-4.0, math.nan, 1)}, 1).verdict is Verdict.UNDECIDED


@pytest.mark.parametrize("verdict", [Verdict.HOLDS, Verdict.FAILS])
def test_at_the_edge_chance_alone_decides_as_rarely_as_said_though_seeds_are_added_by_their_error(verdict):
    """Where the error says when to stop, too small an error stops too early; it costs little."""
    rng = np.random.default_rng(7)

    def trained(place):
        places = list(place + 0.15 * rng.standard_normal(4))
        while (error := np.std(places, ddof=1) / math.sqrt(len(places))) > 0.04 and len(places) < 16:
            places += list(place + 0.15 * rng.standard_normal(4))
        return Optimum(float(np.mean(places)), float(error), len(places))

    count = sum(transfer_of({32: trained(0), 64: trained(0.25)}, 0.25).verdict is verdict for _ in range(2000))
    assert count / 2000 < (0.06 if verdict is Verdict.HOLDS else 0.01)
