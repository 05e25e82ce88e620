"""Do pita's claims follow from the curves alone, on both sides of every edge, and does every branch give curves?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.pita import (
    chain_attention,
    chain_errors,
    chain_hops,
    chain_lengths,
    chain_plane,
    chain_widths,
    counts,
    language,
    proofs,
)
from solv.experiments.pita.answers import ANSWERS, DIRECT, MATCHED, TRACE
from solv.experiments.pita.experiment import EXPERIMENT
from solv.experiments.pita.settings import (
    DirectWidths,
    Generalisation,
    PitaConfig,
    Proofs,
    ReducedModel,
    TraceWidths,
    Training,
    Widths,
)
from solv.harness.contract import flat
from solv.harness.settings import as_dictionary, replace
from solv.tracking.claims import MissingCurvesError, Verdict
from solv.tracking.curves import join_curves, select
from solv.tracking.labels import lay_out
from tests.experiments.pita import ideal as make
from tests.experiments.pita.test_language import SMALL as LANGUAGE
from tests.experiments.scaffold import context, findings, measured, spoilt, verdicts

SIZES = PitaConfig()
SMALL = PitaConfig(
    proofs=Proofs(leaves=2, sample=4),
    training=Training(seeds=2, steps=30, tests=10),
    widths=Widths(
        seeds=2,
        trace=TraceWidths(depth=(2,), depth_arms=2, arms=(2, 3), arms_depth=2, widths=(2, 40)),
        direct=DirectWidths(depth=(3,), depth_arms=2, arms=(2,), arms_depth=3, widths=(2, 4)),
    ),
    attention=ReducedModel(arms=2, depth=3, widths=(4, 40)),
    generalisation=Generalisation(depth=(4,), arms=(2, 3), trace_seeds=2, direct_seeds=3, tests=10, width=8),
    language=LANGUAGE,
)
HOLDS, FAILS, UNDECIDED, NOT_RUN = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED, Verdict.NOT_RUN
CORNERS = ("rt-wins-broad-shallow", "dp-wins-narrow-deep")
LANGUAGES = ("language-rt-wins-broad", "language-dp-wins-deep")
TOKENS = "language-winner-keeps-at-equal-tokens"
DEPTH, ARMS = chain_widths.Panels.CRITICAL_DEPTH, chain_widths.Panels.CRITICAL_ARMS


@pytest.fixture(scope="module")
def ideal():
    """Enumerations on the formulas, and trainings as the paper would have them."""
    return make.everything()


def judged(curves):
    return verdicts(EXPERIMENT, curves, SIZES)


# -- claims --------------------------------------------------------------------------------------------------------


def test_every_claim_holds_on_curves_as_the_paper_has_them(ideal):
    found = judged(ideal)
    assert len(found) == 14
    assert set(found.values()) == {HOLDS}


@pytest.mark.parametrize("claim", EXPERIMENT.all_claims(), ids=lambda claim: claim.id)
def test_a_panel_that_a_claim_reads_and_that_is_empty_is_a_fault(ideal, claim):
    for panel in claim.reads:
        with pytest.raises(MissingCurvesError, match=panel.value):
            EXPERIMENT.judge(ideal[ideal["panel"] != panel.value], SIZES)


@pytest.mark.parametrize("claim", EXPERIMENT.all_claims(), ids=lambda claim: claim.id)
def test_every_size_that_a_claim_needs_is_a_setting(claim):
    assert set(claim.needs) <= set(flat(as_dictionary(SIZES)))


def negative(rows):
    return rows.assign(y=-rows["y"])


@pytest.mark.parametrize(
    ("claim", "rows", "spoil"),
    [
        ("all-proofs-check", {"panel": proofs.Panels.CHECKS, "y_name": "refused"}, lambda rows: rows.assign(y=1)),
        ("all-proofs-check", {"panel": proofs.Panels.CHECKS, "y_name": "differ"}, lambda rows: rows.assign(y=1)),
        ("counts", {"panel": counts.Panels.COUNTS, "split": "php"}, lambda rows: rows.assign(y=rows["y"] + 1)),
        ("counts", {"panel": counts.Panels.BREADTH, "source": "simulation"}, lambda rows: rows.assign(y=rows["y"] + 1)),
        (
            "lengths-as-published",
            {"panel": proofs.Panels.LENGTHS_BY_LEAVES, "source": "simulation", "x": 7},
            lambda rows: rows.assign(y=rows["y"] + 1),
        ),
        ("splits-deepen", {"panel": proofs.Panels.DEPTH, "split": "or"}, lambda rows: rows.assign(y=200.0)),
        (CORNERS[0], {"panel": chain_plane.Panels.PLANE}, negative),
        (CORNERS[1], {"panel": chain_plane.Panels.PLANE}, negative),
        (
            "per-step-error-predicts-rt",
            {"panel": chain_errors.Panels.ALIKE, "source": "trained"},
            lambda rows: rows.assign(y=rows["y"] - 0.1),
        ),
        (
            "attention-is-near-uniform",
            {"panel": chain_attention.Panels.FROM_UNIFORM},
            lambda rows: rows.assign(y=1.2 * chain_attention.FAR),
        ),
        (
            "reduced-model-suffices",
            {"panel": chain_attention.Panels.DIFFERENCE},
            lambda rows: rows.assign(y=-2 * chain_attention.ACCURACY_TOLERANCE),
        ),
        (
            "far-accuracy-falls-with-arms",
            {"panel": chain_hops.Panels.BREADTH},
            lambda rows: rows.assign(y=rows["y"] ** 0.5, y_err=0.01 * rows["y"]),
        ),
        (LANGUAGES[0], {"panel": language.Panels.DIFFERENCE}, lambda rows: negative(rows).assign(y_err=1e-3)),
        (LANGUAGES[1], {"panel": language.Panels.DIFFERENCE}, lambda rows: negative(rows).assign(y_err=1e-3)),
        (TOKENS, {"panel": language.Panels.DIFFERENCE, "against": MATCHED, "role": "deep"}, negative),
        ("critical-width-exponents", {"panel": DEPTH}, lambda rows: rows.assign(y=rows["x"], y_err=0.1)),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, rows, spoil):
    assert judged(spoilt(ideal, spoil, **rows))[claim] is FAILS


@pytest.mark.parametrize("role", ["broad", "deep"])
def test_the_same_winner_at_equal_tokens_is_judged_of_both_splits_or_of_none(ideal, role):
    one = spoilt(ideal, lambda rows: rows.iloc[:0], panel=language.Panels.DIFFERENCE, against=MATCHED, role=role)
    found = findings(EXPERIMENT, one, SIZES)[TOKENS]
    assert found.verdict is UNDECIDED
    assert f"{role}: not asked (language.equal_tokens=[broad,deep])" in found.measured


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("panel", "answer"), [(panel, answer) for panel in (DEPTH, ARMS) for answer in ANSWERS])
def test_an_exponent_holds_at_nine_tenths_of_its_tolerance_and_fails_at_eleven(panel, answer, sign):
    sharp = make.everything(critical_widths=make.critical_widths(error=1e-4))
    for strength, verdict in ((0.9, HOLDS), (1.1, FAILS)):
        power = sign * strength * chain_widths.EXPONENT_TOLERANCE
        bent = spoilt(
            sharp, lambda rows, power=power: rows.assign(y=rows["y"] * rows["x"] ** power), panel=panel, answer=answer
        )
        assert judged(bent)["critical-width-exponents"] is verdict


@pytest.mark.parametrize("sign", [1, -1])
def test_a_trace_holds_at_nine_tenths_of_its_tolerance_and_fails_at_eleven(sign):
    sharp = make.everything(traces=make.traces(accuracies=(0.9, 0.85, 0.8), error=1e-5))
    rows = {"panel": chain_errors.Panels.ALIKE, "source": "trained", "x": 4.0}
    for strength, verdict in ((0.9, HOLDS), (1.1, FAILS)):
        off = sign * strength * chain_errors.ACCURACY_TOLERANCE
        moved = spoilt(sharp, lambda row, off=off: row.assign(y=row["y"] + off), **rows)
        assert judged(moved)["per-step-error-predicts-rt"] is verdict


@pytest.mark.parametrize(
    ("errors", "better", "worse"),
    [
        (2.9, HOLDS, FAILS),
        (2.2, HOLDS, UNDECIDED),
        (1.8, UNDECIDED, UNDECIDED),
        (-1.8, UNDECIDED, UNDECIDED),
        (-2.2, UNDECIDED, HOLDS),
        (-2.9, FAILS, HOLDS),
    ],
)
def test_a_difference_counts_from_two_standard_errors_on(errors, better, worse):
    gain = errors * 0.05
    both = judged(make.everything(plane=make.plane(((8, 4, gain), (2, 8, -gain)), error=0.05)))
    assert [both[claim] for claim in CORNERS] == [better] * 2
    against = judged(make.everything(plane=make.plane(((8, 4, -gain), (2, 8, gain)), error=0.05)))
    assert [against[claim] for claim in CORNERS] == [worse] * 2


@pytest.mark.parametrize(
    ("errors", "repeats", "winner", "tokens"),
    [
        (2.2, 1000, HOLDS, HOLDS),
        (2.2, 4, UNDECIDED, UNDECIDED),  # t of three degrees of freedom: 3.2
        (3.4, 4, HOLDS, HOLDS),
        (-2.2, 1000, UNDECIDED, FAILS),
        (-3.0, 1000, FAILS, FAILS),
        (-7.0, 4, UNDECIDED, FAILS),
        (-8.0, 4, FAILS, FAILS),
    ],
)
def test_the_winner_of_language_models_is_told_by_students_t(errors, repeats, winner, tokens):
    gain = errors * 0.05
    found = judged(make.everything(language_models=make.language_models((gain, -gain), error=0.05, repeats=repeats)))
    assert [found[claim] for claim in LANGUAGES] == [winner] * 2
    matched = make.language_models((0.9, -0.9), error=0.05, matched=(gain, -gain), repeats=repeats)
    assert judged(make.everything(language_models=matched))[TOKENS] is tokens


@pytest.mark.parametrize(
    ("claims", "instead"),
    [
        ((*LANGUAGES, TOKENS), {"language_models": make.language_models(repeats=2)}),
        (LANGUAGES, {"language_models": make.language_models(learned=language.LEARNED - 0.01)}),
        ((*LANGUAGES, TOKENS), {"language_models": make.language_models(error=0.15)}),
        ((TOKENS,), {"language_models": make.language_models(matched=(0.2, 0.0))}),
        (CORNERS, {"plane": make.plane(seeds=2)}),
        (CORNERS, {"plane": make.plane(error=0.2)}),
        (("per-step-error-predicts-rt",), {"traces": make.traces(seeds=2)}),
        (("per-step-error-predicts-rt",), {"traces": make.traces(error=0.03)}),
        (("critical-width-exponents",), {"critical_widths": make.critical_widths(steps=9_999)}),
        (("critical-width-exponents",), {"critical_widths": make.critical_widths(error=0.6)}),
        (("all-proofs-check",), {"checked": make.checked(whole=0.999)}),
        (("splits-deepen",), {"depths": make.depths(error=2.0)}),
        (("attention-is-near-uniform", "reduced-model-suffices"), {"attention": make.attention(seeds=2)}),
        (("reduced-model-suffices",), {"attention": make.attention(error=0.04)}),
        (("attention-is-near-uniform", "reduced-model-suffices"), {"attention": make.attention(widths=(36, 255))}),
        (("far-accuracy-falls-with-arms",), {"far": make.far(seeds=2)}),
        (("far-accuracy-falls-with-arms",), {"far": make.far(arms=(4, 6, 8))}),
    ],
)
def test_too_small_a_run_decides_nothing_and_says_what_would(claims, instead):
    found = findings(EXPERIMENT, make.everything(**instead), SIZES)
    for claim in claims:
        assert found[claim].verdict is UNDECIDED
        assert found[claim].needs
    assert {name for name, each in found.items() if each.verdict is not HOLDS} == set(claims)


def test_comparisons_count_from_the_least_that_they_need():
    least = make.everything(
        language_models=make.language_models(learned=language.LEARNED + 0.01, repeats=3),
        critical_widths=make.critical_widths(steps=chain_widths.LEAST_STEPS),
        traces=make.traces(seeds=chain_errors.LEAST_SEEDS),
        plane=make.plane(((8, 4, 0.3), (2, 4, -0.3)), seeds=chain_plane.LEAST_SEEDS),
    )
    assert set(judged(least).values()) == {HOLDS}


def test_no_verdict_rests_on_repeats_that_happen_to_be_equal():
    equal = make.everything(
        plane=make.plane(error=0.0),
        language_models=make.language_models(error=0.0),
        traces=make.traces(error=0.0),
        critical_widths=make.critical_widths(error=0.0),
        depths=make.depths(error=0.0),
    )
    undecided = {name for name, verdict in judged(equal).items() if verdict is UNDECIDED}
    assert undecided == {
        *CORNERS,
        *LANGUAGES,
        TOKENS,
        "per-step-error-predicts-rt",
        "critical-width-exponents",
        "splits-deepen",
    }


def test_attention_and_breadth_are_judged_on_both_sides_of_their_edges():
    strong = {"error": 1e-4}
    for part, verdict in ((0.9, HOLDS), (1.1, FAILS)):
        near = judged(make.everything(attention=make.attention(distance=part * chain_attention.FAR, **strong)))
        assert near["attention-is-near-uniform"] is verdict
        for sign in (1, -1):
            off = sign * part * chain_attention.ACCURACY_TOLERANCE
            found = judged(make.everything(attention=make.attention(difference=off, **strong)))
            assert found["reduced-model-suffices"] is verdict
            power = chain_hops.BREADTH_EXPONENT + sign * part * chain_hops.EXPONENT_TOLERANCE
            assert judged(make.everything(far=make.far(power, **strong)))["far-accuracy-falls-with-arms"] is verdict


def test_traces_that_are_always_right_leave_the_verdict_to_the_others(ideal):
    first = {"panel": chain_errors.Panels.ALIKE, "x": 1.0}
    certain = spoilt(ideal, lambda rows: rows.assign(y=1.0, y_err=0.0), **first)
    found = findings(EXPERIMENT, certain, SIZES)["per-step-error-predicts-rt"]
    assert (found.verdict, "(2 of 3)" in found.tolerance) == (HOLDS, True)
    wrong = spoilt(ideal, lambda rows: rows.assign(y=0.5, y_err=0.0), source="trained", **first)
    assert judged(wrong)["per-step-error-predicts-rt"] is UNDECIDED


@pytest.mark.parametrize("corners", [((8, 8, 0.3),), ((15, 8, 0.3), (8, 15, -0.3))])
def test_tasks_that_are_not_broad_or_deep_enough_decide_nothing(corners):
    found = findings(EXPERIMENT, make.everything(plane=make.plane(corners)), SIZES)
    for claim in CORNERS:
        assert found[claim].verdict is UNDECIDED
        assert "at least twice one of" in found[claim].needs


def test_widths_that_are_all_too_small_leave_no_exponent_and_say_so(ideal):
    never = spoilt(ideal, lambda rows: rows.assign(y=np.inf, y_err=np.nan), panel=DEPTH, answer=TRACE)
    found = findings(EXPERIMENT, never, SIZES)["critical-width-exponents"]
    assert found.verdict is UNDECIDED
    assert "both sides of the threshold" in found.needs


def test_claims_without_what_they_are_about_say_what_to_set(ideal):
    language_rows = ideal[(ideal["panel"] != language.Panels.DIFFERENCE) | ~ideal["params"].str.contains("longer")]
    found = findings(EXPERIMENT, language_rows, SIZES)
    for claim, role in zip(LANGUAGES, ("broad", "deep"), strict=True):
        assert found[claim].verdict is UNDECIDED
        assert f"language.{role}.lengths" in found[claim].needs
    no_full = ideal[~((ideal["panel"] == "checks") & (ideal["y_name"] == "part of all"))]
    found = findings(EXPERIMENT, no_full, SIZES)["all-proofs-check"]
    assert (found.verdict, found.needs) == (UNDECIDED, "proofs.splits includes full")
    uncounted = ideal[~ideal["panel"].isin(["counts", "breadth"]) | (ideal["source"] == "theory")]
    assert findings(EXPERIMENT, uncounted, SIZES)["counts"].verdict is UNDECIDED


def test_claims_of_panels_that_the_settings_leave_out_are_not_run():
    bare = replace(
        SMALL,
        proofs=Proofs(splits=("or",)),
        widths=replace(
            SMALL.widths,
            trace=replace(SMALL.widths.trace, widths=(4,)),
            direct=replace(SMALL.widths.direct, widths=(4,)),
        ),
        generalisation=replace(SMALL.generalisation, depth=(20,), nodes=8),
    )
    kept = join_curves([make.checked(), make.depths(), make.attention(), make.language_models()])
    found = verdicts(EXPERIMENT, kept, bare)
    left_out = {
        "counts",
        "lengths-as-published",
        "far-accuracy-falls-with-arms",
        "critical-width-exponents",
        "per-step-error-predicts-rt",
        *CORNERS,
    }
    assert {name for name, verdict in found.items() if verdict is NOT_RUN} == left_out
    alone = PitaConfig(parts=["chain-plane"])
    assert verdicts(EXPERIMENT, make.plane(), alone)["counts"] is NOT_RUN


# -- measurement ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The curves of a whole small run."""
    return measured(EXPERIMENT, SMALL, context(tmp_path_factory.mktemp("whole")))


