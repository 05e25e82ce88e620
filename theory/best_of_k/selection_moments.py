"""How far from a target is the sample that a noisy judge selects among k Gaussian ones, exactly for every k?

Notation (best-of-k spec, section 3; arXiv:2512.19905; formulas derived there and here)

| symbol | name | shape / range |
|---|---|---|
| z_i ~ N(0, s2), i = 1..k | samples relative to the predictive mean | s2 > 0 |
| a | judge's own answer relative to the predictive mean; a < 0 follows by symmetry | (answers,), >= 0 |
| c, gap = a - c | target, and how far the judge is from it: f(z) = (z - c)^2 is averaged | (answers,) |
| r_i = -(z_i - a)^2 / T | reward over temperature; the largest r_i + Gumbel noise is selected | T in [0, inf] |
| q = abs(z - a), y = q^2 / T | distance from the judge, and the same in units of the temperature | >= 0 |
| w_f(q) = f(a+q) p(a+q) + f(a-q) p(a-q) | density of q times f; p the density of N(0, s2) | (answers, q) |
| F(q) = P(abs(z - a) < q) | one sample is nearer to the judge than q | [0, 1] |
| v = log u | minus the score r + Gumbel of the selected sample | (scores,) |
| G(x) = exp(x - exp(x)) | density of minus a Gumbel variable | - |

Equation (6) of the spec in these variables: E f(z_sel) = k int dv A_f(v) B(v)^(k-1), with

    A_f(v) = int_0^inf dq w_f(q) G(v - q^2/T),      1 - B(v) = int_0^inf dy G(v - y) F(sqrt(T y)).

B is integrated by parts for two reasons: both integrals reach only over y in [v - 4, v + 37], where G is not
negligible, so that the cost does not grow as T -> 0; and 1 - B keeps its relative accuracy where B^k decides at large
k. Neither kernel knows a or k: one pass serves all answers and all k. At T = 0 the score is q itself:
E f(z_sel) = k int dq w_f(q) (1 - F(q))^(k-1).
"""

import math

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array
from scipy.special import log_expit, ndtr

REACH = 8.5  # standard deviations beyond which a Gaussian is left out
MASS_TOLERANCE = 1e-6
GUMBEL_BELOW, GUMBEL_ABOVE, GUMBEL_STEP = 37.0, 4.0, 0.4  # G(x) < 1e-16 outside -37 < x < 4
SMOOTH_SCORE = 37.0  # from this v on the origin q = 0 lies outside the reach of G
DISTANCE_STEP = 0.07  # spacing of the score and distance grids, in standard deviations of z
SHARP_STEP = 0.4  # spacing of the score grid where the selected score has width 1
COLD = 1e-16  # temperatures below this part of s2 are 0: the nearest of 10^6 samples is at 1e-12 s2
LOG_NEGLIGIBLE = 20.0  # log u starts this far below -log k
LOG_ROUNDING = 45.0  # weights below exp(-45) are left out
SLOPE = 4.0  # log u per unit of grid coordinate where the score is below one temperature


