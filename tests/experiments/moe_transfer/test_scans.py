"""Does a scan judge the best rates of its lines by themselves, on both sides of every edge?"""

import math
from enum import StrEnum

import pytest

from solv.experiments.moe_transfer.optima import FINE, STEP, Optimum, optimum_table
from solv.experiments.moe_transfer.scans import Scan, judge_stays, shift_of
from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.tracking.claims import Verdict
from solv.tracking.curves import Recorder, join_curves

RECORD = Recorder("moe-transfer", "gates")


class Panels(StrEnum):
    RATES = "a"
    OPTIMUM = "b"
    BEST = "c"
    OPTIMA = "optima"


def optima(places, spacing=0.5, error=1e-6, choice="one", **changes):
    for size, place in enumerate(places):
        count = 1 if math.isnan(error) else 4
        optimum = Optimum(place, error, count, spacing=spacing, **changes)
        yield from optimum_table(RECORD, Panels.OPTIMA, {"choice": choice}, 2.0**size, optimum)


def judged(*curves):
    return judge_stays(join_curves([each for group in curves for each in group]), Panels.OPTIMA, "more sizes")


@pytest.mark.parametrize(("spacing", "tolerance"), [(0.5, FINE), (1.0, STEP)])
def test_the_best_rate_stays_at_nine_tenths_of_what_the_grid_knows_and_not_at_eleven(spacing, tolerance):
    for strength, verdict in ((0.9, Verdict.HOLDS), (1.1, Verdict.FAILS)):
        assert judged(optima([-4, -4 + strength * tolerance], spacing)).verdict is verdict


def test_every_line_is_judged_by_itself_and_the_worst_is_shown():
    found = judged(optima([-4, -4.1]), optima([-7, -7.2], choice="other"))
    assert found.verdict is Verdict.HOLDS
    assert found.measured == pytest.approx(-0.2)
    assert "other" in found.tolerance


@pytest.mark.parametrize("changes", [{"inside": 0.0}, {"inside": 0.5}, {"error": math.nan, "without": 1.0}])
def test_an_optimum_that_is_not_known_leaves_it_undecided(changes):
    found = judged(optima([-4, -4.1]), optima([-4.1, -4.1], choice="other", **changes))
    assert found.verdict is Verdict.UNDECIDED
    assert "2 unknown" in found.tolerance


def test_one_size_decides_nothing():
    found = judged(optima([-4]))
    assert (found.verdict, found.needs) == (Verdict.UNDECIDED, "more sizes")


def test_the_shift_is_that_of_a_line_and_unknown_where_an_optimum_is():
    table = join_curves([*optima([-4, -4.5, -5], error=0.1), *optima([-4, -4, -4], choice="other", inside=0.0)])
    slope, error = shift_of(table, Panels.OPTIMA, "one")
    assert slope == pytest.approx(-0.5)
    assert error == pytest.approx(0.1 / math.sqrt(2))
    assert math.isnan(shift_of(table, Panels.OPTIMA, "other")[0])
    assert math.isnan(shift_of(table, Panels.OPTIMA, "none")[0])


def test_a_scan_draws_three_panels_and_keeps_one_for_its_claim_unless_it_is_left_out():
    part = Scan(RECORD, Panels, "Gates", "N", {"one": "1"}, lambda settings: []).part("Does it stay?", ())
    drawn = part.panels(MoeTransferConfig(work=("ablations",)))
    assert [panel.name for panel in drawn if panel.drawn] == [Panels.RATES, Panels.OPTIMUM, Panels.BEST]
    assert [panel.name for panel in drawn if not panel.drawn] == [Panels.OPTIMA]
    assert part.panels(MoeTransferConfig(work=("limit",))) == []
