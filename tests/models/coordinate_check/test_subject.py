"""Is a factory understood however it is written, and is what is wrong in it said as its own fault?"""

import functools
from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from solv.models.coordinate_check.subject import FactoryError, Subject, make

X = torch.ones(4, 3)


def three(width):
    model = nn.Linear(3, width)
    return model, torch.optim.SGD(model.parameters(), 0.1), lambda step: model(X).square().mean()


@dataclass
class Own:
    model: nn.Module
    optimizer: torch.optim.Optimizer
    loss: Any


class Trainer:
    """A class as factory: its instances hold the three."""

    def __init__(self, width):
        self.model, self.optimizer, self._loss = three(width)

    def loss(self, step):
        return self._loss(step)


class Builder:
    def __call__(self, width):
        return Subject(*three(width))

    def build(self, width):
        return Subject(*three(width))

    @staticmethod
    def of(width):
        return Subject(*three(width))

    @classmethod
    def made(cls, width):
        return Subject(*three(width))


def with_depth(depth, width):
    return Subject(*three(width * depth))


def keyword_only(*, width):
    return Subject(*three(width))


def with_default(width, rate=0.1):
    return Subject(*three(width))


def with_rest(*sizes, **others):
    return Subject(*three(*sizes))


def named_otherwise(n_embd):
    return Subject(*three(n_embd))


Triple = namedtuple("Triple", "model optimizer loss")

WAYS = {
    "subject": lambda width: Subject(*three(width)),
    "tuple": three,
    "list": lambda width: list(three(width)),
    "dictionary": lambda width: dict(zip(("model", "optimizer", "loss"), three(width), strict=True)),
    "dataclass": lambda width: Own(*three(width)),
    "namespace": lambda width: SimpleNamespace(model=(made := three(width))[0], optimizer=made[1], loss=made[2]),
    "named tuple": lambda width: Triple(*three(width)),
    "class": Trainer,
    "instance": Builder(),
    "bound method": Builder().build,
    "static method": Builder.of,
    "class method": Builder.made,
    "partial": functools.partial(with_depth, 2),
    "keyword-only": keyword_only,
    "default": with_default,
    "rest": with_rest,
    "another name": named_otherwise,
    "size last": functools.partial(with_depth, depth=2),
    "wrapped": functools.wraps(with_default)(lambda *args, **kwargs: with_default(*args, **kwargs)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_factory_may_be_written_in_any_of_these_ways(way):
    trained = make(WAYS[way], 5, "width")
    assert trained.model.weight.shape[0] in (5, 10)
    before = trained.model.weight.detach().clone()
    assert trained.step(0) > 0
    assert not torch.equal(before, trained.model.weight)


def test_the_size_goes_to_the_parameter_of_its_name():
    def build(width=64, depth=2):
        return three(width + depth)

    assert make(build, 8, "depth").model.weight.shape[0] == 72
    assert make(build, 8, "width").model.weight.shape[0] == 10
    assert make(build, 8, "experts").model.weight.shape[0] == 10  # no such parameter: the first


class Output(dict):
    @property
    def loss(self):
        return self["loss"]


LOSSES = {
    "a tensor of one value": lambda value: value[None],
    "a dictionary": lambda value: {"loss": value, "logits": None},
    "a model output": lambda value: Output(loss=value),
    "an object": lambda value: SimpleNamespace(loss=value),
    "a tuple": lambda value: (value, "logits"),
}


@pytest.mark.parametrize("form", LOSSES)
@pytest.mark.parametrize("takes_step", [True, False])
def test_a_loss_may_be_part_of_what_is_returned_and_may_ignore_the_step(form, takes_step):
    def build(width):
        model, optimizer, loss = three(width)
        returned = LOSSES[form]
        return Subject(
            model, optimizer, (lambda step: returned(loss(step))) if takes_step else lambda: returned(loss(0))
        )

    losses = []
    for factory in (build, three):
        torch.manual_seed(0)
        losses.append(make(factory, 4).step(0))
    assert losses[0] == losses[1]


def test_an_optimizer_that_wants_a_closure_and_several_optimizers_train():
    def closure(width):
        model, _, loss = three(width)
        return Subject(model, torch.optim.LBFGS(model.parameters()), loss)

    def several(width):
        model, _, loss = three(width)
        return Subject(model, [torch.optim.SGD([model.weight], 0.1), torch.optim.SGD([model.bias], 0.1)], loss)

    for build in (closure, several):
        trained = make(build, 4)
        start = [each.detach().clone() for each in trained.model.parameters()]
        trained.step(0)
        assert all(not torch.equal(a, b) for a, b in zip(start, trained.model.parameters(), strict=True))


def failing(width):
    return [][width]


def leaving(width):
    raise SystemExit(3)


def failing_loss(width):
    model, optimizer, _ = three(width)
    return Subject(model, optimizer, lambda step: model(torch.ones(4, width)).mean())


def loss_of(returned):
    def build(width):
        model, optimizer, loss = three(width)
        return Subject(model, optimizer, lambda step: returned(model, loss(step)))

    return build


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        (failing, r"at width 7: IndexError: list index out of range \(test_subject.py:\d+, in failing\)"),
        (leaving, r"at width 7: it ended the program, SystemExit: 3 \(test_subject.py:\d+, in leaving\)"),
        (failing_loss, r"at width 7: RuntimeError: mat1 and mat2 .* \(test_subject.py:\d+, in <lambda>\)"),
        (with_depth, "the factory needs depth beside the width"),
        (lambda: None, "takes no argument"),
        (loss_of(lambda model, loss: model(X).square()), r"shape \(4, 7\), not one number"),
        (loss_of(lambda model, loss: loss.item()), "the loss is a float"),
        (loss_of(lambda model, loss: None), "the loss is None"),
        (loss_of(lambda model, loss: loss.detach()), "does not depend on any trainable parameter"),
    ],
)
def test_a_fault_of_the_factory_is_told_as_its_own(factory, said):
    with pytest.raises(FactoryError, match=said):
        make(factory, 7, "width").step(0)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (nn.Linear(1, 1), "returned Linear"),
        (None, "returned NoneType"),
        ((1, 2), "a tuple of 2"),
        ((1, 2, 3), "is a int; valid: a torch.nn.Module"),
        ((nn.Linear(1, 1), 2, 3), "the optimizer that the factory returned is int"),
        (Subject(nn.Linear(1, 1), torch.optim.SGD(nn.Linear(1, 1).parameters(), 1), 3), "the loss .* is a int"),
    ],
)
def test_what_is_no_subject_is_named(made, said):
    with pytest.raises(TypeError, match=said):
        make(lambda width: made, 4)


def test_ctrl_c_is_not_their_fault():
    def build(width):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(build, 4)
