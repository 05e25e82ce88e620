"""Do students of a grid take the steps of torch's optimisers on the divergence, alone and together, killed or not?"""

import math

import numpy as np
import pytest
import torch

from solv.models.softmax_law.student_grid import GridStudent, curvature, normalised_inputs, train_grid

CLASSES, INPUTS = 7, 4


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


def teacher(seed=0):
    return torch.randn(CLASSES, INPUTS, generator=stream(seed))


def trained(students, read_at=(0, 3, 6), **options):
    return train_grid(students, normalised_inputs(64, INPUTS, stream(9)), read_at, stream(1), batch=32, **options)


@pytest.mark.parametrize("rule", ["adam", "sgd"])
def test_a_student_takes_the_steps_of_torch(rule):
    true, shown, rate, decay, temperature = teacher(), normalised_inputs(64, INPUTS, stream(9)), 0.1, 0.05, 0.5
    weights = torch.nn.Parameter(torch.zeros(CLASSES, INPUTS))
    if rule == "adam":
        optimizer = torch.optim.AdamW([weights], lr=rate, weight_decay=decay)
    else:
        optimizer, decay = torch.optim.SGD([weights], lr=rate), 0.0
    batches = stream(1)
    for _ in range(6):
        x = normalised_inputs(32, INPUTS, batches)
        target = (x @ true.mT / temperature).log_softmax(-1)
        optimizer.zero_grad()
        own = (x @ weights.mT).log_softmax(-1)
        torch.nn.functional.kl_div(own, target, reduction="batchmean", log_target=True).backward()
        optimizer.step()
    found = trained([GridStudent(true, temperature, rate, None, decay)], rule=rule)
    log_target, own = (shown @ true.mT / temperature).log_softmax(-1), (shown @ weights.mT).log_softmax(-1)
    loss = torch.nn.functional.kl_div(own, log_target, reduction="batchmean", log_target=True)
    centred = weights - weights.mean(0)
    assert found["loss"][0, -1].item() == pytest.approx(loss.item(), rel=1e-4)
    assert found["norm"][0, -1].item() == pytest.approx(centred.norm().item(), rel=1e-4)
    assert found["scale"][0, -1].item() == pytest.approx(
        (shown @ weights.mT).std(-1, correction=0).mean().item(), rel=1e-4
    )


def test_students_together_are_each_alone_in_the_order_in_which_they_were_given():
    first, second = teacher(0), teacher(1)
    students = [
        GridStudent(first, 0.1, 0.03),
        GridStudent(second, 0.1, 0.03),
        GridStudent(first, 1.0, 0.1, second / 3),
        GridStudent(first, 0.1, 0.2, None, 0.05),
    ]
    together = trained(students)
    for place, student in enumerate(students):
        for name, values in trained([student]).items():
            np.testing.assert_allclose(together[name][place], values[0], rtol=1e-4, atol=1e-7)


def test_a_student_that_starts_at_its_target_has_no_loss_and_is_aligned():
    true = teacher()
    found = trained([GridStudent(true, 0.5, 0.01, true / 0.5)], read_at=(0,))
    assert found["loss"].item() == pytest.approx(0, abs=1e-12)
    assert found["gradient"].item() == pytest.approx(0, abs=1e-7)
    assert found["alignment"].item() == pytest.approx(1)
    zero = trained([GridStudent(true, 0.5, 0.01)], read_at=(0,))
    assert zero["norm"].item() == 0
    assert zero["alignment"].item() == 0


def test_a_schedule_scales_the_rate_of_each_step():
    once = trained([GridStudent(teacher(), 0.5, 0.1)], read_at=(1,), rule="sgd", schedule=lambda step: 0.5)
    half = trained([GridStudent(teacher(), 0.5, 0.05)], read_at=(1,), rule="sgd")
    assert once["loss"].item() == pytest.approx(half["loss"].item(), rel=1e-6)


def test_a_killed_training_goes_on_with_the_same_bits():
    students = [GridStudent(teacher(), 0.1, 0.1), GridStudent(teacher(), 0.5, 0.1)]
    whole, states = trained(students), []
    trained(students, save=states.append, save_every=4)
    assert len(states) == 1
    again = trained(students, saved=states[0])
    for name, values in whole.items():
        assert torch.equal(values, again[name])


def test_other_numbers_of_the_weights_are_read_at_the_same_times():
    students = [GridStudent(teacher(), 0.1, 0.1), GridStudent(teacher(1), 0.5, 0.1)]
    found = trained(students, also=lambda weights: {"largest": weights.amax((1, 2)), "pair": weights[:, 0, :2]})
    assert found["largest"].shape == (2, 3)
    assert found["pair"].shape == (2, 3, 2)


def test_curvature_is_that_of_the_whole_hessian():
    weights, shown = teacher(3), normalised_inputs(50, INPUTS, stream(4)).double()

    def loss(flat):
        return (shown @ flat.view(CLASSES, INPUTS).mT).logsumexp(-1).mean()

    hessian = torch.autograd.functional.hessian(loss, weights.double().flatten())
    values, trace = curvature(weights, shown, largest=3)
    known = torch.linalg.eigvalsh(hessian).flip(0)[:3]
    np.testing.assert_allclose(values, known, rtol=2e-3)
    assert trace == pytest.approx(hessian.trace().item(), rel=1e-5)


def test_inputs_have_the_norm_of_their_dimension():
    x = normalised_inputs(10, 9, stream())
    np.testing.assert_allclose(x.norm(dim=1), 3, rtol=1e-5)


@pytest.mark.parametrize(
    "change", [{"temperature": 0.0}, {"rate": math.inf}, {"decay": -1.0}, {"start": torch.zeros(2, 2)}]
)
def test_a_student_out_of_range_is_refused(change):
    with pytest.raises(ValueError, match="valid"):
        GridStudent(**{"teacher": teacher(), "temperature": 1.0, "rate": 0.1, **change})


def test_a_grid_out_of_range_is_refused():
    with pytest.raises(ValueError, match="valid"):
        trained([])
    with pytest.raises(ValueError, match="valid"):
        trained([GridStudent(teacher(), 1.0, 0.1)], read_at=(3, 3))
    with pytest.raises(ValueError, match="valid"):
        curvature(teacher(), normalised_inputs(5, INPUTS, stream()), largest=0)
