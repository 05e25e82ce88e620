"""How fast does attack success grow with samples? The jailbreak experiment: predicted curves and panels.

Halder, Banerjee and Pehlevan, arXiv:2603.11331. E1 Poisson-Dirichlet clusters in a field; E2 enumerated spin glasses;
E3 the upper edge of the safe chance; E4 a language model (`experiments/jailbreak/language.py`). What is measured is in
`experiments/jailbreak/measurements.py`, the claims in `experiments/jailbreak/claims.py`. No attack strings and no
harmful prompts: this measures curves.
"""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln

from solv.experiments.jailbreak.language import language_panels, predict_language
from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.harness import catalog
from solv.harness.contract import Context
from solv.theory.jailbreak.clusters import asr_gap, edge_gap, power_law, safe_moments
from solv.theory.jailbreak.spin_glass_field import overlap_rate
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves, curve, join_curves
from solv.tracking.figures import Panel

NAME = "jailbreak"
GAP, SAMPLES = "chance that no answer is unsafe", "samples k"
ZERO_FIELD, EXPONENT, AMPLITUDE = "zero field", "exponent", "amplitude"
GLASS, GLASS_RATE, GLASS_NU, GLASS_MU, STRONG = "glass", "glass rate", "glass nu", "glass mu", "glass strong field"
RANDOM_ENERGY, RANDOM_ENERGY_COUNTS = "random energy", (1, 2, 4, 8, 16, 32, 64, 128, 256)
EDGE, EDGE_SHAPE, HELD_OUT = "edge", "edge shape", "edge held out"
WINDOW, LIMIT = "up to the k that samples show", "k → 10⁶"
LAST_DECADE = (10**5, 10**6)  # where the exact exponent and amplitude are read


class Jailbreak:
    """The experiment, as `solv.harness.contract.Experiment` describes it."""

    entry = catalog.entry(NAME)
    Config = JailbreakConfig

    def panels(self, config: JailbreakConfig) -> list[Panel]:
        """Return the panels in the order of the questions."""
        log = partial(Panel, x_scale="log", y_scale="log")
        glass = config.glass
        size = f"N = {glass.spins}, β = {glass.beta:g}"
        return [
            log(ZERO_FIELD, "E1 No field: a power of k", SAMPLES, GAP, ordered=True, main=True),
            *(
                log(field_panel(x, m), f"E1 In a field: x = {x:g}, m = {m}", SAMPLES, GAP, ordered=True, main=True)
                for x, m in field_cases(config)
            ),
            Panel(
                EXPONENT,
                "E1 Exponent without field",
                "x, m",
                "exponent ν over m (1 - x)",
                categories=tuple(f"{x:g}, {m}" for x, m in cases(config)),
            ),
            Panel(
                AMPLITUDE,
                f"E1 What a field takes off at k = {config.clusters.amplitude_at}",
                "field λ",
                "log of the gap over that without field",
                ordered=True,
            ),
            log(GLASS, f"E2 Spin glass in a field, {size}", SAMPLES, GAP, ordered=True, y_limits=(1e-7, 1)),
            Panel(
                GLASS_RATE,
                f"E2 The same against k, {size}",
                SAMPLES,
                GAP,
                y_scale="log",
                ordered=True,
                y_limits=(1e-7, 1),
            ),
            Panel(GLASS_NU, "E2 Fitted power ν", "field h", "ν", note="bars: bootstrap over glasses"),
            Panel(GLASS_MU, "E2 Fitted rate μ", "field h", "μ", note="bars: bootstrap over glasses"),
            Panel(
                STRONG,
                f"E2 Strong field, β = {glass.rate_beta:g}: -log p / N",
                "field h",
                "rate of the safe chance",
                y_scale="log",
                ordered=True,
                note="theory: N → ∞, a centre that the couplings do not know",
            ),
            log(
                RANDOM_ENERGY,
                f"E2 Random energy model, x = {glass.random_energy_x:g}",
                SAMPLES,
                GAP,
                ordered=True,
                note="theory: N → ∞; corrections fall as log N / N",
            ),
            log(EDGE, "E3 The upper edge decides", SAMPLES, GAP),
            Panel(EDGE_SHAPE, "E3 Safe chance near its edge", "e^μ P", "density over prompts", y_scale="log"),
            Panel(HELD_OUT, "E3 Other prompts, as predicted", SAMPLES, "log(measured / predicted gap)", x_scale="log"),
            *language_panels(config.language),
        ]

    def predict(self, config: JailbreakConfig) -> Curves:
        """Return the theory curves of every panel but those that need what a run measures."""
        glasses = [*_strong_field(config), *_random_energy(config)]
        return join_curves([*_clusters(config), *glasses, *_edge(config), *predict_language(config.language)])

    def measure(self, config: JailbreakConfig, context: Context) -> Curves:
        """Return the simulated curves and those of the language model."""
        from solv.experiments.jailbreak.measurements import measure

        return measure(config, context)

    def claims(self, curves: Curves) -> list[Claim]:
        """Check the claims of the spec."""
        from solv.experiments.jailbreak.claims import check_claims

        return check_claims(curves)


EXPERIMENT = Jailbreak()


# -- names and values shared with the measurements ------------------------------------------------------------------