def selected_squared_distance(
    answers: Float[np.ndarray, "answers"],
    gaps: Float[np.ndarray, "answers"],
    variance: float,
    k: Int[np.ndarray, "ks"],
    temperature: float,
) -> Float[np.ndarray, "ks answers"]:
    """Return E (z_sel - c)^2 of the selected among k samples for targets c = a - gap (spec equation (6)).

    The moments M1 and M2 of the spec enter through f(z) = (z - c)^2 itself: differences of moments would cancel where
    the selected sample is close to its target. Every integral is a trapezoid rule in a variable in which the integrand
    is analytic and decays at both ends.

    Accuracy: about 1e-7 relative; the total probability is checked to 1e-6 for every a and k.

    Args:
        answers: a >= 0, close to each other (within a few standard deviations of z: the grids cover them jointly).
        gaps: a - c, any real; 0 where the judge's answer is the target.
        variance: s2 > 0 of the samples.
        k: numbers of samples, >= 1; rounding limits them to about 10^10.
        temperature: T in [0, inf]; k = 1 and T = inf select nothing and return s2 + c^2.

    Returns:
        Array of shape (ks, answers).

    Raises:
        ArithmeticError: the selection probabilities miss 1 by more than 1e-6 (the grids do not fit the parameters).

    Cost: 500 x answers exponentials per k and at most 500 x 100 x answers Gaussians, a tenth of them where T > 0.1 s2.
    """
    distance = np.empty((k.size, answers.size))
    distance[:] = variance + (answers - gaps) ** 2
    chosen = np.flatnonzero(k > 1)
    if chosen.size == 0 or math.isinf(temperature):
        return distance
    sampled = k[chosen]
    if temperature <= COLD * variance:
        better, densities = _nearest_integrand(answers, gaps, variance, int(sampled.max()))
    else:
        better, densities = _scored_integrand(answers, gaps, variance, int(sampled.max()), temperature)
    with np.errstate(divide="ignore"):
        log_worse = np.log1p(-np.minimum(better, 1.0))
    falls = np.maximum.accumulate(-log_worse.max(axis=0))
    for position, count in zip(chosen, sampled, strict=True):
        reach = np.searchsorted(falls, LOG_ROUNDING / (count - 1.0))  # beyond, no sample is selected
        selected = count * np.exp((count - 1.0) * log_worse[:, :reach])
        mass, distance[position] = np.einsum("fan,an->fa", densities[..., :reach], selected)
        if not np.all(np.abs(mass - 1) <= MASS_TOLERANCE):
            raise ArithmeticError(
                f"selection probability {mass[np.argmax(np.abs(mass - 1))]:.8f} is not 1 at k = {count}, "
                f"temperature = {temperature:g}, predictive variance = {variance:g}"
            )
    return distance


def _nearest_integrand(
    answers: Float[np.ndarray, "answers"], gaps: Float[np.ndarray, "answers"], variance: float, most: int
) -> tuple[Float[np.ndarray, "answers nodes"], Float[np.ndarray, "2 answers nodes"]]:
    """Return F and w_f dq (f = 1, (z - c)^2) on a distance grid: logarithmic below one deviation, uniform above."""
    scale = math.sqrt(variance)
    grid = np.arange(-LOG_NEGLIGIBLE - math.log(most), answers.max() / scale + REACH, DISTANCE_STEP)
    distance = scale * _softplus(grid)
    step = DISTANCE_STEP * scale * np.exp(log_expit(grid))
    return _probability_nearer(distance, answers, scale), _folded_densities(distance, answers, gaps, scale) * step


def _scored_integrand(
    answers: Float[np.ndarray, "answers"],
    gaps: Float[np.ndarray, "answers"],
    variance: float,
    most: int,
    temperature: float,
) -> tuple[Float[np.ndarray, "answers scores"], Float[np.ndarray, "2 answers scores"]]:
    """Return 1 - B and A_f dv (f = 1, (z - c)^2) on the grid of v = log u."""
    scale = math.sqrt(variance)
    score, step = _score_grid(answers, scale, most, temperature)
    smooth = score > SMOOTH_SCORE
    near = _near_integrals(score[~smooth], answers, gaps, scale, temperature)
    far = _far_integrals(score[smooth], answers, gaps, scale, temperature)
    integrals = np.concatenate([near, far], axis=-1)
    return integrals[0], integrals[1:] * step


