"""Part `spin-glass`: does the gap of a spin glass cross over from a power of k to an exponential in a field?"""

import math
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from solv.experiments.jailbreak.clusters import GAP, SAMPLES
from solv.experiments.jailbreak.counted_work import OF_STICKS, POWER, enumerated_glasses, jackknifed
from solv.experiments.jailbreak.settings import Glass, JailbreakConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, parameter, select, standard_error
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from solv.experiments.jailbreak.glass_law import Measured

RECORD = Recorder("jailbreak", "spin-glass")
RESAMPLES = 400  # of the bootstrap over glasses
RESAMPLED = 2800  # operations of a glass in a resample: a multinomial number
WEAK = 6.0  # fields lambda up to which the law of a weak field is drawn
NORMAL = 1.96  # half the width of a 95 % interval in standard errors
LEAST_SPINS = 18  # a smaller glass has too few clusters for a law of many: it cannot refute it
LEAST_GAP = 0.01  # a finite glass has no clusters below its smallest, so that its gap ends
LAW_TOLERANCE = 0.15  # relative: N is finite


class Panels(StrEnum):
    """The panels of this part; the last is a table."""

    GLASS = "glass"
    GLASS_RATE = "glass-rate"
    GLASS_NU = "glass-nu"
    GLASS_MU = "glass-mu"
    CLUSTERS = "glass-clusters"


def panels(config: JailbreakConfig) -> list[Panel]:
    """Return the gap against log k and against k, the fitted edge against the field, and the table of clusters."""
    bootstrap = "bars: bootstrap over glasses"
    size = "N = {spins}, β = {beta}"
    return [
        Panel(
            Panels.GLASS,
            f"Spin glass in a field, {size}",
            SAMPLES,
            GAP,
            x_scale="log",
            y_scale="log",
            y_limits=(1e-10, 1),
            facets=("spins", "beta"),
            series="h={field}",
            ordered=True,
        ),
        Panel(
            Panels.GLASS_RATE,
            f"The same against k, {size}",
            SAMPLES,
            GAP,
            y_scale="log",
            y_limits=(1e-10, 1),
            facets=("spins", "beta"),
            series="h={field}",
            ordered=True,
        ),
        Panel(Panels.GLASS_NU, "Fitted power ν of the glasses", "field h", "ν", series=size, note=bootstrap),
        Panel(Panels.GLASS_MU, "Fitted rate μ of the glasses", "field h", "μ", series=size, note=bootstrap),
        Panel(Panels.CLUSTERS, "Measured clusters of the glasses", "spins N, field h", "x, overlap, λ", drawn=False),
    ]


def _model(glass: Glass) -> dict[str, object]:
    return {
        "spins": glass.spins,
        "beta": glass.beta,
        "strength": glass.strength,
        "flip_breaking": glass.flip_breaking,
        "threshold": glass.threshold,
        "clusters": glass.clusters,
        "x_from": glass.x_from,
        "delta_q": glass.delta_q,
        "unsafe": glass.unsafe,
    }


def predict(config: JailbreakConfig) -> Iterator[Curves]:
    """Yield nothing: x is not known of these glasses, and the law that stands on the measured x is itself measured."""
    yield from ()


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    """Yield the gap in each field, the Poisson-Dirichlet law at the glasses' own x and overlaps, and the fitted edges.

    The law (`glass_law.py`) is drawn up to lambda = 6, with the error that x and the overlaps leave it.
    """
    from solv.experiments.jailbreak.glass_law import jackknife, law, measured, shift
    from solv.experiments.jailbreak.glasses import enumerated_profiles
    from solv.theory.fits.attack_success import fit_edge_law_to_chances

    glass = config.glass
    k, fields, model = np.unique(glass.k), sorted(set(glass.field)), _model(glass)
    with context.progress.task("enumerate glasses", 1 + len(fields)) as step:
        profiles = enumerated_profiles(
            config,
            context,
            "glass",
            glass.spins,
            glass.beta,
            glass.disorders,
            glass.picks,
            glass.flip_breaking,
            clusters=glass.clusters,
            unsafe=glass.unsafe,
        )
        step.advance(note=f"N={glass.spins}")
        of = measured(profiles, context.seeds.numpy("glass sticks"))
        yield from _clusters(glass, of, fields)
        laws = []
        for field in fields:
            safe = profiles.safe_chances(glass.beta * field * glass.spins)
            powers = np.stack([profiles.mean(safe**count).numpy() for count in k.tolist()], axis=1)
            curves = {"simulation": standard_error(powers)}
            if shift(glass, of, field) <= WEAK:
                curves["anchored"] = *jackknife(partial(law, glass, k, field), of), glass.disorders
            for panel in (Panels.GLASS, Panels.GLASS_RATE):
                for source, (y, y_err, n) in curves.items():
                    at = {**model, "field": field}
                    yield RECORD.curve(source, panel, at, x=("k", k), y=("gap", y), y_err=y_err, n=n)
            laws.append(
                fit_edge_law_to_chances(k, powers, context.seeds.numpy("glass fit", field), resamples=RESAMPLES)
            )
            step.advance(note=f"h={field:g}")
    for panel, name, values, intervals in (
        (Panels.GLASS_NU, "nu", [fit.nu for fit in laws], [fit.nu_interval for fit in laws]),
        (Panels.GLASS_MU, "mu", [fit.mu for fit in laws], [fit.mu_interval for fit in laws]),
    ):
        errors = [(high - low) / (2 * NORMAL) for low, high in intervals]
        yield RECORD.simulation(panel, model, x=("h", fields), y=(name, values), y_err=errors, n=glass.disorders)


