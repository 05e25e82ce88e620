"""Which statements about chain-of-thought depth does a run show? Claims C1-C8 of the cot-depth spec."""

import math

import numpy as np
import pandas as pd
from scipy.special import stdtr

from solv.tracking.claims import Claim, Verdict, all_of, exceeds, not_measured, within
from solv.tracking.curves import Curves, pair, parameter, select

DEPTH_PANELS = "depth "
RICH = 3  # pretraining contexts per dimension from which trained attention has enough data for all of its matrices
PLATEAU = 0.1  # growth of log e that counts as none


def check_claims(curves: Curves) -> list[Claim]:
    """Return claims C1-C8, each judged by the curves alone; a claim whose curves are missing is undecided."""
    return [
        _matches_theory(curves),
        _exponential_phase(curves),
        _polynomial(curves),
        _saturation(curves),
        _overthinking(curves),
        _transition(curves),
        _depth_needs_data_and_context(curves),
        _trained_attention(curves),
    ]


def _matches_theory(curves: Curves) -> Claim:
    """C1: counted against what chance leaves outside 3 standard errors with this few repeats."""
    paired = pair(curves[curves["panel"].str.startswith(DEPTH_PANELS)])
    paired = paired[(parameter(paired, "radius") < 1.1) & paired["x"].between(1, 8)]
    statement = (
        "The simulated error lies within 3 standard errors or 3 % of theory for T <= 8 wherever the growth factor "
        "r < 1.1."
    )
    if paired.empty:
        return not_measured("matches-theory", statement, "depths 1 to 8 and a cell with r < 1.1")
    outside = (paired["y"] - paired["theory"]).abs() > np.maximum(3 * paired["y_err"], 0.03 * paired["theory"])
    independent = paired.groupby(["panel", "series"]).ngroups
    chance = float(2 * stdtr(paired["n"].min() - 1, -3))  # as scipy.stats does, which takes a second to import
    allowed = chance + 2 * math.sqrt(chance * (1 - chance) / independent)
    fraction = float(outside.mean())
    return Claim(
        "matches-theory",
        statement,
        predicted=f"{100 * chance:.1f} % outside by chance",
        measured=f"{100 * fraction:.1f} % of {len(paired)} points outside",
        verdict=Verdict.HOLDS if fraction <= allowed else Verdict.FAILS,
        tolerance=f"<= {100 * allowed:.1f} %: chance + 2 s.d. for {independent} independent series",
    )


def _exponential_phase(curves: Curves) -> Claim:
    """C2: the law is T^-1/2 r^2T, so that the slope is read late in theory, and early against theory's own slope."""
    statement = "At alpha = 4, tau = 3, rho = 0 the error falls exponentially, as r^2T."
    theory, simulated = _fate(curves, 4, 3)
    if theory.empty or simulated.empty:
        return not_measured("exponential-phase", statement, "the panel `fates`")
    predicted = 2 * math.log(float(parameter(theory, "radius").iloc[0]))
    late, _ = _slope(theory, 50, 100)
    early, _ = _slope(theory, 5, 15)
    measured, error = _slope(simulated, 5, 15)
    return Claim(
        "exponential-phase",
        statement,
        predicted=f"2 log r = {predicted:.4f}; T in [5, 15]: {early:.4f}",
        measured=f"theory, T in [50, 100]: {late:.4f}; simulation, T in [5, 15]: {measured:.4f} ± {error:.4f}",
        verdict=all_of(
            [_agrees(late, predicted, 0.1 * abs(predicted)), within(measured, early, 0.1 * abs(early), error)]
        ),
        tolerance="10 % of each slope",
        needs="simulation.repeats >= 32",
    )


def _polynomial(curves: Curves) -> Claim:
    statement = "At alpha = 1 with infinite pretraining the error falls as T^-1/2."
    rows = select(curves, panel="endless", series="α=1")
    theory, simulated = (select(rows, source=source) for source in ("theory", "simulation"))
    if theory.empty or simulated.empty:
        return not_measured("polynomial", statement, "endless.alpha includes 1")
    exponent, _ = _slope(theory, 10, math.inf, log_x=True)
    measured, error = _slope(simulated, 10, math.inf, log_x=True)
    return Claim(
        "polynomial",
        statement,
        predicted=-0.5,
        measured=f"theory {exponent:.4f}; simulation {measured:.3f} ± {error:.3f}",
        verdict=all_of([within(exponent, -0.5, 0.02), _agrees(measured, exponent, 3 * error, 0.02)]),
        tolerance="theory ± 0.02; simulation within 3 s.e. or 0.02 of theory",
    )


