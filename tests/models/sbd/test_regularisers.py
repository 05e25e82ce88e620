"""Are what regularises activations and weights the gradients of their objectives?"""

import pytest
import torch

from solv.models.sbd.regularisers import told_by_activations, update_inverse, weight_entropy_gradient


@pytest.mark.parametrize("batch", [4, 10])
def test_the_running_inverse_is_the_inverse(batch):
    generator = torch.Generator().manual_seed(0)
    correlation, inverse = torch.eye(7).repeat(2, 1, 1), torch.eye(7).repeat(2, 1, 1)
    for _ in range(20):
        seen = torch.randn(2, batch, 7, generator=generator)
        correlation = 0.9 * correlation + 0.1 / batch * seen.transpose(1, 2) @ seen
        inverse = update_inverse(inverse, seen, 0.9)
    torch.testing.assert_close(inverse, torch.linalg.inv(correlation), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("batch", [4, 10])
def test_activations_that_grow_without_bound_are_an_error_of_one_line(batch):
    seen = torch.full((1, batch, 7), float("inf"))
    with pytest.raises(ArithmeticError, match="without bound"):
        update_inverse(torch.eye(7)[None], seen, 0.9)


def test_what_activations_are_told_is_the_gradient_of_power_and_sparsity():
    h = torch.rand(2, 6, 5, dtype=torch.float64).requires_grad_()
    objective = 0.3 * ((h.square().mean(1) - 0.5) ** 2).sum() + 0.2 * h.sum() / 6
    [expected] = torch.autograd.grad(objective, h)
    told = told_by_activations(h.detach(), power=0.3, power_target=0.5, sparsity=0.2)
    torch.testing.assert_close(told / 6, expected)


@pytest.mark.parametrize(
    ("size", "axis"),
    [((2, 4, 3, 2, 2), 1), ((2, 9, 2, 1, 2), 1), ((2, 6, 5, 3), 3)],
    ids=["few kernels", "more kernels than inputs", "local connections"],
)
def test_the_weight_entropy_s_gradient_is_autograd_s(size, axis):
    weight = torch.randn(size, generator=torch.Generator().manual_seed(1), dtype=torch.float64).requires_grad_()
    unrolled = weight.movedim(axis, 1).flatten(2)
    channels, inputs = unrolled.shape[1:]
    covariance = (
        unrolled @ unrolled.transpose(1, 2) / inputs
        if channels <= inputs
        else unrolled.transpose(1, 2) @ unrolled / channels
    )
    ridged = covariance + 1e-3 * torch.eye(covariance.shape[-1], dtype=torch.float64)
    [expected] = torch.autograd.grad(0.5 * torch.logdet(ridged).sum(), weight)
    torch.testing.assert_close(weight_entropy_gradient(weight.detach(), axis, 1e-3), expected)
