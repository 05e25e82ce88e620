"""Do the trainings of cot-depth survive a kill, and find what they should?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.cot_depth.experiment import EXPERIMENT
from solv.experiments.cot_depth.reduced_step import Panels as ReducedPanels
from solv.experiments.cot_depth.settings import CotDepthConfig, LinearAttention, Reduced, SoftmaxAttention
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.curves import select
from tests.experiments.scaffold import context, measured

TINY = CotDepthConfig(
    reduced=Reduced(dimension=24, repeats=2, contexts=4, depth=3),
    linear=LinearAttention(
        tau=(1.5, 3.0), dimension=3, seeds=2, contexts=4, exact_repeats=2, steps=30, pool=4, depth=2
    ),
    softmax=SoftmaxAttention(
        tau=(1.5, 3.0), dimension=3, seeds=2, contexts=4, steps=30, pool=4, trained_depth=2, depth=2
    ),
    parts=["reduced-step", "linear-attention", "softmax-attention"],
)


class DiesAfter(TrainingCheckpoint):
    """A checkpoint that is written twice, and then the process is gone."""

    def save(self, state):
        if self.path.with_suffix(".once").exists():
            raise KeyboardInterrupt
        super().save(state)
        self.path.with_suffix(".once").touch()


def train_all(folder, dies_in=""):
    def checkpoint(name):
        kind = DiesAfter if name == dies_in else TrainingCheckpoint
        return kind(folder / f"{name}.pt")

    metrics = []
    own = context(
        folder,
        checkpoint=checkpoint,
        log_metrics=lambda task, step, values: metrics.append((task, step, dict(values))),
    )
    return measured(EXPERIMENT, TINY, own), metrics


def test_a_training_killed_after_a_checkpoint_ends_with_the_same_bits(tmp_path):
    for folder in ("whole", "killed"):
        (tmp_path / folder).mkdir()
    task = "train linear attention"
    whole, metrics = train_all(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train_all(tmp_path / "killed", dies_in=task)
    resumed, later = train_all(tmp_path / "killed")
    pd.testing.assert_frame_equal(whole, resumed, check_exact=True)
    first = min(step for name, step, _ in later if name == task)
    assert first > min(step for name, step, _ in metrics if name == task)  # it did not start anew
    assert [m for m in metrics if m[0] == task and m[1] >= first] == [m for m in later if m[0] == task]


def test_the_step_found_by_descent_is_the_least_squares_step(tmp_path):
    curves, _ = train_all(tmp_path)
    reduced = select(curves, panel=ReducedPanels.REDUCED)
    descent, fitted = (select(reduced, source=source)["y"].to_numpy() for source in ("trained", "simulation"))
    np.testing.assert_allclose(descent, fitted, rtol=1e-6)
