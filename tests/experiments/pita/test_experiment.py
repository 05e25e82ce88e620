"""Do the claims of pita follow from the curves alone, and does every branch give curves of its panels?"""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.experiments.test_pita_language import SMALL as LANGUAGE
from tests.experiments.test_pita_language import curves_of as language_curves

from solv.experiments.pita.chain import (
    ALIKE,
    APART,
    ARMS,
    DEPTH,
    DIRECT,
    KINDS,
    PLANE,
    TRACE,
    Cell,
    critical_panel,
    plane_cells,
    span,
)
from solv.experiments.pita.chain_training import accuracies
from solv.experiments.pita.experiment import EXPERIMENT
from solv.experiments.pita.language import DIFFERENCE
from solv.experiments.pita.proofs import COUNTS, PROVABLE, points
from solv.experiments.pita.settings import (
    DirectWidths,
    Generalisation,
    PitaConfig,
    Proofs,
    TraceWidths,
    Training,
    Widths,
)
from solv.harness.contract import Context
from solv.harness.seeds import Seeds
from solv.theory.pita.critical_width import DRAWN_EXPONENTS
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, parameter

SMALL = PitaConfig(
    proofs=Proofs(leaves=2, sample=4),
    training=Training(seeds=2, steps=30, tests=10),
    widths=Widths(
        trace=TraceWidths(depth=(2,), depth_arms=2, arms=(2, 3), arms_depth=2, widths=(2, 40)),
        direct=DirectWidths(depth=(3,), depth_arms=2, arms=(2,), arms_depth=3, widths=(2, 4)),
    ),
    generalisation=Generalisation(depth=(4,), arms=(2, 3), trace_seeds=2, direct_seeds=3, tests=10, width=8),
    language=LANGUAGE,
)


class Silent:
    def task(self, description, total):
        return nullcontext(self)

    def advance(self, count=1, note=""):
        pass


def context(folder, unit=None):
    compute = unit or (lambda name, make: dict(make()))
    return Context("cpu", Seeds(0), compute, lambda name: TrainingCheckpoint(folder / f"{hash(name)}.pt"), Silent())


@pytest.fixture(scope="module")
def ideal():
    """Enumerations on the formulas, and trainings as the paper would have them."""
    theory = EXPERIMENT.predict(PitaConfig())
    parts = [theory, theory[theory["panel"] == COUNTS].assign(source="simulation")]
    said = {"made": 100, "given_up": 1, "refused": 0, "differ": 0, "whole": True}
    parts.append(points(PROVABLE, "full", "simulation", "leaves", [1, 2, 3, 4], "fraction", 0.3, params=said))
    for arms, depth, difference in ((8, 4, 0.3), (8, 8, 0.1), (2, 8, 0.0), (2, 24, -0.2)):
        own = {"arms": arms, "depth": depth, "trace": 0.7, "direct": 0.7 - difference}
        place = PLANE, f"A={arms}", "trained", "levels", depth, "difference", difference
        parts.append(points(*place, y_err=0.02, n=8, params=own))
    hops, falls = [1, 4, 7], [0.95, 0.9, 0.8]
    for panel in (ALIKE, APART):
        parts.append(points(panel, "A=2, D=8", "theory", "hops", hops, "accuracy", falls))
        own = {"step_error": 0.001, "answer_error": 0.1}
        place = panel, "A=2, D=8", "trained", "hops", hops, "accuracy", falls
        parts.append(points(*place, y_err=0.01, n=8, params=own))
    for kind in KINDS:
        for axis in (DEPTH, ARMS):
            sizes = np.array([8.0, 16, 32, 64])
            widths = 3 * sizes ** DRAWN_EXPONENTS[kind == TRACE, axis == DEPTH]
            place = critical_panel(axis), kind, "trained", axis, sizes, "width", widths
            own = {"kind": kind, "axis": axis, "steps": 100_000}
            parts.append(points(*place, y_err=0.05 * widths, n=3, params=own))
    learned = {TRACE: 0.99, DIRECT: 0.98}
    parts += [language_curves(learned, gain, 0.02, role) for role, gain in (("broad", 0.2), ("deep", -0.2))]
    return join_curves(parts)


def verdicts(curves):
    return {claim.id: claim.verdict for claim in EXPERIMENT.claims(curves)}


def test_every_claim_holds_on_curves_as_the_paper_has_them(ideal):
    found = verdicts(ideal)
    assert len(found) == 8
    assert {name for name, verdict in found.items() if verdict is not Verdict.HOLDS} == set()


def test_every_claim_is_undecided_where_its_curves_are_missing(ideal):
    assert set(verdicts(ideal[ideal["panel"] == "no such panel"]).values()) == {Verdict.UNDECIDED}