def _saturation(curves: Curves) -> Claim:
    statement = "At alpha = 0.7 with infinite pretraining the error ends at 1 - alpha = 0.3."
    rows = select(curves, panel="endless", series="α=0.7")
    theory, simulated = (select(rows, source=source) for source in ("theory", "simulation"))
    if theory.empty or simulated.empty:
        return not_measured("saturation", statement, "endless.alpha includes 0.7")
    end, measured = theory.iloc[-1], simulated.iloc[-1]
    return Claim(
        "saturation",
        statement,
        predicted=0.3,
        measured=measured["y"],
        error=measured["y_err"],
        verdict=(
            _agrees(measured["y"], 0.3, 3 * measured["y_err"], 0.009)
            if abs(end["y"] - 0.3) <= 0.003
            else Verdict.UNDECIDED
        ),
        tolerance="3 s.e. or 3 %, where theory has come within 1 %",
        needs="endless.max_depth >= 300",
    )


def _overthinking(curves: Curves) -> Claim:
    """C5, with the simulated minimum read at tau = 2, where finite chains do not yet hide it (see `finite-size`)."""
    statement = (
        "At alpha = 2, tau = 3 the error is least at T* = 25, then grows; so it does at tau = 2 from T* = 7; "
        "at alpha = 3, tau = 1.2 every step hurts."
    )
    late, _ = _fate(curves, 2, 3)
    middle, simulated = _fate(curves, 2, 2)
    early, hurt = _fate(curves, 3, 1.2)
    if late.empty or simulated.empty or hurt.empty:
        return not_measured("overthinking", statement, "the panel `fates`")
    turns = [_turn(rows) for rows in (late, middle, early, simulated)]
    first = hurt[hurt["x"] == 1].iloc[0]
    growth, error = turns[3][1:]
    return Claim(
        "overthinking",
        statement,
        predicted="T* = 25; 7; 0",
        measured=(
            f"theory {turns[0][0]}; {turns[1][0]}; {turns[2][0]}; simulation {turns[3][0]} at tau = 2, log e grows by "
            f"{growth:.1f} ± {error:.1f} after it; at tau = 1.2 e_1 = {first['y']:.2f} ± {first['y_err']:.2f}"
        ),
        verdict=all_of(
            [
                *(within(turn[0], best, 0) for turn, best in zip(turns[:3], (25, 7, 0), strict=True)),
                *(exceeds(turn[1], 0) for turn in turns[:3]),
                _best_near(simulated, 7, 2),
                exceeds(growth, 0, error),
                exceeds(first["y"], 1, first["y_err"]),
            ]
        ),
        tolerance="theory exact; simulated T* 7 ± 2; 2 s.e.",
        needs="simulation.dimension >= 256",
    )


def _best_near(chain: Curves, depth: int, tolerance: int) -> Verdict:
    """Judge whether a chain is best near `depth`: refuted where its own best is better by 2 s.e."""
    best, there = chain.iloc[int(chain["y"].argmin())], chain[chain["x"] == depth].iloc[0]
    if abs(best["x"] - depth) <= tolerance:
        return Verdict.HOLDS
    gain = math.log(there["y"] / best["y"])
    clear = gain > 2 * math.hypot(there["y_err"] / there["y"], best["y_err"] / best["y"])
    return Verdict.FAILS if clear else Verdict.UNDECIDED


def _turn(chain: Curves) -> tuple[int, float, float]:
    """Return where a chain is best, by how much log e has grown at its end, and the standard error of that."""
    best, last = chain.iloc[int(chain["y"].argmin())], chain.iloc[-1]
    error = math.hypot(last["y_err"] / last["y"], best["y_err"] / best["y"])
    return int(best["x"]), math.log(last["y"] / best["y"]), error


