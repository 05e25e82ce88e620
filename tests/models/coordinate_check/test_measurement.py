"""Does measuring leave the training as it is, and is what cannot learn told apart?"""

import torch
from torch import nn

from solv.models.coordinate_check.measurement import FROZEN, NOT_OPTIMIZED, measure
from solv.models.coordinate_check.subject import Subject

X = torch.randn(16, 4, generator=torch.Generator().manual_seed(1))


def measured(build, steps=2, seed=0):
    return measure(build, 8, steps, seed, "width", [])


def test_training_is_the_same_as_without_a_check():
    def build(width):
        model = nn.Sequential(nn.Linear(4, width), nn.BatchNorm1d(width), nn.Dropout(0.5), nn.Linear(width, 1))
        made.append(model)
        return Subject(model, torch.optim.SGD(model.parameters(), 0.1), lambda step: model(X).square().mean())

    made = []
    measured(build)
    torch.manual_seed(0)
    plain = build(8)
    for step in range(2):
        plain.optimizer.zero_grad()
        plain.loss(step).backward()
        plain.optimizer.step()
    checked = made[0].state_dict()
    assert all(torch.equal(value, checked[key]) for key, value in plain.model.state_dict().items())


def test_the_change_of_a_model_with_dropout_is_of_the_same_units():
    def build(width):
        model = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, width))
        return Subject(model, torch.optim.SGD(model.parameters(), 0.0), lambda step: model(X).square().mean())

    assert measured(build).parts["1"].change == 0


def test_frozen_parameters_and_those_that_the_optimizer_lacks_are_told_apart():
    def build(width):
        model = nn.Sequential(nn.Linear(4, width), nn.Linear(width, width), nn.Linear(width, 1))
        model[0].requires_grad_(False)
        return Subject(model, torch.optim.SGD(model[2].parameters(), 0.1), lambda step: model(X).square().mean())

    found = measured(build)
    assert found.idle["0.weight"] == FROZEN
    assert found.idle["1.weight"] == NOT_OPTIMIZED
    assert "2.weight" not in found.idle
    assert found.parts["0"].learned == found.parts["1"].learned == 0 < found.parts["2"].learned


def test_a_lazy_module_gets_its_shape_first():
    def build(width):
        model = nn.LazyLinear(width)
        return Subject(model, torch.optim.SGD(model.parameters(), 0.1), lambda step: model(X).square().mean())

    assert measured(build).tensors == {"weight": 32, "bias": 8}


def test_a_module_of_ones_own_is_followed_matrix_by_matrix_if_all_of_them_can_be():
    class Block(nn.Module):
        def __init__(self, width, hidden):
            super().__init__()
            self.a, self.b = (nn.Parameter(torch.randn(shape) / 4) for shape in ((4, width), (width, 1)))
            self.hidden = hidden

        def forward(self, x):
            b = torch.from_numpy(self.b.detach().numpy()) if self.hidden else self.b
            return torch.tanh(x @ self.a) @ b

    def build(width, hidden=False):
        model = nn.Sequential(Block(width, hidden))
        return Subject(model, torch.optim.SGD(model.parameters(), 0.1), lambda step: model(X).square().mean())

    assert measured(build).followed == {"0": True}
    assert measured(lambda width: build(width, hidden=True)).followed == {"0": False}