@pytest.mark.parametrize(
    ("claim", "panel", "spoil"),
    [
        (
            "all-proofs-check",
            PROVABLE,
            lambda rows: rows.assign(params=rows["params"].str.replace('"refused": 0', '"refused": 1')),
        ),
        ("counts", COUNTS, lambda rows: rows.assign(y=rows["y"] + 1)),
        ("rt-wins-broad-shallow", PLANE, lambda rows: rows.assign(y=-rows["y"])),
        ("dp-wins-narrow-deep", PLANE, lambda rows: rows.assign(y=-rows["y"])),
        ("per-step-error-predicts-rt", ALIKE, lambda rows: rows.assign(y=rows["y"] - 0.1)),
        ("language-rt-wins-broad", DIFFERENCE, lambda rows: rows.assign(y=-rows["y"])),
        ("language-dp-wins-deep", DIFFERENCE, lambda rows: rows.assign(y=-rows["y"])),
        (
            "critical-width-exponents",
            critical_panel(DEPTH),
            lambda rows: rows.assign(y=rows["x"], y_err=0.1),
        ),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, panel, spoil):
    rows = (ideal["panel"] == panel) & (ideal["source"] != "theory")
    assert rows.any()
    spoilt = pd.concat([ideal[~rows], spoil(ideal[rows])], ignore_index=True)
    assert verdicts(spoilt)[claim] is Verdict.FAILS


def test_too_small_a_run_decides_nothing(ideal):
    few = verdicts(ideal.assign(n=ideal["n"].where(ideal["source"] != "trained", 2)))
    chain = ("rt-wins-broad-shallow", "dp-wins-narrow-deep", "per-step-error-predicts-rt")
    for claim in (*chain, "language-rt-wins-broad", "language-dp-wins-deep"):
        assert few[claim] is Verdict.UNDECIDED
    short = ideal.assign(params=ideal["params"].str.replace('"steps": 100000', '"steps": 400'))
    assert verdicts(short)["critical-width-exponents"] is Verdict.UNDECIDED
    sampled = ideal.assign(params=ideal["params"].str.replace('"whole": true', '"whole": false'))
    assert verdicts(sampled)["all-proofs-check"] is Verdict.UNDECIDED


def test_corners_that_are_not_narrow_or_broad_enough_decide_nothing(ideal):
    square = ideal[(ideal["panel"] != PLANE) | (parameter(ideal, "arms") == ideal["x"])]
    found = verdicts(square)
    assert found["rt-wins-broad-shallow"] is found["dp-wins-narrow-deep"] is Verdict.UNDECIDED


def test_every_curve_has_a_panel_and_a_repeated_run_the_same_bits(tmp_path):
    curves = EXPERIMENT.measure(SMALL, context(tmp_path))
    assert set(curves["panel"]) <= {panel.name for panel in EXPERIMENT.panels(SMALL)}
    drawn = join_curves([EXPERIMENT.predict(SMALL), curves])
    assert len(EXPERIMENT.claims(drawn)) == 8
    counted = curves[(curves["panel"] == COUNTS) & (curves["series"] == "full")]
    assert counted["y"].tolist() == [5, 75]
    pd.testing.assert_frame_equal(curves, EXPERIMENT.measure(SMALL, context(tmp_path)))


def test_one_width_has_no_critical_width_and_given_up_searches_no_length(tmp_path):
    bare = replace(
        SMALL,
        proofs=Proofs(splits=("php",), sample=3, state_limit=1),
        widths=Widths(
            trace=TraceWidths(depth=(2,), depth_arms=2, arms=(2,), arms_depth=2, widths=(4,)),
            direct=DirectWidths(depth=(2,), depth_arms=2, arms=(2,), arms_depth=2, widths=(4,)),
        ),
        generalisation=replace(SMALL.generalisation, nodes=8),
    )
    curves = EXPERIMENT.measure(bare, context(tmp_path))
    assert not set(curves["panel"]) & {critical_panel(DEPTH), critical_panel(ARMS), "lengths", PROVABLE}


def test_units_have_names_of_their_own_even_where_parts_train_the_same_task(tmp_path):
    same = replace(
        SMALL,
        widths=replace(
            SMALL.widths, hops=0.25, trace=replace(SMALL.widths.trace, depth=(4,), arms=(3,), widths=(4, 8))
        ),
    )
    names = []

    def unit(name, make):
        names.append(name)
        return dict(make())

    EXPERIMENT.measure(same, context(tmp_path, unit))
    assert len(names) == len(set(names))


def test_another_width_or_seed_changes_no_other_one(tmp_path):
    training = Training(seeds=2, steps=5, tests=40)
    for kind in KINDS:
        cell = Cell(kind, 3, 4, 1, (4, 9, 40))
        many = accuracies(replace(training, seeds=3), context(tmp_path / "many"), cell, (1, 3))["accuracy"]
        few = accuracies(training, context(tmp_path / "few"), replace(cell, widths=(4, 40)), (1, 3))["accuracy"]
        assert many.shape == (3, 3, 2)
        np.testing.assert_array_equal(many[::2, :2], few)


def test_a_killed_training_goes_on_from_its_checkpoint_with_the_same_bits(tmp_path, monkeypatch):
    import solv.experiments.pita.chain_training as module

    cell, training = Cell(TRACE, 2, 4, 2, (4,)), Training(seeds=2, steps=40, tests=20)
    whole = accuracies(training, context(tmp_path), cell, (2,))
    plain = module.train

    class KilledError(Exception):
        pass

    def dying(*arguments, save, **rest):
        def save_and_die(state):
            save(state)
            raise KilledError

        plain(*arguments, save=save_and_die, save_every=15, **rest)

    world = context(tmp_path)
    monkeypatch.setattr(module, "train", dying)
    with pytest.raises(KilledError):
        accuracies(training, world, cell, (2,))
    monkeypatch.setattr(module, "train", plain)
    for key, values in accuracies(training, world, cell, (2,)).items():
        np.testing.assert_array_equal(values, whole[key])


def test_the_plane_leaves_out_tasks_of_too_many_nodes():
    cells = plane_cells(PitaConfig(), TRACE)
    assert {(cell.arms, cell.depth) for cell in cells} == {(2, 4), (8, 4), (2, 8), (8, 8), (2, 24)}
    assert [cell.hops for cell in cells] == [2, 2, 3, 3, 9]


def test_a_part_of_the_levels_is_at_least_one_hop_and_fits():
    assert [span(part, 4) for part in (0.01, 0.5, 0.99)] == [1, 2, 3]