def test_every_panel_has_curves_and_every_drawn_one_a_picture(whole):
    panels = EXPERIMENT.panels(SMALL)
    curves = join_curves([EXPERIMENT.predict(SMALL), whole])
    assert set(curves["panel"]) == {str(panel.name) for panel in panels}
    assert len(verdicts(EXPERIMENT, curves, SMALL)) == 14
    counted = select(whole, panel=counts.Panels.COUNTS, split="full")
    assert counted["y"].tolist() == [5, 75]
    for facet in lay_out(curves, panels):
        params = facet.curves.groupby("series")["params"].nunique()
        assert (params == 1).all() or facet.panel.category


def test_theory_and_measurement_of_one_curve_have_equal_params(whole):
    theory = EXPERIMENT.predict(SMALL)
    for panel in (counts.Panels.COUNTS, chain_lengths.Panels.TRACE_LENGTHS):
        predicted, sampled = (set(select(curves, panel=panel)["params"]) for curves in (theory, whole))
        assert predicted == sampled


@pytest.mark.parametrize("part", [part for part in EXPERIMENT.parts if part.name != "language"], ids=lambda p: p.name)
def test_a_part_alone_measures_what_it_measures_in_the_whole(tmp_path, whole, part):
    alone = EXPERIMENT.measure(part, SMALL, context(tmp_path))
    pd.testing.assert_frame_equal(alone, select(whole, part=part.name).reset_index(drop=True))


