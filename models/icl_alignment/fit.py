"""What does linear attention learn from finitely many contexts, and how well does it do on other tasks?

Reduced linear attention predicts y_{l+1} = x^T Gamma z, icl-alignment spec, section 1: x the query token and z the
d + 1 numbers that attention keeps of the context. Gamma is the ridge fit to n contexts, lambda -> 0:

    Gamma = argmin sum_mu (y_mu - x_mu^T Gamma z_mu)^2 + (n / d) lambda |Gamma|^2.

The features x z^T have d (d + 1) entries each and are never formed: the normal operator maps a matrix P to
X^T diag(X P . Z) Z, two thin matrix products. Batch entries (repeats, task diversities) are fitted together.
"""

import torch
from jaxtyping import Float
from torch import Tensor

RIDGE = 1e-6
ROWS = 1024  # contexts of a block of the normal operator
SINGLE_PRECISION = 1.25  # contexts for an entry of Gamma from which on steps are taken in single precision
ROUND = 1e-4  # by which a round in single precision makes a residual smaller
SINGLE_STEPS = 300  # of a round, which takes 30 at twice as many contexts as entries


class NotConvergedError(ArithmeticError):
    """Conjugate gradients did not reach the tolerance."""


def fit(
    query: Float[Tensor, "batch n d"],
    memory: Float[Tensor, "batch n features"],
    target: Float[Tensor, "batch n"],
    ridge: float = RIDGE,
    tolerance: float = 1e-8,
    max_steps: int = 5000,
) -> Float[Tensor, "batch d features"]:
    """Return Gamma by conjugate gradients on the normal operator.

    When there are more contexts than entries of Gamma, the features' covariance is nearly (I / d) (x) E z z^T, and
    steps are preconditioned by the inverse of the sample's z z^T: their number then depends on n / d^2 alone. Away from
    the peak at n / d^2 = 1 they are taken in single precision, from residuals in double precision, which are what has
    to meet the tolerance. With fewer contexts the operator is singular but for the ridge, and the minimum-norm solution
    needs plain steps in double precision.

    Args:
        query, memory, target: X (batch, n, d), Z (batch, n, d + 1), y (batch, n); float64.
        ridge: lambda > 0.
        tolerance: norm of the residual of the normal equations relative to their right side, at which to stop.
        max_steps: steps in double precision after which to give up.

    Raises:
        ValueError: shapes that do not fit or ridge <= 0.
        NotConvergedError: the tolerance is not reached in max_steps; says how near n / d^2 is to the peak at 1.

    Cost: 2 n d (d + 1) multiplications per step and batch entry; about 30 steps at n = 4 d^2, 60 at 2 d^2, hundreds
    near n = d^2, against n d^2 (d + 1)^2 / 2 for the normal equations.

    """
    penalty = _penalty(query, memory, target, ridge)
    d, features = query.shape[-1], memory.shape[-1]
    n = query.shape[-2]
    operator = _NormalOperator(query, memory, penalty)
    inverse = None
    if n > d * features:
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(memory.mT @ memory / n))
    residual = query.mT @ (target[..., None] * memory)
    goal = tolerance * _norm(residual)
    gamma = torch.zeros_like(residual)
    if inverse is not None and n > SINGLE_PRECISION * d * features:
        gamma, residual = _in_single_precision(operator, residual, inverse, goal, min(max_steps, SINGLE_STEPS))
    change, left = _conjugate_gradients(operator, residual, inverse, goal, max_steps)
    if not (left > goal).any():
        return gamma + change
    tau = n / d**2
    worst = float((left / goal).max() * tolerance)
    raise NotConvergedError(
        f"conjugate gradients stopped after {max_steps} steps at relative residual {worst:.1e}, tolerance "
        f"{tolerance:.1e}: tau = n / d^2 = {tau:.4g} is {abs(tau - 1):.2g} from the interpolation peak at 1, where "
        f"the condition number diverges; move tau away from 1, or raise ridge = {ridge:g}"
    )


