"""Part `paper-model` of moe-transfer: is every panel filled by the part alone?"""

import pytest

from solv.experiments.moe_transfer.paper_model import PAPER_MODEL, Panels
from solv.harness.reference import reference
from solv.harness.settings import replace
from solv.tracking.claims import Verdict, judge
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import context, preset_of, smoke

SOURCES = {Panels.RATES: {"trained"}, Panels.BEST: {"trained"}, Panels.OPTIMA: {"trained"}}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("moe-transfer", "paper-model").sources()
    found.pop(Panels.OPTIMUM)  # where an optimum is inside the grid
    assert found == SOURCES


def test_measurements_have_counts_and_errors_and_its_claim_is_judged():
    found = smoke("moe-transfer", "paper-model")
    assert found.sound()
    assert found.claims == ("papers-model-transfers",)


def test_its_initialisations_are_its_own_and_twice_as_many_of_the_smallest(tmp_path):
    config = preset_of("moe-transfer", "smoke")
    config = replace(config, transfer=replace(config.transfer, paper_seeds=2))
    rates = select(join_curves(PAPER_MODEL.measure(config, context(tmp_path))), panel=Panels.RATES)
    assert [int(each["n"].iloc[0]) for _, each in rates.groupby("params", sort=False)] == [4, 2]
    less = replace(config, transfer=replace(config.transfer, paper_seeds=0))
    assert PAPER_MODEL.work(config).flops == pytest.approx(3 * PAPER_MODEL.work(less).flops, rel=0.4)


def test_an_open_verdict_names_the_initialisations_of_this_model():
    (claim,) = PAPER_MODEL.claims
    curves = reference("moe-transfer").curves()
    found = judge(claim, curves[curves["part"] == "paper-model"], {})
    assert found.verdict is not Verdict.UNDECIDED or found.needs.startswith("transfer.paper_seeds >= ")
    fewer = judge(claim, curves[curves["part"] == "paper-model"].assign(n=4, y_err=1.0), {})
    assert (fewer.verdict, fewer.needs) == (Verdict.UNDECIDED, "transfer.paper_seeds >= 16")
