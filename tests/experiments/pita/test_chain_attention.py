"""Part `chain-attention` of pita: is every panel filled by the part alone?"""

import numpy as np
import pytest

from solv.experiments.pita import chain_training
from solv.experiments.pita.chain_attention import CHAIN_ATTENTION, Panels
from solv.harness.settings import replace
from solv.tracking.claims import Verdict, judge
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import context, preset_of, smoke

SOURCES = {panel: {"trained"} for panel in Panels}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("pita", "chain-attention").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("pita", "chain-attention").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"attention-is-near-uniform", "reduced-model-suffices"} <= set(smoke("pita", "chain-attention").claims)


@pytest.mark.parametrize(("tests", "verdict"), [(200, Verdict.HOLDS), (20, Verdict.UNDECIDED)])
def test_models_that_are_right_in_every_test_are_as_good_as_the_tests_can_tell(tests, verdict, monkeypatch, tmp_path):
    """Their difference has no scatter over seeds, but an error as of the tests: 1.5 of all of them."""
    config = preset_of("pita", "smoke")
    config = replace(
        config,
        training=replace(config.training, seeds=3, tests=tests),
        attention=replace(config.attention, widths=(256,)),
    )

    def accuracies(training, context, cell, hops, note):
        return {name: np.ones((1, 3, 1)) for name in ("accuracy", "from_uniform")}

    monkeypatch.setattr(chain_training, "accuracies", accuracies)
    curves = join_curves(CHAIN_ATTENTION.measure(config, context(tmp_path)))
    np.testing.assert_allclose(select(curves, panel=Panels.DIFFERENCE)["y_err"], 0.5 / tests)
    (claim,) = (each for each in CHAIN_ATTENTION.claims if each.id == "reduced-model-suffices")
    assert judge(claim, curves, {}).verdict is verdict
