"""Do the transformers of icl-alignment survive a kill, and are they trained at all?"""

import pandas as pd
import pytest
import torch

from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, Transformer
from solv.experiments.icl_alignment.transformer_training import TASK, _reused, train_and_test
from solv.theory.icl_alignment.covariances import power_law_spectrum
from solv.tracking.checkpoints import TrainingCheckpoint
from tests.experiments.scaffold import context, measured

TINY = IclAlignmentConfig(
    transformer=Transformer(
        dimension=4, kappa=(0.5, 2), link=("linear", "tanh"), test_p=(0, 0.9, 2), test_rank=(0.5,), seeds=2, steps=20,
        batch=16, decoder_steps=20, decoder_batch=8, contexts=32,
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
    assert {task for task, _, _ in metrics} == {f"{TASK}: encoder", f"{TASK}: decoder"}
    first = later[0][1]
    assert first > metrics[0][1]  # it did not start anew
    assert metrics[-len(later) :] == later


def test_the_encoder_goes_through_its_fixed_contexts_once_in_every_epoch(tmp_path):
    batches = _reused(TINY, context(tmp_path))
    epoch = [batches(step)[1] for step in range(4)]  # 64 contexts, 16 a step
    seen = torch.cat(epoch, dim=1)[..., -1]
    again = torch.cat([batches(step)[1] for step in range(4, 8)], dim=1)[..., -1]
    assert all(len(set(copy.tolist())) == 64 for copy in seen)
    assert torch.equal(seen.sort(dim=1).values, again.sort(dim=1).values)
    assert not torch.equal(seen, again)
    assert torch.equal(batches(1)[1], epoch[1])  # a pure function of the step


def test_architectures_are_pretrained_on_the_same_tasks_and_train_at_all(tmp_path):
    tests = [power_law_spectrum(4, 0.9)]
    found = {}
    for name in ("encoder", "decoder"):
        (tmp_path / name).mkdir()
        found[name] = train_and_test(TINY, context(tmp_path / name), name, tests)
    for each in found.values():
        assert each["error"].shape == each["untrained"].shape == (2, 2, 2, 1)
        assert each["training"].shape == (2, 2, 2)
        assert not (each["error"] == each["untrained"]).any()
