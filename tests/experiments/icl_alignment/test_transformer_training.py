"""Do the transformers of icl-alignment survive a kill, and are they trained at all?"""

import pandas as pd
import pytest

from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, Transformer
from solv.experiments.icl_alignment.transformer_training import TASK
from solv.tracking.checkpoints import TrainingCheckpoint
from tests.experiments.scaffold import context, measured

TINY = IclAlignmentConfig(
    transformer=Transformer(
        dimension=4, kappa=(0.5, 2), link=("linear", "tanh"), test_p=(0, 0.9, 2), seeds=2, width=8, hidden=8, steps=20,
        batch=8, contexts=32,
    ),
    parts=["transformer"],
)  # fmt: skip


class DiesAfter(TrainingCheckpoint):
    """A checkpoint that is written twice, and then the process is gone."""

    def save(self, state):
        if self.path.with_suffix(".once").exists():
            raise KeyboardInterrupt
        super().save(state)
        self.path.with_suffix(".once").touch()


def train_all(folder, kind=TrainingCheckpoint):
    metrics = []
    world = context(
        folder,
        checkpoint=lambda name: kind(folder / f"{name}.pt"),
        log_metrics=lambda task, step, values: metrics.append((task, step, dict(values))),
    )
    return measured(EXPERIMENT, TINY, world), metrics


def test_a_training_killed_after_a_checkpoint_ends_with_the_same_bits(tmp_path):
    for folder in ("whole", "killed"):
        (tmp_path / folder).mkdir()
    whole, metrics = train_all(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train_all(tmp_path / "killed", DiesAfter)
    resumed, later = train_all(tmp_path / "killed")
    pd.testing.assert_frame_equal(whole, resumed, check_exact=True)
    assert {task for task, _, _ in metrics} == {TASK}
    first = min(step for _, step, _ in later)
    assert first > min(step for _, step, _ in metrics)  # it did not start anew
    assert [each for each in metrics if each[1] >= first] == later
