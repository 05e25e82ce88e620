"""Which statements about transfer does a run show? The claims of the moe-transfer spec, section 5."""

import math
from typing import Any

import numpy as np

from solv.experiments.moe_transfer.panels import (
    BALANCE,
    COORDINATES,
    HORIZON,
    best_panel,
    optimum_panel,
    shift_per_doubling,
)
from solv.tracking.claims import Claim, Verdict, all_of, exceeds, not_measured, within
from solv.tracking.curves import Curves, parameter, select

STEP = 1.0  # octaves between learning rates: an optimum is known to no less
SIZES = 3  # fewer do not tell a power from a cross-over
FLAT = 0.15  # slope of a learned part up to which it counts as of order one
BALANCED_AFTER = 300  # steps: after a hundred the bias, 0.05 times a load difference a step, still moves
NOISE = 0.02  # loss in nats that another initialisation may cost
OVER = {
    "ladder": "lr-transfers-over-ladder",
    "width": "lr-transfers-over-width",
    "depth": "lr-transfers-over-depth",
    "experts": "lr-transfers-over-experts",
    "hidden": "lr-transfers-over-expert-size",
}
NAMES = {"ladder": "width and depth together", "hidden": "the hidden units of an expert", "experts": "the experts"}


def check_claims(curves: Curves) -> list[Claim]:
    """Return the claims, each judged by the curves alone; a claim whose curves are missing is undecided."""
    return [
        _converges(curves),
        _rate_curve(curves),
        _order_one(curves),
        _standard_drifts(curves),
        *(_transfers(curves, direction, name) for direction, name in OVER.items()),
        _standard_shifts(curves),
        _bigger_is_better(curves),
        _standard_depth_hurts(curves),
        _balanced(curves),
        _horizon(curves),
    ]


def _rows(curves: Curves) -> list[Any]:
    """Return the rows, whose fields have the names of the columns."""
    return list(curves.itertuples())


def _converges(curves: Curves) -> Claim:
    name = "dmft-converges"
    statement = "Networks converge to the limit: single ones as E^(-1/2), their mean to within 3 % or its scatter."
    mean = select(curves, panel="limit mean", source="simulation")
    scan = select(curves, panel="limit deviation", source="simulation")
    scan = scan[scan["series"].str.startswith("E at")]
    if mean.empty or len(scan) < 3:
        return not_measured(name, statement, "work holding limit, limit.experts with three values")
    largest = mean[mean["x"] == mean["x"].max()]
    verdicts = [Verdict.HOLDS if row.y <= max(0.03, 3 * row.y_err) else Verdict.FAILS for row in _rows(largest)]
    x, y = np.log(scan["x"].to_numpy()), np.log(scan["y"].to_numpy())
    error = (scan["y_err"] / scan["y"]).to_numpy()
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    slope, slope_error = float(weights @ y), float(np.sqrt(weights**2 @ error**2))
    verdicts.append(within(slope, -0.55, 0.25, slope_error))
    size, percent = largest["x"].iloc[0], 100 * largest["y"].max()
    return Claim(
        name,
        statement,
        predicted="slope -1/2",
        measured=f"slope {slope:.2f} in E; mean at N = {size:g} within {percent:.1f} %",
        error=slope_error,
        verdict=all_of(verdicts),
        tolerance="slope from -0.8 to -0.3; mean within 3 % or 3 s.e.",
        needs="limit.scan_repeats >= 10",
    )


def _rate_curve(curves: Curves) -> Claim:
    name = "dmft-lr-curve"
    statement = "At every size the best learning rate and the edge of divergence are the limit's."
    rows = curves[curves["panel"] == "limit rates"]
    theory, simulated = select(rows, source="theory"), select(rows, source="simulation")
    if theory.empty or simulated.empty:
        return not_measured(name, statement, "work holding limit")
    limit = theory[theory["series"] == theory["series"].iloc[0]]
    best, edge = _best_and_edge(limit)
    verdicts, shown = [], []
    for series, line in simulated.groupby("series", sort=False):
        at, gone = _best_and_edge(line)
        close = abs(at - best) <= STEP and gone == edge
        verdicts.append(Verdict.HOLDS if close else Verdict.FAILS)
        shown.append(f"{series}: {at:g}, {gone:g}")
    return Claim(
        name,
        statement,
        predicted=f"best 2^{best:g}, diverges from 2^{edge:g} on",
        measured="; ".join(shown),
        verdict=all_of(verdicts),
        tolerance="the best one within one step, the same edge",
        needs="limit.rate_powers that reach a divergence",
    )


def _best_and_edge(line: Curves) -> tuple[float, float]:
    gone = line.loc[~np.isfinite(line["y"]), "x"]
    return float(line.iloc[int(np.argmin(line["y"]))]["x"]), float(gone.min()) if len(gone) else math.inf


