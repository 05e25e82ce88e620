"""Which statements about attack success does a run show? The claims of the jailbreak spec."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from solv.experiments.jailbreak.experiment import (
    AMPLITUDE,
    EXPONENT,
    GLASS,
    GLASS_MU,
    GLASS_NU,
    HELD_OUT,
    LIMIT,
    ZERO_FIELD,
)
from solv.experiments.jailbreak.language import language_claim
from solv.tracking.claims import Claim, Verdict, all_of, exceeds, not_measured, within
from solv.tracking.curves import Curves, pair, parameter, select

EXPONENT_TOLERANCE, AMPLITUDE_TOLERANCE = 0.02, 0.02  # relative
LEAST_SPINS = 14  # a smaller glass has too few clusters for a law of many
WEAK = 0.5  # largest field of the claim on the weak-field amplitude


def check_claims(curves: Curves) -> list[Claim]:
    """Return every claim, judged by the curves alone; a claim whose curves are missing is undecided."""
    return [
        _power_law(curves),
        _amplitude(curves),
        _any_field(curves),
        _glass_power_law(curves),
        _strong_field(curves),
        _parameters_grow(curves),
        _edge_law(curves),
        language_claim(curves),
    ]


def _power_law(curves: Curves) -> Claim:
    """Theory is read in its last decade; the simulation between the k where it sees enough, against theory there."""
    statement = "Without field the gap ends on C k^-ν with ν = m (1 - x)."
    rows = select(curves, panel=EXPONENT)
    exact = select(rows, series=LIMIT)
    paired = pair(rows)
    if exact.empty or paired.empty:
        return not_measured("zero-field-power-law", statement, "x, m")
    off = float((exact["y"] - 1).abs().max())
    amplitude = abs(float(parameter(exact, "worst_amplitude").iloc[0]) - 1)
    outside = paired["deviation"].abs() > 2
    worst = int((paired["y"] - paired["theory"]).abs().argmax())
    return Claim(
        "zero-field-power-law",
        statement,
        predicted="ν = m (1 - x), C of equation (4)",
        measured=(
            f"exact at k = 10^6: ν off by {100 * off:.1e} %, C by {100 * amplitude:.1e} %; sampled: {outside.sum()} of "
            f"{len(paired)} ν beyond 2 s.e., the worst off by {100 * (paired['y'] - paired['theory']).iloc[worst]:.1f} "
            f"± {100 * paired['y_err'].iloc[worst]:.1f} %"
        ),
        verdict=all_of(
            [within(off, 0, EXPONENT_TOLERANCE), within(amplitude, 0, AMPLITUDE_TOLERANCE), _few(outside, paired)]
        ),
        tolerance="2 % each; sampled: theory between the same k, 2 s.e.",
        needs="clusters.samples >= 400000",
    )


def _few(outside: pd.Series, paired: pd.DataFrame) -> Verdict:
    """Judge that no more independent points lie outside 2 s.e. than chance allows at 1 %."""
    chance = float(2 * stats.t.sf(2, paired["n"].min() - 1))
    return Verdict.HOLDS if outside.sum() <= stats.binom.ppf(0.99, len(outside), chance) else Verdict.FAILS


def _amplitude(curves: Curves) -> Claim:
    statement = f"A weak field (λ <= {WEAK:g}) takes ν λ off the log of the gap."
    rows = select(curves, panel=AMPLITUDE)
    paired = pair(rows[rows["x"] <= WEAK])
    if paired.empty:
        return not_measured("weak-field-amplitude", statement, f"field with a value in (0, {WEAK:g}]")
    exact = rows[rows["source"] == "theory"]
    power = dict(zip(exact["series"], parameter(exact, "nu").astype(float), strict=True))
    asymptote = -paired["series"].map(power) * paired["x"]
    verdicts = [
        within(y, expected, 0.05 * abs(expected), error)
        for y, expected, error in zip(paired["y"], asymptote, paired["y_err"], strict=True)
    ]
    worst = int((paired["y"] / asymptote - 1).abs().argmax())
    return Claim(
        "weak-field-amplitude",
        statement,
        predicted=f"{asymptote.iloc[worst]:.4f}",
        measured=f"{paired['y'].iloc[worst]:.4f} ± {paired['y_err'].iloc[worst]:.4f} (the worst of {len(paired)})",
        verdict=all_of([*verdicts, _few(paired["deviation"].abs() > 2, paired)]),
        tolerance="5 % of ν λ (k is finite), and exact theory within 2 s.e.",
        needs="clusters.samples >= 400000, clusters.amplitude_at >= 100",
    )


def _any_field(curves: Curves) -> Claim:
    """The points of a curve share their samples: the fraction outside is as uncertain as one of that many curves."""
    statement = "Sampled clusters follow the exact gap at every field and k."
    paired = pair(curves[curves["panel"].str.startswith("field ") | (curves["panel"] == ZERO_FIELD)])
    if paired.empty:
        return not_measured("exact-any-lambda", statement, "simulated clusters")
    outside = paired["deviation"].abs() > 2
    independent = paired.groupby(["panel", "series"]).ngroups
    chance = float(2 * stats.t.sf(2, paired["n"].min() - 1))
    fraction = float(outside.mean())
    noise = 2 * math.sqrt(chance * (1 - chance) / independent)
    worst = float(paired["deviation"].abs().max())
    verdict = Verdict.HOLDS if fraction <= 0.1 else Verdict.UNDECIDED if fraction <= chance + noise else Verdict.FAILS
    return Claim(
        "exact-any-lambda",
        statement,
        predicted=f"{100 * chance:.1f} % outside by chance",
        measured=f"{100 * fraction:.1f} % of {len(paired)} points outside 2 s.e., the worst at {worst:.1f}",
        verdict=verdict,
        tolerance=f"<= 10 %; fails where {independent} independent curves would not do it by chance",
        needs="clusters.samples >= 400000",
    )


def _glass_power_law(curves: Curves) -> Claim:
    """A finite glass has no clusters below its smallest: only the part of the curve above 1 % is compared."""
    statement = "Without field a spin glass follows the Poisson-Dirichlet power law at its own x."
    rows = select(curves, panel=GLASS, series="h=0")
    paired = pair(rows)
    paired = paired[paired["theory"] > 0.01] if len(paired) else paired
    if paired.empty:
        return not_measured("spin-glass-power-law", statement, "glass.field with 0")
    ratio = paired["y"] / paired["theory"]
    worst = int((ratio - 1).abs().argmax())
    error = paired["y_err"].iloc[worst] / paired["theory"].iloc[worst]
    x, spins = (float(parameter(rows, key).astype(float).iloc[0]) for key in ("x", "spins"))
    verdict = all_of(
        within(value, 1, 0.15, bar / of)
        for value, bar, of in zip(ratio, paired["y_err"], paired["theory"], strict=True)
    )
    return Claim(
        "spin-glass-power-law",
        statement,
        predicted=1.0,
        measured=float(ratio.iloc[worst]),
        error=float(error),
        verdict=verdict if verdict is not Verdict.FAILS or spins >= LEAST_SPINS else Verdict.UNDECIDED,
        tolerance=f"15 % down to a gap of 1 % (finite N); x = {x:.3f} measured",
        needs=f"glass.spins >= {LEAST_SPINS}, glass.disorders >= 4000",
    )


def _strong_field(curves: Curves) -> Claim:
    statement = "In a strong field along the unsafe centre the spin glass's gap falls exponentially."
    rows = select(curves, panel=GLASS_MU, source="simulation").sort_values("x")
    if rows.empty or rows["x"].iloc[-1] == 0:
        return not_measured("strong-field-exponential", statement, "glass.field with a value above 0")
    last = rows.iloc[-1]
    return Claim(
        "strong-field-exponential",
        statement,
        predicted="μ > 0",
        measured=float(last["y"]),
        error=float(last["y_err"]),
        verdict=exceeds(last["y"], 0, 1.5 * last["y_err"]),
        tolerance=f"3 s.e., at h = {last['x']:g}",
        needs="glass.disorders >= 1000, glass.field up to 0.2",
    )


def _parameters_grow(curves: Curves) -> Claim:
    statement = "Both fitted parameters of the spin glass, ν and μ, grow with the field."
    verdicts, said = [], []
    for panel in (GLASS_NU, GLASS_MU):
        rows = select(curves, panel=panel, source="simulation").sort_values("x")
        if len(rows) < 2:
            return not_measured("parameters-grow-with-field", statement, "glass.field with 0 and two more")
        first, last = rows.iloc[0], rows.iloc[-1]
        error = math.hypot(first["y_err"], last["y_err"])
        verdicts.append(exceeds(last["y"] - first["y"], 0, error))
        said.append(
            f"{panel[-2:]}: {first['y']:.2f} ± {first['y_err']:.2f} at h = {first['x']:g}, {last['y']:.2f} ± "
            f"{last['y_err']:.2f} at {last['x']:g}"
        )
    return Claim(
        "parameters-grow-with-field",
        statement,
        predicted="both grow",
        measured="; ".join(said),
        verdict=all_of(verdicts),
        tolerance="2 s.e. from the weakest to the strongest field",
        needs="glass.disorders >= 4000",
    )


def _edge_law(curves: Curves) -> Claim:
    """The points of a curve share their prompts: a curve is outside where its median deviation is beyond 2 s.e."""
    statement = "The upper edge fitted to some prompts predicts attack success on others."
    rows = select(curves, panel=HELD_OUT, source="simulation")
    if rows.empty:
        return not_measured("edge-law-predicts-asr", statement, "edge.prompts")
    deviations = rows["y"].abs() / rows["y_err"]
    outside = deviations.groupby(rows["series"]).median() > 2
    right = [
        (row["regime"] == "exponential") == (float(str(row["mu"])) > 0)
        for row in rows.assign(mu=parameter(rows, "mu"), regime=parameter(rows, "regime")).to_dict(orient="records")
    ]
    cases = len(outside)
    correct = int(np.sum(pd.Series(right).groupby(rows["series"].to_numpy()).all()))
    return Claim(
        "edge-law-predicts-asr",
        statement,
        predicted="log ratio 0",
        measured=f"{int(outside.sum())} of {cases} curves off by over 2 s.e.; regime right in {correct} of {cases}",
        verdict=Verdict.FAILS
        if outside.sum() > 1
        else Verdict.HOLDS
        if not outside.any() and correct == cases
        else Verdict.UNDECIDED,
        tolerance="median deviation of a curve 2 s.e.; one in twenty is beyond by chance",
        needs="edge.prompts >= 1000, edge.answers >= 400",
    )