def _score_grid(
    answers: Float[np.ndarray, "answers"], scale: float, most: int, temperature: float
) -> tuple[Float[np.ndarray, "scores"], Float[np.ndarray, "scores"]]:
    """Return nodes v and weights dv: uniform in v below one temperature, uniform in log q, then in q, above.

    The selected score has width 1 in v while the pull of the judge, a (2/T) / (1/s2 + 2/T), is among the k samples: up
    to v = (T / 2 s2) log k. Beyond, where the k samples end, it is as wide as the distances there and nodes may spread.
    """
    root = math.sqrt(temperature)
    unit = min(1.0, root / scale)  # one temperature in the coordinate of the grid
    bend = unit + math.log(-math.expm1(-unit))
    nearest = max(0.0, answers.min() - REACH * scale) / root
    farthest = (answers.max() + REACH * scale) / root
    first = nearest**2 - math.log(most) - LOG_NEGLIGIBLE
    last = farthest**2 + GUMBEL_ABOVE
    sharp = min(last, 1 + math.log(most) * temperature / (2 * scale**2))
    step = min(DISTANCE_STEP, SHARP_STEP / (2 * math.sqrt(sharp)))
    grid = np.arange(bend + min(first, 0.0) / SLOPE - 1, math.sqrt(last) * unit + 2, step)
    score = (_softplus(grid) / unit) ** 2 - SLOPE * _softplus(bend - grid)
    slope = 2 * _softplus(grid) * np.exp(log_expit(grid)) / unit**2 + SLOPE * np.exp(log_expit(bend - grid))
    kept = (score >= first) & (score <= last)
    return score[kept], step * slope[kept]


def _near_integrals(
    score: Float[np.ndarray, "scores"],
    answers: Float[np.ndarray, "answers"],
    gaps: Float[np.ndarray, "answers"],
    scale: float,
    temperature: float,
) -> Float[np.ndarray, "3 answers scores"]:
    """Return 1 - B and A_f where the square root at q = 0 matters: one grid of q for all scores."""
    farthest = answers.max() + REACH * scale
    unit = min(temperature, scale**2)
    last = min(score.max(initial=0.0) + GUMBEL_BELOW, farthest**2 / temperature) * temperature / unit
    # Uniform in q, log below one deviation, rather than in q^2: G(v - q^2/T) is then sharpest at the largest q.
    step = GUMBEL_STEP * min(1.0, temperature / (2 * farthest * scale))
    hot = temperature > scale**2
    if hot and (GUMBEL_BELOW + farthest / scale) / step < (2 * GUMBEL_BELOW + last) / GUMBEL_STEP:
        grid = np.arange(-GUMBEL_BELOW, farthest / scale + step, step)
        distance = scale * _softplus(grid)
        distance_step = step * scale * np.exp(log_expit(grid))
    else:
        grid = np.arange(-2 * GUMBEL_BELOW, last + GUMBEL_STEP, GUMBEL_STEP)
        distance = np.sqrt(unit * _softplus(grid))
        distance_step = GUMBEL_STEP * unit * np.exp(log_expit(grid)) / (2 * distance)
    hazard = np.exp(-(distance[:, None] ** 2) / temperature) * np.exp(score)  # of v - q^2/T; G = hazard exp(-hazard)
    densities = _folded_densities(distance, answers, gaps, scale) * distance_step
    if hot:  # here the grid ends where w_f does, short of the reach of G: not by parts
        selected = -np.expm1(-hazard)
        better = densities[0] @ selected
        kernel = hazard * (1 - selected)
    else:
        kernel = hazard * np.exp(-hazard)
        better = (_probability_nearer(distance, answers, scale) * (2 * distance * distance_step / temperature)) @ kernel
    return np.concatenate([better[None], densities @ kernel])