def _clusters(glass: Glass, of: "Measured", fields: list[float]) -> Iterator[Curves]:
    """Yield what the law stands on: x, the mean overlaps with the unsafe centre, and lambda of every field."""
    from solv.experiments.jailbreak.glass_law import jackknife, shift, x_of

    values, errors = jackknife(lambda part: np.array([x_of(glass, part), *part.profiles.mean_overlaps()]), of)
    model, n = _model(glass), glass.disorders
    for name, value, error in zip(("x", "overlap_unsafe", "overlap_safe"), values, errors, strict=True):
        yield RECORD.simulation(Panels.CLUSTERS, model, x=("spins", glass.spins), y=(name, value), y_err=error, n=n)
    shifts, errors = jackknife(lambda part: np.array([shift(glass, part, field) for field in fields]), of)
    yield RECORD.simulation(Panels.CLUSTERS, model, x=("h", fields), y=("lambda", shifts), y_err=errors, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_power_law(curves: Curves) -> Judgement:
    """Only the part of the curve above 1 % is compared: a finite glass has no clusters below its smallest."""
    rows = select(curves, panel=Panels.GLASS, field=0)
    law = select(rows, source="anchored")[["x", "y"]].rename(columns={"y": "law"})
    compared = select(rows, source="simulation").merge(law, on="x")
    compared = compared[compared["law"] > LEAST_GAP]
    if compared.empty:
        return missing("glass.field includes 0, glass.k includes 1")
    ratios, errors = compared["y"] / compared["law"], compared["y_err"] / compared["law"]
    worst = int((ratios - 1).abs().argmax())
    verdict = all_of(
        within(ratio, 1, LAW_TOLERANCE, known(error, n))
        for ratio, error, n in zip(ratios, errors, compared["n"], strict=True)
    )
    x = select(curves, panel=Panels.CLUSTERS, y_name="x")["y"].iloc[0]
    too_small = parameter(compared, "spins").iloc[0] < LEAST_SPINS
    return Judgement(
        Verdict.UNDECIDED if too_small and verdict is Verdict.FAILS else verdict,
        predicted=1.0,
        measured=float(ratios.iloc[worst]),
        error=float(errors.iloc[worst]),
        tolerance=f"15 % down to a gap of 1 % (finite N); x = {x:.3f} measured",
    )


def _judge_strong_field(curves: Curves) -> Judgement:
    last = curves.sort_values("x").iloc[-1]
    if last["x"] == 0:
        return missing("glass.field includes a value above 0")
    return Judgement(
        exceeds(last["y"], 0, known(last["y_err"], last["n"]), sigmas=3),
        predicted="μ > 0",
        measured=float(last["y"]),
        error=float(last["y_err"]),
        tolerance=f"3 s.e., at h = {last['x']:g}",
    )


def _judge_growth(curves: Curves) -> Judgement:
    verdicts, ends = [], []
    for panel, symbol in ((Panels.GLASS_NU, "ν"), (Panels.GLASS_MU, "μ")):
        rows = select(curves, panel=panel).sort_values("x")
        if len(rows) < 2:
            return missing("glass.field includes two values")
        first, last = rows.iloc[0], rows.iloc[-1]
        error = known(math.hypot(first["y_err"], last["y_err"]), last["n"])
        verdicts.append(exceeds(last["y"] - first["y"], 0, error))
        ends.append(
            f"{symbol}: {first['y']:.2f} ± {first['y_err']:.2f} at h = {first['x']:g}, {last['y']:.2f} ± "
            f"{last['y_err']:.2f} at {last['x']:g}"
        )
    return Judgement(
        all_of(verdicts),
        predicted="both grow",
        measured="; ".join(ends),
        tolerance="2 s.e. from the weakest to the strongest field",
    )


def work(config: JailbreakConfig) -> Work:
    """Return the work of the glasses, of the sticks of each, and of their law and fit in every field."""
    glass, fields = config.glass, len(set(config.glass.field))
    sizes = glass.spins, glass.disorders, glass.picks
    found = enumerated_glasses(*sizes, clusters=glass.clusters) + Work(OF_STICKS * glass.disorders)
    gaps = Work(fields * glass.disorders * (glass.picks * len(glass.k) * POWER + RESAMPLES * RESAMPLED))
    return found + gaps + jackknifed(*sizes, times=2 + fields)


SPIN_GLASS = Part(
    name="spin-glass",
    question="Does the gap of a spin glass cross over from a power of k to an exponential in a field?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "spin-glass-power-law",
            "Without field a spin glass follows the Poisson-Dirichlet power law at its own x.",
            reads=(Panels.GLASS, Panels.CLUSTERS),
            judge=_judge_power_law,
            needs={"glass.spins": LEAST_SPINS, "glass.disorders": 3000},
        ),
        Claim(
            "strong-field-exponential",
            "In a strong field along the unsafe centre the spin glass's gap falls exponentially.",
            reads=(Panels.GLASS_MU,),
            judge=_judge_strong_field,
            figure="Fig. 2b",
            needs={"glass.disorders": 1000, "glass.field": 0.2},
        ),
        Claim(
            "parameters-grow-with-field",
            "Both fitted parameters of the spin glass, ν and μ, grow with the field.",
            reads=(Panels.GLASS_NU, Panels.GLASS_MU),
            judge=_judge_growth,
            figure="Fig. 2b",
            needs={"glass.disorders": 2000},
        ),
    ),
)