def _transition(curves: Curves) -> Claim:
    """C6: the crossing at finite depth, extrapolated linearly in 1/T from two windows a factor apart."""
    statement = "The late-time growth of the error changes sign at tau_c of equations (12), (13)."
    theory = select(curves, panel="transition", source="theory")
    crossings = []
    for _, rows in theory.groupby(parameter(theory, "alpha")):
        windows = []
        for _, window in rows.groupby("series"):
            x, y = window["x"].to_numpy(), window["y"].to_numpy()
            crossing = float(np.interp(0.0, -y, x)) if y[0] > 0 > y[-1] else math.nan
            windows.append((1 / float(parameter(window, "to").iloc[0]), crossing))
        (early, at_early), (late, at_late) = sorted(windows, reverse=True)
        crossings.append(at_late + (at_late - at_early) * late / (early - late))
    simulated = select(curves, panel="transition", source="simulation")
    clear = simulated[(simulated["y"].abs() > 2 * simulated["y_err"]) & ((simulated["x"] - 1).abs() > 0.15)]
    right = np.sign(clear["y"]) == np.sign(1 - clear["x"])
    if not crossings or clear.empty:
        return not_measured("transition", statement, "transition.alpha and transition.ratio beyond 0.85 and 1.15")
    worst = max(crossings, key=lambda crossing: abs(crossing - 1))
    return Claim(
        "transition",
        statement,
        predicted="crossing at tau / tau_c = 1",
        measured=f"extrapolated {worst:.4f}; simulation: right sign at {int(right.sum())} of {len(clear)} points",
        verdict=all_of([within(worst, 1, 0.01), Verdict.HOLDS if right.all() else Verdict.FAILS]),
        tolerance="1 %; simulated points more than 15 % away from tau_c and 2 s.e. from 0",
        needs="larger transition windows",
    )


def _depth_needs_data_and_context(curves: Curves) -> Claim:
    statement = "Optimal depth and the gain e_1 / e_T* grow with pretraining and with context (alpha > 1, rho = 0)."
    theory = select(curves, panel="phase", source="theory", y_name="optimal_depth")
    simulated = select(curves, panel="phase", source="simulation", y_name="optimal_depth")
    if theory.empty or simulated.empty:
        return not_measured("depth-needs-data-and-context", statement, "the phase diagram")
    table = theory.assign(tau=parameter(theory, "tau"))[theory["x"] > 1]
    grid = table.pivot(index="tau", columns="x", values="y")
    broken = int((np.diff(grid.to_numpy(), axis=0) < 0).sum() + (np.diff(grid.to_numpy(), axis=1) < 0).sum())
    verdicts = [within(broken, 0, 0), *_increasing(simulated.assign(tau=parameter(simulated, "tau")))]
    gains = _gains(curves)
    verdicts += _increasing(gains)
    up, level, down = (verdicts[1:].count(kind) for kind in (Verdict.HOLDS, Verdict.UNDECIDED, Verdict.FAILS))
    return Claim(
        "depth-needs-data-and-context",
        statement,
        predicted="no step down in the map",
        measured=f"{broken} steps down in theory; simulated neighbours: {up} up, {level} level, {down} down",
        verdict=Verdict.FAILS if broken or down else all_of([Verdict.HOLDS] * up),
        tolerance="theory exact; simulation 2 s.e. (points at the largest depth are level)",
        needs="simulation.repeats >= 16",
    )


def _trained_attention(curves: Curves) -> Claim:
    """C8: the band is how far the exact model of the same dimension is from theory, where pretraining is rich."""
    statement = (
        "Trained linear attention follows theory within its finite-size band at tau >= 3, T <= 8; trained through the "
        "chain, softmax attention overthinks at little pretraining and not at much."
    )
    linear = select(curves, panel="linear-attention")
    growth = select(curves, panel="softmax-growth", series="through the chain").sort_values("x")
    best = select(curves, panel="softmax-depth", series="through the chain").sort_values("x")
    if linear.empty or growth.empty or (parameter(linear, "tau") < RICH).all() or linear["x"].max() < 8:
        return not_measured("trained-attention", statement, "linear.tau includes 3 and more, linear.depth >= 8")
    inside, total = _within_band(linear[(parameter(linear, "tau") >= RICH) & linear["x"].between(1, 8)])
    least, most = growth.iloc[0], growth.iloc[-1]
    depths = ", ".join(f"{row['y']:.3g} at tau = {row['x']:g}" for _, row in best.iterrows())
    return Claim(
        "trained-attention",
        statement,
        predicted="all points in the band; growth of log e after T*: > 0, then 0",
        measured=(
            f"{inside} of {total} points; softmax T* = {depths}; growth {least['y']:.2f} ± {least['y_err']:.2f} at "
            f"tau = {least['x']:g}, {most['y']:.3f} ± {most['y_err']:.3f} at tau = {most['x']:g}"
        ),
        verdict=all_of(
            [
                Verdict.HOLDS if inside == total else Verdict.FAILS,
                exceeds(least["y"], 0, least["y_err"]),
                within(most["y"], 0, PLATEAU, most["y_err"]),
            ]
        ),
        tolerance=f"band + 3 s.e.; growth 2 s.e.; no growth: less than {PLATEAU:g}",
        needs="linear.dimension >= 16, softmax.steps >= 1000",
    )


