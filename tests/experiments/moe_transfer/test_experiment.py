"""Do moe-transfer's tables, optima and claims say what they should?"""

import math

import numpy as np
import pandas as pd
import pytest

from solv.experiments.moe_transfer.experiment import EXPERIMENT
from solv.experiments.moe_transfer.panels import (
    BALANCE,
    COORDINATES,
    best_panel,
    coordinates_panel,
    optimum_of,
    optimum_panel,
    points,
    shift_per_doubling,
)
from solv.experiments.moe_transfer.parameterizations import GROWTH, TABLES, Shape, exponents, numbers, predicted_shift
from solv.experiments.moe_transfer.settings import (
    CoordinateSettings,
    LimitSettings,
    MoeTransferConfig,
    TransferSettings,
    coordinate_models,
    models,
    seeds_of,
    trained,
)
from solv.harness.settings import ConfigurationError
from solv.tracking.claims import Verdict

BASE = Shape(16, 1, 16)
LIMIT = LimitSettings(
    size=(8, 16), experts=(4, 8, 16), layers=(1, 2), rate_powers=(-3, -1, 1), steps=10, quadrature_experts=256
)


def test_at_the_base_shape_the_transferring_table_is_one_over_fan_in():
    found = numbers(TABLES["transfer"], BASE, BASE)
    assert set(found.factors.values()) == {1.0}
    assert found.branch == 1
    assert found.logit_scale == 16**-0.5
    assert {name: found.stds[name] for name in ("attention", "router", "up", "down")} == dict.fromkeys(
        ("attention", "router", "up", "down"), 0.25
    )


def test_the_transferring_table_scales_as_in_the_spec():
    found = numbers(TABLES["transfer"], Shape(64, 4, 128), BASE)
    assert found.factors == {
        "embedding": 1, "attention": 0.25, "router": 0.25, "up": 0.25, "down": 0.125, "unembedding": 1,
    }  # fmt: skip
    assert found.branch == 0.25
    assert found.logit_scale == 0.25 * 16**-0.5
    assert found.stds["router"] == 64**-0.5
    assert found.stds["down"] == 128**-0.5


def test_the_papers_table_has_its_own_down_projection():
    """Standard deviation sqrt(N)/H: alpha^-1 N^-1/2, not one over the root of the fan-in; router 1/N."""
    found = numbers(TABLES["paper"], Shape(64, 1, 128), BASE)
    assert found.stds["down"] == pytest.approx(0.25 * 2 * 1 / 8)
    assert found.stds["router"] == pytest.approx(0.25 / 4)


def test_the_standard_table_has_one_rate_and_no_multiplier():
    found = numbers(TABLES["standard"], Shape(64, 4, 128), BASE)
    assert set(found.factors.values()) == {1.0}
    assert (found.branch, found.logit_scale) == (1, 1)
    assert found.stds["embedding"] == 0.02


@pytest.mark.parametrize("direction", list(GROWTH))
def test_predicted_shifts(direction):
    assert predicted_shift(TABLES["transfer"], direction) == 0
    assert predicted_shift(TABLES["paper"], direction) == 0
    assert predicted_shift(TABLES["standard"], direction) == (-1 if direction in ("ladder", "width", "hidden") else 0)


def test_under_the_transferring_table_every_learned_part_is_of_order_one():
    for direction in GROWTH:
        assert all(group.learned <= 0 for group in exponents(TABLES["transfer"], direction).values())
    assert exponents(TABLES["transfer"], "width")["unembedding"].initial == -0.5


def test_an_optimum_is_that_of_the_parabola():
    rates = np.arange(-6, -1)
    scores = np.stack([(rates + 3.7) ** 2, (rates + 3.9) ** 2]) + 2.0
    optimum, error = optimum_of(rates, scores)
    assert optimum == pytest.approx(-3.8)
    assert error == pytest.approx(0.1)
    assert math.isnan(optimum_of(rates, scores[:1])[1])


def test_an_optimum_at_the_edge_or_beside_a_divergence_is_none():
    assert math.isnan(optimum_of([0, 1, 2], np.array([[1.0, 2, 3]]))[0])
    assert math.isnan(optimum_of([0, 1, 2], np.array([[2.0, 1, math.inf]]))[0])


