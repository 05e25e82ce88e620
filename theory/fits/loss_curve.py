"""Which law does one noisy curve follow, and how sure are its exponent, its limit, and what it says of later points?

    y = E + A x^-nu + noise, the noise of neighbouring points going together (`correlated_noise`)

For each nu, E and A follow linearly. The likelihood of nu is added up over what the noise may be like (restricted
likelihoods, so that a short curve does not look too quiet), and an interval holds every nu, or limit, or value at
some x, whose likelihood is not too small against the best (threshold of the F distribution). Where no decay can be told
from noise every exponent fits, and the interval is everything.

"Is it a power law at all?" is asked of Akaike's criterion (corrected for few points): a power law with and without a
limit, an exponential decay, a logarithm, a constant; each with its own best noise.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import optimize, stats
from scipy.special import logsumexp

from solv.theory.fits.correlated_noise import NOISES, Blocks, in_blocks
from solv.theory.fits.law_choice import Law, compare_laws
from solv.theory.validation import require_real

LEAST_POINTS = 5
EXPONENTS = (0.01, 5.0)  # smallest and largest nu considered: an interval that ends there is open
NODES = 48  # of a grid of nu
NEEDLE = 1e-10  # smallest distance of log nu from the best that is looked at
ACCURACY = 1e-12  # of log nu
MARGIN = 8.0  # of the deviance, beyond the threshold: what a grid of nu has to hold
ROUNDING = 8 * np.finfo(float).eps  # relative size below which a deviation is that of floats
TINY = 1e-100  # so that a curve of zeros has a logarithm of its squares
EXACT = 1e-9  # relative size of noise that is no noise
DECAYS = 0.99  # confidence with which a curve that is said to decay is no constant
REJECTED = 0.05  # a chunk before the window that fits worse than this is left out
LEAST_BLOCKS, LEAST_RANGE = 16, 4.0  # of a window that is chosen automatically: blocks, and last x over first


@dataclass(frozen=True)
class Window:
    """A later start of the window, and what the exponent would be there."""

    start: float
    exponent: float
    low: float
    high: float


@dataclass(frozen=True)
class LossCurveFit:
    """A fitted law y = limit + amplitude x^-exponent, a function of x.

    Attributes:
        exponent, limit, amplitude: the law; exponent > 0 (nan where every one fits as well), the amplitude of any sign.
        exponent_interval: (0, inf) where the curve says nothing about it; an end of 0 or inf is open. Where the window
            was chosen automatically it also holds the intervals of the windows that start two and four times later.
        limit_interval: an end of -inf or inf is open.
        confidence: coverage of the intervals.
        window: smallest and largest x used. chosen: whether it was chosen automatically.
        points: how many points lie in it.
        noise: standard deviation of one point about the law.
        correlation_length: how many points one independent point is worth, >= 1.
        laws: what was compared, best first.
        later: exponents of windows that start later.
    """

    exponent: float
    limit: float
    amplitude: float
    exponent_interval: tuple[float, float]
    limit_interval: tuple[float, float]
    confidence: float
    window: tuple[float, float]
    chosen: bool
    points: int
    noise: float
    correlation_length: float
    laws: tuple[Law, ...]
    later: tuple[Window, ...]
    _profile: "_Profile" = field(repr=False, compare=False)

    @property
    def decays(self) -> bool:
        """Whether a decay (or growth) can be told from noise; if not, every exponent fits."""
        return bool(np.isfinite(self.exponent))

    def __call__(self, x: ArrayLike) -> Float[np.ndarray, "points"]:
        """Return the law at x > 0, also outside the window; the mean where nothing but a constant can be told."""
        at = np.asarray(x, dtype=float)
        if not self.decays:
            return np.full(at.shape, self.limit)
        return np.asarray(self.limit + self.amplitude * at**-self.exponent)

    def interval(self, x: ArrayLike) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points"]]:
        """Return the interval of the law at x > 0: of the mean of y there if the law goes on, not of a noisy point."""
        ends = np.array([self._profile.interval_at(float(each)) for each in np.atleast_1d(np.asarray(x, dtype=float))])
        return ends[:, 0], ends[:, 1]

    def law(self, name: str) -> Law:
        """Return one of the laws that were compared.

        Raises:
            KeyError: no such law.
        """
        return {each.name: each for each in self.laws}[name]


def fit_loss_curve(
    x: ArrayLike,
    y: ArrayLike,
    window: tuple[float, float] | None = None,
    *,
    confidence: float = 0.95,
    compare: bool = True,
) -> LossCurveFit:
    """Fit y = E + A x^-nu to one curve, noise of neighbouring points going together.

    Without a window one is chosen: it ends with the curve and begins as early as the law allows. From the last start
    that leaves a factor 4 in x and 16 points, starts go down by factors of two for as long as what is added fits the
    law of what follows (F test at 5 %). What a late start costs is precision; what an early one costs is a bias that
    hides in the noise, and so the interval of the exponent holds those of later windows, too.

    Args:
        x: steps, tokens or sizes, shape (points,); points at x <= 0 are left out, equal x are averaged.
        y: shape (points,).
        window: smallest and largest x used; None: automatic.
        confidence: coverage of the intervals, in (0, 1).
        compare: whether other laws are fitted too; `laws` is empty without.

    Raises:
        ValueError: shapes that differ, values that are not finite, or fewer than 5 points inside the window.

    Cost: about 0.1 s for up to 200 points, 0.5 s for 10^6.
    """
    confidence = require_real("confidence", confidence, above=0, below=1)
    abscissae, ordinates = _ordered(x, y, window)
    blocks = in_blocks(abscissae, ordinates)
    later: tuple[Window, ...] = ()
    if window is None:
        first = _earliest_start(blocks)
        used = blocks.since(first)
        later = _later_windows(used, confidence)
    else:
        used = blocks
    profile = _Profile(used, confidence)
    low, high = profile.exponent_interval
    if profile.decays and later:
        shifted = [end for each in later if np.isfinite(each.exponent) for end in (each.low, each.high)]
        low, high = min([low, *shifted]), max([high, *shifted])
    exponent, limit, amplitude = profile.best
    limit_interval = profile.interval_at(np.inf) if profile.decays else (-np.inf, np.inf)
    return LossCurveFit(
        exponent,
        limit,
        amplitude,
        (low, high),
        limit_interval,
        confidence,
        (float(used.begin[0]), float(abscissae[-1])),
        window is None,
        int(used.length.sum()),
        *profile.noise,
        compare_laws(used) if compare else (),
        later,
        profile,
    )


class _Profile:
    """The likelihood of nu on a grid that holds its interval, summed over what the noise may be like."""

    def __init__(self, blocks: Blocks, confidence: float) -> None:
        self.blocks, self.confidence = blocks, confidence
        self.scale = float(np.exp(np.log(blocks.x).mean()))
        self.middle = float(blocks.y.mean())
        self.freedom = len(blocks) - 3
        self.least = len(blocks) * (ROUNDING * max(np.abs(blocks.y).max(), TINY)) ** 2
        self.ones = blocks.whitened(np.ones((len(blocks), 1)))[:, :, 0]
        y = blocks.whitened((blocks.y - self.middle)[:, None])[:, :, 0]
        self.one_one = np.sum(self.ones**2, axis=1)
        self.one_y = np.sum(self.ones * y, axis=1)
        self.y = y - self.ones * (self.one_y / self.one_one)[:, None]
        self.flat = np.maximum(np.sum(self.y**2, axis=1), self.least)
        self.threshold = self._threshold(1)
        self._log_design = np.zeros(len(NOISES))
        self.grid = np.geomspace(*EXPONENTS, NODES)
        self._evaluate()
        self._log_design = self._information(self.grid[np.argmax(self.log_likelihood)])
        self._evaluate()
        self._zoom()

    @property
    def decays(self) -> bool:
        """Whether nu means something: the curve is not a constant with noise."""
        if np.ptp(self.blocks.y) <= ROUNDING * len(self.blocks) * np.abs(self.blocks.y).max():
            return False
        gain = 2 * (self.log_likelihood.max() - self._log_likelihood(self.flat))
        return bool(gain > self._threshold(2, DECAYS))

    @property
    def best(self) -> tuple[float, float, float]:
        """Exponent, limit and amplitude; (nan, mean, 0) without decay."""
        if not self.decays:
            g = int(np.argmax(self._log_each(self.flat)))
            return float("nan"), float(self.middle + self.one_y[g] / self.one_one[g]), 0.0
        i = int(np.argmax(self.log_likelihood))
        weights = np.exp(self.log_each[:, i] - logsumexp(self.log_each[:, i]))
        limit = self.middle + float(weights @ self.limits[:, i])
        amplitude = float(weights @ self.amplitudes[:, i]) * self.scale ** self.grid[i]
        return float(self.grid[i]), limit, float(amplitude)

    @property
    def noise(self) -> tuple[float, float]:
        """Standard deviation of a point, and the number of points that one independent point is worth."""
        if self.decays:
            i = int(np.argmax(self.log_likelihood))
            each, left = self.log_each[:, i], self.residuals[:, i]
        else:
            each, left = self._log_each(self.flat), self.flat
        g = int(np.argmax(each))
        rho, share = NOISES[g]
        size = float(np.sqrt(left[g] / max(self.freedom, 1)))
        exact = size < EXACT * np.abs(self.blocks.y).max()
        return size, 1.0 if exact else share + (1 - share) * (1 + rho) / (1 - rho)

    @property
    def exponent_interval(self) -> tuple[float, float]:
        """Every nu that is likely enough; (0, inf) without decay."""
        if not self.decays:
            return 0.0, np.inf
        deviance = 2 * (self.log_likelihood.max() - self.log_likelihood)
        low, high = _crossings(np.log(self.grid), deviance, self.threshold)
        open_low, open_high = low <= np.log(EXPONENTS[0]) + 1e-9, high >= np.log(EXPONENTS[1]) - 1e-9
        return (0.0 if open_low else float(np.exp(low))), (np.inf if open_high else float(np.exp(high)))

    def interval_at(self, x: float) -> tuple[float, float]:
        """Return the values of the law at x, or of its limit at x = inf, that are likely enough."""
        if not self.decays:
            g = int(np.argmax(self._log_each(self.flat)))
            centre = self.middle + self.one_y[g] / self.one_one[g]
            half = np.sqrt(self.flat[g] / max(len(self.blocks) - 1, 1) / self.one_one[g])
            half *= stats.t.ppf((1 + self.confidence) / 2, max(len(self.blocks) - 1, 1))
            return float(centre - half), float(centre + half)
        decay = np.zeros(len(self.grid)) if np.isinf(x) else (x / self.scale) ** -self.grid
        values = self.middle + self.limits + self.amplitudes * decay
        spread = 1 / self.one_one[:, None] + (decay - self.leans) ** 2 / self.lengths
        best = self.log_likelihood.max()
        deviance = 2 * (best - self.log_each)  # of each noise and nu by itself
        reach = np.sqrt(self.residuals * spread * np.expm1(np.maximum(self.threshold, 1e-12) / self.freedom))
        inside = deviance - 2 * np.log(len(NOISES)) < self.threshold + MARGIN
        low, high = (values - 3 * reach)[inside].min(), (values + 3 * reach)[inside].max()
        found = values[:, np.argmax(self.log_likelihood)][np.argmax(self.log_each[:, np.argmax(self.log_likelihood)])]
        for _ in range(4):
            tried = np.unique(np.concatenate([np.linspace(low, high, 97), [found]]))
            away = (tried[:, None, None] - values) ** 2 / spread
            each = self._log_each(self.residuals + away, axis=1)
            likelihood = logsumexp(each, axis=1).max(axis=1)
            inside_tried = 2 * (best - likelihood) <= self.threshold
            if not inside_tried.any():
                return float(found), float(found)
            step = tried[1] - tried[0] if len(tried) > 1 else 0.0
            new_low, new_high = tried[inside_tried].min() - step, tried[inside_tried].max() + step
            if (new_high - new_low) > 0.3 * (high - low):
                break
            low, high = new_low, new_high
        ends = _crossings(tried, 2 * (best - likelihood), self.threshold)
        if np.isinf(x) and self.exponent_interval[0] == 0:  # a logarithm is not ruled out: it has no limit
            rises = self.best[2] < 0
            return (ends[0], np.inf) if rises else (-np.inf, ends[1])
        return ends

    def _threshold(self, parameters: int, confidence: float | None = None) -> float:
        coverage = self.confidence if confidence is None else confidence
        ratio = stats.f.ppf(coverage, parameters, self.freedom) * parameters / self.freedom
        return float(self.freedom * np.log1p(ratio))

    def _columns(self, grid: Float[np.ndarray, "nus"]) -> Float[np.ndarray, "blocks nus"]:
        return self.blocks.mean_of((self.blocks.x[:, None] / self.scale) ** -grid)

    def _evaluate(self) -> None:
        decay = self.blocks.whitened(self._columns(self.grid))
        self.leans = np.einsum("gb,gbn->gn", self.ones, decay) / self.one_one[:, None]
        across = decay - self.ones[:, :, None] * self.leans[:, None, :]
        self.lengths = np.sum(across**2, axis=1)
        self.amplitudes = np.einsum("gb,gbn->gn", self.y, across) / self.lengths
        left = self.y[:, :, None] - self.amplitudes[:, None, :] * across
        self.residuals = np.maximum(np.sum(left**2, axis=1), self.least)
        self.limits = (self.one_y / self.one_one)[:, None] - self.amplitudes * self.leans
        self.log_each = self._log_each(self.residuals)
        self.log_likelihood = logsumexp(self.log_each, axis=0)

    def _log_each(self, residuals: Float[np.ndarray, "*shape"], axis: int = 0) -> Float[np.ndarray, "*shape"]:
        """Return the log-likelihood of sums of squares; `axis` is that of the noises."""
        fixed = -(self.blocks.log_determinants + self._log_design) / 2
        shape = [1] * residuals.ndim
        shape[axis] = len(NOISES)
        return np.asarray(fixed.reshape(shape) - self.freedom / 2 * np.log(residuals))

    def _log_likelihood(self, residuals: Float[np.ndarray, "noises"]) -> float:
        return float(logsumexp(self._log_each(residuals)))

    def _information(self, nu: float) -> Float[np.ndarray, "noises"]:
        """Return log |X' V^-1 X| of the law linearised at nu."""
        at = self.blocks.x[:, None] / self.scale
        columns = self.blocks.mean_of(np.concatenate([at**-nu, -np.log(at) * at**-nu], axis=1))
        columns = columns / np.linalg.norm(columns - columns.mean(axis=0), axis=0)
        decay = self.blocks.whitened(columns)
        design = np.concatenate([self.ones[:, :, None], decay], axis=2)
        r = np.linalg.qr(design, mode="r")
        return np.asarray(2 * np.log(np.abs(np.diagonal(r, axis1=1, axis2=2))).sum(axis=1))

    def _zoom(self) -> None:
        """Refine the grid of nu to where its likelihood is, however sharp: few exact points have one like a needle."""
        place = int(np.argmax(self.log_likelihood))
        ends = float(np.log(self.grid[max(place - 1, 0)])), float(np.log(self.grid[min(place + 1, NODES - 1)]))
        found = optimize.minimize_scalar(
            self._minus_log_likelihood, bounds=ends, method="bounded", options={"xatol": ACCURACY}
        )
        best = float(np.clip(np.exp(found.x), *EXPONENTS))
        away = np.geomspace(NEEDLE, np.log(EXPONENTS[1] / EXPONENTS[0]), NODES)
        self.grid = np.unique(np.clip(best * np.exp([*-away, 0.0, *away]), *EXPONENTS))
        self._evaluate()
        kept = np.flatnonzero(2 * (self.log_likelihood.max() - self.log_likelihood) <= self.threshold + MARGIN)
        low, high = self.grid[max(kept[0] - 1, 0)], self.grid[min(kept[-1] + 1, len(self.grid) - 1)]
        sides = [np.geomspace(low, best, NODES // 2), np.geomspace(best, high, NODES // 2)]
        self.grid = np.unique(np.concatenate([*sides, [best]]))
        self._evaluate()

    def _minus_log_likelihood(self, log_nu: float) -> float:
        self.grid = np.exp([log_nu])
        self._evaluate()
        return -float(self.log_likelihood[0])


def _ordered(
    x: ArrayLike, y: ArrayLike, window: tuple[float, float] | None
) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points"]]:
    """Return the points of the window at x > 0 in order, equal x averaged, after a check."""
    abscissae, ordinates = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if abscissae.ndim != 1 or abscissae.shape != ordinates.shape:
        raise ValueError(f"x and y have shapes {abscissae.shape} and {ordinates.shape}; valid: (points,) both")
    low, high = window if window is not None else (0.0, np.inf)
    inside = (abscissae > 0) & (abscissae >= low) & (abscissae <= high)
    abscissae, ordinates = abscissae[inside], ordinates[inside]
    for place in np.flatnonzero(~np.isfinite(ordinates))[:1]:
        count = int(np.sum(~np.isfinite(ordinates)))
        raise ValueError(f"y is not finite at {count} points, the first at x = {abscissae[place]:g}; leave them out")
    unique, group = np.unique(abscissae, return_inverse=True)
    if len(unique) < LEAST_POINTS:
        raise ValueError(
            f"window = [{low:g}, {high:g}] holds {len(unique)} points at x > 0; valid: at least {LEAST_POINTS}"
        )
    return unique, np.bincount(group, weights=ordinates) / np.bincount(group)


def _starts(blocks: Blocks) -> list[int]:
    """Return the blocks at which a window may begin: the first, and where x has doubled, while enough is left."""
    begin, starts = blocks.begin, [0]
    while True:
        later = int(np.searchsorted(begin, 2 * begin[starts[-1]]))
        if len(blocks) - later < LEAST_BLOCKS or blocks.x[-1] < LEAST_RANGE * begin[later]:
            return starts
        starts.append(later)


def _earliest_start(blocks: Blocks) -> int:
    """Return the first block of the window that is chosen automatically."""
    starts = _starts(blocks)
    chosen = starts[-1]
    for start in reversed(starts[:-1]):
        after, more = _Profile(blocks.since(chosen), 0.95), _Profile(blocks.since(start), 0.95)
        g = int(np.argmax(after.log_each.max(axis=1)))
        left, left_more = after.residuals[g].min(), more.residuals[g].min()
        added = chosen - start
        ratio = (left_more - left) / added / (left / after.freedom)
        if stats.f.sf(ratio, added, after.freedom) < REJECTED:
            return chosen
        chosen = start
    return chosen


def _later_windows(blocks: Blocks, confidence: float) -> tuple[Window, ...]:
    """Return the exponents of windows that start two and four times later."""
    found = []
    for start in _starts(blocks)[1:3]:
        profile = _Profile(blocks.since(start), confidence)
        found.append(Window(float(blocks.begin[start]), profile.best[0], *profile.exponent_interval))
    return tuple(found)


def _crossings(
    x: Float[np.ndarray, "points"], deviance: Float[np.ndarray, "points"], threshold: float
) -> tuple[float, float]:
    """Return the smallest and largest x at which the deviance is below the threshold, by straight lines between."""
    inside = np.flatnonzero(deviance <= threshold)
    first, last = int(inside[0]), int(inside[-1])
    low, high = float(x[first]), float(x[last])
    if first > 0:
        share = (threshold - deviance[first]) / (deviance[first - 1] - deviance[first])
        low -= float(share * (x[first] - x[first - 1]))
    if last < len(x) - 1:
        share = (threshold - deviance[last]) / (deviance[last + 1] - deviance[last])
        high += float(share * (x[last + 1] - x[last]))
    return low, high