def test_one_width_has_no_critical_width_and_given_up_searches_no_length(tmp_path):
    bare = replace(
        SMALL,
        proofs=Proofs(splits=("php",), sample=3, state_limit=1),
        widths=Widths(
            seeds=2,
            trace=TraceWidths(depth=(2,), depth_arms=2, arms=(2,), arms_depth=2, widths=(4,)),
            direct=DirectWidths(depth=(2,), depth_arms=2, arms=(2,), arms_depth=2, widths=(4,)),
        ),
        generalisation=replace(SMALL.generalisation, nodes=8),
        parts=["proofs", "chain-widths", "chain-hops", "chain-errors", "chain-plane"],
    )
    curves = measured(EXPERIMENT, bare, context(tmp_path))
    assert not set(curves["panel"]) & {DEPTH, ARMS, proofs.Panels.LENGTHS, proofs.Panels.PROVABLE}
    assert {chain_hops.Panels.HOPS, chain_errors.Panels.ALIKE, chain_plane.Panels.PLANE} <= set(curves["panel"])
    assert select(curves, panel=proofs.Panels.CHECKS, y_name="given_up")["y"].tolist() == [3]
    assert set(select(curves, panel=chain_hops.Panels.HOPS, answer=DIRECT)["n"]) == {3}


def test_units_of_a_part_have_names_of_their_own_even_where_two_axes_train_the_same_task(tmp_path):
    same = replace(
        SMALL,
        widths=replace(
            SMALL.widths, hops=0.25, trace=replace(SMALL.widths.trace, depth=(4,), arms=(3,), widths=(4, 8))
        ),
    )
    for part in EXPERIMENT.parts:
        if part.name == "language":
            continue
        names = []

        def unit(name, compute, names=names):
            names.append(name)
            return dict(compute())

        (tmp_path / part.name).mkdir()
        EXPERIMENT.measure(part, same, context(tmp_path / part.name, unit=unit))
        assert len(names) == len(set(names))
