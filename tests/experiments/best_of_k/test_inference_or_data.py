"""Part `inference-or-data` of best-of-k: both sides of the edges of its claims."""

import numpy as np
import pytest

from solv.experiments.best_of_k import inference_or_data
from solv.tracking.claims import Verdict
from solv.tracking.curves import select
from tests.experiments.best_of_k.paper_curves import judged, true_curves
from tests.experiments.scaffold import spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


DIFFICULTY = {"panel": inference_or_data.Panels.DIFFICULTY, "t": 0}


@pytest.mark.parametrize(("strength", "verdict"), [(1.1, HOLDS), (0.9, UNDECIDED), (-1.4, UNDECIDED), (-1.41, FAILS)])
def test_the_advantage_falls_with_difficulty_by_two_standard_errors(strength, verdict):
    def fall(part):
        hard = part["x"] > 0.3
        return part.assign(y=np.where(hard, -2 * strength * np.hypot(1e-2, 1e-2), 0.0), y_err=1e-2)

    assert judged(spoilt(true_curves(), fall, **DIFFICULTY), "difficulty-degrades-advantage-over-data") is verdict


def test_the_domain_has_both_sides():
    rows = {"panel": inference_or_data.Panels.DOMAIN, "t": 0}
    assert judged(
        spoilt(true_curves(), lambda part: part.assign(y=-part["y"]), **rows), "inference-beats-data-in-a-domain"
    ) is (FAILS)
    vague = spoilt(true_curves(), lambda part: part.assign(y_err=5.0), **rows)
    assert judged(vague, "inference-beats-data-in-a-domain") is UNDECIDED


@pytest.mark.parametrize(("exponent", "verdict"), [(1.9, HOLDS), (2.1, FAILS)])
def test_the_exponent_of_data_is_below_that_of_samples(exponent, verdict):
    rows = {"panel": inference_or_data.Panels.EXPONENT, "law": inference_or_data.EXACT, "sigma2": 1}
    curves = spoilt(true_curves(), lambda part: part.assign(y=exponent), measured_only=False, **rows)
    assert judged(curves, "samples-beat-data-where-ridge-is-small") is verdict


@pytest.mark.parametrize(("ratio", "verdict"), [(0.55, HOLDS), (1.45, HOLDS), (0.45, FAILS), (1.55, FAILS)])
def test_the_exponent_of_remark_six_counts_within_a_half(ratio, verdict):
    rows = {"panel": inference_or_data.Panels.EXPONENT, "law": inference_or_data.PAPER, "sigma2": 1}
    exact = select(true_curves(), **{**rows, "law": inference_or_data.EXACT}).set_index("x")["y"][0.08]
    curves = spoilt(true_curves(), lambda part: part.assign(y=ratio * exact), measured_only=False, **rows)
    assert judged(curves, "exponent-of-data-is-that-of-remark-6") is verdict