def points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve of this experiment; `rest` as in `solv.tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )


def cases(config: JailbreakConfig) -> list[tuple[float, int]]:
    """Return every (x, m)."""
    return [(x, m) for x in config.x for m in config.m]


def field_cases(config: JailbreakConfig) -> list[tuple[float, int]]:
    """Return the (x, m) that are drawn in a field: the i-th x with the i-th m, the last m for the x that are left."""
    return [(x, config.m[min(i, len(config.m) - 1)]) for i, x in enumerate(config.x)]


def field_panel(x: float, m: int) -> str:
    """Return the name of the panel of one (x, m) in a field."""
    return f"field x={x:g} m={m}"


def case_series(x: float, m: int) -> str:
    """Return the name of the series of one (x, m)."""
    return f"x={x:g} m={m}"


def edge_cases(config: JailbreakConfig) -> list[tuple[float, float]]:
    """Return every (nu, mu) of E3."""
    return [(nu, mu) for nu in config.edge.nu for mu in config.edge.mu]


def edge_series(nu: float, mu: float) -> str:
    """Return the name of the series of one upper edge."""
    return f"ν={nu:g} μ={mu:g}"


def counts(config: JailbreakConfig) -> np.ndarray:
    """Return the k of E1's curves: four a decade."""
    grid: np.ndarray = np.unique(
        np.geomspace(1, config.most, 4 * round(math.log10(config.most)) + 1).round().astype(int)
    )
    return grid


def fit_window(config: JailbreakConfig, x: float, m: int) -> np.ndarray:
    """Return the two k between which the simulated exponent is read: up to the last one where enough is seen."""
    k = counts(config)
    seen = k[(config.clusters.samples * safe_moments(x, m, k) >= config.clusters.least_seen) & (k <= 10**4)]
    high = seen[-1] if len(seen) > 1 else k[1]
    return np.array([k[k <= max(1, min(config.clusters.fit_from, high / 4))][-1], high])


def power_between(gaps: np.ndarray, window: np.ndarray) -> float:
    """Return the exponent of the power law through two points."""
    return -math.log(gaps[1] / gaps[0]) / math.log(window[1] / window[0])


def edge_counts(config: JailbreakConfig) -> np.ndarray:
    """Return the k of E3's curves, up to half the answers."""
    return np.unique(np.geomspace(1, config.edge.answers // 2, 14).round().astype(int))


# -- theory of each panel -------------------------------------------------------------------------------------------


def _clusters(config: JailbreakConfig) -> Iterator[Curves]:
    k = counts(config)
    local, asymptotic, amplitudes = [], [], []
    for x, m in cases(config):
        gaps = safe_moments(x, m, k)
        yield points(ZERO_FIELD, case_series(x, m), "theory", "k", k, "gap", gaps, params={"x": x, "m": m})
        nu, amplitude = power_law(x, m)
        local.append(power_between(safe_moments(x, m, fit_window(config, x, m)), fit_window(config, x, m)) / nu)
        ends = safe_moments(x, m, LAST_DECADE)
        asymptotic.append(power_between(ends, np.array(LAST_DECADE)) / nu)
        amplitudes.append(float(ends[1]) * LAST_DECADE[1] ** nu / amplitude)
    number = np.arange(len(local))
    yield points(EXPONENT, WINDOW, "theory", "case", number, "ratio", local)
    worst = max(amplitudes, key=lambda each: abs(each - 1))
    yield points(EXPONENT, LIMIT, "theory", "case", number, "ratio", asymptotic, params={"worst_amplitude": worst})
    at = config.clusters.amplitude_at
    for x, m in field_cases(config):
        for field in config.field:
            place = field_panel(x, m), f"λ={field:g}", "theory"
            yield points(*place, "k", k, "gap", asr_gap(x, m, field, k), params={"x": x, "m": m, "field": field})
        fields = np.array([field for field in config.field if field > 0])
        if len(fields):
            logs = [float(np.log(asr_gap(x, m, field, at) / safe_moments(x, m, at))) for field in fields]
            place = AMPLITUDE, case_series(x, m), "theory"
            yield points(*place, "field", fields, "log_ratio", logs, params={"x": x, "m": m, "nu": power_law(x, m)[0]})


def _strong_field(config: JailbreakConfig) -> Iterator[Curves]:
    glass = config.glass
    for spins in glass.rate_sizes:
        edge = safe_edge(spins, glass.threshold)
        rates = np.array([overlap_rate(glass.rate_beta, h, edge, glass.strength) for h in glass.rate_field])
        fields = np.array(glass.rate_field)
        seen = rates > 0
        if seen.any():
            place = STRONG, f"N={spins} random centre", "theory"
            yield points(*place, "h", fields[seen], "rate", rates[seen], params={"spins": spins})


def _random_energy(config: JailbreakConfig) -> Iterator[Curves]:
    x = config.glass.random_energy_x
    for spins in config.glass.random_energy_sizes:
        gaps = safe_moments(x, 1, RANDOM_ENERGY_COUNTS)
        place = RANDOM_ENERGY, f"N={spins}", "theory", "k", RANDOM_ENERGY_COUNTS
        yield points(*place, "gap", gaps, params={"x": x, "spins": spins})


def safe_edge(spins: int, threshold: float) -> float:
    """Return the largest overlap below the threshold that N spins can have."""
    level = math.ceil(threshold * spins / 2 + spins / 2 - 1e-9) - 1
    return (2 * level - spins) / spins


def _edge(config: JailbreakConfig) -> Iterator[Curves]:
    edge, k = config.edge, edge_counts(config)
    q = np.linspace(0.5, 1, 26)
    middle = (q[1:] + q[:-1]) / 2
    for nu, mu in edge_cases(config):
        parameters = {"a": edge.a, "nu": nu, "mu": mu}
        series = edge_series(nu, mu)
        yield points(EDGE, series, "theory", "k", k, "gap", edge_gap(edge.a, nu, mu, k), params=parameters)
        density = np.exp((edge.a - 1) * np.log(middle) + (nu - 1) * np.log1p(-middle) - betaln(edge.a, nu))
        yield points(EDGE_SHAPE, series, "theory", "safe", middle, "density", density, params=parameters)
        yield points(HELD_OUT, series, "theory", "k", k, "log_ratio", np.zeros(len(k)), params=parameters)
