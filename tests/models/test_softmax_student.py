"""Does a student of a softmax teacher descend as the closed forms say?"""

import math

import numpy as np
import pytest
import torch

from models.softmax_student import descend, draw_teacher


def streams(count, seed=0):
    return [torch.Generator().manual_seed(seed + r) for r in range(count)]


def teacher(classes=4, d=4, samples=2000, repeats=2, seed=0):
    weights = np.random.default_rng(seed).standard_normal((repeats, classes, d)) / math.sqrt(d)
    return draw_teacher(torch.as_tensor(weights), streams(repeats), samples)


def test_an_untrained_student_of_a_one_hot_teacher_loses_log_of_the_number_of_classes():
    found = descend(teacher(classes=5), [math.inf], [1.0], [0])
    assert found.loss.numpy() == pytest.approx(math.log(5), rel=1e-6)
    assert found.norm.abs().max() == 0


@pytest.mark.parametrize("beta", [2.0, math.inf])
def test_the_written_out_gradient_is_that_of_autograd(beta):
    made = teacher(repeats=1)
    rate = 0.7
    first = descend(made, [beta], [rate], [0, 1])
    weights = torch.zeros(4, 4, requires_grad=True)
    logits = made.x[0] @ made.weights[0].T
    target = (
        torch.nn.functional.one_hot(logits.argmax(-1), 4).float() if math.isinf(beta) else (beta * logits).softmax(-1)
    )
    torch.nn.functional.cross_entropy(made.x[0] @ weights.T, target).backward()
    assert weights.grad is not None
    assert float(first.gradient[0, 0, 0]) == pytest.approx(float(weights.grad.norm()), rel=1e-4)
    assert float(first.norm[0, 0, 1]) == pytest.approx(rate * float(weights.grad.norm()), rel=1e-4)


def test_targets_that_share_a_batch_train_as_they_do_alone():
    made, rates = teacher(), [1.0] * 20
    together = descend(made, [1.0, 4.0, math.inf], rates, [20])
    for index, beta in enumerate([1.0, 4.0, math.inf]):
        alone = descend(made, [beta], rates, [20])
        assert together.loss[:, index].numpy() == pytest.approx(alone.loss[:, 0].numpy(), rel=1e-4)


def test_a_peaked_target_of_moderate_temperature_is_learned_exactly():
    made = teacher(seed=3)
    found = descend(made, [1.0], [1.0] * 400, [400], streams=streams(2, 9), batch=256)
    assert float(found.loss.max()) < 1e-4
    assert found.norm[:, 0, 0].numpy() == pytest.approx(made.weights.norm(dim=(1, 2)).numpy(), rel=0.02)


def test_normalised_steps_never_move_the_weights_by_more_than_the_rate():
    found = descend(teacher(), [math.inf], [0.1] * 50, [1, 50], rule="normalised")
    assert found.norm[:, 0, 0].numpy() == pytest.approx(0.1, rel=1e-5)
    assert float(found.norm[:, 0, 1].max()) <= 5.0001


def test_the_first_step_of_adam_moves_every_weight_by_the_rate():
    found = descend(teacher(), [math.inf], [0.01], [1], rule="adam")
    assert found.norm.numpy() == pytest.approx(0.01 * 4, rel=1e-3)


def test_the_squared_loss_falls_at_a_constant_rate_of_its_own():
    found = descend(teacher(samples=20000), [1.0], [0.05] * 80, [0, 40, 80], rule="squared")
    decay = (found.loss[..., 1:] / found.loss[..., :-1]).numpy()
    assert decay == pytest.approx(0.95 ** (2 * 40), rel=0.25)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"betas": [0.0]}, "betas"),
        ({"betas": [math.inf], "rule": "squared"}, "squared"),
        ({"rates": [math.nan]}, "rates"),
        ({"read_at": [2]}, "read_at"),
        ({"read_at": []}, "read_at"),
    ],
)
def test_invalid_arguments_are_named(change, message):
    arguments = {"betas": [1.0], "rates": [1.0], "read_at": [1], **change}
    with pytest.raises(ValueError, match=message):
        descend(teacher(), **arguments)


def test_a_teacher_of_one_class_is_refused():
    with pytest.raises(ValueError, match="V >= 2"):
        draw_teacher(torch.zeros(1, 1, 3), streams(1), 10)