def test_the_shift_is_a_slope_with_the_error_of_its_optima():
    slope, error = shift_per_doubling({32: (-4.0, 0.1), 64: (-5.0, 0.1), 128: (-6.0, 0.1)})
    assert slope == pytest.approx(-1)
    assert error == pytest.approx(0.1 / math.sqrt(2))
    lone = shift_per_doubling({32: (-4.0, 0.1), 64: (-5.0, math.nan)})[1]
    assert lone == pytest.approx(math.hypot(0.1, math.sqrt(2) * 0.1))
    assert math.isnan(shift_per_doubling({32: (-4.0, math.nan), 64: (-5.0, math.nan)})[1])


def test_work_names_parameterizations_and_their_sizes():
    assert trained(["limit", "standard", "transfer/0", "transfer/2"]) == {"standard": None, "transfer": {0, 2}}
    assert trained(["paper/1", "paper"]) == {"paper": None}
    assert trained(["settings"]) == {}


def test_models_grow_along_one_direction():
    settings = TransferSettings()
    assert [(m.width, m.layers) for m in models(settings, "ladder")] == [(32, 2), (64, 4), (128, 8)]
    assert [(m.experts, m.active) for m in models(settings, "experts")] == [(4, 1), (8, 2)]
    assert [m.hidden for m in models(settings, "hidden")] == [32, 64]
    assert [m.layers for m in coordinate_models(settings, CoordinateSettings(), "depth")] == [2, 4, 8]
    assert seeds_of(settings, models(settings, "ladder")[-1]) == settings.large_seeds


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"active_fraction": 0.3}, "active_fraction"),
        ({"ladder_layers": (2, 4)}, "ladder_width"),
        ({"width": (24, 48)}, "head_width"),
        ({"alpha": (0.01,)}, "alpha"),
    ],
)
def test_wrong_sizes_are_named(settings, said):
    with pytest.raises(ConfigurationError, match=said):
        [models(TransferSettings(**settings), direction) for direction in GROWTH]


# -- claims ---------------------------------------------------------------------------------------------------------


def transferred(table, direction, log_optima, losses, error=0.01):
    parts = []
    for size, (optimum, loss) in enumerate(zip(log_optima, losses, strict=True)):
        x, rate = 32.0 * 2**size, 2.0**optimum
        said = {"y_err": rate * math.log(2) * 0.05, "n": 4}
        parts.append(points(optimum_panel(direction), table, "trained", direction, x, "rate", rate, **said))
        if losses:
            parts.append(points(best_panel(direction), table, "trained", direction, x, "loss", loss, y_err=error, n=4))
    return parts


@pytest.fixture(scope="module")
def ideal():
    """Curves as the paper has them."""
    parts = []
    for direction in GROWTH:
        parts += transferred("transfer", direction, [-4.2, -4.3, -4.2], [2.5, 2.4, 2.3])
    parts += transferred("transfer", "horizon", [-4.2, -4.5], [2.5, 2.3])
    parts += transferred("standard", "ladder", [-7, -8, -9.2], [2.6, 2.5, 2.5])
    parts += transferred("standard", "depth", [-7, -7.2], [2.55, 2.75])
    said = {"table": "transfer", "steps": 400, "dead": 0}
    parts.append(
        points(BALANCE, "transfer ladder", "trained", "doublings", 0, "load", 1.4, y_err=0.1, n=4, params=said)
    )
    for balance, load in ((0.0, 0.25), (0.3, 0.16)):
        place = "limit load", f"rate {balance:g}", "simulation"
        parts.append(points(*place, "t", 30, "deviation", load, y_err=0.005, n=8, params={"balance": balance}))
    for table, slopes in (("transfer", [0.02] * 5), ("standard", [1.02, 0.95, 0.8, 0.8, 0.8])):
        place = coordinates_panel("learned", "width"), table, "trained"
        x = range(len(COORDINATES["learned"]))
        parts.append(points(*place, "coordinate", x, "slope", slopes, y_err=0.02, n=8, params={"sizes": 4}))
    theory = EXPERIMENT.predict(MoeTransferConfig(limit=LIMIT, work=("limit",)))
    for size, y in ((16, 0.08), (64, 0.02)):
        parts.append(points("limit mean", "tanh", "simulation", "size", size, "deviation", y, y_err=0.01, n=8))
    sizes = np.array([8.0, 16, 32, 64])
    place = "limit deviation", "E at N = 64", "simulation"
    parts.append(points(*place, "size", sizes, "deviation", 0.3 * sizes**-0.5, y_err=0.003, n=12))
    rates = theory[theory["panel"] == "limit rates"].assign(source="simulation")
    return pd.concat([theory, rates, *parts], ignore_index=True)


