"""Part `fitted-laws`: what do the paper's least squares read where power and rate are known?

The fit is that of log(-log Pi_k) on (-log k, -k, 1), every k alike. Three laws are put in:

* the exact Poisson-Dirichlet gap in a field, at the k of figure 2: its power is ν = 1 - x in every field, its rate 0;
* gaps of a known (ν, μ) that are multiples of 1 / prompts, as those of sampled verdicts are, at the k of figures 3, 4;
* P ~ Beta(1, ν) with small ν, whose gaps are large: there log(-log Pi_k) is not log gap.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.jailbreak.chance import judge_independent
from solv.experiments.jailbreak.counted_work import BETA, PASS, POWER, WORD
from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.harness.contract import Context, Part
from solv.harness.published import published_curves
from solv.harness.work import Work
from solv.theory.jailbreak.clusters import asr_gap, edge_gap
from solv.theory.jailbreak.paper_fits import (
    FIGURE_2_COUNTS,
    LANGUAGE_COUNTS,
    least_squares_edge,
    log_minus_log_slope,
)
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, pair, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("jailbreak", "fitted-laws")
K, LANGUAGE_K = np.array(FIGURE_2_COUNTS), np.array(LANGUAGE_COUNTS)
ALL, ABOVE = "all k", "gap ≥ 2 / prompts"
DOUBLE_LOG, LOG = "log(-log Π)", "log(1 - Π)"
MOST_RATE = 1e-4  # a rate that no fit of 64 samples tells from 0
PRECISION = 0.05  # relative error of a sampled power that can show the fit's
KEPT_TOLERANCE, LOST = (
    0.25,
    0.5,
)  # relative error of μ without the floor, and the share of it that a floor leaves at most
LARGE = 1.5  # factor by which ν is read too large
CLOSE = 0.2  # relative error of ν read off log(1 - Π): small k are not on the law yet
LARGE_GROUPS = 20
EXACT_CALLS, FIT_CALLS = 300, 60  # of SciPy and NumPy for an exact gap at one k, and for a least squares
TWO_RUNS = 1040  # prompts of the paper's two runs on AdvBench
LEAST_COUNTS = 4  # k that a fit of three numbers needs
NARROW = "m = 1; theory: least squares of the exact law"


class Panels(StrEnum):
    """The panels of this part."""

    SMALLEST = "fits-smallest-gap"
    CATEGORY = "fits-category-prompts"
    LAW_NU = "fits-law-nu"
    LAW_MU = "fits-law-mu"
    FLOOR_NU = "fits-floor-nu"
    FLOOR_MU = "fits-floor-mu"
    LARGE = "fits-large-gaps"


def panels(config: JailbreakConfig) -> list[Panel]:
    """Return what the fit reads of the law in a field, of floored gaps, and of large ones."""
    floored = f"true ν = {config.fits.nu:g}, μ = {config.fits.mu:g}"
    return [
        Panel(
            Panels.LAW_NU,
            "Least squares of the exact law: ν",
            "field λ",
            "fitted ν (true: 1 - x)",
            series="x={breakpoint}",
            ordered=True,
            note=NARROW,
        ),
        Panel(
            Panels.LAW_MU,
            "Least squares of the exact law: μ",
            "field λ",
            "fitted μ (true: 0)",
            series="x={breakpoint}",
            ordered=True,
            note=NARROW,
        ),
        *(
            Panel(
                name,
                f"Least squares of gaps that are multiples of 1 / prompts: {symbol}",
                "prompts",
                f"fitted {symbol}",
                x_scale="log",
                series="{used}",
                note=f"{floored}; theory: the gap floored at 1 / prompts",
            )
            for name, symbol in ((Panels.FLOOR_NU, "ν"), (Panels.FLOOR_MU, "μ"))
        ),
        Panel(
            Panels.LARGE,
            "Least squares of large gaps, P ~ Beta(1, ν)",
            "true ν",
            "fitted ν over true ν",
            x_scale="log",
            series="of {of}",
        ),
        Panel(
            Panels.SMALLEST,
            "The smallest gap that prompts can show",
            "prompts",
            "gap",
            x_scale="log",
            y_scale="log",
            series=lambda params: "1 / prompts",
            note="published: the smallest one drawn",
            figure="Fig. 3",
        ),
        Panel(
            Panels.CATEGORY,
            "Prompts of a category",
            "category",
            "prompts; no gap is below 1 / prompts",
            y_scale="log",
            category=("category",),
            series="{data_set}",
            figure="Fig. G.5-G.13",
        ),
    ]


def predict(config: JailbreakConfig) -> Iterator[Curves]:
    """Yield what the fit reads of the exact gaps."""
    fits = config.fits
    fields, prompts, powers = (np.array(sorted(each)) for each in (fits.field, fits.prompts, fits.large_nu))
    for x in fits.x:
        read = least_squares_edge(K, np.stack([asr_gap(x, 1, field, K) for field in fields]))
        for panel, name, values in zip((Panels.LAW_NU, Panels.LAW_MU), ("nu", "mu"), read, strict=True):
            yield RECORD.theory(panel, {"breakpoint": x}, x=("field", fields), y=(name, values))
    gaps = edge_gap(1.0, fits.nu, fits.mu, LANGUAGE_K)
    for used in (ALL, ABOVE):
        values = np.array([_floored(gaps, count, used) for count in prompts])
        shown = np.isfinite(values[:, 0])
        for panel, name, column in zip((Panels.FLOOR_NU, Panels.FLOOR_MU), ("nu", "mu"), values.T, strict=True):
            yield RECORD.theory(
                panel, _floor_case(config, used), x=("prompts", prompts[shown]), y=(name, column[shown])
            )
    asked = np.unique([*prompts, TWO_RUNS])
    yield RECORD.theory(Panels.SMALLEST, {}, x=("prompts", asked), y=("gap", 1 / asked))
    for of in (DOUBLE_LOG, LOG):
        large = np.stack([edge_gap(1.0, nu, 0.0, LANGUAGE_K) for nu in powers])
        read_nu, _ = least_squares_edge(LANGUAGE_K, large, of_log_gap=of == LOG)
        yield RECORD.theory(Panels.LARGE, {"of": of}, x=("nu", powers), y=("ratio", read_nu / powers))


def _floor_case(config: JailbreakConfig, used: str) -> dict[str, object]:
    return {"nu": config.fits.nu, "mu": config.fits.mu, "used": used}


def _floored(gaps: np.ndarray, prompts: int, used: str) -> tuple[float, float]:
    """Return (nu, mu) of gaps of which none is below 1 / prompts; NaN where too few k are left."""
    kept = gaps >= 2 / prompts if used == ABOVE else np.full(len(gaps), True)
    kept &= gaps < 1
    if kept.sum() < LEAST_COUNTS:
        return np.nan, np.nan
    nu, mu = least_squares_edge(LANGUAGE_K[kept], np.maximum(gaps[kept], 1 / prompts))
    return float(nu), float(mu)


def measure(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    """Yield what the fit reads of sampled clusters, verdicts and prompts, and the authors' smallest gap and counts."""
    package = "solv.experiments.jailbreak"
    yield from published_curves(RECORD, Panels.SMALLEST, package=package, x="prompts", y="gap")
    yield from published_curves(RECORD, Panels.CATEGORY, package=package, x="case", y="prompts")
    with context.progress.task("fit known laws", 3) as step:
        yield from _sampled_laws(config, context)
        step.advance(note="law")
        yield from _sampled_verdicts(config, context)
        step.advance(note="floor")
        yield from _sampled_prompts(config, context)
        step.advance(note="large gaps")