def _within_band(rows: Curves) -> tuple[int, int]:
    """Count the trained points no further from theory than the exact model of their size is, and all of them."""
    keys = ["series", "x"]
    theory, exact, trained = (
        select(rows, source=source).set_index(keys)[["y", "y_err"]] for source in ("theory", "simulation", "trained")
    )
    deviation, error = np.abs(np.log(trained["y"] / theory["y"])), trained["y_err"] / trained["y"]
    band, band_error = np.abs(np.log(exact["y"] / theory["y"])), exact["y_err"] / exact["y"]
    within_band = deviation <= band + 3 * np.hypot(error, band_error)
    return int(within_band.sum()), len(within_band)


def _gains(curves: Curves) -> pd.DataFrame:
    """Return log(e_1 / e_T*) of the simulated chains without label noise, one row per (alpha, tau)."""
    rows = curves[
        curves["panel"].str.startswith(DEPTH_PANELS) & (curves["source"] == "simulation") & (curves["x"] >= 1)
    ]
    rows = rows.assign(alpha=parameter(rows, "alpha"), tau=parameter(rows, "tau"), rho=parameter(rows, "rho"))
    found = []
    for (alpha, tau), chain in rows[(rows["rho"] == 0) & (rows["alpha"] > 1)].groupby(["alpha", "tau"]):
        first, best = chain.iloc[0], chain.iloc[int(chain["y"].argmin())]
        error = math.hypot(first["y_err"] / first["y"], best["y_err"] / best["y"])
        found.append({"x": alpha, "tau": tau, "y": math.log(first["y"] / best["y"]), "y_err": error})
    return pd.DataFrame(found, columns=["x", "tau", "y", "y_err"])


def _increasing(points: pd.DataFrame) -> list[Verdict]:
    """Judge each neighbouring pair along alpha (at one tau) and along tau (at one alpha)."""
    verdicts = []
    for fixed, moving in (("tau", "x"), ("x", "tau")):
        for _, line in points.groupby(fixed):
            ordered = line.sort_values(moving)
            for (_, low), (_, high) in zip(ordered.iloc[:-1].iterrows(), ordered.iloc[1:].iterrows(), strict=True):
                difference, error = high["y"] - low["y"], math.hypot(low["y_err"], high["y_err"])
                level = difference == 0 or abs(difference) <= 2 * error
                verdicts.append(Verdict.UNDECIDED if level else exceeds(difference, 0, error))
    return verdicts


def _fate(curves: Curves, alpha: float, tau: float) -> tuple[Curves, Curves]:
    rows = select(curves, panel="fates", series=f"α={alpha:g}, τ={tau:g}")
    return select(rows, source="theory"), select(rows, source="simulation")


def _slope(rows: Curves, low: float, high: float, *, log_x: bool = False) -> tuple[float, float]:
    """Return the least-squares slope of log y within low <= x <= high, and an upper bound of its standard error.

    Points of one chain rise and fall together, so the error is that of the two ends alone.
    """
    rows = rows[rows["x"].between(low, high)]
    x = np.log(rows["x"].to_numpy()) if log_x else rows["x"].to_numpy()
    y, y_err = rows["y"].to_numpy(), rows["y_err"].to_numpy()
    slope = float(np.polyfit(x, np.log(y), 1)[0])
    return slope, float(math.hypot(y_err[0] / y[0], y_err[-1] / y[-1]) / (x[-1] - x[0]))


def _agrees(measured: float, predicted: float, *tolerances: float) -> Verdict:
    return within(measured, predicted, max(tolerances))
