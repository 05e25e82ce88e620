"""Do the rules move weights as torch's optimizers do, bit for bit, and without its compiler?"""

import subprocess
import sys

import pytest
import torch

from solv.models.language.rules import Members, UpdateRule

SHAPES = ((3, 4), (5,), (2, 2))


def parameters():
    generator = torch.Generator().manual_seed(0)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def gradients(step):
    generator = torch.Generator().manual_seed(1 + step)
    return [torch.randn(shape, generator=generator) for shape in SHAPES]


@pytest.mark.parametrize(
    ("rule", "ours", "theirs"),
    [
        ("adamw", {"betas": (0.9, 0.95), "epsilon": 1e-6}, {"betas": (0.9, 0.95), "eps": 1e-6}),
        ("sgd", {}, {}),
        ("sgd", {"momentum": 0.9}, {"momentum": 0.9}),
    ],
)
def test_weights_are_those_of_torchs_optimizers(rule, ours, theirs):
    mine, reference = parameters(), parameters()
    own = UpdateRule([Members(mine[:2], 0.1, 0.2), Members(mine[2:], 0.05, 0.0)], rule=rule, **ours)
    optimizer = {"adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}[rule](
        [
            {"params": reference[:2], "lr": 0.1, "weight_decay": 0.2},
            {"params": reference[2:], "lr": 0.05, "weight_decay": 0.0},
        ],
        lr=1.0,
        fused=True,
        **theirs,
    )
    rates = [group["lr"] for group in optimizer.param_groups]
    for step in range(5):
        factor = 1 / (1 + step)
        for values in (mine, reference):
            for value, gradient in zip(values, gradients(step), strict=True):
                value.grad = gradient.clone()
        mine[1].grad = reference[1].grad = None  # one that has no part in the loss stays, and is not decayed
        own.step(factor)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        optimizer.step()
        assert all(value.grad is None for value in mine)
    assert all(torch.equal(*pair) for pair in zip(mine, reference, strict=True))
    assert torch.equal(mine[1], parameters()[1])


def test_a_small_training_does_not_wait_for_the_compiler():
    code = """
import sys
from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.training import Trainer, TrainingSettings
import torch
trainer = Trainer(Decoder(DecoderConfig(vocabulary=5, context=8, width=8, layers=1, heads=2)), TrainingSettings(0.1))
trainer.update(torch.zeros(2, 8, dtype=torch.long))
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
