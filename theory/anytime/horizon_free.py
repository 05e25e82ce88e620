"""Which schedule and averaging window is good at every stopping time, and how good against a cosine tuned for each?

Anytime spec, sections 4 and S3. The *envelope* takes for each horizon the best peak and final factor of a cosine that
ends there, read by its last iterate. An *anytime* curve is one run, one peak and one average, read at all horizons;
peak and average minimise the largest ratio to the envelope. Peaks are multipliers of 1 / trace(H). Each choice is made
by its own rule on its own grid, and a grid whose edge would win is extended.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.anytime.rates import best_schedule_exponent
from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.spectrum import Spectrum, power_law_spectrum
from solv.theory.anytime.weight_averaging import Average, ema
from solv.theory.schedules import constant, cosine, offset_polynomial, polynomial, warmup_stable_decay
from solv.theory.validation import require_integer, require_real

MULTIPLIERS = (0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.15, 1.3, 1.5, 2, 3)
STRETCH = (1.3, 1.7, 2.2, 3.0)  # factors beyond an edge of the grid that are tried next
EXTENSIONS = 6
FINALS = (0.0, 0.1)
LABELS = (3.125, 6.25, 12.5, 25.0)
EXACT, RATIO = 16, 1.5  # of the spectrum: risks are known to 5e-4
PARTS = (0.05, 0.1, 0.25, 0.5, 1.0)  # of the last horizon: where an anytime run is read


@dataclass(frozen=True)
class PowerSchedule:
    """A horizon-free schedule: constant, (1 + t/offset)^-gamma, or t^-gamma where the offset is 0.

    Attributes:
        gamma: exponent in [0, 1).
        offset: steps, >= 0.
    """

    gamma: float
    offset: float = 0.0

    @property
    def name(self) -> str:
        """The formula, as short as it is exact to three digits."""
        if self.gamma == 0:
            return "constant"
        return f"t^-{self.gamma:.3g}" if self.offset == 0 else f"(1+t/{self.offset:g})^-{self.gamma:.3g}"

    def factors(self, steps: int) -> Float[np.ndarray, "steps"]:
        """Return the factors of steps 1..steps."""
        t = np.arange(1, steps + 1)
        if self.gamma == 0:
            return constant(t)
        return polynomial(t, self.gamma) if self.offset == 0 else offset_polynomial(t, self.gamma, self.offset)


@dataclass(frozen=True)
class Problem:
    """A regression with its noise and batch.

    Attributes:
        spectrum: inputs and target.
        sigma2: label noise, >= 0.
        batch: B, >= 1.
    """

    spectrum: Spectrum
    sigma2: float
    batch: int = 1


@dataclass(frozen=True)
class Tuned:
    """Schedules with a horizon, tuned for each.

    Attributes:
        risk: least risk at each horizon, shape (horizons,).
        multiplier: the peak that reaches it, in units of 1 / trace, shape (horizons,).
        shape: the final factor of a cosine, or the part of a horizon at which WSD begins to decay, that reaches it,
            shape (horizons,).
        long: risk of the schedule tuned for the last horizon where it is read at the earlier ones, shape (horizons,).
        edges: least and largest multiplier that were tried; no optimum lies on them unless `on_edge`.
        on_edge: whether one does all the same, after all extensions.
    """

    risk: Float[np.ndarray, "horizons"]
    multiplier: Float[np.ndarray, "horizons"]
    shape: Float[np.ndarray, "horizons"]
    long: Float[np.ndarray, "horizons"]
    edges: tuple[float, float]
    on_edge: bool


@dataclass(frozen=True)
class Anytime:
    """One run read at every horizon through one average.

    Attributes:
        schedule: of its learning rate.
        average: its name; "last iterate" where nothing is averaged.
        multiplier: peak in units of 1 / trace.
        risk: at each horizon, shape (horizons,).
        worst_ratio: largest ratio to the envelope.
        on_edge: whether the multiplier is at the edge of what was tried, after all extensions.
    """

    schedule: PowerSchedule
    average: str
    multiplier: float
    risk: Float[np.ndarray, "horizons"]
    worst_ratio: float
    on_edge: bool


@dataclass(frozen=True)
class Comparison:
    """Anytime runs against the tuned cosine.

    Attributes:
        horizons: steps at which all are read, shape (horizons,).
        envelope: the cosine tuned for each of them.
        runs: for each schedule the last iterate and each average.
    """

    horizons: tuple[int, ...]
    envelope: Tuned
    runs: tuple[Anytime, ...]

    @property
    def best(self) -> Anytime:
        """The run whose largest ratio to the envelope is least."""
        return min(self.runs, key=lambda run: run.worst_ratio)


def cosine_envelope(
    problem: Problem, horizons: Sequence[int], multipliers: ArrayLike = MULTIPLIERS, finals: Sequence[float] = FINALS
) -> Tuned:
    """Return the best cosine for each horizon, last iterate.

    Args:
        problem: the regression.
        horizons: increasing steps.
        multipliers: peaks to try, increasing, > 0.
        finals: final factors to try, each in [0, 1].

    Raises:
        ValueError: an argument is out of range.

    Cost: one recursion (`solv.theory.anytime.risk`) of len(multipliers) len(finals) runs for each horizon.
    """
    return _tuned(problem, horizons, multipliers, finals, cosine)


def stable_decay_envelope(
    problem: Problem,
    horizons: Sequence[int],
    multipliers: ArrayLike = MULTIPLIERS,
    stable: Sequence[float] = (0.9,),
) -> Tuned:
    """Return the best warmup-stable-decay schedule for each horizon, down to 0 by a line; as `cosine_envelope`.

    Args:
        problem, horizons, multipliers: as in `cosine_envelope`.
        stable: parts of the horizon at which the decay may begin, each in (0, 1).

    Raises:
        ValueError: an argument is out of range.
    """
    return _tuned(problem, horizons, multipliers, stable, warmup_stable_decay)


def best_anytime(
    problem: Problem,
    schedule: PowerSchedule,
    averages: Sequence[Average],
    horizons: Sequence[int],
    envelope: Float[np.ndarray, "horizons"],
    multipliers: ArrayLike = MULTIPLIERS,
    judged: Sequence[int] | None = None,
) -> list[Anytime]:
    """Return for the last iterate and for each average the run with the least largest ratio to the envelope.

    Args:
        problem: the regression.
        schedule: of the learning rate.
        averages: averages to follow.
        horizons: increasing steps at which the run is read.
        envelope: risks to compare with, shape (horizons,).
        multipliers: peaks to try, increasing, > 0.
        judged: those of the horizons whose ratios choose the peak; None: all.

    Raises:
        ValueError: an argument is out of range.

    Cost: one recursion of len(multipliers) runs to the last horizon.
    """
    return _anytime(problem, [schedule], averages, horizons, envelope, multipliers, judged)


def compare(
    problem: Problem,
    horizons: Sequence[int],
    schedules: Sequence[PowerSchedule],
    averages: Sequence[Average],
    multipliers: ArrayLike = MULTIPLIERS,
    judged: Sequence[int] | None = None,
) -> Comparison:
    """Return every schedule through every average, each with its best peak, against the tuned cosine.

    Arguments and errors as in `cosine_envelope` and `best_anytime`.
    """
    envelope = cosine_envelope(problem, horizons, multipliers)
    runs = _anytime(problem, schedules, averages, horizons, envelope.risk, multipliers, judged)
    return Comparison(tuple(horizons), envelope, tuple(runs))


def recommend(
    a: float,
    b: float,
    horizon: int,
    sigma2: float = 0.01,
    *,
    dimension: int = 500_000,
    batch: int = 1,
    labels: Sequence[float] = LABELS,
    offsets: Sequence[float] = (0.05,),
) -> Comparison:
    """Return which schedule, peak and averaging window to use where training may stop at any step up to the horizon.

    `.best` is the answer; `.runs` holds the others: a constant rate and (1 + t / alpha)^-gamma for gamma = 1/2 and
    gamma* = max(1 - a/b, 0), each through the last iterate and through an EMA of every label. All are read from a
    twentieth of the horizon on, and judged by their largest ratio to the cosine that is tuned for each reading.

    Args:
        a, b: capacity and source, > 1 (`theory/anytime/spectrum.py`).
        horizon: longest training, >= 100 steps.
        sigma2: label noise, >= 0.
        dimension: of the inputs.
        batch: samples a step, >= 1.
        labels: EMA labels f: half-life t/f.
        offsets: alpha, as parts of the horizon, > 0.

    Raises:
        ValueError: an argument is out of range.

    Cost: about 1 s at a horizon of 20000, in proportion to it.
    """
    problem = Problem(power_law_spectrum(a, b, dimension, exact=EXACT, ratio=RATIO), sigma2, batch)
    averages = [ema(label) for label in labels]
    return compare(problem, read_out(horizon), horizon_free_schedules(a, b, horizon, offsets), averages)


def read_out(horizon: int) -> list[int]:
    """Return the steps at which anytime runs are read, from a twentieth of the horizon, >= 100, to the horizon."""
    horizon = require_integer("horizon", horizon, least=100)
    return [round(part * horizon) for part in PARTS]


def horizon_free_schedules(a: float, b: float, horizon: int, offsets: Sequence[float]) -> list[PowerSchedule]:
    """Return the constant schedule, and those of exponent 1/2 and gamma* with each offset; as in `recommend`."""
    alphas = [require_real("offset", offset, above=0) * horizon for offset in offsets]
    gammas = sorted({0.5, round(best_schedule_exponent(a, b), 12)} - {0.0})
    return [PowerSchedule(0.0), *(PowerSchedule(gamma, alpha) for gamma in gammas for alpha in alphas)]


def least_mean_risk(
    problem: Problem,
    schedules: Sequence[PowerSchedule],
    average: Average,
    read_at: Sequence[int],
    multipliers: ArrayLike,
    judged: Sequence[int] | None = None,
) -> list[tuple[float, Float[np.ndarray, "times"]]]:
    """Return each schedule's multiplier of least mean risk over the readings, the authors' rule, and its risks.

    The mean is over those readings that are `judged` (None: all). The grid is taken as it is. Errors as in
    `best_anytime`.
    """
    peaks = _require_multipliers(multipliers)
    factors = np.stack([schedule.factors(read_at[-1]) for schedule in schedules], axis=1)
    rates = (factors[..., None] * (peaks / problem.spectrum.trace)).reshape(len(factors), -1)
    risks = excess_risk(problem.spectrum, problem.sigma2, rates, read_at, [average], problem.batch).averaged[0]
    found = risks.reshape(len(read_at), len(schedules), len(peaks))
    rows = [place for place, step in enumerate(read_at) if judged is None or step in judged]
    best = found[rows].mean(axis=0).argmin(axis=1)
    return [(float(peaks[chosen]), found[:, row, chosen]) for row, chosen in enumerate(best)]


def _anytime(
    problem: Problem,
    schedules: Sequence[PowerSchedule],
    averages: Sequence[Average],
    horizons: Sequence[int],
    envelope: Float[np.ndarray, "horizons"],
    multipliers: ArrayLike,
    judged: Sequence[int] | None,
) -> list[Anytime]:
    """Return the best run of every schedule and average; all of them are runs of one recursion."""
    factors = np.stack([schedule.factors(horizons[-1]) for schedule in schedules], axis=1)
    rows = [place for place, step in enumerate(horizons) if judged is None or step in judged]
    if not rows:
        raise ValueError(f"judged = {judged} has no step of the horizons {list(horizons)}")

    def risks(peaks: Float[np.ndarray, "peaks"]) -> Float[np.ndarray, "schedules curves horizons peaks"]:
        rates = (factors[..., None] * (peaks / problem.spectrum.trace)).reshape(len(factors), -1)
        found = excess_risk(problem.spectrum, problem.sigma2, rates, horizons, averages, problem.batch)
        curves = np.concatenate([found.last[None], found.averaged])
        return np.moveaxis(curves.reshape(*curves.shape[:2], len(schedules), len(peaks)), 2, 0)

    def worst(found: np.ndarray) -> Float[np.ndarray, "schedules curves peaks"]:
        with np.errstate(over="ignore"):  # of a run that diverges the ratio is inf
            return np.asarray((found / envelope[:, None])[:, :, rows].max(axis=2))

    peaks, found = _extended(
        _require_multipliers(multipliers), risks, lambda found: worst(found).reshape(-1, found.shape[-1])
    )
    ratios, names = worst(found), ["last iterate", *(average.name for average in averages)]
    chosen = []
    for row, schedule in enumerate(schedules):
        for curve, name in enumerate(names):
            best = int(np.argmin(ratios[row, curve]))
            on_edge = best in (0, len(peaks) - 1)
            least = float(ratios[row, curve, best])
            chosen.append(Anytime(schedule, name, float(peaks[best]), found[row, curve, :, best], least, on_edge))
    return chosen


def _tuned(
    problem: Problem,
    horizons: Sequence[int],
    multipliers: ArrayLike,
    shapes: Sequence[float],
    factors: Callable[[Float[np.ndarray, "steps"], int, float], Float[np.ndarray, "steps"]],
) -> Tuned:
    """Tune the schedule of every horizon; all of them are runs of one recursion, each 0 after its own end."""
    t, last = np.arange(1.0, horizons[-1] + 1), range(len(horizons))
    forms = np.zeros((len(t), len(horizons), len(shapes)))
    for place, horizon in enumerate(horizons):
        for column, shape in enumerate(shapes):
            forms[:horizon, place, column] = factors(t[:horizon], horizon, shape)

    def risks(peaks: Float[np.ndarray, "peaks"]) -> Float[np.ndarray, "times horizons shapes peaks"]:
        rates = (forms[..., None] * (peaks / problem.spectrum.trace)).reshape(len(t), -1)
        found = excess_risk(problem.spectrum, problem.sigma2, rates, horizons, batch=problem.batch).last
        return found.reshape(len(horizons), *forms.shape[1:], len(peaks))

    def at_the_end(found: np.ndarray) -> Float[np.ndarray, "horizons shapes peaks"]:
        return np.asarray(found[last, last])

    peaks, found = _extended(_require_multipliers(multipliers), risks, lambda found: at_the_end(found).min(axis=1))
    ends = at_the_end(found).reshape(len(horizons), -1)
    shape, best = np.divmod(ends.argmin(axis=1), len(peaks))
    return Tuned(
        ends.min(axis=1),
        peaks[best],
        np.array(shapes, dtype=np.float64)[shape],
        found[:, -1, shape[-1], best[-1]],
        (float(peaks[0]), float(peaks[-1])),
        bool(np.any((best == 0) | (best == len(peaks) - 1))),
    )


def _extended(
    peaks: Float[np.ndarray, "runs"],
    risks: Callable[[Float[np.ndarray, "runs"]], np.ndarray],
    score: Callable[[np.ndarray], Float[np.ndarray, "choices runs"]],
) -> tuple[Float[np.ndarray, "runs"], np.ndarray]:
    """Return peaks and risks (runs last), the grid extended while the best of any choice lies on its edge."""
    found = risks(peaks)
    for _ in range(EXTENSIONS):
        best = np.argmin(score(found), axis=1)
        more = [
            *(peaks[0] / np.array(STRETCH[::-1]) if np.any(best == 0) else ()),
            *(peaks[-1] * np.array(STRETCH) if np.any(best == len(peaks) - 1) else ()),
        ]
        if not more:
            break
        found = np.concatenate([found, risks(np.array(more))], axis=-1)
        peaks = np.concatenate([peaks, more])
        order = np.argsort(peaks)
        peaks, found = peaks[order], found[..., order]
    return peaks, found


def _require_multipliers(multipliers: ArrayLike) -> Float[np.ndarray, "runs"]:
    peaks = np.asarray(multipliers, dtype=np.float64)
    if peaks.ndim != 1 or not len(peaks) or not np.all(np.isfinite(peaks) & (peaks > 0)) or np.any(np.diff(peaks) <= 0):
        raise ValueError(f"multipliers = {peaks.tolist()} is out of range; valid: increasing, finite, > 0")
    return peaks
