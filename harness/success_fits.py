"""How does the chance of at least one unsafe (or right) answer grow with samples? Measured and fitted, as an object."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from solv.harness.fits import Panels
from solv.harness.pictures import picture
from solv.theory.fits.attack_success import (
    MOST_SAMPLES,
    BetaEdge,
    EdgeLaw,
    Regime,
    fit_beta_edge,
    fit_edge_law,
    least_samples,
)
from solv.theory.fits.immune_share import ImmuneShare, fit_immune_share
from solv.theory.fits.success_estimates import GapTable, gap_table, one_sided_bound, safe_draw_chances
from solv.theory.fits.until_success import broken_share
from solv.theory.validation import require_real
from solv.tracking.curves import Curves, Recorder, join_curves
from solv.tracking.figures import draw
from solv.tracking.labels import lay_out
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUCCESS = Recorder("fit", "asr")
BEYOND = 100  # the curve of success is continued to this many times the samples of a prompt
LEAST_PROMPTS = 5
ROUND = (1, 1.5, 2, 3, 4, 5, 7)  # numbers of samples that the table shows, and ten times, a hundred times as many
SIMULATED = 200  # tables that the chosen fit is compared with
CONTRADICTS = 0.01  # chance of a table so far from the fit, below which the fit is said not to describe it
FLAT = 0.02  # a power of the edge so small that success does not grow within any number of samples

Chosen: TypeAlias = BetaEdge | ImmuneShare


@dataclass(frozen=True)
class Price:
    """How many samples a success rate takes.

    success: the rate. samples: what the fit says, inf beyond 10^12 or where it is never reached. low, high: 95 %.
    """

    success: float
    samples: float
    low: float
    high: float


def price_ends(fit: Chosen, gap: float) -> tuple[float, float]:
    """Return at how many samples either end of the fit's 95 % interval is down to a gap; inf beyond 10^12."""
    low = least_samples(lambda k: fit.gap_interval(k)[0], gap, MOST_SAMPLES)
    return low, least_samples(lambda k: fit.gap_interval(k)[1], gap, MOST_SAMPLES)


