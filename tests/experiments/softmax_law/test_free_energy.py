"""Part `free-energy` of softmax-law: filled by itself, and judged on both sides of every edge."""

from functools import cache

import pytest

from solv.experiments.softmax_law.free_energy import FREE_ENERGY, INDEPENDENT, Panels, targets
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.tracking.claims import Verdict, judge
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import on_theory, smoke, spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
CLAIMS = {claim.id: claim for claim in FREE_ENERGY.claims}
SIZES = SoftmaxLawConfig(
    toy={"classes": 16}, long={"temperature": [0.03, 0.1]}, entropies={"classes": 500, "entropy": 1.5}
)


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    both = {"theory", "simulation"}
    assert smoke("softmax-law", "free-energy").sources() == {
        Panels.LOSS: both,
        Panels.GRADIENT: both,
        Panels.POWER: {"theory"},
        Panels.ENTROPY: both,
        Panels.SCALE: both,
    }


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("softmax-law", "free-energy").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("softmax-law", "free-energy").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("softmax-law", "free-energy").claims == tuple(CLAIMS)


@cache
def true_curves():
    theory = join_curves(FREE_ENERGY.predict(SIZES))
    shown = theory[theory["panel"] != Panels.POWER.value]
    return join_curves([theory, on_theory(shown, error=1e-3, n=4)])


def judged(curves, claim):
    return judge(CLAIMS[claim], curves, {}).verdict


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_holds_of_what_it_says(claim):
    assert judged(true_curves(), claim) is HOLDS


EDGES = [
    (
        "teachers-are-random-energies",
        {"panel": Panels.LOSS},
        lambda s: lambda rows: rows.assign(y=(1 + s * INDEPENDENT) * rows["y"]),
    )
]


@pytest.mark.parametrize(("claim", "rows", "change"), EDGES)
def test_the_loss_of_teachers_holds_at_nine_tenths_of_its_tolerance_and_fails_at_eleven(claim, rows, change):
    for strength, verdict in ((0.9, HOLDS), (1.1, FAILS)):
        assert judged(spoilt(true_curves(), change(strength), **rows), claim) is verdict


def test_an_entropy_above_that_at_the_transition_is_not_peaked():
    threshold = (2 * 6.214608) ** 0.5  # of 500 classes
    for scale, verdict in ((threshold + 0.1, HOLDS), (threshold - 0.1, FAILS)):
        changed = spoilt(true_curves(), lambda rows, y=scale: rows.assign(y=y), panel=Panels.SCALE)
        assert judged(changed, "language-is-peaked") is verdict


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("error", [10.0, 0.0], ids=["large", "none"])
def test_an_error_that_is_large_or_not_known_leaves_a_claim_undecided(claim, error):
    vague = spoilt(true_curves(), lambda rows: rows.assign(y_err=error), source="simulation")
    assert judged(vague, claim) is UNDECIDED


def test_powers_are_those_of_the_boundary_layer_only_far_from_both_ends():
    config = SoftmaxLawConfig(long={"temperature": [0.0065]}, parts=["free-energy"])
    assert targets(config) == [pytest.approx(88.8, abs=0.1)]
    power = select(join_curves(FREE_ENERGY.predict(config)), panel=Panels.POWER)
    window = power[power["x"].between(5, 20)]
    # the authors fit -1.15 on their window; no decade of the local power is at -1
    assert window["y"].max() < -1
    assert window["y"].min() > -1.8
    assert targets(SoftmaxLawConfig(long={"temperature": [0.001]})) == []
