"""Is a model the same in one process without a group, in a group of one, and cut into shards?"""

import pytest
import torch
import torch.distributed as dist
from torch import nn

from solv.models.language.sharding import (
    Place,
    full,
    gradients_stay_here,
    like,
    local,
    place,
    process_group,
    release,
    spread,
    total,
)


class Blocks(nn.Module):
    """Two blocks in a list, as a decoder has them."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])

    def forward(self, x):
        for block in self.blocks:
            x = torch.tanh(block(x))
        return x


def model():
    made, generator = Blocks(), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return made


@pytest.fixture
def group(tmp_path):
    """A group of this process alone."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_without_torchrun_there_is_no_group(monkeypatch):
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    assert place() == Place(0, 1)
    with process_group("cuda:1") as device:
        assert device == "cuda:1"
        assert not dist.is_initialized()
    value = torch.ones(3)
    assert total(value) is value
    with pytest.raises(ValueError, match=r"parallel = fsdp needs a process group; start with: torchrun"):
        spread(model(), "fsdp")


def test_ordinary_tensors_are_left_alone():
    value = torch.ones(3, requires_grad=True)
    assert local(value).data_ptr() == value.data_ptr()
    assert not local(value).requires_grad
    assert full(value).data_ptr() != value.data_ptr()
    cast = like(torch.ones(2, dtype=torch.float64), torch.ones(2))
    assert cast.dtype == torch.float32
    release(model())  # nothing was gathered


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_a_spread_model_has_the_gradients_of_the_plain_one(group, parallel):
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    plain, own = model(), model()
    plain(x).square().sum().backward()
    called = spread(own, parallel)
    with gradients_stay_here(called, True):
        called(x[:2]).square().sum().backward()
    with gradients_stay_here(called, False):
        called(x[2:]).square().sum().backward()
    for expected, found in zip(plain.parameters(), own.parameters(), strict=True):
        torch.testing.assert_close(full(found.grad), expected.grad)
        torch.testing.assert_close(full(found), expected.detach())
        torch.testing.assert_close(full(like(expected.detach(), found)), expected.detach())
        assert local(found).shape == expected.shape  # one process holds all of it


def test_a_sum_over_processes_leaves_its_argument(group):
    value = torch.tensor([1.0, 2.0])
    summed = total(value)
    summed += 1
    assert value.tolist() == [1, 2]
    assert place() == Place(0, 1)
