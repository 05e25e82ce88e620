"""Which statements about traces and direct answers does a run show on the chain task? The claims of the pita spec."""

import numpy as np

from solv.experiments.pita.chain import ALIKE, APART, ARMS, DEPTH, KINDS, PLANE, TRACE, critical_panel
from solv.theory.pita.critical_width import DRAWN_EXPONENTS, WidthLaw, width_law
from solv.tracking.claims import Claim, Verdict, all_of, exceeds, not_measured, within
from solv.tracking.curves import Curves, pair, parameter, select

LEAST_STEPS = 10_000  # the drawn slopes are those of models trained for 100 000 steps
LEAST_SIZES = 3  # critical widths of an exponent
EXPONENT_TOLERANCE = 0.25
ACCURACY_TOLERANCE = 0.05
LEAST_SEEDS = 3  # two seeds give no error to speak of


def check_claims(curves: Curves) -> list[Claim]:
    """Return every claim, judged by the curves alone; a claim whose curves are missing is undecided."""
    return [_corner(curves, True), _corner(curves, False), _per_step(curves), _exponents(curves)]


def _corner(curves: Curves, broad: bool) -> Claim:
    """Judge the corner of the plane with the most arms for its levels, or the fewest."""
    name = "rt-wins-broad-shallow" if broad else "dp-wins-narrow-deep"
    winner, kind = ("write a trace", "broad, shallow") if broad else ("answer directly", "narrow, deep")
    statement = f"On a {kind} task, models that {winner} are better beyond the trained hops."
    rows = select(curves, panel=PLANE, source="trained")
    missing = "generalisation.arms and .depth with a value of one above twice a value of the other"
    if rows.empty:
        return not_measured(name, statement, missing)
    shape = np.log(parameter(rows, "arms").to_numpy(dtype=float) / rows["x"].to_numpy())
    at = int(shape.argmax() if broad else shape.argmin())
    if abs(shape[at]) < np.log(2) - 1e-9 or (shape[at] > 0) != broad:
        return not_measured(name, statement, missing)
    row, sign = rows.iloc[at], 1 if broad else -1
    accuracy = {key: float(parameter(rows, key).iloc[at]) for key in ("trace", "direct")}
    return Claim(
        name,
        statement,
        predicted="trace > direct" if broad else "direct > trace",
        measured=(
            f"A = {parameter(rows, 'arms').iloc[at]}, D = {row['x']:g}: {accuracy['trace']:.2f} with a trace, "
            f"{accuracy['direct']:.2f} direct, difference {row['y']:.3f} ± {row['y_err']:.3f}"
        ),
        verdict=exceeds(sign * row["y"], 0.0, row["y_err"]) if row["n"] >= LEAST_SEEDS else Verdict.UNDECIDED,
        tolerance=f"2 s.e. over at least {LEAST_SEEDS} models of each kind",
        needs="generalisation.trace_seeds >= 12, generalisation.direct_seeds >= 20",
    )


def _per_step(curves: Curves) -> Claim:
    name = "per-step-error-predicts-rt"
    statement = "A trace of T tokens is right with chance (1 - ε)^T, ε the error of a token after a true trace."
    paired = pair(select(curves, panel=ALIKE))
    if paired.empty:
        return not_measured(name, statement, "generalisation.depth, generalisation.arms")
    apart = pair(select(curves, panel=APART))
    off, off_apart = ((rows["y"] - rows["theory"]).to_numpy() for rows in (paired, apart))
    worst = int(np.abs(off).argmax())
    verdicts = [
        within(y, theory, ACCURACY_TOLERANCE, error)
        for y, theory, error in zip(paired["y"], paired["theory"], paired["y_err"], strict=True)
    ]
    return Claim(
        name,
        statement,
        predicted=f"E[(1 - ε)^T] at every number of hops, {paired.iloc[worst]['theory']:.3f} at the worst",
        measured=(
            f"{paired.iloc[worst]['y']:.3f} ± {paired.iloc[worst]['y_err']:.3f} ({paired.iloc[worst]['series']}, "
            f"{paired.iloc[worst]['x']:g} hops), the worst of {len(off)}; mean deviation {np.abs(off).mean():.3f}; "
            f"with errors of steps (at most {_largest(paired, 'step_error'):.3f} of them) and answers (up to "
            f"{_largest(paired, 'answer_error'):.2f}) apart at most {np.abs(off_apart).max():.3f}"
        ),
        verdict=all_of(verdicts) if paired["n"].min() >= LEAST_SEEDS else Verdict.UNDECIDED,
        tolerance=f"{ACCURACY_TOLERANCE:g} of accuracy at every point, at least {LEAST_SEEDS} seeds",
        needs="generalisation.nodes >= 128, .depth with 16, .arms with 8, .trace_seeds >= 12",
    )


def _largest(rows: Curves, key: str) -> float:
    return float(parameter(rows, key).astype(float).max())


def _exponents(curves: Curves) -> Claim:
    name = "critical-width-exponents"
    statement = "The critical width grows as D² A^½ with a trace and as D A^½ without one."
    laws = {(kind, axis): _law(curves, kind, axis) for axis in (DEPTH, ARMS) for kind in KINDS}
    steps = min((law[1] for law in laws.values()), default=0)
    if not any(law.points for law, _ in laws.values()):
        return not_measured(
            name, statement, "widths.trace and widths.direct with widths on both sides of the threshold"
        )
    verdicts = [
        within(law.exponent, DRAWN_EXPONENTS[kind == TRACE, axis == DEPTH], EXPONENT_TOLERANCE, law.error)
        if law.points >= LEAST_SIZES
        else Verdict.UNDECIDED
        for (kind, axis), (law, _) in laws.items()
    ]
    measured = {key: law for key, (law, _) in laws.items()}
    deeper = _greater(measured[TRACE, DEPTH], measured[KINDS[1], DEPTH])
    broader = _greater(measured[KINDS[1], ARMS], measured[TRACE, ARMS])
    return Claim(
        name,
        statement,
        predicted="depth 2 and 1, arms 0.5 and 0.5 (with a trace, direct)",
        measured=(
            f"depth {_spell(measured, DEPTH)}; arms {_spell(measured, ARMS)} after {steps} steps; "
            f"a trace's exponent is the larger in depth: {deeper}; the smaller in arms: {broader}"
        ),
        verdict=all_of(verdicts) if steps >= LEAST_STEPS else Verdict.UNDECIDED,
        tolerance=f"{EXPONENT_TOLERANCE:g} each, from {LEAST_SIZES} critical widths or more",
        needs=f"training.steps >= {LEAST_STEPS} (the drawn slopes: 100 000), {LEAST_SIZES} critical widths a line",
    )


def _law(curves: Curves, kind: str, axis: str) -> tuple[WidthLaw, int]:
    """Return the power law of the critical widths of one kind along one axis, and the steps they were trained for."""
    rows = select(curves, panel=critical_panel(axis), source="trained", series=kind)
    law = width_law(rows["x"], np.log(rows["y"]), rows["y_err"] / rows["y"])
    return law, int(parameter(rows, "steps").min()) if len(rows) else 0


def _greater(one: WidthLaw, other: WidthLaw) -> str:
    return exceeds(one.exponent - other.exponent, 0.0, float(np.hypot(one.error, other.error))).value


def _spell(laws: dict[tuple[str, str], WidthLaw], axis: str) -> str:
    known = (laws[kind, axis] for kind in KINDS)
    return " and ".join(f"{law.exponent:.2f} ± {law.error:.2f}" if law.points > 1 else "unknown" for law in known)
