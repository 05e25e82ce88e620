"""Do moe-transfer's claims follow from the curves alone, on both sides of every edge?"""

import math

import numpy as np
import pandas as pd
import pytest

from solv.experiments.moe_transfer import (
    best_loss,
    coordinates,
    expert_count,
    expert_size,
    fixed_active,
    gates,
    horizon,
    initial_branches,
    learning_rate,
    limit,
    limit_expert_size,
    limit_rates,
    limit_routing,
    load,
    loss_curves,
    paper_model,
)
from solv.experiments.moe_transfer.experiment import EXPERIMENT
from solv.experiments.moe_transfer.optima import STEP, Optimum, optimum_table
from solv.experiments.moe_transfer.settings import LimitSettings, MoeTransferConfig
from solv.theory.moe_transfer.parameter_tables import GROWTH
from solv.tracking.claims import MissingCurvesError, Verdict
from solv.tracking.curves import select
from tests.experiments.scaffold import findings, on_theory, spoilt, verdicts

SIZES = MoeTransferConfig(
    limit=LimitSettings(
        size=(8, 16),
        experts=(4, 8, 16),
        layers=(1, 2),
        rate_powers=(-3, -1, 1),
        steps=10,
        quadrature_experts=256,
        quadrature_hidden=16,
        hidden_ratios=(0.5, 4),
        branch_size=8,
    )
)
HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
LADDER = {"panel": learning_rate.Panels.OPTIMA, "table": "transfer", "direction": "ladder"}
STANDARD = {"panel": learning_rate.Panels.OPTIMA, "table": "standard", "direction": "ladder"}
ENDS = {"panel": horizon.Panels.OPTIMA}


def optima(record, panel, params, log2_rates, error=0.05, growth=2):
    for size, log2_rate in enumerate(log2_rates):
        yield from optimum_table(record, panel, params, 32.0 * growth**size, Optimum(log2_rate, error, 4))


