"""Do sbd's claims follow from the curves alone, on both sides of every edge, and does every branch give curves?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.sbd import accuracy, along_training, descent, orthogonality, ranking, sufficiency
from solv.experiments.sbd.experiment import EXPERIMENT, require
from solv.experiments.sbd.gains import student
from solv.experiments.sbd.settings import (
    ARENAS,
    BP,
    CONVOLUTION,
    DIGITS,
    EBD,
    FROZEN,
    LOCAL,
    PERCEPTRON,
    RANKED,
    RULES,
    SBD,
    SBD_P,
    SYNTHETIC,
    Images,
    Ladders,
    Orthogonality,
    Probes,
    Ranking,
    SbdConfig,
    Sufficiency,
    Training,
)
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError, replace
from solv.tracking.claims import MissingCurvesError, Verdict
from solv.tracking.curves import join_curves, pair, parameter, select
from tests.experiments.scaffold import Units, context, findings, measured, on_theory, preset_of, spoilt, verdicts

HOLDS, FAILS, UNDECIDED, NOT_RUN = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED, Verdict.NOT_RUN
QUICK = SbdConfig()
SMALL = SbdConfig(
    orthogonality=Orthogonality(examples=(300, 1000), repeats=2),
    images=Images(train=60, test=30, side=8, classes=3),
    training=Training(seeds=2, epochs=1, image_epochs=1, batch=200, image_batch=30, random_features=3),
    sufficiency=Sufficiency(inputs=60, width=(4, 8), repeats=2),
    ranking=Ranking(seeds=2, candidates=2, steps=3, train=60, test=30, width=8, channels=2),
    probes=Probes(seeds=2, looks=3, descent_steps=30),
    ladders=Ladders(
        depth=(2,), width=(8,), memory=(0.9, 0.999), start=(0.01, 0.1), features=(1, 3), epochs=1, memory_epochs=(1, 2)
    ),
)
GAINS = dict(zip(RULES, (-0.1, -0.05, -0.03, 0.0, 0.02, 0.03, 0.1, 0.1), strict=True))
SCORES = {"panel": orthogonality.Panels.ORTHOGONALITY, "source": "simulation"}
EXPANDED = {"panel": orthogonality.Panels.EXPANDED, "source": "simulation"}
CORRELATION = {"panel": along_training.Panels.CORRELATION, "rule": BP}
ALIGNMENT = {"panel": along_training.Panels.ALIGNMENT}
FROZEN_IS_DFA = {"panel": along_training.Panels.FROZEN}
TRUNCATED = {"panel": along_training.Panels.TRUNCATED}
GAIN = {"panel": accuracy.Panels.GAIN}
ON_DIGITS = {"panel": ranking.Panels.GAIN, "data": DIGITS}
ON_SYNTHETIC = {"panel": ranking.Panels.GAIN, "data": SYNTHETIC}


@pytest.fixture(scope="module")
def theory():
    return EXPERIMENT.predict(QUICK)


@pytest.fixture(scope="module")
def ideal(theory):
    """Theory with measurements on it, and trainings as the paper would have them."""
    measured = on_theory(theory)
    exact = measured["part"] == "sufficiency"
    return join_curves([theory, measured.assign(y_err=np.where(exact, 1e-6, 0.02)), *trained()])


def trained():
    for arena in ARENAS:
        for rule, gain in GAINS.items():
            at = {**accuracy.where(QUICK, arena), "rule": rule}
            y = ("difference", gain)
            yield accuracy.RECORD.trained(accuracy.Panels.GAIN, at, x=("rule", 0), y=y, y_err=0.002, n=10)
    for data in RANKED:
        for rule in ranking.COMPARED:
            at, y = {"data": data, "rule": rule}, ("difference", GAINS[rule])
            yield ranking.RECORD.trained(ranking.Panels.GAIN, at, x=("rule", 0), y=y, y_err=0.002, n=10)
    at, solved = {"features": sufficiency.RECTIFIED}, sufficiency.RECORD
    fall, units = ("excess", [0.5, 0.01]), ("units", [4, 256])
    yield solved.simulation(sufficiency.Panels.EXCESS, at, x=units, y=fall, y_err=1e-3, n=24)
    left = {**at, "signal": "score"}
    yield solved.simulation(sufficiency.Panels.LEFT, left, x=("units", 4), y=("left", 1e-9), y_err=np.nan, n=1)
    steps, record, panels = ("step", [0, 10, 100]), along_training.RECORD, along_training.Panels
    for layer in (1, 2):
        at, fall = {"rule": BP, "layer": layer}, ("c", [1.0, 10.0, 1.2])
        yield record.trained(panels.CORRELATION, at, x=steps, y=fall, y_err=0.2, n=5)
        rise = ("cosine", [0.01, 0.1, 0.5])
        yield record.trained(panels.ALIGNMENT, {"layer": layer}, x=steps, y=rise, y_err=0.02, n=5)
        kept = ("cosine", [0.7, 0.8, 0.9])
        yield record.trained(panels.TRUNCATED, {"layer": layer}, x=steps, y=kept, y_err=0.02, n=5)
    yield record.trained(panels.FROZEN, {}, x=steps, y=("difference", [1e-7] * 3), y_err=1e-9, n=5)


def judged(curves):
    return verdicts(EXPERIMENT, curves, QUICK)


def put(curves, y, **equal):
    """Return the curves with other measured ordinates in the rows named: a number, or a function of the rows."""
    return spoilt(curves, lambda rows: rows.assign(y=y(rows) if callable(y) else y), **equal)


def sharp(curves, **equal):
    return spoilt(curves, lambda rows: rows.assign(y_err=1e-9), **equal)


# -- claims ------------------------------------------------------------------------------------------------------------


def test_every_claim_holds_on_curves_as_the_paper_has_them(ideal):
    found = judged(ideal)
    assert len(found) == 15
    assert {name for name, verdict in found.items() if verdict is not HOLDS} == set()


@pytest.mark.parametrize("claim", EXPERIMENT.all_claims(), ids=lambda claim: claim.id)
def test_a_panel_that_a_claim_reads_and_that_is_empty_is_a_fault(ideal, claim):
    for panel in claim.reads:
        with pytest.raises(MissingCurvesError, match=panel.value):
            EXPERIMENT.judge(ideal[ideal["panel"] != panel.value], QUICK)


def off(strength):
    """Return what moves ideal ordinates off the theory by `strength` times 3 % and one standard error."""
    return lambda rows: rows["y"] + strength * (0.03 * rows["y"] + 1)


EDGES = [
    # claim, the rows that are changed, their ordinate at a strength (1 is the tolerance)
    ("score-orthogonal-when-admissible", SCORES | {"loss": "Brier"}, lambda s: 1.5 * s),
    ("not-when-inadmissible", SCORES | {"loss": "focal"}, off),
    ("not-when-inadmissible", SCORES | {"loss": "focal"}, lambda s: off(-s)),
    ("expansion-preserves-orthogonality", EXPANDED | {"phi": "tanh(Qx)"}, lambda s: 1.5 * s),
    ("alignment-grows", ALIGNMENT | {"layer": 1, "x": 0}, lambda s: 0.3 * s),
    ("alignment-grows", ALIGNMENT | {"layer": 1, "x": 0}, lambda s: -0.3 * s),
    ("dfa-is-frozen-sbd", FROZEN_IS_DFA, lambda s: 1e-4 * s),
]


@pytest.mark.parametrize(("claim", "rows", "ordinate"), EDGES, ids=[f"{edge[0]} {edge[1]}" for edge in EDGES])
def test_a_claim_holds_at_nine_tenths_of_its_tolerance_and_fails_at_eleven(ideal, claim, rows, ordinate):
    exact = sharp(ideal, **rows)
    assert judged(put(exact, ordinate(0.9), **rows))[claim] is HOLDS
    assert judged(put(exact, ordinate(1.1), **rows))[claim] is FAILS


T2, T4 = student(2, 10), student(4, 10)
EDGES_IN_ERRORS = [
    # claim, the rows that are changed, their ordinate at so many parts of the standard errors that it asks for
    ("sbd-learns-without-weight-transport", GAIN | {"rule": FROZEN, "network": LOCAL}, lambda s: -s * T4 * 0.002),
    ("sbd-wins-on-digits", ON_DIGITS | {"rule": EBD}, lambda s: -s * T2 * 0.002),
    ("expansion-helps-on-synthetic", ON_SYNTHETIC | {"rule": SBD_P}, lambda s: s * T2 * 0.002),
    ("kept-part-descends", TRUNCATED | {"layer": 2, "x": 10}, lambda s: s * student(6, 5) * 0.02),
    ("correlation-falls-under-bp", CORRELATION | {"x": 100}, lambda s: 10 - s * 3 * np.hypot(0.2, 0.2)),
    ("alignment-grows", ALIGNMENT | {"layer": 2, "x": 100}, lambda s: 0.1 + s * 3 * 0.02),
]


@pytest.mark.parametrize(("claim", "rows", "ordinate"), EDGES_IN_ERRORS, ids=[edge[0] for edge in EDGES_IN_ERRORS])
def test_a_difference_counts_from_so_many_standard_errors_on(ideal, claim, rows, ordinate):
    curves = put(ideal, 0.1, **ALIGNMENT, layer=2, x=0)  # what the largest cosine is compared with
    curves = put(curves, -0.5, **ALIGNMENT, layer=2, x=10)
    assert judged(put(curves, ordinate(1.1), **rows))[claim] is HOLDS
    assert judged(put(curves, ordinate(0.9), **rows))[claim] is UNDECIDED
    assert judged(put(curves, ordinate(-1.1), **rows))[claim] is FAILS


@pytest.mark.parametrize(
    ("claim", "rows", "ordinate"),
    [
        ("score-orthogonal-when-admissible", SCORES, lambda rows: rows["y"] + 2),
        ("not-when-inadmissible", SCORES, lambda rows: 1.2 * rows["y"]),
        ("expansion-preserves-orthogonality", EXPANDED, lambda rows: rows["y"] + 2),
        ("correlation-falls-under-bp", CORRELATION, lambda rows: 1 + rows["x"]),
        ("sbd-learns-without-weight-transport", GAIN | {"data": DIGITS}, 0.1),
        ("sbd-wins-on-synthetic", ON_SYNTHETIC, lambda rows: -rows["y"]),
        ("expansion-helps-on-digits", ON_DIGITS, lambda rows: -rows["y"]),
        ("kept-part-descends", TRUNCATED, -0.5),
        ("dfa-is-frozen-sbd", FROZEN_IS_DFA, 0.01),
        ("alignment-grows", ALIGNMENT, lambda rows: -rows["y"]),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, rows, ordinate):
    assert judged(put(ideal, ordinate, **rows))[claim] is FAILS


CLAIMED = [
    ("score-orthogonal-when-admissible", SCORES),
    ("not-when-inadmissible", SCORES),
    ("expansion-preserves-orthogonality", EXPANDED),
    ("correlation-falls-under-bp", CORRELATION),
    ("alignment-grows", ALIGNMENT),
    ("sbd-learns-without-weight-transport", GAIN),
    ("kept-part-descends", TRUNCATED),
    ("sbd-wins-on-digits", ON_DIGITS),
    ("expansion-helps-on-synthetic", ON_SYNTHETIC),
]


@pytest.mark.parametrize(("claim", "rows"), [*CLAIMED, ("dfa-is-frozen-sbd", FROZEN_IS_DFA)])
def test_large_errors_leave_a_claim_undecided(ideal, claim, rows):
    vague = spoilt(ideal, lambda part: part.assign(y_err=part["y"].abs() + 100), **rows)
    found = findings(EXPERIMENT, vague, QUICK)[claim]
    assert found.verdict is UNDECIDED
    assert found.needs


@pytest.mark.parametrize(("claim", "rows"), CLAIMED)
def test_a_scatter_of_zero_over_few_repeats_decides_nothing(ideal, claim, rows):
    certain = spoilt(ideal, lambda part: part.assign(y_err=0.0, n=2), **rows)
    assert judged(certain)[claim] is UNDECIDED


def test_four_seeds_decide_no_ranking(ideal):
    found = judged(spoilt(ideal, lambda rows: rows.assign(n=4), source="trained"))
    for name in ("sbd-learns-without-weight-transport", "sbd-wins-on-digits", "expansion-helps-on-synthetic"):
        assert found[name] is UNDECIDED


def test_correlations_too_small_to_show_the_growth_are_undecided(theory):
    few = replace(QUICK, orthogonality=Orthogonality(examples=(1000,)), parts=("orthogonality",))
    curves = EXPERIMENT.predict(few)
    found = findings(EXPERIMENT, join_curves([curves, on_theory(curves)]), few)["not-when-inadmissible"]
    assert (found.verdict, found.needs) == (UNDECIDED, "orthogonality.examples >= 100000")


def test_claims_of_parts_that_are_switched_off_are_not_run(ideal):
    alone = replace(QUICK, parts=("accuracy",))
    found = findings(EXPERIMENT, ideal[ideal["part"] == "accuracy"], alone)
    assert {name for name, each in found.items() if each.verdict is not NOT_RUN} == {
        "sbd-learns-without-weight-transport",
    }
    assert found["alignment-grows"].needs == "--part along-training"


def test_a_gain_is_named_by_its_network_and_data(ideal):
    text = findings(EXPERIMENT, ideal, QUICK)["sbd-learns-without-weight-transport"].measured
    assert "perceptron, digits: +10.00 ± 0.20 %" in text
    assert "locally connected, synthetic: +10.00 ± 0.20 %" in text
    assert len(text.split("; ")) == 4


# -- curves ------------------------------------------------------------------------------------------------------------


def test_admissible_losses_are_predicted_to_be_uncorrelated_and_the_others_are_not(theory):
    rows = select(theory, panel=orthogonality.Panels.ORTHOGONALITY, x=100_000)
    admissible = parameter(rows, "loss").map(orthogonality.ADMISSIBLE).astype(bool)
    assert (admissible.sum(), (~admissible).sum()) == (7, 4)
    assert np.allclose(rows["y"][admissible], 1)
    assert rows["y"][~admissible].min() > 3


def test_another_seed_has_another_teacher_in_theory_and_measurement(tmp_path):
    drawn = [orthogonality.Teacher.drawn(QUICK.orthogonality, Seeds(seed)) for seed in (0, 0, 1)]
    for name in ("to_classes", "to_features", "queries"):
        first, same, other = (getattr(each, name) for each in drawn)
        np.testing.assert_array_equal(first, same)
        assert not np.isclose(first, other).any()
    rows = []
    for seed in (0, 2):
        sizes = Orthogonality(examples=(10_000,), repeats=4)
        config = replace(SMALL, parts=("orthogonality",), seed=seed, orthogonality=sizes)
        curves = join_curves([EXPERIMENT.predict(config), measured(EXPERIMENT, config, context(tmp_path, seed=seed))])
        rows.append(select(pair(curves), loss="focal").iloc[0])
    first, other = rows
    assert abs(first["theory"] - other["theory"]) > 2
    assert max(abs(row["y"] - row["theory"]) for row in rows) < 0.5


def test_every_panel_has_curves_and_a_repeated_run_the_same_bits(tmp_path):
    curves = measured(EXPERIMENT, SMALL, context(tmp_path))
    assert set(curves["panel"]) == {panel.name for panel in EXPERIMENT.panels(SMALL)}
    assert len(findings(EXPERIMENT, join_curves([EXPERIMENT.predict(SMALL), curves]), SMALL)) == 15
    paired = pair(join_curves([EXPERIMENT.predict(SMALL), curves]))
    assert len(select(paired, part="orthogonality")) == len(select(curves, part="orthogonality")) == 2 * (11 + 3)
    alone = replace(SMALL, parts=("accuracy",), arenas=(CONVOLUTION,))
    first, again = (measured(EXPERIMENT, alone, context(tmp_path / name)) for name in ("first", "again"))
    pd.testing.assert_frame_equal(first, again)
    pd.testing.assert_frame_equal(first, select(curves, part="accuracy", network=CONVOLUTION).reset_index(drop=True))
    assert list(parameter(select(first, panel=accuracy.Panels.ACCURACY), "rule")) == list(RULES)
    assert (select(first, panel=accuracy.Panels.GAIN, rule=SBD)["y"] == 0).all()
    ratios = select(curves, panel=descent.Panels.DESCENT).groupby("params")["y"]
    assert (ratios.last() < 0.5 * ratios.first()).all()


def test_a_killed_run_goes_on_with_the_units_that_are_left_and_the_same_bits(tmp_path):
    config = replace(SMALL, parts=("orthogonality", "descent", "memory-and-expansion"))
    whole = measured(EXPERIMENT, config, context(tmp_path))
    units = Units(dies_after=3)
    with pytest.raises(KeyboardInterrupt):
        measured(EXPERIMENT, config, context(tmp_path, unit=units))
    units.dies_after = None
    pd.testing.assert_frame_equal(whole, measured(EXPERIMENT, config, context(tmp_path, unit=units)))
    assert units.computed == ["teacher", "descent", "memory 1", "memory 2", "start", "features"]


def test_published_accuracies_stand_beside_the_same_network_on_the_same_images():
    config = replace(SMALL, images=Images(source="cifar10", size="paper"))
    curves = join_curves(accuracy.published(config, CONVOLUTION))
    assert set(curves["source"]) == {"published"}
    ebd = select(curves, rule=EBD, **accuracy.where(config, CONVOLUTION)).iloc[0]
    assert (ebd["y"], ebd["y_err"], ebd["n"]) == pytest.approx((0.664, 0.0043 / 5**0.5, 5), rel=1e-3)
    rules = set(parameter(curves, "rule"))
    assert rules == {"DFA", "DFA + entropy", "NN-GEVB", "MS-GEVB", "BP (MSE)", "EBD"}
    assert list(accuracy.published(config, DIGITS)) == list(accuracy.published(SMALL, CONVOLUTION)) == []
    perceptron = set(parameter(join_curves(accuracy.published(config, PERCEPTRON)), "rule"))
    assert {rule for rule in perceptron if rule.startswith("CorInfoMax")} == {
        "CorInfoMax-EP, 3 layers",
        "CorInfoMax-EBD, 3 layers, B = 20",
        "CorInfoMax-EBD, 3 layers, B = 1",
        "CorInfoMax-EBD, 10 layers, B = 1",
    }
    hundred = replace(SMALL, images=Images(source="cifar100", size="paper"))
    assert len(join_curves(accuracy.published(hundred, CONVOLUTION))) == 3


def test_the_preset_of_ebd_s_tables_asks_for_them_line_by_line():
    config = preset_of("sbd", "paper")
    assert (config.training.recipe, config.images.size, config.training.image_epochs) == ("EBD", "paper", 0)
    own = accuracy._course(config, LOCAL, EBD)
    assert (own.epochs, own.batch, own.recipe.start_of_maps) == (200, 16, 0.1)
    assert accuracy.rules(config)[-1] == "DFA + entropy"


def test_a_set_of_images_that_is_not_there_is_one_line_before_anything_is_measured(tmp_path):
    settings = replace(SMALL, images=Images(source="cifar10", folder=str(tmp_path)))
    alone = replace(settings, parts=("accuracy",))
    for refused in (lambda: require(settings), lambda: measured(EXPERIMENT, alone, context(tmp_path))):
        with pytest.raises(ConfigurationError, match=r"solv data cifar10 fetch.*images\.source=synthetic") as raised:
            refused()
        assert "\n" not in str(raised.value)
    require(replace(settings, arenas=(DIGITS,)))
    tables = replace(SMALL, training=replace(SMALL.training, recipe="EBD"))
    with pytest.raises(ConfigurationError, match=r"its tables have no .* on synthetic"):
        require(tables)
    require(replace(settings, parts=("orthogonality",)))