def fit_dense(
    query: Float[Tensor, "batch n d"],
    memory: Float[Tensor, "batch n features"],
    target: Float[Tensor, "batch n"],
    ridge: float = RIDGE,
) -> Float[Tensor, "batch d features"]:
    """Return Gamma by forming and solving the normal equations: the reference for `fit`, for small d.

    Args:
        query, memory, target, ridge: as in `fit`.

    Raises:
        ValueError: shapes that do not fit or ridge <= 0.

    Cost: n d^2 (d + 1)^2 multiplications and (d (d + 1))^2 numbers per batch entry.

    """
    penalty = _penalty(query, memory, target, ridge)
    batch, n, d = query.shape
    size = d * memory.shape[-1]
    gram = penalty * torch.eye(size, dtype=query.dtype, device=query.device).repeat(batch, 1, 1)
    cross = query.new_zeros(batch, size, 1)
    stride = max(1, (1 << 22) // size)
    for start in range(0, n, stride):
        rows = slice(start, start + stride)
        features = (query[:, rows, :, None] * memory[:, rows, None, :]).flatten(start_dim=-2)
        gram.baddbmm_(features.mT, features)
        cross.baddbmm_(features.mT, target[:, rows, None])
    return torch.cholesky_solve(cross, torch.linalg.cholesky(gram)).reshape(batch, d, -1)


def error_on_tasks(
    gamma: Float[Tensor, "*batch d features"],
    covariance: Float[Tensor, "..."],
    l: int,  # noqa: E741
    rho: float,
) -> Float[Tensor, "*batch"]:
    """Return the expected squared error of Gamma on contexts of fresh tasks w ~ N(0, C), in closed form.

    e = rho + <C> - (2/d) tr Gamma_1 C + (1/d) tr Gamma B Gamma^T, Gamma_1 the first d columns and B = E z z^T:
    blocks (1 + 1/l) C + (d/l) (<C> + rho) I and (1 + 2/l) [(<C> + rho)^2 + 2 <C^2> / d], exact at every d and l. The
    1/l and 1/d in it vanish in the limit of the spec, section 3.

    Args:
        gamma: shape (*batch, d, d + 1).
        covariance: C of the test tasks, the diagonal (d,) or a matrix (d, d).
        l: context length at test, >= 1; not necessarily that of pretraining.
        rho: label-noise variance, >= 0.

    Raises:
        ValueError: a covariance that does not fit gamma, l < 1 or rho < 0.

    """
    d = gamma.shape[-2]
    matrix = torch.diag(covariance) if covariance.dim() == 1 else covariance
    if matrix.shape != (d, d) or gamma.shape[-1] != d + 1:
        raise ValueError(
            f"gamma and covariance have shapes {tuple(gamma.shape)} and {tuple(covariance.shape)}; "
            "valid: (*batch, d, d + 1) and (d,) or (d, d)"
        )
    _require_context(l, rho)
    variance = matrix.trace() / d + rho
    square = matrix.square().sum() / d
    main, last = gamma[..., :-1], gamma[..., -1]
    memory_square = (1 + 1 / l) * matrix + d / l * variance * torch.eye(d, dtype=gamma.dtype, device=gamma.device)
    power_square = (1 + 2 / l) * (variance**2 + 2 * square / d)
    linear = (main * matrix).sum(dim=(-2, -1))
    quadratic = (main @ memory_square * main).sum(dim=(-2, -1)) + power_square * last.square().sum(dim=-1)
    error: Tensor = variance + (quadratic - 2 * linear) / d
    return error


def error_on_given_tasks(
    gamma: Float[Tensor, "*batch d features"],
    tasks: Float[Tensor, "*batch k d"],
    l: int,  # noqa: E741
    rho: float,
) -> Float[Tensor, "*batch"]:
    """Return the expected squared error of Gamma on fresh contexts of given tasks, their mean, in closed form.

    e(w) = rho + |w|^2 / d - (2/d) w . Gamma E z + (1/d) tr Gamma E[z z^T] Gamma^T at a fixed w. There E z = (w, v),
    v = |w|^2 / d + rho, and E z z^T has the blocks (1 + 1/l) w w^T + (d/l) v I, (1 + 2/l) v w, (1 + 2/l) v^2: exact at
    every d and l. Its mean over w ~ N(0, C) is `error_on_tasks`.

    Args:
        gamma: shape (*batch, d, d + 1).
        tasks: the tasks w of each batch entry, shape (*batch, k, d).
        l: context length, >= 1.
        rho: label-noise variance, >= 0.

    Raises:
        ValueError: tasks that do not fit gamma, l < 1 or rho < 0.

    """
    d = gamma.shape[-2]
    if tasks.shape[-1] != d or gamma.shape[-1] != d + 1:
        raise ValueError(
            f"gamma and tasks have shapes {tuple(gamma.shape)} and {tuple(tasks.shape)}; "
            "valid: (*batch, d, d + 1) and (*batch, k, d)"
        )
    _require_context(l, rho)
    main, last = gamma[..., :-1], gamma[..., -1]
    signal = tasks.square().sum(dim=-1)
    variance = signal / d + rho
    read = tasks @ main.mT
    along_last = (read @ last[..., None]).squeeze(-1)
    linear = (read * tasks).sum(dim=-1) + variance * (tasks @ last[..., None]).squeeze(-1)
    quadratic = (1 + 1 / l) * read.square().sum(dim=-1) + d / l * variance * main.square().sum(dim=(-2, -1))[..., None]
    quadratic = quadratic + (1 + 2 / l) * (
        2 * variance * along_last + variance.square() * last.square().sum(dim=-1)[..., None]
    )
    error: Tensor = (variance + (quadratic - 2 * linear) / d).mean(dim=-1)
    return error


def _require_context(l: int, rho: float) -> None:  # noqa: E741
    if l < 1 or not rho >= 0:
        raise ValueError(f"l = {l}, rho = {rho} is out of range; valid: l >= 1 and rho >= 0")


class _NormalOperator:
    """P -> X^T diag(X P . Z) Z + penalty P; block by block, so that what is between the products stays in the cache."""

    def __init__(self, query: Tensor, memory: Tensor, penalty: float) -> None:
        rows = ROWS if query.device.type == "cpu" else query.shape[-2]
        self._blocks = list(zip(torch.split(query, rows, -2), torch.split(memory, rows, -2), strict=True))
        self._whole, self._penalty = (query, memory), penalty

    def __call__(self, direction: Tensor) -> Tensor:
        found = self._penalty * direction
        for query, memory in self._blocks:
            prediction = (query @ direction).mul_(memory).sum(dim=-1, keepdim=True)
            found.baddbmm_(query.mT, prediction * memory)
        return found

    def single(self) -> "_NormalOperator":
        """Return the same in single precision."""
        query, memory = self._whole
        return _NormalOperator(query.float(), memory.float(), self._penalty)


def _in_single_precision(
    operator: _NormalOperator, right: Tensor, inverse: Tensor, goal: Tensor, steps: int
) -> tuple[Tensor, Tensor]:
    """Return Gamma and its residual, as far as single precision goes: each round corrects the last by its residual.

    A round is right to single precision of what is left, so that a few make the residual small in double precision. One
    that does not find its correction within the steps, or does not make the residual smaller, is the last.
    """
    low, low_inverse = operator.single(), inverse.float()
    gamma, residual = torch.zeros_like(right), right
    while ((norm := _norm(residual)) > goal).any():
        unit = torch.where(norm > 0, norm, 1.0)
        wanted = (goal / (2 * unit)).clamp(min=ROUND)
        change, left = _conjugate_gradients(low, (residual / unit).float(), low_inverse, wanted.float(), steps)
        better = gamma + unit * change
        after = right - operator(better)
        improved = _norm(after) < norm
        gamma, residual = torch.where(improved, better, gamma), torch.where(improved, after, residual)
        if (left > wanted).any() or (~improved & (norm > goal)).any():
            break
    return gamma, residual


def _conjugate_gradients(
    operator: _NormalOperator, residual: Tensor, inverse: Tensor | None, goal: Tensor, max_steps: int
) -> tuple[Tensor, Tensor]:
    """Return the solution for a right side, preconditioned if there is an inverse, and the norm of what is left."""
    found = torch.zeros_like(residual)
    direction = preconditioned = _precondition(residual, inverse)
    descent = (residual * preconditioned).sum(dim=(-2, -1), keepdim=True)
    for _ in range(max_steps):
        # Entries that have converged keep a zero step, so that a residual of exactly zero divides nothing.
        running = _norm(residual) > goal
        if not running.any():
            break
        curved = operator(direction)
        curvature = (direction * curved).sum(dim=(-2, -1), keepdim=True)
        step = torch.where(running, descent / torch.where(running, curvature, 1.0), 0.0)
        found = found + step * direction
        residual = residual - step * curved
        preconditioned = _precondition(residual, inverse)
        previous, descent = descent, (residual * preconditioned).sum(dim=(-2, -1), keepdim=True)
        direction = preconditioned + descent / torch.where(running, previous, 1.0) * direction
    return found, _norm(residual)


def _precondition(residual: Tensor, inverse: Tensor | None) -> Tensor:
    return residual if inverse is None else residual @ inverse


def _norm(residual: Tensor) -> Tensor:
    return residual.square().sum(dim=(-2, -1), keepdim=True).sqrt()


def _penalty(query: Tensor, memory: Tensor, target: Tensor, ridge: float) -> float:
    if query.dim() != 3 or memory.dim() != 3 or query.shape[:2] != memory.shape[:2] or target.shape != query.shape[:2]:
        raise ValueError(
            f"query, memory and target have shapes {tuple(query.shape)}, {tuple(memory.shape)} and "
            f"{tuple(target.shape)}; valid: (batch, n, d), (batch, n, d + 1) and (batch, n)"
        )
    if not ridge > 0:
        raise ValueError(f"ridge = {ridge} is out of range; valid: > 0")
    return query.shape[1] / query.shape[2] * ridge
