"""Do cot-depth's claims follow from the curves alone, and do its trainings survive a kill?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.cot_depth.experiment import (
    EXPERIMENT,
    CotDepthConfig,
    Fates,
    LinearAttention,
    Phase,
    Reduced,
    SoftmaxAttention,
    points,
)
from solv.experiments.cot_depth.training import measure_training
from solv.harness.contract import Context
from solv.harness.seeds import Seeds
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Verdict
from solv.tracking.progress import LineReporter

SIZES = CotDepthConfig(
    phase=Phase(columns=6, rows=6, max_depth=60, alpha=(2.0, 4.0), tau=(2.0, 4.0)), fates=Fates(simulated_depth=100)
)


@pytest.fixture(scope="module")
def ideal():
    """Theory, and measurements that lie on it with errors of 1 %; trained softmax attention as the claim says."""
    theory = EXPERIMENT.predict(SIZES)
    measured = theory.assign(source="simulation", y_err=0.01 * theory["y"].abs(), n=16)
    attention = theory[theory["panel"] == "linear-attention"].assign(source="trained", n=4)
    trained = []
    for training in ("step by step", "through the chain"):
        for panel, name, y in (
            ("softmax-depth", "optimal_depth", [0, 3, 9]),
            ("softmax-growth", "log_growth", [3, 1, 0]),
        ):
            place = panel, training, "trained", "tau", [1.5, 3, 12]
            trained.append(points(*place, name, np.array(y, dtype=float), y_err=np.full(3, 0.01), n=4))
    return pd.concat([theory, measured, attention, *trained], ignore_index=True)


def verdicts(curves):
    return {claim.id: claim.verdict for claim in EXPERIMENT.claims(curves)}


def test_every_claim_holds_on_curves_that_lie_on_the_theory(ideal):
    found = verdicts(ideal)
    assert len(found) == 8
    assert set(found.values()) == {Verdict.HOLDS}


def test_every_claim_is_undecided_where_its_curves_are_missing(ideal):
    nothing = ideal[ideal["panel"] == "no such panel"]
    assert set(verdicts(nothing).values()) == {Verdict.UNDECIDED}


def measured_in(curves, panel):
    return curves["panel"].str.startswith(panel) & (curves["source"] != "theory")


@pytest.mark.parametrize(
    ("claim", "panel", "spoil"),
    [
        ("matches-theory", "depth ", lambda rows: rows.assign(y=1.2 * rows["y"])),
        ("exponential-phase", "fates", lambda rows: rows.assign(y=rows["y"] * np.exp(0.2 * rows["x"]))),
        ("polynomial", "endless", lambda rows: rows.assign(y=rows["y"] ** 1.5)),
        ("saturation", "endless", lambda rows: rows.assign(y=rows["y"] + 0.1)),
        ("overthinking", "fates", lambda rows: rows.assign(y=np.exp(-0.1 * rows["x"]))),
        ("transition", "transition", lambda rows: rows.assign(y=-rows["y"])),
        ("depth-needs-data-and-context", "phase", lambda rows: rows.assign(y=60 - rows["y"])),
        (
            "trained-attention",
            "linear-attention",
            lambda rows: rows.assign(y=rows["y"] * (1 + (rows["source"] == "trained"))),
        ),
        ("trained-attention", "softmax-growth", lambda rows: rows.assign(y=1.0)),
        ("trained-attention", "softmax-growth", lambda rows: rows.assign(y=-0.5)),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, panel, spoil):
    rows = measured_in(ideal, panel)
    assert rows.any()
    spoilt = pd.concat([ideal[~rows], spoil(ideal[rows])], ignore_index=True)
    assert verdicts(spoilt)[claim] is Verdict.FAILS


def test_large_errors_leave_a_claim_undecided(ideal):
    rows = measured_in(ideal, "softmax-growth")
    vague = pd.concat([ideal[~rows], ideal[rows].assign(y_err=5.0)], ignore_index=True)
    assert verdicts(vague)["trained-attention"] is Verdict.UNDECIDED


# -- training ------------------------------------------------------------------------------------------------------

TINY = CotDepthConfig(
    reduced=Reduced(dimension=24, repeats=2, contexts=4, depth=3),
    linear=LinearAttention(
        tau=(1.5, 3.0), dimension=3, seeds=2, contexts=4, exact_repeats=2, steps=30, pool=4, depth=2
    ),
    softmax=SoftmaxAttention(
        tau=(1.5, 3.0), dimension=3, seeds=2, contexts=4, steps=30, pool=4, trained_depth=2, depth=2
    ),
)


class DiesAfter:
    """A checkpoint that is written a number of times, and then the process is gone."""

    def __init__(self, checkpoint, saves):
        self.checkpoint, self.saves = checkpoint, saves

    def load(self):
        return self.checkpoint.load()

    def save(self, state):
        self.checkpoint.save(state)
        self.saves -= 1
        if self.saves == 0:
            raise KeyboardInterrupt


def train_all(folder, dies_in=""):
    def checkpoint(name):
        place = TrainingCheckpoint(folder / f"{name}.pt")
        return DiesAfter(place, 2) if name == dies_in else place

    metrics = []
    context = Context(
        "cpu",
        Seeds(0),
        lambda name, compute: dict(compute()),
        checkpoint,
        LineReporter(),
        lambda task, step, values: metrics.append((task, step, dict(values))),
    )
    with context.progress:
        return pd.concat(list(measure_training(TINY, context)), ignore_index=True), metrics


def test_a_training_killed_after_a_checkpoint_ends_with_the_same_bits(tmp_path):
    for folder in ("whole", "killed"):
        (tmp_path / folder).mkdir()
    whole, metrics = train_all(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train_all(tmp_path / "killed", dies_in="train linear attention")
    resumed, later = train_all(tmp_path / "killed")
    pd.testing.assert_frame_equal(whole, resumed, check_exact=True)
    task = "train linear attention"
    first = min(step for name, step, _ in later if name == task)
    assert first > min(step for name, step, _ in metrics if name == task)  # it did not start anew
    assert [m for m in metrics if m[0] == task and m[1] >= first] == [m for m in later if m[0] == task]


def test_the_step_found_by_descent_is_the_least_squares_step(tmp_path):
    curves, _ = train_all(tmp_path)
    reduced = curves[curves["panel"] == "reduced"]
    descent, fitted = (reduced[reduced["source"] == source]["y"].to_numpy() for source in ("trained", "simulation"))
    np.testing.assert_allclose(descent, fitted, rtol=1e-6)