@pytest.fixture(scope="module")
def ideal():
    """Curves as the paper has them."""
    theory = EXPERIMENT.predict(SIZES)
    rates, best, check, loads = learning_rate.RECORD, best_loss.RECORD, coordinates.RECORD, load.RECORD
    parts = [theory, on_theory(select(theory, panel=limit_rates.Panels.RATES), n=4)]
    parts.append(on_theory(select(theory, panel=initial_branches.Panels.VARIANCE)))
    late = select(theory, panel=limit_expert_size.Panels.LATE)
    parts.append(late[late["x"] > 1].assign(source="simulation", y_err=0.05, n=8))
    for start in limit_routing.STARTS:
        mean, at = limit_routing.RECORD, {"routing_init": start}
        x, y = ("size", [16, 64]), ("deviation", [0.08, 0.02])
        parts.append(mean.simulation(limit_routing.Panels.MEAN, at, x=x, y=y, y_err=0.01, n=8))
    series = [("transfer", direction, [-4.2, -4.3, -4.2], [2.5, 2.4, 2.3]) for direction in GROWTH]
    series.append(("standard", "ladder", [-7, -8, -9.2], [2.6, 2.5, 2.5]))
    series.append(("standard", "depth", [-7, -7.2], [2.55, 2.75]))
    for table, direction, places, losses in series:
        at = {"table": table, "direction": direction, "steps": 100}
        parts += optima(rates, learning_rate.Panels.OPTIMA, at, places)
        x = 32.0 * 2 ** np.arange(len(losses))
        parts.append(best.trained(best_loss.Panels.BEST, at, x=("size", x), y=("loss", losses), y_err=0.01, n=4))
    for width, places in ((32, [-4.2, -4.5]), (64, [-4.3, -4.4])):
        at = {"table": "transfer", "width": width, "layers": width // 16}
        parts += optima(horizon.RECORD, horizon.Panels.OPTIMA, at, places)
    at = {"table": "transfer", "direction": "ladder", "steps": 400}
    x = "doublings", 0
    parts.append(loads.trained(load.Panels.BUSIEST, at, x=x, y=("largest load", 1.4), y_err=0.1, n=4))
    parts.append(loads.trained(load.Panels.DEAD, at, x=x, y=("dead", 0), y_err=0, n=1))
    parts.append(on_theory(select(theory, panel=load.Panels.LIMIT_LOAD), error=0.02, n=8))
    for table, slopes in (("transfer", [0.02] * 5), ("standard", [1.02, 0.95, 0.8, 0.8, 0.8])):
        at = {"table": table, "direction": "width"}
        parts.append(check.trained(coordinates.Panels.SIZES, at, x=("table", 0), y=("sizes", 4), y_err=0, n=1))
        for name, slope in zip(coordinates.COORDINATES[coordinates.Panels.LEARNED], slopes, strict=True):
            place = {**at, "coordinate": name}
            x, y = ("coordinate", 0), ("slope", slope)
            parts.append(check.trained(coordinates.Panels.LEARNED, place, x=x, y=y, y_err=0.02, n=8))
    for part, choice in ((expert_count, "transfer"), (gates, "sigmoid"), (gates, "softmax"), (paper_model, "paper")):
        parts += optima(part.RECORD, part.Panels.OPTIMA, {"choice": choice}, [-4.2, -4.3])
    parts += optima(fixed_active.RECORD, fixed_active.Panels.OPTIMA, {"choice": "transfer"}, [-4.2, -3.9])
    for choice, places in (("paper", [-4.2, -4.2, -4.2]), ("fan-in", [-4.2, -5.2, -6.2])):
        parts += optima(expert_size.RECORD, expert_size.Panels.OPTIMA, {"choice": choice}, places, 0.02, growth=4)
    for table, distance in (("standard", 0.4), ("transfer", 0.1)):
        at, y = {"table": table, "steps": 100}, ("distance", [0, distance])
        apart = loss_curves.RECORD.trained(
            loss_curves.Panels.APART, at, x=("N", [32, 128]), y=y, y_err=[0, distance / 20], n=[1, 4]
        )
        parts.append(apart)
    for name in ("linear", "tanh"):
        at = {"activation": name, "grows": "both"}
        y = "deviation", [0.08, 0.02]
        parts.append(limit.RECORD.simulation(limit.Panels.MEAN, at, x=("size", [16, 64]), y=y, y_err=0.01, n=8))
    sizes = np.array([8.0, 16, 32, 64])
    y = "deviation", 0.3 * sizes**-0.5
    at = {"grows": "experts", "width": 64}
    parts.append(limit.RECORD.simulation(limit.Panels.DEVIATION, at, x=("size", sizes), y=y, y_err=0.003, n=12))
    return pd.concat(parts, ignore_index=True)


def judged(curves, settings=SIZES):
    return verdicts(EXPERIMENT, curves, settings)


def test_every_claim_holds_on_curves_as_the_paper_has_them(ideal):
    found = judged(ideal)
    assert len(found) == 24
    assert found == dict.fromkeys(found, HOLDS)


@pytest.mark.parametrize("claim", EXPERIMENT.all_claims(), ids=lambda claim: claim.id)
def test_a_panel_that_a_claim_reads_and_that_is_empty_is_a_fault(ideal, claim):
    for panel in claim.reads:
        with pytest.raises(MissingCurvesError, match=panel.value):
            EXPERIMENT.judge(ideal[ideal["panel"] != panel.value], SIZES)


def put(y, **where):
    """Return a change that gives y to the rows with the given columns."""

    def change(rows):
        fitting = pd.Series(True, index=rows.index)
        for name, value in where.items():
            fitting &= rows[name] == value
        return rows.assign(y=rows["y"].mask(fitting, y))

    return change


def sloped(rows, slope):
    """Give optima that move by so many octaves per doubling."""
    moved = -4.2 + slope * np.log2(rows["x"] / 32)
    return rows.assign(y=rows["y"].mask(rows["y_name"] == "log2_rate", moved))


def transfer_edge(claim, direction):
    rows = {"panel": learning_rate.Panels.OPTIMA, "table": "transfer", "direction": direction}
    return claim, rows, lambda s: put(-4.2 - STEP * s, x=64.0, y_name="log2_rate")


EDGES = [
    # claim, the rows that are changed, how (strength 1 is the tolerance)
    *(transfer_edge(name, direction) for direction, (name, _) in learning_rate.CLAIMS.items()),
    *(
        (claim.id, {"panel": part.Panels.OPTIMA}, lambda s: put(-4.2 - STEP * s, x=64.0, y_name="log2_rate"))
        for part, (claim,) in (
            (expert_count, expert_count.EXPERT_COUNT.claims),
            (gates, gates.GATES.claims),
            (paper_model, paper_model.PAPER_MODEL.claims),
        )
    ),
    (
        "fan-in-drifts",
        {"panel": expert_size.Panels.OPTIMA, "choice": "paper"},
        lambda s: lambda rows: sloped(rows, expert_size.DRIFT * s),
    ),
    ("horizon", {**ENDS, "width": 32}, lambda s: put(-4.2 + STEP * s, x=64.0, y_name="log2_rate")),
    ("horizon-of-larger-model", ENDS, lambda s: put(-4.2 + STEP * s, x=64.0, y_name="log2_rate")),
    (
        "coordinates-stay-order-one",
        {"panel": coordinates.Panels.LEARNED, "table": "transfer", "coordinate": "up0"},
        lambda s: put(-coordinates.FLAT * s),
    ),
    ("dmft-converges", {"panel": limit.Panels.MEAN}, lambda s: put(limit.MEAN_BAND * s)),
    ("limit-from-either-routing", {"panel": limit_routing.Panels.MEAN}, lambda s: put(limit_routing.BAND * s)),
    (
        "limit-independent-of-expert-size",
        {"panel": limit_expert_size.Panels.LATE, "down": "mean-field"},
        lambda s: put(-limit_expert_size.APART * s),
    ),
    (
        "initial-variance-law",
        {"panel": initial_branches.Panels.VARIANCE, "down": "mean-field", "grows": "layers"},
        lambda s: lambda rows: rows.assign(y=rows["x"] ** (-1 + initial_branches.SLOPE_BAND * s)),
    ),
    (
        "initial-variance-law",
        {"panel": initial_branches.Panels.VARIANCE, "down": "mean-field", "grows": "width"},
        lambda s: lambda rows: rows.assign(y=rows["x"] ** (-initial_branches.SLOPE_BAND * s)),
    ),
    (
        "dmft-converges",
        {"panel": limit.Panels.DEVIATION},
        lambda s: lambda rows: rows.assign(y=0.3 * rows["x"] ** (limit.SLOPE + limit.SLOPE_BAND * s)),
    ),
    (
        "dmft-converges",
        {"panel": limit.Panels.DEVIATION},
        lambda s: lambda rows: rows.assign(y=0.3 * rows["x"] ** (limit.SLOPE - limit.SLOPE_BAND * s)),
    ),
    (
        "bigger-is-better",
        {"panel": best_loss.Panels.BEST, "table": "transfer", "direction": "experts"},
        lambda s: lambda rows: rows.assign(y=2.5 + best_loss.NOISE * s * np.log2(rows["x"] / 32)),
    ),
    (
        "balanced-without-auxiliary-loss",
        {"panel": load.Panels.BUSIEST},
        lambda s: put(load.EVEN + load.SPARE * s),
    ),
]
BELOW = [  # what must be exceeded: strength 1 is the threshold
    (
        "fan-in-drifts",
        {"panel": expert_size.Panels.OPTIMA, "choice": "fan-in"},
        lambda s: lambda rows: sloped(rows, -expert_size.DRIFT * s),
    ),
    (
        "no-transfer-over-active-fraction",
        {"panel": fixed_active.Panels.OPTIMA},
        lambda s: lambda rows: sloped(rows, s - 1),
    ),
    (
        "early-curves-collapse",
        {"panel": loss_curves.Panels.APART},
        lambda s: (
            lambda rows: rows.assign(
                y=rows["y"].mask(rows["params"].str.contains("standard"), 0.1 * loss_curves.TIMES**s * (rows["x"] > 32))
            )
        ),
    ),
    (
        "limit-independent-of-expert-size",
        {"panel": limit_expert_size.Panels.LATE, "down": "fan-in"},
        lambda s: put(-limit_expert_size.APART * s),
    ),
    (
        "sp-does-not-transfer",
        STANDARD,
        lambda s: (
            lambda rows: rows.assign(
                y=rows["y"].mask(
                    rows["y_name"] == "log2_rate", -7 - learning_rate.SHIFTED * s * np.log2(rows["x"] / 32)
                )
            )
        ),
    ),
    (
        "sp-coordinates-drift",
        {"panel": coordinates.Panels.LEARNED, "table": "standard", "coordinate": "router0"},
        lambda s: put(coordinates.FLAT * s),
    ),
]


def sharpened(curves, rows):
    def sharp(part):
        return part.assign(y_err=part["y_err"].mask(part["y_err"] > 0, 1e-6))

    return spoilt(curves, sharp, **rows)


@pytest.mark.parametrize(("claim", "rows", "change"), EDGES, ids=[edge[0] for edge in EDGES])
def test_a_claim_holds_at_nine_tenths_of_its_tolerance_and_fails_at_eleven(ideal, claim, rows, change):
    sharp = sharpened(ideal, rows)
    assert judged(spoilt(sharp, change(0.9), **rows))[claim] is HOLDS
    assert judged(spoilt(sharp, change(1.1), **rows))[claim] is FAILS


@pytest.mark.parametrize(("claim", "rows", "change"), BELOW, ids=[edge[0] for edge in BELOW])
def test_a_claim_of_growth_holds_just_above_its_threshold_and_fails_just_below(ideal, claim, rows, change):
    sharp = sharpened(ideal, rows)
    assert judged(spoilt(sharp, change(1.1), **rows))[claim] is HOLDS
    assert judged(spoilt(sharp, change(0.9), **rows))[claim] is FAILS


@pytest.mark.parametrize(
    ("claim", "rows", "spoil"),
    [
        ("dmft-lr-curve", {"panel": limit_rates.Panels.RATES, "width": 16}, lambda rows: rows.assign(x=rows["x"] + 10)),
        ("dmft-lr-curve", {"panel": limit_rates.Panels.RATES, "width": 8}, put(5.0, x=1.0)),
        (
            "sp-depth-hurts",
            {"panel": best_loss.Panels.BEST, "table": "standard", "direction": "depth"},
            put(2.4, x=64.0),
        ),
        ("balanced-without-auxiliary-loss", {"panel": load.Panels.DEAD}, put(1)),
        ("balanced-without-auxiliary-loss", {"panel": load.Panels.DEAD}, put(0.5)),  # one of two pooled runs
        ("balanced-without-auxiliary-loss", {"panel": load.Panels.LIMIT_LOAD, "balance": 0.3}, put(0.5)),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, rows, spoil):
    assert judged(spoilt(ideal, spoil, **rows))[claim] is FAILS


@pytest.mark.parametrize(
    ("claims", "rows"),
    [
        (["dmft-converges"], {"panel": limit.Panels.MEAN}),
        (["limit-from-either-routing"], {"panel": limit_routing.Panels.MEAN}),
        (["limit-independent-of-expert-size"], {"panel": limit_expert_size.Panels.LATE}),
        (["initial-variance-law"], {"panel": initial_branches.Panels.VARIANCE}),
        (["dmft-converges"], {"panel": limit.Panels.DEVIATION}),
        (["coordinates-stay-order-one", "sp-coordinates-drift"], {"panel": coordinates.Panels.LEARNED}),
        (
            [*(name for name, _ in learning_rate.CLAIMS.values()), "sp-does-not-transfer"],
            {"panel": learning_rate.Panels.OPTIMA, "y_name": "log2_rate"},
        ),
        (["bigger-is-better", "sp-depth-hurts"], {"panel": best_loss.Panels.BEST}),
        (["balanced-without-auxiliary-loss"], {"panel": load.Panels.BUSIEST}),
        (["balanced-without-auxiliary-loss"], {"panel": load.Panels.LIMIT_LOAD}),
        (["horizon"], {**ENDS, "y_name": "log2_rate"}),
        (["fan-in-drifts"], {"panel": expert_size.Panels.OPTIMA, "y_name": "log2_rate"}),
        (["no-transfer-over-active-fraction"], {"panel": fixed_active.Panels.OPTIMA, "y_name": "log2_rate"}),
        (["lr-transfers-with-either-gate"], {"panel": gates.Panels.OPTIMA, "y_name": "log2_rate"}),
    ],
)
@pytest.mark.parametrize(("y_err", "n"), [(9.0, 4), (0.0, 2), (math.nan, 1)], ids=["large", "vanished", "unknown"])
def test_an_error_that_is_large_or_not_known_leaves_a_claim_undecided(ideal, claims, rows, y_err, n):
    found = findings(EXPERIMENT, spoilt(ideal, lambda part: part.assign(y_err=y_err, n=n), **rows), SIZES)
    for claim in claims:
        assert (claim, found[claim].verdict) == (claim, UNDECIDED)
        assert found[claim].needs


def test_two_sizes_do_not_decide_on_a_slope(ideal):
    few = spoilt(ideal, put(2), panel=coordinates.Panels.SIZES)
    assert judged(few)["coordinates-stay-order-one"] is UNDECIDED
    assert judged(few)["sp-coordinates-drift"] is UNDECIDED


@pytest.mark.parametrize(
    ("claim", "rows"),
    [("lr-transfers-over-ladder", LADDER), ("sp-does-not-transfer", STANDARD), ("horizon", ENDS)],
)
def test_an_optimum_that_diverged_trainings_left_unknown_decides_nothing(ideal, claim, rows):
    def no_error(part):
        here = part["x"] == 64
        lost = part.assign(y=part["y"].mask(here & (part["y_name"] == "without"), 1))
        rate = here & (part["y_name"] == "log2_rate")
        return lost.assign(y_err=part["y_err"].mask(rate), n=part["n"].mask(rate, 1))

    def no_optimum(part):
        here = part["x"] == 64
        lost = part.assign(y=part["y"].mask(here & (part["y_name"] == "inside"), 0))
        return lost[~(here & (part["y_name"] == "log2_rate"))]

    def inside_in_half_of_the_pooled_runs(part):
        return put(0.5, x=64.0, y_name="inside")(part)

    for spoil in (no_error, no_optimum, inside_in_half_of_the_pooled_runs):
        found = findings(EXPERIMENT, spoilt(ideal, spoil, **rows), SIZES)[claim]
        assert found.verdict is UNDECIDED
        assert found.needs


def test_a_single_seed_of_the_largest_model_counts_with_the_scatter_of_the_others(ideal):
    def single(part):
        rate = (part["x"] == 128) & (part["y_name"] == "log2_rate")
        return part.assign(y_err=part["y_err"].mask(rate), n=part["n"].mask(rate, 1))

    for claim, rows in (("lr-transfers-over-ladder", LADDER), ("sp-does-not-transfer", STANDARD)):
        assert judged(spoilt(ideal, single, **rows))[claim] is HOLDS


def test_a_model_that_diverges_at_every_rate_decides_nothing_about_its_best_loss(ideal):
    rows = {"panel": best_loss.Panels.BEST, "direction": "depth"}
    gone = spoilt(ideal, lambda part: part.assign(y=np.inf, y_err=np.nan), **rows)
    assert judged(gone)["sp-depth-hurts"] is UNDECIDED
    assert judged(gone)["bigger-is-better"] is UNDECIDED


def test_loads_of_a_short_training_do_not_decide(ideal):
    short = ideal.assign(params=ideal["params"].str.replace('"steps": 400', '"steps": 100'))
    assert judged(short)["balanced-without-auxiliary-loss"] is UNDECIDED


def test_a_claim_about_what_the_run_does_not_have_says_what(ideal):
    theory_only = ideal[(ideal["panel"] != learning_rate.Panels.OPTIMA) | ideal["params"].str.contains("standard")]
    found = findings(EXPERIMENT, theory_only, SIZES)["lr-transfers-over-width"]
    assert (found.verdict, found.needs) == (
        UNDECIDED,
        "work includes transfer, transfer.directions width, which has two sizes",
    )
    small = spoilt(ideal, lambda rows: rows[rows["x"] > 8], panel=limit.Panels.DEVIATION)
    assert (
        judged(spoilt(small, lambda rows: rows[rows["x"] > 16], panel=limit.Panels.DEVIATION))["dmft-converges"]
        is UNDECIDED
    )
    tame = ideal[(ideal["panel"] != limit_rates.Panels.RATES) | np.isfinite(ideal["y"])]
    assert "divergence" in findings(EXPERIMENT, tame, SIZES)["dmft-lr-curve"].needs


def test_what_work_leaves_out_is_not_run(ideal):
    alone = MoeTransferConfig(**{**dict(SIZES), "work": ("limit",)})
    found = findings(EXPERIMENT, ideal[ideal["part"].str.startswith(("limit", "initial"))], alone)
    ran = {"dmft-converges", "dmft-lr-curve", "limit-independent-of-expert-size", "limit-from-either-routing"}
    ran.add("initial-variance-law")
    assert {name for name, each in found.items() if each.verdict is Verdict.NOT_RUN} == set(found) - ran
    assert {found[name].verdict for name in ran} == {HOLDS}


def test_prediction_holds_the_exponents_of_what_is_trained():
    theory = EXPERIMENT.predict(MoeTransferConfig(work=("coordinates", "standard", "transfer")))
    assert set(theory["panel"]) == {coordinates.Panels.LEARNED, learning_rate.Panels.SHIFT}
    learned = select(theory, panel=coordinates.Panels.LEARNED, direction="width", table="standard")
    assert list(learned["y"]) == [1.0] * 5


def test_few_networks_do_not_decide_on_the_expert_size_nor_on_the_initial_variance(ideal):
    for claim, panel in (
        ("limit-independent-of-expert-size", limit_expert_size.Panels.LATE),
        ("initial-variance-law", initial_branches.Panels.VARIANCE),
    ):
        few = spoilt(ideal, lambda rows: rows.assign(n=4), panel=panel)
        found = findings(EXPERIMENT, few, SIZES)[claim]
        assert found.verdict is UNDECIDED
        assert "repeats" in found.needs
