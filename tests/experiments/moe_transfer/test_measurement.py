"""Does every part of moe-transfer measure what it declares: after a kill, beside divergences, and alone?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.moe_transfer import best_loss, coordinates, learning_rate
from solv.experiments.moe_transfer.experiment import EXPERIMENT
from solv.experiments.moe_transfer.settings import (
    CoordinateSettings,
    LimitSettings,
    MoeTransferConfig,
    TransferSettings,
)
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import Units, context, findings, measured

TINY = MoeTransferConfig(
    work=("limit", "coordinates", "settings", "standard", "transfer"),
    limit=LimitSettings(
        activation=("tanh",),
        size=(4, 8),
        repeats=2,
        steps=6,
        experts=(4,),
        width=(4,),
        scan_repeats=2,
        layers=(1,),
        rate_powers=(-3, 1),
        rate_steps=3,
        quadrature_experts=16,
        quadrature_hidden=4,
        hidden_ratios=(1, 2),
        branch_size=4,
        branch_doublings=2,
        branch_repeats=2,
    ),
    coordinates=CoordinateSettings(width=(16, 32), depth=(1, 2), steps=1, seeds=2),
    transfer=TransferSettings(
        directions=("ladder", "width"),
        ladder_width=(16, 32),
        ladder_layers=(1, 2),
        width=(16, 32),
        depth=(1,),
        experts=(4,),
        alpha=(1,),
        standard_rates=(-9, -7, -5),
        rates=(-6, -4, -2),
        seeds=2,
        steps=20,
        batch=2,
        context=8,
        text_bytes=20_000,
        horizon=2,
        extend=0,
    ),
)
TRAINED = MoeTransferConfig(**{**dict(TINY), "work": ("settings", "standard", "transfer")})


@pytest.fixture(scope="module")
def units():
    """All units of work of the tiny run, finished."""
    return Units()


@pytest.fixture(scope="module")
def whole(units, tmp_path_factory):
    """The measured curves of the tiny run."""
    return measured(EXPERIMENT, TINY, context(tmp_path_factory.mktemp("whole"), unit=units))


def test_every_declared_panel_is_measured(whole):
    optimum = {panel.value for panel in learning_rate.OPTIMUM.values()} | {"shift", "horizon-optimum"}  # if inside
    declared = {str(panel.name) for panel in EXPERIMENT.panels(TINY)} - optimum
    assert declared <= set(whole["panel"])


def test_a_part_alone_measures_the_same(whole, units, tmp_path):
    (part,) = EXPERIMENT.chosen(["best-loss"])
    alone = EXPERIMENT.measure(part, TINY, context(tmp_path, unit=units))
    pd.testing.assert_frame_equal(alone, whole[whole["part"] == "best-loss"].reset_index(drop=True))


def test_each_model_is_trained_once_for_all_parts(whole, units):
    assert len(units.computed) == len(set(units.computed))
    losses = [name for name in units.computed if "seeds=" in name]
    assert len(losses) == 2 * 3 + 1  # two tables of three models, the smallest shared, and one longer training


DIVERGED = {
    "everywhere": lambda scores: np.full_like(scores, np.inf),
    "at the largest rate": lambda scores: np.concatenate([scores[:, :-1], np.full((len(scores), 1), np.inf)], 1),
    "one seed at its edge": lambda scores: np.array([[2.0, 1.0, 2.0], [3.0, 2.5, 2.4]])[: len(scores)],
}


@pytest.mark.parametrize("how", DIVERGED)
def test_a_training_that_diverged_is_a_result_and_not_the_end(whole, units, tmp_path, how):
    def spoil(name, make):
        found = units(name, make)
        return {**found, "scores": DIVERGED[how](found["scores"])} if "seeds=" in name else found

    curves = join_curves([EXPERIMENT.predict(TRAINED), measured(EXPERIMENT, TRAINED, context(tmp_path, unit=spoil))])
    table = select(curves, panel=learning_rate.Panels.OPTIMA)
    without = select(table, y_name="without")
    if how == "one seed at its edge":
        assert (without["y"] == 1).all()
        rates = select(table, y_name="log2_rate")
        assert len(rates) == len(without)
        assert rates["y_err"].isna().all()
        assert (rates["n"] == 1).all()
    else:
        assert (without["y"] == 2).all()
        assert (select(table, y_name="inside")["y"] == 0).all()
    found = findings(EXPERIMENT, curves, TRAINED)
    for claim in learning_rate.LEARNING_RATE.claims:
        assert found[claim.id].verdict is Verdict.UNDECIDED
    assert found["horizon"].verdict is Verdict.UNDECIDED
    best = select(curves, panel=best_loss.Panels.BEST)
    assert np.isinf(best["y"]).all() == (how == "everywhere")


def test_a_coordinate_that_diverged_is_infinite_and_spoils_no_other(whole, units, tmp_path):
    def spoil(name, make):
        found = units(name, make)
        if not name.startswith("coordinates transfer"):
            return found
        return {**found, "learned logits": np.full_like(found["learned logits"], np.inf)}

    config = MoeTransferConfig(**{**dict(TINY), "parts": ["coordinates"]})
    curves = measured(EXPERIMENT, config, context(tmp_path, unit=spoil))
    gone = select(curves, panel=coordinates.Panels.LEARNED, table="transfer", coordinate="logits")
    assert np.isinf(gone["y"]).all()
    rest, before = (table.drop(select(table, panel="learned", coordinate="logits").index) for table in (curves, whole))
    before = before[before["part"] == "coordinates"]
    np.testing.assert_array_equal(rest["y"], before["y"])
    found = findings(EXPERIMENT, join_curves([EXPERIMENT.predict(config), curves]), config)
    assert found["coordinates-stay-order-one"].verdict is Verdict.UNDECIDED
