"""Does the coordinate check tell a parameterization that transfers from one that does not, on any module?"""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from solv.models.coordinate_check import Subject, check_coordinates

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "examples"))
import two_perceptrons

WIDTHS = [64, 128, 256, 512]


def by_module(found):
    return {each.module: each for each in found}


def test_standard_parameterization_grows_and_the_transferring_one_stays():
    standard = by_module(check_coordinates(two_perceptrons.standard, WIDTHS, seeds=16))
    transferring = by_module(check_coordinates(two_perceptrons.transferring, WIDTHS, seeds=16))
    assert standard["2"].verdict == "grows"
    assert standard["2"].slope == pytest.approx(1, abs=0.2)
    assert transferring["2"].verdict == "order one"
    assert standard["0"].verdict == transferring["0"].verdict == "order one"


def test_the_learned_part_of_a_linear_layer_is_its_input_times_what_its_weights_gained():
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(1))
    made = {}

    def build(width):
        model = nn.Linear(3, width, bias=False)
        made[width] = model, model.weight.detach().clone()
        return Subject(model, torch.optim.SGD(model.parameters(), 0.1), lambda step: model(x).square().mean())

    [found] = check_coordinates(build, [4, 8], steps=3, seeds=1)
    for column, width in enumerate([4, 8]):
        model, start = made[width]
        expected = float((x @ (model.weight.detach() - start).T).square().mean().sqrt())
        assert found.learned[0, column] == pytest.approx(expected, rel=1e-5)
        assert found.change[0, column] == pytest.approx(expected, rel=1e-5)  # the input does not change
    assert math.isnan(found.error)
    assert found.verdict == "undecided"


def test_a_frozen_module_does_not_learn_and_an_embedding_does():
    tokens = torch.arange(5)

    def build(width):
        model = nn.Sequential(nn.Embedding(5, width), nn.LayerNorm(width), nn.Linear(width, 2))
        model[2].requires_grad_(False)
        trained = [*model[0].parameters(), *model[1].parameters()]
        return Subject(model, torch.optim.Adam(trained, 0.01), lambda step: model(tokens).square().mean())

    found = by_module(check_coordinates(build, [8, 16], seeds=2))
    assert found["2"].verdict == "does not learn"
    assert np.isfinite(found["0"].slope)
    assert np.isfinite(found["1"].slope)


@pytest.mark.parametrize(
    ("sizes", "rest"), [([4], {}), ([4, 4], {}), ([0, 4], {}), ([4, 8], {"steps": 0}), ([4, 8], {"seeds": 0})]
)
def test_wrong_numbers_are_named(sizes, rest):
    with pytest.raises(ValueError, match="valid"):
        check_coordinates(two_perceptrons.standard, sizes, **rest)


def test_a_factory_of_something_else_is_named():
    with pytest.raises(TypeError, match="Linear"):
        check_coordinates(lambda width: nn.Linear(1, width), [4, 8])
