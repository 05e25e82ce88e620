"""What keeps activations and weights from collapsing? Gradients of layer entropy, weight entropy, power and sparsity.

Broadcast learning takes down the correlation of activations with the score, which activations of zero, or of few
directions, do as well. Erdogan, Pehlevan and Erdogan (arXiv:2504.11558, section 2.4, appendices C.3, C.4, D.1.2, D.1.3)
add, a layer at a time,

| name | objective | here |
|---|---|---|
| power normalisation | sum_i (mean h_i^2 - P)^2, descended | `told_by_activations` |
| layer entropy | 1/2 log det(R_h + eps), ascended; fully connected layers | `update_inverse`, `told_by_activations` |
| weight entropy | 1/2 log det(W W^T / n + eps), ascended; layers of maps | `weight_entropy_gradient` |
| sparsity | sum |h|, descended | `told_by_activations` |
"""

import torch
from jaxtyping import Float
from torch import Tensor


def told_by_activations(
    h: Float[Tensor, "copies batch ..."],
    *,
    power: float = 0.0,
    power_target: float = 1.0,
    sparsity: float = 0.0,
    entropy: float = 0.0,
    inverse: Float[Tensor, "copies units units"] | None = None,
) -> Float[Tensor, "copies batch ..."]:
    """Return the gradient of a layer's regularisers with respect to its activations, times the batch.

    Args:
        h: activations of a layer, after the rectifier.
        power, power_target: strength and P of the power normalisation.
        sparsity: strength of the l1 penalty.
        entropy: strength of the layer entropy; 1 - lambda_E is absorbed in it.
        inverse: of R_h + eps, where the layer entropy is used.
    """
    told = torch.zeros_like(h)
    if power:
        told = told + 4 * power * (h.square().mean(1, keepdim=True) - power_target) * h
    if sparsity:
        told = told + sparsity
    if entropy and inverse is not None:
        told = told - entropy * torch.bmm(h.flatten(2), inverse).reshape(h.shape)
    return told


def update_inverse(
    inverse: Float[Tensor, "copies units units"], seen: Float[Tensor, "copies batch units"], memory: float
) -> Float[Tensor, "copies units units"]:
    """Return the inverse of memory A + (1 - memory) / B seen^T seen from that of A.

    By a solve of the size of the batch (Woodbury), or of the units where they are fewer.

    Raises:
        ArithmeticError: a matrix is not positive definite, since activations have grown without bound.
    """
    batch, units = seen.shape[1:]
    factor = (1 - memory) / batch
    if units < batch:
        former = torch.cholesky_inverse(_root(inverse))
        new = memory * former + factor * torch.bmm(seen.transpose(1, 2), seen)
        return torch.cholesky_inverse(_root(new))
    told = torch.bmm(seen, inverse)
    inner = torch.bmm(told, seen.transpose(1, 2)) + memory / factor * torch.eye(batch, device=seen.device)
    solved = torch.cholesky_solve(told, _root(inner))
    return (inverse - torch.bmm(told.transpose(1, 2), solved)) / memory


def _root(matrix: Float[Tensor, "copies n n"]) -> Float[Tensor, "copies n n"]:
    """Return the Cholesky factor."""
    factor, failed = torch.linalg.cholesky_ex(matrix)
    if bool(failed.any()) or not bool(torch.isfinite(factor).all()):
        raise ArithmeticError("activations of a layer with entropy grow without bound; use smaller rates")
    root: Tensor = factor
    return root


def weight_entropy_gradient(
    weight: Float[Tensor, "copies ..."], channel_axis: int, epsilon: float
) -> Float[Tensor, "copies ..."]:
    """Return the gradient of 1/2 log det(C + epsilon) with respect to the weights of a layer of maps.

    C is W W^T / n of the kernels unrolled to W, channels x n, or W^T W / channels where that is smaller (equation of
    appendix D.1.2, whose kernels are not centred).

    Args:
        weight: of a convolution or of local connections.
        channel_axis: the axis of `weight` that is the output channel.
        epsilon: >= 0; > 0 where there are more directions than kernels.
    """
    moved = weight.movedim(channel_axis, 1)
    unrolled = moved.flatten(2)
    channels, inputs = unrolled.shape[1:]
    if channels <= inputs:
        covariance = torch.bmm(unrolled, unrolled.transpose(1, 2)) / inputs
        found = torch.linalg.solve(_ridged(covariance, epsilon), unrolled) / inputs
    else:
        covariance = torch.bmm(unrolled.transpose(1, 2), unrolled) / channels
        found = torch.linalg.solve(_ridged(covariance, epsilon), unrolled.transpose(1, 2)).transpose(1, 2) / channels
    gradient: Tensor = found.reshape(moved.shape).movedim(1, channel_axis)
    return gradient


def _ridged(covariance: Float[Tensor, "copies n n"], epsilon: float) -> Float[Tensor, "copies n n"]:
    return covariance + epsilon * torch.eye(covariance.shape[-1], device=covariance.device, dtype=covariance.dtype)