def _order_one(curves: Curves) -> Claim:
    name = "coordinates-stay-order-one"
    statement = "Under the transferring parameterization learned parts neither grow nor shrink with size."
    rows = _learned(curves, "transfer")
    if rows.empty:
        return not_measured(name, statement, "work holding coordinates, coordinates.tables holding transfer")
    few = (parameter(rows, "sizes") < SIZES).any()
    worst = rows.iloc[int(np.argmax(rows["y"].abs() - 2 * rows["y_err"]))]
    return Claim(
        name,
        statement,
        predicted=0.0,
        measured=float(worst["y"]),
        error=float(worst["y_err"]),
        verdict=Verdict.UNDECIDED if few else all_of(within(row.y, 0, FLAT, row.y_err) for row in _rows(rows)),
        tolerance=f"{FLAT:g}, each of {len(rows)} slopes (the worst: {_coordinate(worst)}); finite-size cross-over",
        needs="coordinates.width to 256, coordinates.seeds >= 8",
    )


def _standard_drifts(curves: Curves) -> Claim:
    name = "sp-coordinates-drift"
    statement = "Under the standard parameterization the learned parts of logits and router grow with the width."
    rows = _learned(curves, "standard")
    rows = rows[(rows["panel"] == "learned width") & rows["x"].isin([0, 1])]
    if rows.empty:
        return not_measured(name, statement, "work holding coordinates, coordinates.tables holding standard")
    few = (parameter(rows, "sizes") < SIZES).any()
    worst = rows.iloc[int(np.argmin(rows["y"] - 2 * rows["y_err"]))]
    return Claim(
        name,
        statement,
        predicted=1.0,
        measured=float(worst["y"]),
        error=float(worst["y_err"]),
        verdict=Verdict.UNDECIDED if few else all_of(exceeds(row.y, FLAT, row.y_err) for row in _rows(rows)),
        tolerance=f"both above {FLAT:g} by 2 s.e.; 1 before they saturate (the smaller: {_coordinate(worst)})",
        needs="coordinates.width to 256, coordinates.seeds >= 8",
    )


def _learned(curves: Curves, table: str) -> Curves:
    rows = curves[curves["panel"].str.startswith("learned ") & (curves["source"] == "trained")]
    return rows[rows["series"] == table]


def _coordinate(row: Any) -> str:
    part, direction = row["panel"].split()
    return f"{COORDINATES[part][int(row['x'])]} against {direction}"


def _optima(curves: Curves, table: str, direction: str) -> dict[float, tuple[float, float]]:
    """Return log2 of the best rate of every size and its standard error."""
    rows = select(curves, panel=optimum_panel(direction), series=table, source="trained").sort_values("x")
    return {
        row.x: (math.log2(row.y), row.y_err / row.y / math.log(2)) for row in _rows(rows)
    }  # fmt: skip


def _transfers(curves: Curves, direction: str, name: str) -> Claim:
    what = NAMES.get(direction, direction)
    statement = f"Under the transferring parameterization the best learning rate stays as one scales {what}."
    optima = _optima(curves, "transfer", direction)
    if len(optima) < 2:
        return not_measured(name, statement, f"work holding transfer, transfer.directions holding {direction}")
    values = np.array([value for value, _ in optima.values()])
    known = [error for _, error in optima.values() if not math.isnan(error)]
    spread = float(np.ptp(values))
    error = math.sqrt(2) * max(known, default=math.nan)
    return Claim(
        name,
        statement,
        predicted=0.0,
        measured=spread,
        error=None if math.isnan(error) else error,
        verdict=within(spread, 0.0, STEP, error),
        tolerance=f"optima of {len(values)} sizes within one grid step, {STEP:g} octave",
        needs="transfer.seeds >= 4",
    )


def _standard_shifts(curves: Curves) -> Claim:
    name = "sp-does-not-transfer"
    statement = "Under the standard parameterization the best learning rate falls as width and depth double."
    optima = _optima(curves, "standard", "ladder")
    if len(optima) < 2:
        return not_measured(name, statement, "work holding standard, transfer.directions holding ladder")
    slope, error = shift_per_doubling(optima)
    return Claim(
        name,
        statement,
        predicted=-1.0,
        measured=slope,
        error=None if math.isnan(error) else error,
        verdict=exceeds(-slope, 0.6, error),
        tolerance="at most -0.6 octaves per doubling; -1 is the asymptote",
        needs="transfer.seeds >= 4, transfer.ladder_width to 128",
    )


