"""Do stacks of residual blocks take the steps of torch's own layers, and each student alone?"""

import math

import pytest
import torch
from torch import nn

from solv.models.softmax_law.residual_stack import (
    as_teacher,
    divergence_and_gradient,
    draw_stack,
    stack_logits,
    train_stacks,
)

WIDTH, CLASSES = 4, 6


def stream(seed):
    return torch.Generator().manual_seed(seed)


def drawn(layers=2, seed=0):
    return draw_stack(stream(seed), layers=layers, width=WIDTH, classes=CLASSES)


TEACHER = as_teacher(drawn(5, seed=9))


class Stack(nn.Module):
    def __init__(self, parameters):
        super().__init__()
        self.blocks = nn.ModuleList()
        for layer in range(parameters["into"].shape[1]):
            into, out = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH, bias=False)
            with torch.no_grad():
                into.weight.copy_(parameters["into"][0, layer])
                into.bias.copy_(parameters["bias"][0, layer])
                out.weight.copy_(parameters["out"][0, layer])
            self.blocks.append(nn.ModuleList([into, out]))
        self.head = nn.Linear(WIDTH, CLASSES, bias=False)
        with torch.no_grad():
            self.head.weight.copy_(parameters["head"][0])

    def forward(self, x):
        x = nn.functional.rms_norm(x, (WIDTH,))
        for into, out in self.blocks:
            x = x + out(nn.functional.relu(into(nn.functional.rms_norm(x, (WIDTH,)))) ** 2)
        return self.head(nn.functional.rms_norm(x, (WIDTH,)))


def trained(temperatures=(0.5,), students=None, read_at=(1, 4, 30), seed=7, **options):
    students = {2: drawn()} if students is None else students
    return train_stacks(
        TEACHER, temperatures, students, read_at, stream(seed), **{"rate": 0.01, "batch": 16, **options}
    )


def test_logits_are_those_of_torchs_own_layers():
    x = torch.randn(1, 20, WIDTH, generator=stream(1))
    torch.testing.assert_close(stack_logits(TEACHER, x)[0], Stack(TEACHER)(x[0]), rtol=1e-4, atol=1e-5)


def test_the_gradient_is_that_of_automatic_differentiation_for_each_copy():
    pair = {name: torch.cat([value, drawn(seed=3)[name]]).double().requires_grad_() for name, value in drawn().items()}
    x = torch.randn(1, 16, WIDTH, generator=stream(1), dtype=torch.float64)
    teacher = {name: value.double() for name, value in TEACHER.items()}
    target = (torch.tensor([[[1.0]], [[5.0]]]) * stack_logits(teacher, x)).log_softmax(-1)
    expected = (target.exp() * (target - stack_logits(pair, x).log_softmax(-1))).sum(-1).mean(-1)
    gradients = torch.autograd.grad(expected.sum(), list(pair.values()))
    losses, found = divergence_and_gradient(pair, x, target, target.exp())
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(list(found.values()), list(gradients))


def test_training_takes_the_steps_of_torchs_adam_and_reads_means_between_readings():
    start = drawn()
    net, inputs, losses = Stack({**start, "out": 0 * start["out"], "head": 0 * start["head"]}), stream(7), []
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(30):
        x = torch.randn(1, 16, WIDTH, generator=inputs)
        target = (2 * stack_logits(TEACHER, x)[0]).log_softmax(-1)
        loss = nn.functional.kl_div(net(x[0]).log_softmax(-1), target, reduction="batchmean", log_target=True)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = trained()[2]
    expected = [losses[0], sum(losses[1:4]) / 3, sum(losses[4:]) / 26]
    assert found["loss"][0].tolist() == pytest.approx(expected, rel=1e-3)
    assert found["scale"][0, -1].item() == pytest.approx(net(x[0]).std(-1, correction=0).mean().item(), rel=1e-2)


def test_students_of_all_temperatures_and_depths_are_each_alone():
    depths = {1: drawn(1), 2: drawn()}
    together = trained((0.5, 0.1), depths)
    for place, temperature in enumerate((0.5, 0.1)):
        for depth, start in depths.items():
            alone = trained((temperature,), {depth: start})[depth]
            assert together[depth]["loss"][place].tolist() == pytest.approx(alone["loss"][0].tolist(), rel=1e-3)


def test_a_student_starts_from_equal_chances():
    x = torch.randn(1, 16, WIDTH, generator=stream(7))
    target = (2 * stack_logits(TEACHER, x)).log_softmax(-1)
    entropy = -(target.exp() * target).sum(-1).mean()
    assert trained(read_at=(1,))[2]["loss"].item() == pytest.approx(math.log(CLASSES) - entropy.item(), rel=1e-5)


def test_a_training_that_goes_on_from_a_saved_state_ends_with_the_same_bits():
    states = []
    whole = trained((0.5, 0.1), save=lambda state: states.append(torch.load(_kept(state))), save_every=10)
    assert len(states) == 2
    again = trained((0.5, 0.1), saved=states[1], seed=1)
    assert all(torch.equal(whole[2][name], again[2][name]) for name in ("loss", "scale"))


def _kept(state):
    import io

    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    buffer.seek(0)
    return buffer


def test_a_teachers_blocks_add_what_one_would():
    many = drawn(64, seed=2)
    assert as_teacher(many)["out"].norm() == pytest.approx(many["out"].norm().item() / 8)


@pytest.mark.parametrize(
    "change", [{"temperatures": ()}, {"temperatures": (0.0,)}, {"students": {}}, {"rate": 0.0}, {"batch": 0},
               {"read_at": ()}, {"read_at": (0, 3)}, {"read_at": (3, 3)}],
)  # fmt: skip
def test_what_is_out_of_range_is_refused(change):
    with pytest.raises(ValueError, match="valid"):
        trained(**change)


@pytest.mark.parametrize("change", [{"layers": 0}, {"width": 0}, {"classes": 1}])
def test_sizes_out_of_range_are_refused(change):
    with pytest.raises(ValueError, match="valid"):
        draw_stack(stream(0), **{"layers": 1, "width": 2, "classes": 2, **change})