def _far_integrals(
    score: Float[np.ndarray, "scores"],
    answers: Float[np.ndarray, "answers"],
    gaps: Float[np.ndarray, "answers"],
    scale: float,
    temperature: float,
) -> Float[np.ndarray, "3 answers scores"]:
    """Return 1 - B and A_f where G is clear of q = 0: every score's own offsets y - v, or a grid of y for all scores.

    Where the reaches of the scores overlap, one grid has fewer nodes; where they do not, y may be too large for an
    exact y - v.
    """
    step = min(GUMBEL_STEP, 3 * scale / math.sqrt(temperature))
    offset = np.arange(-GUMBEL_ABOVE, GUMBEL_BELOW, step)
    square = score[:, None] + offset
    if score.max(initial=0.0) >= 0.5 * score.size * (GUMBEL_ABOVE + GUMBEL_BELOW):
        own = _integrands(np.sqrt(temperature * square), answers, gaps, scale, temperature)
        return np.asarray(own @ (_gumbel_density(-offset) * step))
    places, node = np.unique(np.round(square / step), return_inverse=True)
    kernel = _gumbel_density(score[:, None] - step * places[node].reshape(square.shape)) * step
    integrands = _integrands(np.sqrt(temperature * step * places), answers, gaps, scale, temperature)
    ends = np.arange(0, node.size + 1, offset.size)
    summing = csr_array((kernel.ravel(), node.ravel(), ends), shape=(score.size, places.size))
    flat = integrands.reshape(3 * answers.size, places.size)
    return np.asarray((summing @ flat.T).T.reshape(3, answers.size, score.size))


def _integrands(
    distance: Float[np.ndarray, "*nodes"],
    answers: Float[np.ndarray, "answers"],
    gaps: Float[np.ndarray, "answers"],
    scale: float,
    temperature: float,
) -> Float[np.ndarray, "3 answers *nodes"]:
    """Return F and w_f dq / dy at the distances q = sqrt(T y)."""
    densities = _folded_densities(distance, answers, gaps, scale) * (temperature / (2 * distance))
    return np.concatenate([_probability_nearer(distance, answers, scale)[None], densities])


def _folded_densities(
    distance: Float[np.ndarray, "*nodes"],
    answers: Float[np.ndarray, "answers"],
    gaps: Float[np.ndarray, "answers"],
    scale: float,
) -> Float[np.ndarray, "2 answers *nodes"]:
    """Return w_f(q) for f = 1 and (z - c)^2."""
    a, gap = (x.reshape(-1, *[1] * distance.ndim) for x in (answers, gaps))
    above, below = (_density((a + sign * distance) / scale) / scale for sign in (1, -1))
    return np.stack([above + below, above * (gap + distance) ** 2 + below * (gap - distance) ** 2])


def _density(z: Float[np.ndarray, "*nodes"]) -> Float[np.ndarray, "*nodes"]:
    """Return the density of N(0, 1); 0 beyond its reach, where nothing is computed."""
    density = np.zeros_like(z)
    np.exp(-0.5 * z**2, out=density, where=np.abs(z) < REACH)
    return density / math.sqrt(2 * math.pi)


def _probability_nearer(
    distance: Float[np.ndarray, "*nodes"], answers: Float[np.ndarray, "answers"], scale: float
) -> Float[np.ndarray, "answers *nodes"]:
    """Return F(q), as a difference of lower tails: a >= 0 puts both arguments where they do not cancel."""
    a = answers.reshape(-1, *[1] * distance.ndim)
    return np.asarray(_tail((distance - a) / scale) - _tail(-(a + distance) / scale))


def _tail(z: Float[np.ndarray, "*nodes"]) -> Float[np.ndarray, "*nodes"]:
    """Return P(N(0, 1) < z); 0 and 1 beyond its reach, where nothing is computed."""
    probability, within = np.asarray(z > 0, dtype=float), np.abs(z) < REACH
    probability[within] = ndtr(z[within])
    return probability


def _gumbel_density(x: Float[np.ndarray, "*nodes"]) -> Float[np.ndarray, "*nodes"]:
    return np.asarray(np.exp(x - np.exp(np.minimum(x, 700.0))))


def _softplus(x: Float[np.ndarray, "*nodes"]) -> Float[np.ndarray, "*nodes"]:
    return np.asarray(np.logaddexp(0.0, x))