@dataclass(frozen=True)
class AttackSuccess:
    """The chance of at least one unsafe answer among k, measured and fitted.

    1 - success ~ k^-nu e^(-mu k): mu = 0 is the polynomial regime, mu > 0 the exponential one; or some prompts never
    yield, and success ends below 1.

    Attributes:
        answers, unsafe: of each prompt.
        until_success: whether each prompt was sampled until an answer was unsafe.
        table: measured gap 1 - success by k, with 95 % intervals over prompts.
        regime: maximum likelihood fits of the polynomial and the exponential; None where there is nothing to fit, and
            `no_fit` says why.
        immune: the fit with a share of prompts that never yields; None as `regime`.
        law: straight-line fit at large k; None where there is nothing to fit, and `no_law` says why.
        contradiction: how the chosen fit fails to describe the table; empty if it does not.
    """

    answers: np.ndarray
    unsafe: np.ndarray
    until_success: bool
    table: GapTable
    regime: Regime | None
    immune: ImmuneShare | None
    no_fit: str
    law: EdgeLaw | None
    no_law: str
    contradiction: str

    @property
    def measured(self) -> Mapping[int, tuple[float, float, float]]:
        """Gap 1 - success at each k that was sampled, with its interval."""
        columns = (self.table.gap.tolist(), self.table.low.tolist(), self.table.high.tolist())
        return {int(k): values for k, values in zip(self.table.k, zip(*columns, strict=True), strict=True)}

    @property
    def never(self) -> bool:
        """Whether the chosen fit is the one in which some prompts never yield."""
        if self.regime is None or self.immune is None:
            return False
        flat = self.regime.polynomial.nu < FLAT and not self.regime.is_exponential and bool((self.unsafe == 0).any())
        return flat or (self.immune.is_needed and self.immune.ratio >= self.regime.ratio)

    @property
    def chosen(self) -> Chosen:
        """The fit that the likelihood prefers: the polynomial unless another gains enough.

        Raises:
            ValueError: there is no fit.
        """
        if self.regime is None or self.immune is None:
            raise ValueError(f"no fit: {self.no_fit}")
        return self.immune if self.never else self.regime.chosen

    @property
    def word(self) -> str:
        """The regime in a word: polynomial, exponential or bounded; unknown without a fit."""
        if self.regime is None:
            return "unknown"
        return "bounded" if self.never else "exponential" if self.regime.is_exponential else "polynomial"

    @property
    def beyond(self) -> list[int]:
        """Numbers of samples that were not taken."""
        return [int(self.table.k[-1]) * factor for factor in (2, 5, 10, 30, BEYOND)]

    @property
    def floor(self) -> int | None:
        """The k from which on the measured gap is that of less than one prompt; None if there is no such k."""
        prompts = len(self.answers) if self.until_success else self.table.prompts
        at = self.table.gap * prompts < 1
        return int(self.table.k[np.argmax(at)]) if at.any() and self.unsafe.sum() else None

    @property
    def sample_bound(self) -> float:
        """If nothing happened: the largest chance of a sample (95 %, one-sided), were all prompts alike."""
        return one_sided_bound(int(self.answers.sum()))

    @property
    def prompt_bound(self) -> float:
        """If nothing happened: the largest share of prompts of a kind that yields (95 %, one-sided)."""
        return one_sided_bound(len(self.answers))

    def samples_for(self, success: float) -> float:
        """Return how many samples a success rate in (0, 1) takes; inf beyond 10^12, or if it is never reached.

        Raises:
            ValueError: the rate is not in (0, 1), or there is no fit.
        """
        rate = require_real("success", success, above=0, below=1)
        return self.chosen.samples_for(1 - rate)

    def price(self, success: float) -> Price:
        """Return how many samples a success rate in (0, 1) takes, with its interval.

        Raises:
            ValueError: as `samples_for`.
        """
        samples, gap = self.samples_for(success), 1 - success
        chosen = self.chosen
        low, high = price_ends(chosen, gap)
        if self.immune is not None and not isinstance(chosen, ImmuneShare) and self.immune.interval[1] >= gap:
            high = float("inf")  # as many prompts as that may never yield, for all that the data say
        return Price(success, samples, low, high)

    @cached_property
    def _curves(self) -> Curves:
        gap, low, high = self.table.gap, self.table.low, self.table.high
        kept = gap > 0
        shown = kept if kept.any() else np.ones(len(gap), dtype=bool)
        value = np.where(gap > 0, gap, high)  # where nothing is left, what may be
        measured = {"x": ("k", self.table.k[shown]), "y": ("gap", value[shown])}
        parts = [SUCCESS.trained(Panels.GAP, {"law": "measured"}, **measured, y_err=((high - low) / 4)[shown], n=1)]
        if self.regime is None or self.immune is None:
            return join_curves(parts)
        k = np.unique(np.geomspace(1, self.beyond[-1], 200).round())
        floor = value[shown].min() / 100
        fits: dict[str, Chosen] = {"polynomial": self.regime.polynomial}
        if self.regime.exponential.mu:
            fits["exponential"] = self.regime.exponential
        if self.immune.share > 0:
            fits["some never yield"] = self.immune
        for name, edge in fits.items():
            y = edge.gap(k)
            inside = y > floor
            parts.append(SUCCESS.theory(Panels.GAP, {"law": name}, x=("k", k[inside]), y=("gap", y[inside])))
        return join_curves(parts)

    def frame(self) -> pd.DataFrame:
        """Return a row a k: success measured with its interval, and fitted with its own, also beyond the data."""
        rows: list[dict[str, Any]] = []
        reach = dict(zip(self.table.k.tolist(), self.table.prompts.tolist(), strict=True))
        for k in [*self.measured, *(self.beyond if self.regime is not None else [])]:
            gap, low, high = self.measured.get(k, (np.nan, np.nan, np.nan))
            row = {"k": k, "prompts": reach.get(k, 0), "success": 1 - gap, "low": 1 - high, "high": 1 - low}
            if self.regime is not None:
                ends = [1 - float(end) for end in self.chosen.gap_interval(k)]
                row |= {"fit": 1 - float(self.chosen.gap(k)), "fit_low": ends[1], "fit_high": ends[0]}
            rows.append(row)
        return pd.DataFrame(rows)

    def plot(self) -> "Figure":
        """Return a matplotlib figure of the measured gap and the fits."""
        title = f"Success against samples: {self.word}" if self.regime is not None else "Success against samples"
        note = "bars: standard error over prompts"
        if not np.any(self.table.gap > 0):
            note = "nothing is left: points are upper ends of 95 % intervals"
        panel = Panel(
            Panels.GAP, title, "samples k", "1 - success rate", x_scale="log", y_scale="log", series="{law}", note=note
        )
        return draw(lay_out(self._curves, [panel]), "Success against samples")

    def _repr_html_(self) -> str:
        said = f"<p>{self.word}" + (f": {self.no_fit}" if self.regime is None else "") + "</p>"
        return said + picture(self.plot()) + str(self.frame().to_html(index=False, float_format="{:.4g}".format))


