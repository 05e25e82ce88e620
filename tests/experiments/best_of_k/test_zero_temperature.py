"""Part `zero-temperature` of best-of-k: both sides of the edge of its claim."""

import pytest

from solv.experiments.best_of_k import zero_temperature
from solv.tracking.claims import Verdict
from solv.tracking.curves import parameter, select
from tests.experiments.best_of_k.paper_curves import ideal, judged
from tests.experiments.scaffold import spoilt

HOLDS, FAILS = Verdict.HOLDS, Verdict.FAILS


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, HOLDS), (1.1, FAILS)])
def test_the_law_at_zero_temperature_has_three_per_cent_at_its_last_k(strength, verdict):
    rows = {"panel": zero_temperature.Panels.SCALED}
    laws = select(ideal(), **rows, law=zero_temperature.LAW)
    of_training = dict(zip(parameter(laws, "training"), laws["y"], strict=True))

    def lower(part):
        law = parameter(part, "training").map(of_training)
        return part.assign(y=law * (1 - 0.03 * strength), y_err=1e-5)

    assert judged(spoilt(ideal(), lower, **rows), "zero-temperature-law") is verdict
