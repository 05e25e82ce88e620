"""How large is the in-context error of linear attention, given the tasks of pretraining and of the test?

Letey, Zavatone-Veth, Lu and Pehlevan, "Pretrain-Test Task Alignment Governs Generalization in In-Context Learning",
arXiv:2509.26551; isotropic tasks: Lu et al., arXiv:2405.11751. Equation numbers are those of the icl-alignment spec.

Notation

| symbol | name | shape / range |
|---|---|---|
| d | token dimension; every formula is its limit d -> infinity, (1/d) tr written <.> | - |
| alpha = l / d | context length per dimension | > 0 |
| tau = n / d^2 | pretraining contexts per squared dimension | > 0, inf allowed |
| kappa = k / d | distinct pretraining tasks per dimension | >= 1 / d, inf allowed: a fresh task each time |
| rho | label-noise variance | >= 0 |
| C_tr, c_i | task covariance of pretraining and its eigenvalues | (d, d), (d,), >= 0 |
| C_te, t_i | task covariance of the test and its diagonal in the eigenbasis of C_tr | (d, d), (d,), >= 0 |
| r_tr, r_te | <C> + rho, the label variances | > 0 |
| S_k | sample covariance of the k pretraining tasks | (d, d) |
| M(nu), M' | lim <(S_k + nu)^-1> and its derivative | > 0, < 0 |
| F, F' | lim of the mean of (S_k + nu)^-1 and its derivative in nu, functions of C_tr; F2 = -F' | (d, d) |
| sigma | ridge on C_tr that has the effect of nu on S_k: F = (sigma / nu) (C_tr + sigma)^-1 | > nu |
| D(sigma) = <C_tr (C_tr + sigma)^-1> | fraction of the directions that are resolved | [0, 1) |
| xi | ridge that too few contexts (tau < 1) imply by themselves (the paper's lambda~) | >= 0 |
| q | q tau is the error on fresh contexts of the pretraining tasks themselves | >= 0 |
| K = q F + (q xi - nu^2) F' | e_misalign = <C_te K> is the paper's alignment; nu is the paper's sigma | (d, d) |

The fixed point (2) and, for tau < 1, the condition (4) on xi are one scalar equation in sigma. With a = 1 - D / kappa,
(2) reads nu = a sigma and nu M = 1 - D, so that (4) becomes

    sigma (1 - D / kappa) (1 - max(1 - tau, 0) / (1 - D)) = r_tr / alpha,                                    (2')

whose left side increases with sigma wherever both brackets are positive.

The error is e_scalar + e_misalign. e_scalar knows the test tasks through <C_te> alone: beside one pretraining and at a
fixed trace of C_te, e_misalign orders the errors of linear attention by construction.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from solv.theory.icl_alignment.covariances import power_law_spectrum
from solv.theory.validation import require_real

ELEMENTS_PER_BLOCK = 1 << 17
MAX_STEPS = 200
RELATIVE_STEP = 1e-14


@dataclass(frozen=True)
class IclError:
    """The error of in-context prediction and its parts, arrays over the grid of parameters (0-d for one point).

    total: e_ICL = scalar + misalignment, equation (8); inf at tau = 1.
    scalar: e_scalar, equation (6): knows the test tasks through their total variance only.
    misalignment: e_misalign = <C_te K>, equation (7): the paper's measure of alignment, linear in C_te.
    resolvent: <C_te F>, how little of the test tasks pretraining resolved: a rival of e_misalign.
    in_distribution: q tau, the error on fresh contexts of the pretraining tasks themselves; inf at tau = 1.
    """

    total: Float[np.ndarray, "*grid"]
    scalar: Float[np.ndarray, "*grid"]
    misalignment: Float[np.ndarray, "*grid"]
    resolvent: Float[np.ndarray, "*grid"]
    in_distribution: Float[np.ndarray, "*grid"]


@dataclass(frozen=True)
class Optimum:
    """Where an error is least, and what it is there."""

    location: float
    error: float


def task_resolvent(
    nu: ArrayLike, kappa: ArrayLike, eigenvalues: Float[np.ndarray, "d"]
) -> tuple[Float[np.ndarray, "*grid"], Float[np.ndarray, "*grid"]]:
    """Return (M, M') of the sample covariance of kappa d tasks: equations (2) and (3).

    Args:
        nu: ridge, > 0; any shape that broadcasts with kappa.
        kappa: tasks per dimension, > 0 or inf.
        eigenvalues: of the population covariance, shape (d,), >= 0, not all zero.

    Raises:
        ValueError: an argument out of range.
        ArithmeticError: Newton's iteration did not converge.

    Accuracy: 1e-12 relative. Cost: about 8 steps of O(d) per grid point.

    """
    c = _spectrum("eigenvalues", eigenvalues)
    nus, kappas = np.broadcast_arrays(_range("nu", nu), _range("kappa", kappa, infinite=True))
    flat_nu, flat_kappa = nus.ravel(), kappas.ravel()
    m, dm = np.empty(nus.size), np.empty(nus.size)
    for block in _blocks(nus.size, len(c)):
        sigma = _effective_ridge(flat_nu[block], flat_kappa[block], np.zeros(1), c)
        m[block], dm[block], _ = _resolvent(flat_nu[block], flat_kappa[block], sigma, c)
    return m.reshape(nus.shape), dm.reshape(nus.shape)


def icl_error(
    train_covariance: Float[np.ndarray, "..."],
    test_covariance: Float[np.ndarray, "..."],
    tau: ArrayLike,
    alpha: ArrayLike,
    kappa: ArrayLike,
    rho: ArrayLike,
    test_alpha: ArrayLike | None = None,
) -> IclError:
    """Return the error of linear attention on test tasks N(0, C_te) after pretraining on tasks N(0, C_tr).

    Equations (4)-(8) of the spec, over the grid that tau, alpha, kappa, rho and test_alpha broadcast to.

    Args:
        train_covariance, test_covariance: C_tr and C_te, each the diagonal (d,) or a symmetric matrix (d, d),
            positive semi-definite; C_tr is not zero.
        tau: pretraining contexts per d^2, > 0 or inf; tau = 1 is the interpolation peak, where the error is inf.
        alpha: pretraining context length per d, > 0.
        kappa: distinct pretraining tasks per d, >= 1 / d or inf.
        rho: label-noise variance, >= 0.
        test_alpha: context length per d at test, > 0 or inf; alpha when None.

    Raises:
        ValueError: an argument out of range or covariances of different dimension.
        ArithmeticError: Newton's iteration did not converge.

    Accuracy: 1e-10 relative away from tau = 1. Cost: about 10 steps of O(d) per grid point, plus one diagonalisation
    of a full C_tr; 10^4 points at d = 1000 take about a second.

    """
    c, t = _common_basis(train_covariance, test_covariance)
    d = len(c)
    grid = np.broadcast_arrays(
        _range("tau", tau, infinite=True),
        _range("alpha", alpha),
        _range("kappa", kappa, least=1 / d, infinite=True),
        _range("rho", rho, least=0),
        _range("test_alpha", alpha if test_alpha is None else test_alpha, infinite=True),
    )
    points = np.stack([axis.ravel() for axis in grid])
    parts = np.empty((4, points.shape[1]))
    for block in _blocks(points.shape[1], d):
        parts[:, block] = _error_parts(c, t, *points[:, block])
    scalar, misalignment, resolvent, in_distribution = parts.reshape(4, *grid[0].shape)
    return IclError(
        total=np.asarray(scalar + misalignment),
        scalar=scalar,
        misalignment=misalignment,
        resolvent=resolvent,
        in_distribution=in_distribution,
    )


def misalignment_kernel(
    eigenvalues: Float[np.ndarray, "d"], tau: float, alpha: float, kappa: float, rho: float
) -> Float[np.ndarray, "d"]:
    """Return the eigenvalues of K, in the order of those of C_tr: e_misalign = <C_te K> for every C_te.

    K is a function of C_tr. Its eigenvalues decrease with those of C_tr (the paper proves it for tau > 1): a test is
    the easier the more of its variance lies where pretraining has most.

    Args:
        eigenvalues: of C_tr, shape (d,), >= 0, not all zero.
        tau, alpha, kappa, rho: as in `icl_error`; tau is not 1.

    Raises:
        ValueError: an argument out of range.
        ArithmeticError: Newton's iteration did not converge.

    Accuracy and cost: as `icl_error` at one point.

    """
    _require_finite_error(tau)
    c = _spectrum("eigenvalues", eigenvalues)
    point = (
        _range("tau", [tau], infinite=True),
        _range("alpha", [alpha]),
        _range("kappa", [kappa], least=1 / len(c), infinite=True),
        _range("rho", [rho], least=0),
    )
    found = _pretrained(c, *point)
    f = found.f[0]
    f2 = f**2 * ((found.m + found.nu * found.dm) / point[2] * c + 1)
    kernel: np.ndarray = found.q * f - (found.q * found.xi - found.nu**2) * f2
    return kernel


def optimal_diversity(
    train_covariance: Float[np.ndarray, "..."],
    test_covariance: Float[np.ndarray, "..."],
    tau: float,
    alpha: float,
    rho: float,
    least: float = 0.1,
    most: float = 100.0,
) -> Optimum:
    """Return the kappa in [least, most] or inf of least error: inf says that diversity helps without end.

    A logarithmic grid of 161 points, refined between the neighbours of its minimum. `least` as the answer says that
    diversity hurts from the beginning.

    Args:
        train_covariance, test_covariance, tau, alpha, rho: as in `icl_error`; tau is not 1.
        least, most: range of kappa, 1 / d <= least < most.

    Raises:
        ValueError: an argument out of range.

    Cost: about 200 evaluations of `icl_error`.

    """
    _require_finite_error(tau)
    c, t = _common_basis(train_covariance, test_covariance)
    least = require_real("least", least, least=1 / len(c))
    most = require_real("most", most, above=least)

    def error(log_kappa: ArrayLike) -> np.ndarray:
        return icl_error(c, t, tau, alpha, np.exp(log_kappa), rho).total

    best = _grid_minimum(error, np.linspace(math.log(least), math.log(most), 161))
    endless = float(icl_error(c, t, tau, alpha, math.inf, rho).total)
    if endless <= best.error:
        return Optimum(math.inf, endless)
    return Optimum(min(max(math.exp(best.location), least), most), best.error)


def optimal_power_law(
    test_covariance: Float[np.ndarray, "..."],
    tau: float,
    alpha: float,
    kappa: float,
    rho: float,
    least: float = 0.0,
    most: float = 3.0,
) -> Optimum:
    """Return the exponent p in [least, most] for which pretraining on c_i ~ i^-p, tr C_tr = d, has the least error.

    Args:
        test_covariance, tau, alpha, kappa, rho: as in `icl_error`; tau is not 1. A diagonal C_te is ordered like
            C_tr, its largest variances first.
        least, most: range of the exponent, least < most.

    Raises:
        ValueError: an argument out of range.

    Cost: about 100 evaluations of `icl_error`.

    """
    _require_finite_error(tau)
    test_covariance = np.asarray(test_covariance, dtype=float)
    least = require_real("least", least)
    most = require_real("most", most, above=least)

    def error(exponent: ArrayLike) -> np.ndarray:
        spectra = [power_law_spectrum(len(test_covariance), p) for p in np.atleast_1d(exponent)]
        return np.array([float(icl_error(c, test_covariance, tau, alpha, kappa, rho).total) for c in spectra])

    return _grid_minimum(error, np.linspace(least, most, 61))


@dataclass(frozen=True)
class _Pretrained:
    """What pretraining comes to at each point: the symbols of the module's table, arrays (points,), f (points, d)."""

    nu: np.ndarray
    xi: np.ndarray
    m: np.ndarray
    dm: np.ndarray
    q: np.ndarray
    in_distribution: np.ndarray
    f: np.ndarray


def _pretrained(c: np.ndarray, tau: np.ndarray, alpha: np.ndarray, kappa: np.ndarray, rho: np.ndarray) -> _Pretrained:
    """Return nu, xi, M, M', q, q tau and the eigenvalues of F, equations (2)-(5); at tau = 1, q is that of spread 1."""
    ridge = (c.mean() + rho) / alpha
    deficit = np.maximum(1 - tau, 0)
    sigma = _effective_ridge(ridge, kappa, deficit, c)
    resolved = 1 / (sigma[:, None] + c)
    free = sigma * resolved.mean(axis=1)
    nu = ridge / (1 - deficit / free)
    m, dm, resolved = _resolvent(nu, kappa, sigma, c)
    xi = np.where(tau < 1, (1 - tau) / m, 0.0)

    excess = rho + nu - nu**2 * m - xi * (1 - 2 * nu * m - nu**2 * dm)
    absorbed = 1 - 2 * xi * m - xi**2 * dm
    interpolating = tau == 1
    q = excess / np.where(interpolating, 1, tau - absorbed)
    in_distribution = excess / np.where(interpolating, 1, 1 - absorbed / tau)
    in_distribution[interpolating] = np.inf
    return _Pretrained(nu, xi, m, dm, q, in_distribution, (sigma / nu)[:, None] * resolved)


def _error_parts(
    c: np.ndarray,
    t: np.ndarray,
    tau: np.ndarray,
    alpha: np.ndarray,
    kappa: np.ndarray,
    rho: np.ndarray,
    test_alpha: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (e_scalar, e_misalign, <C_te F>, q tau) at each point, equations (4)-(7)."""
    found = _pretrained(c, tau, alpha, kappa, rho)
    nu, xi, m, dm, q = found.nu, found.xi, found.m, found.dm, found.q
    scalar = rho + (t.mean() + rho) / test_alpha * (1 + (q - 2 * nu) * m + (xi * q - nu**2) * dm)
    d, f = len(c), found.f
    resolvent = f @ t / d
    squared = np.square(f, out=f)
    squared_resolvent = (squared @ t + (m + nu * dm) / kappa * (squared @ (t * c))) / d
    misalignment = q * resolvent - (q * xi - nu**2) * squared_resolvent
    scalar[tau == 1] = misalignment[tau == 1] = np.inf
    return scalar, misalignment, resolvent, found.in_distribution


def _resolvent(
    nu: np.ndarray, kappa: np.ndarray, sigma: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return M, M' and 1 / (c_i + sigma), the last of shape (points, d): equations (2) and (3) at their fixed point."""
    resolved = 1 / (sigma[:, None] + c)
    gain = sigma / nu
    m = gain * resolved.mean(axis=1)
    square = gain**2 * (resolved**2).mean(axis=1)
    square_c = gain**2 * (resolved**2 @ c) / len(c)
    dm = -(square + m / kappa * square_c) / (1 + nu / kappa * square_c)
    return m, dm, resolved


def _effective_ridge(ridge: np.ndarray, kappa: np.ndarray, deficit: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return the root sigma of (2') at each point; deficit = max(1 - tau, 0).

    For deficit = 0 the left side is convex and the start lies above the root: Newton's method descends to it without
    a safeguard. Otherwise steps that leave the inside of the bracket are replaced by its geometric mean.
    """
    d, mean = len(c), c.mean()
    ridge, kappa, deficit = (np.array(axis) for axis in np.broadcast_arrays(ridge, kappa, deficit))
    least = 1 - deficit
    low = ridge.copy()
    crude = np.maximum(2 * mean / np.minimum(kappa, least), 4 * ridge / least)
    high = np.where(deficit == 0, ridge + mean / kappa, crude)
    sigma: np.ndarray = high.copy()
    active = np.arange(len(sigma))
    for _ in range(MAX_STEPS):
        s, rest = sigma[active], deficit[active]
        resolved = 1 / (s[:, None] + c)
        free = s * resolved.mean(axis=1)
        falling = np.square(resolved, out=resolved) @ c / d
        tasks = 1 - 1 / kappa[active] + free / kappa[active]
        contexts = 1 - rest / free
        valid = (tasks > 0) & (contexts > 0)
        excess = np.where(valid, s * tasks * contexts - ridge[active], -1.0)
        slope = tasks * contexts + s * falling * (contexts / kappa[active] + tasks * rest / free**2)
        high[active] = np.where(excess >= 0, s, high[active])
        low[active] = np.where(excess >= 0, low[active], s)
        step = np.where(valid, s - excess / np.where(valid, slope, 1.0), -1.0)
        # an end was tried: where rounding decides the sign, steps would lead from one end to the other for ever
        inside = (step == s) | ((step > low[active]) & (step < high[active]))
        sigma[active] = np.where(inside, step, np.sqrt(low[active] * high[active]))
        active = active[np.abs(sigma[active] - s) > RELATIVE_STEP * s]
        if not len(active):
            return sigma
    worst = active[0]
    raise ArithmeticError(
        f"the effective ridge did not converge in {MAX_STEPS} steps at ridge = {ridge[worst]:g}, "
        f"kappa = {kappa[worst]:g}, tau deficit = {deficit[worst]:g}: last value {sigma[worst]!r}"
    )


def _common_basis(train: ArrayLike, test: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues of C_tr and the diagonal of C_te in its eigenbasis."""
    train, test = _covariance("train_covariance", train), _covariance("test_covariance", test)
    if len(train) != len(test):
        raise ValueError(
            f"train_covariance and test_covariance have dimensions {len(train)} and {len(test)}; valid: equal"
        )
    if train.ndim == 1:
        return train, test if test.ndim == 1 else np.diagonal(test).copy()
    c, basis = np.linalg.eigh(train)
    turned = basis.T**2 @ test if test.ndim == 1 else np.einsum("ji,jk,ki->i", basis, test, basis, optimize=True)
    return np.maximum(c, 0), np.maximum(turned, 0)


def _covariance(name: str, covariance: ArrayLike) -> np.ndarray:
    """Return a diagonal (d,) or a positive semi-definite matrix (d, d), checked."""
    matrix = np.asarray(covariance, dtype=float)
    if matrix.ndim < 2:
        return _spectrum(name, matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} has shape {matrix.shape}; valid: (d,) or (d, d)")
    if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, rtol=1e-9, atol=1e-12 * np.abs(matrix).max()):
        raise ValueError(f"{name} is not a symmetric matrix of finite numbers")
    _spectrum(f"the spectrum of {name}", np.linalg.eigvalsh(matrix), rounding=1e-10)
    return matrix


def _spectrum(name: str, eigenvalues: ArrayLike, rounding: float = 0.0) -> np.ndarray:
    """Return checked eigenvalues; those above -rounding times the largest count as zero."""
    spectrum = np.asarray(eigenvalues, dtype=float)
    if spectrum.ndim != 1 or not len(spectrum):
        raise ValueError(f"{name} has shape {spectrum.shape}; valid: (d,) with d >= 1")
    if not np.isfinite(spectrum).all() or spectrum.min() < -rounding * abs(spectrum.max()) or spectrum.max() <= 0:
        raise ValueError(
            f"{name} lies between {spectrum.min():g} and {spectrum.max():g}; valid: finite numbers >= 0, not all zero"
        )
    return spectrum


def _range(name: str, value: ArrayLike, least: float | None = None, infinite: bool = False) -> np.ndarray:
    """Return `value` as an array; every entry must be >= least, or > 0 when least is None."""
    values = np.asarray(value, dtype=float)
    if values.size:
        for extreme in (values.min(), values.max()):
            require_real(name, extreme, above=0 if least is None else None, least=least, infinite=infinite)
    return values


def _require_finite_error(tau: float) -> None:
    if require_real("tau", tau, above=0, infinite=True) == 1:
        raise ValueError("tau = 1 is the interpolation peak, where the error is infinite; valid: > 0, not 1")


def _blocks(points: int, d: int) -> list[slice]:
    size = max(1, ELEMENTS_PER_BLOCK // d)
    return [slice(start, start + size) for start in range(0, points, size)]


def _grid_minimum(error: Callable[[ArrayLike], np.ndarray], grid: np.ndarray) -> Optimum:
    """Return the least value on the grid, refined between the neighbours of its place."""
    values = error(grid)
    best = int(values.argmin())
    bounds = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(lambda place: float(np.squeeze(error(place))), bounds=bounds, method="bounded")
    if found.fun < values[best]:
        return Optimum(float(found.x), float(found.fun))
    return Optimum(float(grid[best]), float(values[best]))