def _sampled_laws(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    """Clusters are sampled in fields where theory expects enough of them to count at every k."""
    clusters = config.clusters
    for x in config.fits.x:
        fields = [
            field
            for field in sorted(config.fits.field)
            if clusters.samples * asr_gap(x, 1, field, K).min() >= clusters.least_seen
        ]
        if not fields:
            continue

        def simulate(x: float = x, fields: list[float] = fields) -> dict[str, np.ndarray]:
            rng = context.seeds.numpy("fitted clusters", x)
            p = rng.beta(x, 1 - x, size=(clusters.groups, clusters.samples // clusters.groups))
            return {"gaps": np.stack([_powers(p / (p + np.exp(field) * (1 - p))) for field in fields])}

        gaps = context.unit(f"fitted clusters x={x!r}", simulate)["gaps"]  # (fields, groups, ks)
        count = gaps.shape[1]
        read = np.stack(least_squares_edge(K, gaps.mean(axis=1)))
        left_out = np.stack(least_squares_edge(K, (gaps.sum(axis=1, keepdims=True) - gaps) / (count - 1)))
        error = np.sqrt((count - 1) * left_out.var(axis=2))
        for panel, name, y, y_err in zip((Panels.LAW_NU, Panels.LAW_MU), ("nu", "mu"), read, error, strict=True):
            yield RECORD.simulation(panel, {"breakpoint": x}, x=("field", fields), y=(name, y), y_err=y_err, n=count)


def _powers(safe: np.ndarray) -> np.ndarray:
    """Return the mean of p^k over samples at the k of figure 2, shape (groups, ks): even ones by products."""
    square = safe**2
    power, means = square, [safe.mean(axis=1), square.mean(axis=1)]
    for _ in FIGURE_2_COUNTS[2:]:
        power = power * square
        means.append(power.mean(axis=1))
    return np.stack(means, axis=1)


def _sampled_verdicts(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    """As the paper does, k fresh answers are sampled to each prompt for every k; a gap of 0 is drawn at 1 / prompts."""
    fits = config.fits
    prompts = sorted(fits.prompts)

    def simulate() -> dict[str, np.ndarray]:
        read = np.full((len(prompts), fits.repeats, 2, 2), np.nan)
        for place, count in enumerate(prompts):
            rng = context.seeds.numpy("floored verdicts", count)
            for repeat in range(fits.repeats):
                safe = np.exp(-fits.mu) * rng.beta(1.0, fits.nu, count)
                gaps = np.mean(rng.random((count, len(LANGUAGE_K))) < safe[:, None] ** LANGUAGE_K, axis=0)
                for number, used in enumerate((ALL, ABOVE)):
                    read[place, repeat, number] = _floored(gaps, count, used)
        return {"read": read}

    read = context.unit("floored verdicts", simulate)["read"]
    for number, used in enumerate((ALL, ABOVE)):
        for index, (panel, name) in enumerate(((Panels.FLOOR_NU, "nu"), (Panels.FLOOR_MU, "mu"))):
            for place, count in enumerate(prompts):
                values = read[place, :, number, index]
                if np.isfinite(values).sum() >= 2:
                    y, y_err, n = standard_error(values[np.isfinite(values)])
                    at = _floor_case(config, used)
                    yield RECORD.simulation(panel, at, x=("prompts", count), y=(name, y), y_err=y_err, n=n)


def _sampled_prompts(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    powers = np.array(sorted(config.fits.large_nu))
    gaps = []
    for nu in powers:
        safe = context.seeds.numpy("large gaps", nu).beta(1.0, nu, size=(LARGE_GROUPS, config.fits.large_prompts))
        gaps.append(np.stack([(safe**count).mean(axis=1) for count in LANGUAGE_K], axis=1))
    for of in (DOUBLE_LOG, LOG):
        read, _ = least_squares_edge(LANGUAGE_K, np.stack(gaps), of_log_gap=of == LOG)
        y, y_err, n = standard_error(read / powers[:, None], axis=1)
        yield RECORD.simulation(Panels.LARGE, {"of": of}, x=("nu", powers), y=("ratio", y), y_err=y_err, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_no_rate(curves: Curves) -> Judgement:
    """The exact law decides; the sampled powers say that it is the law of clusters."""
    mu, nu = (select(curves, panel=panel, source="theory") for panel in (Panels.LAW_MU, Panels.LAW_NU))
    if mu["x"].nunique() < 2:
        return missing("fits.field includes two values")
    growth = [rows.sort_values("x")["y"].diff().min() for _, rows in nu.groupby("params")]
    paired = pair(select(curves, panel=Panels.LAW_NU))
    worst = mu.iloc[int(mu["y"].argmax())]
    return Judgement(
        all_of(
            [
                Verdict.HOLDS if worst["y"] <= MOST_RATE else Verdict.FAILS,
                Verdict.HOLDS if min(growth) > 0 else Verdict.FAILS,
                judge_independent(paired, PRECISION) if len(paired) else Verdict.UNDECIDED,
            ]
        ),
        predicted=f"μ <= {MOST_RATE:g}, ν grows with λ",
        measured=(
            f"μ from {mu['y'].min():.4f} to {mu['y'].max():.1e} (at λ = {worst['x']:g}); ν up to {nu['y'].max():.2f}; "
            f"{len(paired)} sampled ν at 2 s.e."
        ),
        tolerance="exact; sampled ν within 2 s.e. of at most 5 %",
    )


def _judge_floor(curves: Curves) -> Judgement:
    measured = select(curves, panel=Panels.FLOOR_MU, source="simulation")
    true = float(parameter(curves, "mu").iloc[0])
    verdicts, found = [], []
    for used in (ALL, ABOVE):
        rows = select(measured, used=used)
        rows = rows[rows["x"] <= TWO_RUNS].sort_values("x")
        if rows.empty:
            return missing("fits.prompts includes 520")
        last = rows.iloc[-1]
        error = known(last["y_err"], last["n"])
        found.append(f"{last['y']:.4f} ± {last['y_err']:.4f} of {used} at {last['x']:g} prompts")
        verdicts.append(
            exceeds(LOST * true - last["y"], 0, error)
            if used == ALL
            else within(last["y"], true, KEPT_TOLERANCE * true, error)
        )
    return Judgement(
        all_of(verdicts),
        predicted=f"μ = {true:g}",
        measured=", ".join(found),
        tolerance="all k: below half of μ; without the floored ones: within 25 % of μ; 2 s.e.",
    )


def _judge_large(curves: Curves) -> Judgement:
    theory = select(curves, source="theory")
    least = theory["x"].min()
    read = {of: float(select(theory, of=of).set_index("x")["y"][least]) for of in (DOUBLE_LOG, LOG)}
    gaps = edge_gap(1.0, float(least), 0.0, LANGUAGE_K)
    factor = float(log_minus_log_slope(gaps).mean())
    return Judgement(
        all_of(
            [
                exceeds(read[DOUBLE_LOG], LARGE),
                within(read[LOG], 1, CLOSE),
                judge_independent(pair(curves), PRECISION),
            ]
        ),
        predicted=f"about {factor:.1f}: d log(-log Π) / d log(1 - Π) at gaps of {gaps.min():.2f} to {gaps.max():.2f}",
        measured=f"ν = {least:g} is read {read[DOUBLE_LOG]:.2f} times too large; off log(1 - Π) {read[LOG]:.2f} times",
        tolerance="over 1.5 times, and within 20 %; sampled within 2 s.e. of at most 5 %",
    )


def work(config: JailbreakConfig) -> Work:
    """Return the work of the exact law in every field, of sampled clusters there, of verdicts, and of large gaps."""
    fits, samples = config.fits, config.clusters.samples
    laws = len(fits.x) * len(fits.field)
    exact = Work(calls=2 * laws * len(K) * EXACT_CALLS)  # as theory, and to see where samples are enough
    of_sample = BETA * len(fits.x) + laws * (5 + 3 * len(K) / 2) * PASS
    verdicts = len(LANGUAGE_K) * (POWER + 3 * PASS) * sum(fits.prompts) * fits.repeats
    floors = 2 * len(fits.prompts) * fits.repeats * FIT_CALLS
    large = len(fits.large_nu) * LARGE_GROUPS * fits.large_prompts * (BETA + len(LANGUAGE_K) * POWER)
    sampled = Work(of_sample * samples, memory=4 * WORD * samples)
    return exact + sampled + Work(verdicts + large, floors, WORD * 3 * len(LANGUAGE_K) * max(fits.prompts))


FITTED_LAWS = Part(
    name="fitted-laws",
    question="What do the paper's least squares read where power and rate are known?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "law-fit-has-no-rate",
            "The exact law of one unsafe cluster, fitted as the paper fits, has no rate μ, and a ν that grows with λ.",
            reads=(Panels.LAW_NU, Panels.LAW_MU),
            judge=_judge_no_rate,
            needs={"clusters.samples": 400_000},
        ),
        Claim(
            "floor-hides-the-rate",
            "Gaps that end at 1 / prompts hide the rate from least squares; without those below 2 / prompts it shows.",
            reads=(Panels.FLOOR_MU,),
            judge=_judge_floor,
            needs={"fits.repeats": 40},
        ),
        Claim(
            "large-gaps-inflate-nu",
            "Where gaps are large, log(-log Π) makes least squares read a ν that is too large.",
            reads=(Panels.LARGE,),
            judge=_judge_large,
            needs={"fits.large_prompts": 5000},
        ),
    ),
)