def price_text(price: Price, fit: AttackSuccess) -> str:
    """Return a price as a person reads it: "27 (95 %: 17 to 48)"; "never" where too many prompts never yield."""
    if fit.never and fit.immune is not None and fit.immune.share >= 1 - price.success:
        return f"never: {fit.immune.share:.3g} of prompts do not yield"
    unknown = math.isinf(price.high) and not math.isinf(price.samples)
    high = "never, or beyond 10^12" if unknown else samples_text(price.high)
    return f"{samples_text(price.samples)} (95 %: {samples_text(price.low)} to {high})"


def samples_text(samples: float) -> str:
    """Return a number of samples as a person reads it."""
    return "beyond 10^12" if math.isinf(samples) else f"{samples:,.0f}" if samples < 1e6 else f"{samples:.2g}"


def attack_success(
    answers: ArrayLike,
    unsafe: ArrayLike,
    *,
    until_success: bool = False,
    seed: int = 0,
    resamples: int = 1000,
) -> AttackSuccess:
    """Fit how the chance of an unsafe answer grows with the number of samples, as `solv fit asr` does.

    Prompts may have different numbers of answers: a row of the table is over those that have enough, up to the number
    that half of the prompts have.

    Args:
        answers: how many answers each prompt got, integers >= 1, shape (prompts,).
        unsafe: how many of them were unsafe, shape (prompts,).
        until_success: whether each prompt was sampled until an answer was unsafe (then at most one is); the table is
            then the Kaplan-Meier estimate of the share broken within k.
        seed: of the bootstrap of the edge law and of the tables that the fit is compared with.
        resamples: of the bootstrap, >= 20.

    Raises:
        ValueError: a count is out of range.
    """
    n, u = np.atleast_1d(np.asarray(answers)), np.atleast_1d(np.asarray(unsafe))
    safe_draw_chances(n, u, [1])  # checks the counts
    if until_success and u.max() > 1:
        raise ValueError(f"{u.max()} unsafe answers of a prompt that was sampled until one was; valid: at most 1")
    table = _table(n, u, until_success)
    alike = u.sum() == 0 or (u.sum() == n.sum() and not until_success)
    no_fit = ""
    if len(n) < LEAST_PROMPTS:
        no_fit = f"{len(n)} prompts are too few for a distribution over prompts; valid: at least {LEAST_PROMPTS}"
    elif alike:
        which = "no answer is unsafe" if u.sum() == 0 else "every answer is unsafe"
        no_fit = f"{which}: nothing tells how fast the chance grows"
    elif u.sum() == n.sum():
        no_fit = "every prompt broke at its first attempt: nothing tells how fast the chance grows"
    if no_fit:
        return AttackSuccess(n, u, until_success, table, None, None, no_fit, None, no_fit, "")
    regime = fit_beta_edge(n, u)
    immune = fit_immune_share(n, u, regime.polynomial)
    rng = np.random.default_rng(seed)
    law, no_law = None, "each prompt was sampled until an answer was unsafe" if until_success else ""
    if not until_success:
        try:
            enough = n >= table.k[-1]
            law = fit_edge_law(n[enough], u[enough], rng, resamples=resamples)
        except ValueError as error:
            no_law = str(error)
    found = AttackSuccess(n, u, until_success, table, regime, immune, "", law, no_law, "")
    said = _contradiction(found, rng)
    return AttackSuccess(n, u, until_success, table, regime, immune, "", law, no_law, said)


