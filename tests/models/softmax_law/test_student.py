"""Does a student of a softmax teacher descend as the closed forms say, whatever shares its batch?"""

import math

import numpy as np
import pytest
import torch

from solv.models.softmax_law import student as module
from solv.models.softmax_law.student import Student, descend, draw_inputs
from solv.theory.softmax_law.loss import aligned_flow, two_classes


def streams(count=2, seed=0):
    return [torch.Generator().manual_seed(seed + r) for r in range(count)]


def teachers(classes=4, d=4, repeats=2, seed=0):
    return torch.as_tensor(np.random.default_rng(seed).standard_normal((repeats, classes, d)) / math.sqrt(d))


def inputs(samples=2000, d=4, repeats=2):
    return draw_inputs(streams(repeats), samples, d)


def alone(student, x, **rest):
    return descend([student], x, **rest)[0]


def test_an_untrained_student_of_a_one_hot_teacher_loses_log_of_the_number_of_classes():
    found = alone(Student(teachers(classes=5), math.inf, [1.0], [0]), inputs())
    assert found.loss.numpy() == pytest.approx(math.log(5), rel=1e-9)
    assert found.norm.abs().max() == 0


@pytest.mark.parametrize("beta", [2.0, math.inf])
def test_loss_gradient_and_step_are_those_of_autograd(beta):
    true, x, rate = teachers(repeats=1), inputs(repeats=1), 0.7
    found = alone(Student(true, beta, [rate, rate], [0, 1, 2]), x)
    logits = x[0].double() @ true[0].T
    target = (
        torch.nn.functional.one_hot(logits.argmax(-1), 4).double() if math.isinf(beta) else (beta * logits).softmax(-1)
    )
    weights = torch.zeros(4, 4, dtype=torch.float64)
    for step in range(3):
        weights = weights.detach().requires_grad_()
        log_student = (x[0].double() @ weights.T).log_softmax(-1)
        loss = (torch.special.xlogy(target, target) - target * log_student).sum(-1).mean()
        (gradient,) = torch.autograd.grad(loss, weights)
        assert float(found.loss[0, step]) == pytest.approx(loss.item(), rel=1e-6)
        assert float(found.gradient[0, step]) == pytest.approx(float(gradient.norm()), rel=1e-5)
        assert float(found.norm[0, step]) == pytest.approx(weights.norm().item(), rel=1e-6)
        weights = weights - rate * gradient


@pytest.mark.parametrize("fresh", [True, False])
def test_students_of_any_number_of_classes_and_steps_train_together_as_they_do_alone(fresh):
    few, many, x = teachers(classes=2), teachers(classes=5, seed=1), inputs()
    every = [
        Student(few, math.inf, [0.5] * 30, [3, 30]),
        Student(many, 4.0, [1.0] * 20, [20]),
        Student(many, 1.0, [0.8] * 40, [0, 40]),
        Student(few, 2.0, [0.7] * 10, [10]),
        Student(many, math.inf, [0.1] * 25, [25], "normalised"),
        Student(many, math.inf, [0.02] * 25, [1, 25], "adam", (0.9, 0.9)),
        Student(few, 1.0, [0.1] * 5, [5], "squared"),
    ]
    rest = {"batch": 64}
    together = descend(every, x, streams=streams(seed=7) if fresh else (), **rest)
    for student, found in zip(every, together, strict=True):
        expected = alone(student, x, streams=streams(seed=7) if fresh else (), **rest)
        for name in ("loss", "norm", "gradient"):
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-4, err_msg=str(student))


def test_students_of_equal_teachers_share_their_logits_also_where_the_tensors_are_copies(monkeypatch):
    asked = []
    monkeypatch.setattr(
        module._Block, "targets", lambda self, x, real=module._Block.targets: asked.append(self) or real(self, x)
    )
    true, steps = teachers(), 3
    every = [Student(true.clone(), beta, [1.0] * steps, [steps]) for beta in (1.0, 4.0, math.inf)]
    descend(every, inputs(), streams=streams(seed=1), batch=8)
    assert len(asked) == steps  # one block, asked once a step


def test_a_training_that_goes_on_from_a_saved_state_ends_with_the_same_bits():
    x, true = inputs(), teachers()
    every = [
        Student(true, 2.0, [1.0] * 12, [4, 12]),
        Student(true, math.inf, [0.5] * 40, [0, 25, 40]),
        Student(true, math.inf, [0.02] * 40, [40], "adam"),
    ]
    states = []
    whole = descend(every, x, streams=streams(seed=3), batch=32, save=states.append, save_every=12)
    assert [state["step"] for state in states] == [12, 24, 36]
    for state in states:
        resumed = descend(every, x, streams=streams(seed=99), batch=32, saved=state)
        for one, other in zip(whole, resumed, strict=True):
            assert all(torch.equal(getattr(one, name), getattr(other, name)) for name in ("loss", "norm", "gradient"))


