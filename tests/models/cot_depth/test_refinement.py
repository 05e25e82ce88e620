"""Do the objectives measure the errors they are named after, whatever the padding, and do rollouts feed back?"""

import pytest
import torch

from solv.data.cot_depth.in_context_regression import draw_pretraining_pairs
from solv.models.cot_depth.refinement import chain_loss, pad, quadratic_loss, rollout, single_step_loss, teacher_states
from solv.models.cot_depth.simulation import ridgeless_steps
from solv.models.ensemble import Ensemble, Optimizer, train

D = 3


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def draw_sets(*sizes):
    """Contexts (here plain vectors) and tasks of copies with different numbers of contexts."""
    generator = seeded(0)
    contexts = [torch.randn(size, D, generator=generator, dtype=torch.float64) for size in sizes]
    return contexts, [2 * context + 0.1 for context in contexts]


def step(parameters, context, estimate):
    """Move a copy's own fraction of the way towards its context."""
    return estimate + parameters["rate"][:, None, None, None] * (context[:, :, None] - estimate)


RATES = {"rate": torch.tensor([0.5, 0.25], dtype=torch.float64)}


def written_out(contexts, tasks, rate, start, depth):
    """Errors after steps 1..depth of one copy, averaged over its contexts."""
    errors, estimate = [], start
    for _ in range(depth):
        estimate = estimate + rate * (contexts - estimate)
        errors.append((estimate - tasks).square().mean())
    return torch.stack(errors)


def test_the_chain_loss_averages_over_depths_and_real_contexts_only():
    contexts, tasks = draw_sets(5, 2)
    losses = chain_loss(step, pad(contexts, tasks), 4)(RATES, None)
    for copy, rate in enumerate((0.5, 0.25)):
        expected = written_out(contexts[copy], tasks[copy], rate, torch.zeros_like(tasks[copy]), 4).mean()
        torch.testing.assert_close(losses[copy], expected)


def test_the_single_step_loss_starts_from_zero_the_given_states_and_the_own_chain():
    contexts, tasks = draw_sets(5, 2)
    data = pad(contexts, tasks)
    states = torch.randn(2, 5, 1, D, generator=seeded(1), dtype=torch.float64)
    losses = single_step_loss(step, data, chain=2)(RATES, states)
    for copy, rate in enumerate((0.5, 0.25)):
        count = len(tasks[copy])
        own = written_out(contexts[copy], tasks[copy], rate, torch.zeros_like(tasks[copy]), 3)
        given = written_out(contexts[copy], tasks[copy], rate, states[copy, :count, 0], 1)
        torch.testing.assert_close(losses[copy], torch.cat([own, given]).mean())


def test_the_single_step_loss_sends_no_gradient_through_the_chain():
    contexts, tasks = draw_sets(4)
    data, none = pad(contexts, tasks), torch.zeros(1, 4, 0, D, dtype=torch.float64)
    rate = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(single_step_loss(step, data, chain=1)({"rate": rate}, none).sum(), rate)
    first = 0.5 * contexts[0]
    expected = sum(
        (2 * (start + 0.5 * (contexts[0] - start) - tasks[0]) * (contexts[0] - start)).mean()
        for start in (torch.zeros_like(first), first)
    )
    torch.testing.assert_close(gradient[0], expected / 2)


def test_a_rollout_feeds_its_estimate_back_and_reports_an_explosion_as_infinite():
    contexts, tasks = draw_sets(6, 6)
    data = pad(contexts, tasks)
    errors = rollout(step, RATES, data.context, data.task, 3)
    assert errors.shape == (2, 6, 4)
    torch.testing.assert_close(errors[:, :, 0], data.task.square().mean(-1))
    expected = written_out(contexts[1], tasks[1], 0.25, torch.zeros_like(tasks[1]), 3)
    torch.testing.assert_close(errors[1, :, 1:].mean(0), expected)
    wild = rollout(step, {"rate": torch.tensor([-1e200, 0.25], dtype=torch.float64)}, data.context, data.task, 4)
    assert torch.isinf(wild[0, :, -1]).all()
    torch.testing.assert_close(wild[1, :, :4], errors[1])


def test_descent_on_the_moments_ends_at_the_least_squares_step():
    count = 40
    tasks, statistics = draw_pretraining_pairs((2,), count, 6, 24, 0.1, seeded(2))
    gram, cross = statistics.mT @ statistics / count, tasks.mT @ statistics / count
    largest = torch.linalg.eigvalsh(gram)[:, -1]
    ensemble = Ensemble({"Gamma": torch.zeros_like(gram)}, Optimizer("sgd", 1 / largest, momentum=0.5))
    train(ensemble, quadratic_loss(gram, cross), lambda step: None, 400)
    fitted = ridgeless_steps(tasks, statistics, [count])[:, 0]
    torch.testing.assert_close(ensemble.parameters["Gamma"].detach(), fitted, rtol=1e-6, atol=1e-9)


def test_the_quadratic_loss_is_half_the_squared_error_up_to_a_constant():
    tasks, statistics = draw_pretraining_pairs((1,), 30, 5, 20, 0.1, seeded(3))
    gram, cross = statistics.mT @ statistics / 30, tasks.mT @ statistics / 30
    loss = quadratic_loss(gram, cross)
    gammas = torch.randn(2, 1, 5, 5, generator=seeded(4), dtype=torch.float64)
    direct = [(tasks - statistics @ gamma.mT).square().sum(-1).mean() / 2 for gamma in gammas]
    quick = [loss({"Gamma": gamma}, None)[0] for gamma in gammas]
    torch.testing.assert_close(quick[0] - quick[1], direct[0] - direct[1])


def test_teacher_states_lie_between_noise_and_the_task():
    task = torch.full((4000, D), 2.0)
    states = teacher_states(task, 2, 0.3, seeded(5))
    assert states.shape == (4000, 2, D)
    mean = states.mean()
    # the mean of u w is 1; its standard error is that of the 8000 independent fractions u, and of the noise
    assert mean.item() == pytest.approx(1, abs=4 * (2 / 12**0.5 / 8000**0.5 + 0.3 / 24000**0.5))
    quiet = teacher_states(task, 2, 0.0, seeded(5))
    assert ((quiet >= 0) & (quiet <= 2)).all()