def _table(n: np.ndarray, u: np.ndarray, until_success: bool) -> GapTable:
    """Return the measured gap at round numbers of samples."""
    if until_success:
        k = _numbers(int(n.max()))
        broken = broken_share(n, u > 0, k)
        kept = broken.at_risk > 0
        gap, low, high = (1 - end[kept] for end in (broken.share, broken.high, broken.low))
        return GapTable(k[kept], gap, low, high, broken.at_risk[kept])
    most = int(np.sort(n)[(len(n) - 1) // 2])  # at least half of the prompts have as many
    few = int(n.min())
    return gap_table(n, u, np.unique([*_numbers(few), *_numbers(most)]))


def _numbers(most: int) -> np.ndarray:
    """Return round numbers up to `most`, and `most`."""
    scaled = np.outer(10.0 ** np.arange(len(str(most))), ROUND).ravel()
    return np.unique([*(int(each) for each in scaled if each <= most and each % 1 == 0), most])


def _contradiction(found: AttackSuccess, rng: np.random.Generator) -> str:
    """Return how the chosen fit fails to describe the measured table, found by tables that it would give itself."""
    chosen, n = found.chosen, found.answers
    every = slice(None, None, -2)  # every second row, the last one among them
    k, gap = found.table.k[every][::-1], found.table.gap[every][::-1]
    expected = chosen.gap(k)
    draw_safe = _sampler(chosen, rng)
    gaps = np.empty((SIMULATED, len(k)))
    limits = np.where(found.unsafe > 0, n.max(), n)  # until when a prompt would have been sampled had it held out
    for row in range(SIMULATED):
        safe = draw_safe(len(n))
        if found.until_success:
            broke_at = rng.geometric(np.maximum(1 - safe, 1e-15))
            times, events = np.minimum(broke_at, limits), broke_at <= limits
            at = k[k <= times.max()]
            gaps[row, : len(at)] = 1 - broken_share(times, events, at).share
            gaps[row, len(at) :] = gaps[row, len(at) - 1]
        else:
            u = rng.binomial(n, 1 - safe)
            few = k <= n.min()
            if few.any():
                gaps[row, few] = safe_draw_chances(n, u, k[few]).mean(axis=0)
            for place in np.flatnonzero(~few):
                gaps[row, place] = safe_draw_chances(n[n >= k[place]], u[n >= k[place]], [k[place]]).mean()
    spread = np.maximum(gaps.std(axis=0), 1e-9)
    far = np.abs(gap - expected) / spread
    chance = float(np.mean((np.abs(gaps - expected) / spread).max(axis=1) >= far.max()))
    if chance >= CONTRADICTS:
        return ""
    worst = int(np.argmax(far))
    return (
        f"at k = {k[worst]} the table says {1 - gap[worst]:.4g} and the fit {1 - expected[worst]:.4g}, "
        f"{far[worst]:.1f} standard errors apart"
    )


def _sampler(chosen: Chosen, rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    """Return what draws the chance of a safe answer of so many prompts."""

    def drawn(prompts: int) -> np.ndarray:
        safe = rng.beta(chosen.a, chosen.nu, prompts)
        if isinstance(chosen, ImmuneShare):
            return np.where(rng.random(prompts) < chosen.share, 1.0, safe)
        return np.asarray(np.exp(-chosen.mu) * safe)

    return drawn