def verdicts(curves):
    return {claim.id: claim.verdict for claim in EXPERIMENT.claims(curves)}


def test_every_claim_holds_on_curves_as_the_paper_has_them(ideal):
    found = verdicts(ideal)
    assert len(found) == 14
    assert found == dict.fromkeys(found, Verdict.HOLDS)


def test_every_claim_is_undecided_where_its_curves_are_missing(ideal):
    assert set(verdicts(ideal.iloc[:0]).values()) == {Verdict.UNDECIDED}


@pytest.mark.parametrize(
    ("claim", "panel", "series", "spoil"),
    [
        ("dmft-converges", "limit mean", "tanh", lambda rows: rows["y"] + 0.1),
        ("dmft-converges", "limit deviation", "E at N = 64", lambda rows: 0 * rows["y"] + 0.1),
        ("dmft-lr-curve", "limit rates", "N = E = 16", lambda rows: rows["x"] + 10),
        ("coordinates-stay-order-one", "learned width", "transfer", lambda rows: rows["y"] + 0.5),
        ("sp-coordinates-drift", "learned width", "standard", lambda rows: rows["y"] - 0.9),
        ("lr-transfers-over-ladder", "optimum ladder", "transfer", lambda rows: rows["y"] * rows["x"] / 32),
        ("lr-transfers-over-expert-size", "optimum hidden", "transfer", lambda rows: rows["y"] * 32 / rows["x"]),
        ("sp-does-not-transfer", "optimum ladder", "standard", lambda rows: 0.01 + 0 * rows["y"]),
        ("bigger-is-better", "best experts", "transfer", lambda rows: 3 - rows["y"]),
        ("sp-depth-hurts", "best depth", "standard", lambda rows: -rows["y"]),
        ("balanced-without-auxiliary-loss", BALANCE, "transfer ladder", lambda rows: rows["y"] + 2),
        ("balanced-without-auxiliary-loss", "limit load", "rate 0.3", lambda rows: rows["y"] + 0.2),
        ("horizon", "optimum horizon", "transfer", lambda rows: rows["y"] * (rows["x"] / 32) ** 2),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, panel, series, spoil):
    rows = (ideal["panel"] == panel) & (ideal["series"] == series) & (ideal["source"] != "theory")
    assert rows.any()
    spoilt = ideal.copy()
    spoilt.loc[rows, "y"] = spoil(ideal[rows])
    assert verdicts(spoilt)[claim] is Verdict.FAILS


def test_two_sizes_do_not_decide_on_a_slope(ideal):
    few = ideal.assign(params=ideal["params"].str.replace('"sizes": 4', '"sizes": 2'))
    assert verdicts(few)["coordinates-stay-order-one"] is Verdict.UNDECIDED
    assert verdicts(few)["sp-coordinates-drift"] is Verdict.UNDECIDED


def test_one_seed_does_not_decide(ideal):
    lone = ideal.copy()
    rows = lone["panel"].str.startswith(("optimum", "best"))
    lone.loc[rows, "y_err"], lone.loc[rows, "n"] = np.nan, 1
    found = verdicts(lone)
    for name in ("lr-transfers-over-ladder", "sp-does-not-transfer", "bigger-is-better", "sp-depth-hurts"):
        assert found[name] is Verdict.UNDECIDED


def test_prediction_holds_the_exponents_of_what_is_trained():
    config = MoeTransferConfig(work=("coordinates", "standard", "transfer"))
    theory = EXPERIMENT.predict(config)
    assert set(theory["panel"]) == {"learned width", "learned depth", "shift"}
    learned = theory[(theory["panel"] == "learned width") & (theory["series"] == "standard")]
    assert list(learned["y"]) == [1.0] * 5


def test_loads_of_a_short_training_do_not_decide(ideal):
    short = ideal.assign(params=ideal["params"].str.replace('"steps": 400', '"steps": 100'))
    assert verdicts(short)["balanced-without-auxiliary-loss"] is Verdict.UNDECIDED