def _bigger_is_better(curves: Curves) -> Claim:
    name = "bigger-is-better"
    statement = "Under the transferring parameterization every step up lowers the best loss, whatever grows."
    verdicts, rises = [], []
    for direction in OVER:
        rows = select(curves, panel=best_panel(direction), series="transfer", source="trained").sort_values("x")
        for small, large in zip(_rows(rows), _rows(rows)[1:], strict=False):
            rise, error = _difference(large, small)
            rises.append((rise, error, f"{direction} {small.x:g} to {large.x:g}"))
            verdicts.append(exceeds(NOISE - rise, 0.0, error))
    if not verdicts:
        return not_measured(name, statement, "work holding transfer, two sizes of a direction")
    worst = max(rises, key=lambda each: each[0] - 2 * each[1])
    return Claim(
        name,
        statement,
        predicted="< 0",
        measured=worst[0],
        error=None if math.isnan(worst[1]) else worst[1],
        verdict=all_of(verdicts),
        tolerance=f"change of the best loss up to {NOISE:g} nats (the worst: {worst[2]})",
        needs="transfer.seeds >= 8, or larger steps: single axes gain a few hundredths a doubling here",
    )


def _standard_depth_hurts(curves: Curves) -> Claim:
    name = "sp-depth-hurts"
    statement = "Under the standard parameterization a deeper model of the same width is worse."
    rows = select(curves, panel=best_panel("depth"), series="standard", source="trained").sort_values("x")
    if len(rows) < 2:
        return not_measured(name, statement, "work holding standard, transfer.depth with two values")
    ends = _rows(rows)
    rise, error = _difference(ends[-1], ends[0])
    return Claim(
        name,
        statement,
        predicted="> 0",
        measured=rise,
        error=None if math.isnan(error) else error,
        verdict=exceeds(rise, 0.0, error),
        tolerance=f"best loss at L = {ends[-1].x:g} minus that at {ends[0].x:g}, 2 s.e.",
        needs="transfer.depth to 8, transfer.seeds >= 4",
    )


def _difference(one: Any, other: Any) -> tuple[float, float]:
    """Return one loss minus another, and its standard error; an unknown one counts as the other's."""
    errors = [row.y_err for row in (one, other)]
    known = max((error for error in errors if not math.isnan(error)), default=math.nan)
    filled = [known if math.isnan(error) else error for error in errors]
    return one.y - other.y, math.hypot(*filled)


def _balanced(curves: Curves) -> Claim:
    name = "balanced-without-auxiliary-loss"
    statement = "The bias alone balances the experts: none is dead, the busiest has at most twice its share."
    rows = select(curves, panel=BALANCE, source="trained")
    rows = rows[rows["series"].str.startswith("transfer ")]
    limit = select(curves, panel="limit load", source="simulation")
    if rows.empty:
        return not_measured(name, statement, "work holding transfer")
    settled = rows[parameter(rows, "steps") >= BALANCED_AFTER]
    shown = settled if len(settled) else rows
    dead = int(parameter(shown, "dead").sum())
    worst = shown.iloc[int(np.argmax(shown["y"]))]
    verdicts = [Verdict.FAILS if dead else Verdict.HOLDS, *(within(y, 1.0, 1.0) for y in settled["y"])]
    if settled.empty:
        verdicts = [Verdict.UNDECIDED]
    if not limit.empty:
        by_rate = limit.assign(balance=parameter(limit, "balance")).sort_values("x").groupby("balance").last()
        verdicts += [
            exceeds(first.y - second.y, 0.0, math.hypot(first.y_err, second.y_err))
            for first, second in zip(_rows(by_rate), _rows(by_rate)[1:], strict=False)
        ]
    return Claim(
        name,
        statement,
        predicted="at most 2, none dead",
        measured=f"{worst['y']:.2f} ({worst['series']}), {dead} dead",
        verdict=all_of(verdicts),
        tolerance=f"load over mean after {BALANCED_AFTER} steps, at the best rate; in E0 the bias evens the loads out",
        needs=f"transfer.steps >= {BALANCED_AFTER}, limit.repeats >= 16",
    )


def _horizon(curves: Curves) -> Claim:
    name = "horizon"
    statement = "The rate that is best on a short run is within a step of the best one on a longer."
    optima = _optima(curves, "transfer", HORIZON)
    if len(optima) < 2:
        return not_measured(name, statement, "work holding settings, transfer.horizon > 1, optima inside the grid")
    (short, error), *_, (long, other) = optima.values()
    error = math.hypot(error, other)
    return Claim(
        name,
        statement,
        predicted=0.0,
        measured=long - short,
        error=None if math.isnan(error) else error,
        verdict=within(long - short, 0.0, STEP, error),
        tolerance=f"one grid step, {STEP:g} octave, from {min(optima):g} to {max(optima):g} steps",
        needs="transfer.seeds >= 4",
    )
