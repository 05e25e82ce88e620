"""Does the classifier with batch normalisation take the steps of torch's own, and each training alone?"""

import math

import pytest
import torch
from torch import nn

from solv.models.softmax_law.normalised_classifier import train_classifier

X = torch.randn(40, 5, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(40) % 3


def streams(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def trained(*seeds, read_at=(0, 30), **options):
    return train_classifier(X, LABELS, read_at, streams(*seeds), **{"hidden": 4, "rate": 0.01, **options})


def test_it_takes_the_steps_of_torchs_own_layers():
    [stream] = streams(3)
    last = nn.Linear(4, 3, bias=False)
    net = nn.Sequential(nn.BatchNorm1d(5), nn.Linear(5, 4), nn.ReLU(), nn.BatchNorm1d(4), last)
    with torch.no_grad():
        net[1].weight.copy_((2 * torch.rand(4, 5, generator=stream) - 1) / math.sqrt(5))
        net[1].bias.copy_((2 * torch.rand(4, generator=stream) - 1) / math.sqrt(5))
        last.weight.zero_()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(30):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(X), LABELS).backward()
        optimizer.step()
    found = trained(3)
    assert found["loss"][0, -1].item() == pytest.approx(nn.functional.cross_entropy(net(X), LABELS).item(), rel=1e-3)
    assert found["loss"][0, 0].item() == pytest.approx(math.log(3))
    assert found["scale"][0, 0].item() == 0


def test_trainings_together_are_each_alone():
    together = trained(1, 2)
    for place, seed in enumerate((1, 2)):
        for name, values in trained(seed).items():
            assert together[name][place].tolist() == pytest.approx(values[0].tolist(), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("change", [{"hidden": 0}, {"rate": 0.0}, {"read_at": (3, 3)}])
def test_what_is_out_of_range_is_refused(change):
    with pytest.raises(ValueError, match="valid"):
        trained(0, **change)
