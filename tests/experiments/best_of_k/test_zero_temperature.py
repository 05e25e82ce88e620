"""Part `zero-temperature` of best-of-k: both sides of the edge of its claim."""

import pytest

from solv.experiments.best_of_k import zero_temperature
from solv.tracking.claims import Verdict
from solv.tracking.curves import parameter, select
from tests.experiments.best_of_k.paper_curves import judged, true_curves
from tests.experiments.scaffold import spoilt

HOLDS, FAILS = Verdict.HOLDS, Verdict.FAILS


def below_the_law(by):
    laws = select(true_curves(), panel=zero_temperature.Panels.SCALED, law=zero_temperature.LAW)
    of_training = dict(zip(parameter(laws, "training"), laws["y"], strict=True))

    def change(rows):
        return rows.assign(y=parameter(rows, "training").map(of_training) * (1 - by))

    return change


EDGES = [("zero-temperature-law", {"panel": zero_temperature.Panels.SCALED}, lambda s: below_the_law(0.03 * s))]


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, HOLDS), (1.1, FAILS)])
@pytest.mark.parametrize(("claim", "rows", "change"), EDGES)
def test_the_law_at_zero_temperature_has_three_per_cent_at_its_last_k(claim, rows, change, strength, verdict):
    sharp = spoilt(true_curves(), lambda part: part.assign(y_err=1e-5), **rows)
    assert judged(spoilt(sharp, change(strength), **rows), claim) is verdict