def test_each_step_is_told_with_the_number_of_students_that_take_it():
    told = []
    every = [Student(teachers(), 1.0, [1.0] * 3, [2]), Student(teachers(), 2.0, [1.0] * 3, [3])]
    descend(every, inputs(), told=lambda step, count: told.append((step, count)))
    assert told == [(1, 2), (2, 2), (3, 1)]


def test_a_target_of_moderate_temperature_is_learned_exactly():
    true = teachers(seed=3)
    found = alone(Student(true, 1.0, [1.0] * 400, [400]), inputs(), streams=streams(seed=9), batch=256)
    assert float(found.loss.max()) < 1e-4
    centred = true - true.mean(dim=1, keepdim=True)
    assert found.norm[:, 0].numpy() == pytest.approx(centred.norm(dim=(1, 2)).numpy(), rel=0.02)


def test_students_of_two_classes_follow_the_aligned_flow_for_every_target():
    """All directions of two classes are alike, so that the student is aligned with its teacher throughout."""
    true, x = teachers(classes=2, d=3, repeats=1), draw_inputs(streams(1), 40_000, 3)
    rate, at = 0.05, [10, 20, 60, 200, 600]
    norm = float((true - true.mean(dim=1, keepdim=True)).norm())
    betas = [1.0, 4.0, 16.0, math.inf]
    found = descend([Student(true, beta, [rate] * 600, at) for beta in betas], x)
    for beta, descent in zip(betas, found, strict=True):
        flow = aligned_flow(rate * np.array(at), beta * norm, two_classes())
        seen = flow.loss > 1e-3
        assert seen.sum() >= 2
        # 3 standard errors of 40 000 inputs are 2 % at a = 4; steps of 0.05 are worth 1 % of the time
        np.testing.assert_allclose(descent.loss[0].numpy()[seen], flow.loss[seen], rtol=0.04)
        np.testing.assert_allclose(descent.norm[0].numpy()[seen], flow.scale[seen], rtol=0.03)


def test_what_all_classes_of_a_teacher_share_changes_nothing():
    true, x = teachers(), inputs()
    for rule, beta in (("descent", 2.0), ("squared", 1.0)):
        one, other = (alone(Student(each, beta, [0.1] * 9, [9], rule), x).loss for each in (true, true + 3))
        np.testing.assert_allclose(one, other, rtol=1e-4)


def test_normalised_steps_never_move_the_weights_by_more_than_the_rate():
    found = alone(Student(teachers(), math.inf, [0.1] * 50, [1, 50], "normalised"), inputs())
    assert found.norm[:, 0].numpy() == pytest.approx(0.1, rel=1e-5)
    assert float(found.norm[:, 1].max()) <= 5.0001


def test_the_first_step_of_adam_moves_every_weight_by_the_rate():
    found = alone(Student(teachers(), math.inf, [0.01], [1], "adam"), inputs())
    assert found.norm.numpy() == pytest.approx(0.01 * 4, rel=1e-3)


def test_the_squared_loss_is_that_of_the_logits_and_falls_at_a_constant_rate_of_its_own():
    true, x = teachers(), inputs(samples=20000)
    found = alone(Student(true, 1.0, [0.05] * 80, [0, 40, 80], "squared"), x)
    centred = true - true.mean(dim=1, keepdim=True)
    np.testing.assert_allclose(found.loss[:, 0], (x.double() @ centred.mT).square().sum(-1).mean(-1) / 2, rtol=1e-6)
    decay = (found.loss[:, 1:] / found.loss[:, :-1]).numpy()
    assert decay == pytest.approx(0.95 ** (2 * 40), rel=0.25)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"beta": 0.0}, "beta"),
        ({"beta": math.nan}, "beta"),
        ({"beta": math.inf, "rule": "squared"}, "squared"),
        ({"rates": [math.nan]}, "rates"),
        ({"read_at": [2]}, "read_at"),
        ({"read_at": []}, "read_at"),
        ({"read_at": [-1, 1]}, "read_at"),
        ({"weights": torch.zeros(1, 1, 3)}, "V >= 2"),
    ],
)
def test_invalid_students_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        Student(**{"weights": teachers(), "beta": 1.0, "rates": [1.0], "read_at": [1], **change})


@pytest.mark.parametrize(
    "change",
    [
        {"students": []},
        {"x": inputs(d=5)},
        {"x": inputs(repeats=3)},
        {"streams": streams(count=1)},
        {"batch": 0, "streams": streams()},
    ],
)
def test_invalid_arguments_are_named(change):
    arguments = {"students": [Student(teachers(), 1.0, [1.0], [1])], "x": inputs(), **change}
    with pytest.raises(ValueError, match="at least one"):
        descend(**arguments)
