"""Which statements about horizon-free schedules does a run show? The claims of the anytime spec."""

import json

import numpy as np
import pandas as pd

from solv.experiments.anytime.experiment import AVERAGED, EXPONENT, FLOOR, LAST, LAW, LONG, RECURSION, TUNED
from solv.experiments.anytime.language_claims import language_claims
from solv.tracking.claims import Claim, Verdict, all_of, exceeds, not_measured, within
from solv.tracking.curves import Curves, pair, parameter, select

SLOPE_TOLERANCE, SQUARE_ROOT_TOLERANCE = 0.06, 0.03
LEAST_SLOPE_HORIZON = 32_000  # steps at which slopes have come that close to the law
LEAST_HORIZON = 20_000  # steps at which the ratios to the tuned cosine were first computed
LAST_ABOVE, CONSTANT_BELOW, OFFSET_BELOW, LONG_ABOVE = 1.25, 1.2, 1.1, 1.19  # ratios to the tuned cosine
ROUNDING = 0.005  # of the bound on the last iterate, which was read off a table of two decimals
LABEL = "EMA 6.25"
ERRORS = 4.0  # standard errors between SGD and theory, over many points


def check_claims(curves: Curves) -> list[Claim]:
    """Return every claim, judged by the curves alone; a claim whose curves are missing is undecided."""
    return [
        _law_of_slopes(curves),
        _constant_at_capacity(curves),
        _square_root(curves),
        _envelope_is_tuned(curves),
        _averaging_is_essential(curves),
        _anytime_curves(curves),
        _long_cosine(curves),
        _floor(curves),
        _sgd(curves),
        *language_claims(curves),
    ]


def _law_of_slopes(curves: Curves) -> Claim:
    statement = "The averaged risk falls with the exponent of (5) for every schedule t^-γ."
    needs = f"rates.horizon >= {LEAST_SLOPE_HORIZON}"
    rows = _exponents(curves, RECURSION)
    if rows.empty:
        return not_measured("rate-of-every-exponent", statement, needs)
    law = _exponents(curves, LAW)[["a", "b", "x", "y"]].rename(columns={"y": "law"})
    both = rows.merge(law, on=["a", "b", "x"])
    found, expected, gamma = (both[name].to_numpy() for name in ("y", "law", "x"))
    worst = int(np.abs(found - expected).argmax())
    return Claim(
        "rate-of-every-exponent",
        statement,
        predicted=float(expected[worst]),
        measured=float(found[worst]),
        verdict=_if(
            parameter(rows, "horizon").astype(float).min() >= LEAST_SLOPE_HORIZON,
            within(float(found[worst]), float(expected[worst]), SLOPE_TOLERANCE),
        ),
        tolerance=f"{SLOPE_TOLERANCE}: a finite horizon; the worst of {len(both)}, at γ = {gamma[worst]:g}",
        needs=needs,
    )


def _constant_at_capacity(curves: Curves) -> Claim:
    statement = "At b = a no schedule t^-γ is faster than a constant rate."
    rows = _exponents(curves, RECURSION)
    rows = rows[rows["a"] == rows["b"]] if len(rows) else rows
    if rows.empty or rows["x"].min() > 0 or rows["x"].nunique() < 2:
        return not_measured("constant-rate-best-at-capacity", statement, "a case b = a, rates.gamma with 0 and another")
    fastest = {str(name): line.sort_values("y").iloc[0] for name, line in rows.groupby("series")}
    return Claim(
        "constant-rate-best-at-capacity",
        statement,
        predicted="fastest at γ = 0",
        measured=", ".join(f"{row['y']:.3f} at γ = {row['x']:g} ({name})" for name, row in fastest.items()),
        verdict=all_of(within(float(row["x"]), 0, 0) for row in fastest.values()),
        tolerance="exact recursion",
    )


def _square_root(curves: Curves) -> Claim:
    """From the paper's own curve, a uniform average at its multiplier of least mean risk, over a factor 5 in time."""
    statement = "At b = 2a the averaged 1/sqrt(t) schedule reaches the minimax rate -(1 - 1/(2a))."
    needs = f"a case b = 2a, horizon >= {LEAST_HORIZON}"
    rows = _with_case(curves[curves["panel"].str.startswith("figure 3 ") & curves["series"].str.startswith("t^-0.5")])
    rows = rows[np.isclose(rows["b"], 2 * rows["a"])] if len(rows) else rows
    if rows.empty:
        return not_measured("square-root-is-minimax", statement, needs)
    verdicts, said = [], []
    for name, line in rows.groupby("panel"):
        late = line[line["x"].isin([line["x"].max(), round(line["x"].max() / 5)])].sort_values("x")
        slope = float(np.diff(np.log(late["y"]))[0] / np.diff(np.log(late["x"]))[0])
        predicted = -(1 - 1 / (2 * float(line["a"].iloc[0])))
        verdicts.append(within(slope, predicted, SQUARE_ROOT_TOLERANCE))
        said.append(f"{slope:.3f} for {predicted:.3f} ({name})")
    return Claim(
        "square-root-is-minimax",
        statement,
        predicted="-(1 - 1/(2a))",
        measured=", ".join(said),
        verdict=_if(rows["x"].max() >= LEAST_HORIZON, all_of(verdicts)),
        tolerance=f"{SQUARE_ROOT_TOLERANCE}: a finite horizon",
        needs=needs,
    )


def _envelope_is_tuned(curves: Curves) -> Claim:
    statement = "The cosine is tuned: its best peak is inside the grid that was tried, at every horizon."
    rows = select(curves, series=TUNED)
    if rows.empty:
        return not_measured("cosine-is-tuned", statement, "a tuned cosine")
    cases = [json.loads(text) for text in rows["params"].unique()]
    peaks = [peak for case in cases for peak in case["multiplier"]]
    tried = [end for case in cases for end in case["tried"]]
    return Claim(
        "cosine-is-tuned",
        statement,
        predicted="no optimum on an edge",
        measured=(
            f"{sum(case['on_edge'] for case in cases)} of {len(cases)} cases on an edge; best {min(peaks):g} to "
            f"{max(peaks):g} of {min(tried):g} to {max(tried):g}, times 1/tr H"
        ),
        verdict=all_of(Verdict.FAILS if case["on_edge"] else Verdict.HOLDS for case in cases),
        tolerance="both final factors, 0 and 0.1, and every peak",
    )


def _averaging_is_essential(curves: Curves) -> Claim:
    statement = f"A constant rate without averaging is >= {LAST_ABOVE} times the tuned cosine at every horizon."
    rows = select(curves, series=LAST)
    if rows.empty:
        return not_measured("averaging-is-essential", statement, _long_enough())
    least = float(rows["y"].min())
    return Claim(
        "averaging-is-essential",
        statement,
        predicted=f">= {LAST_ABOVE}",
        measured=least,
        verdict=_if(rows["x"].max() >= LEAST_HORIZON, exceeds(least, LAST_ABOVE - ROUNDING)),
        tolerance=f"{ROUNDING:g}: the bound is known to two decimals; exact recursion, the least of {len(rows)}",
        needs=_long_enough(),
    )


def _anytime_curves(curves: Curves) -> Claim:
    statement = (
        f"One run with {LABEL} is close to the tuned cosine at every horizon: <= {CONSTANT_BELOW} times at a constant "
        f"rate, <= {OFFSET_BELOW} times with 1/sqrt(t) after an offset."
    )
    rows = curves[curves["panel"].str.startswith("ratio ")]
    rows = rows[parameter(rows, "average") == LABEL]
    if rows.empty:
        return not_measured("anytime-matches-tuned-cosine", statement, f"{_long_enough()}, regret.labels with 6.25")
    gamma = parameter(rows, "gamma").astype(float)
    constant, offset = (float(rows["y"][gamma == exponent].max()) for exponent in (0.0, 0.5))
    return Claim(
        "anytime-matches-tuned-cosine",
        statement,
        predicted=f"<= {CONSTANT_BELOW} and <= {OFFSET_BELOW}",
        measured=f"constant: {constant:.3f}, offset: {offset:.3f}",
        verdict=_if(
            rows["x"].max() >= LEAST_HORIZON,
            all_of([within(constant, 0, CONSTANT_BELOW), within(offset, 0, OFFSET_BELOW)]),
        ),
        tolerance="exact recursion; the largest of all horizons, cases and offsets",
        needs=_long_enough(),
    )


def _long_cosine(curves: Curves) -> Claim:
    statement = f"A cosine tuned for a long horizon is over {LONG_ABOVE} times the tuned one wherever it is read early."
    rows = select(curves, series=LONG)
    early = rows[rows["x"] < rows.groupby("panel")["x"].transform("max")] if len(rows) else rows
    if early.empty:
        return not_measured("long-cosine-is-not-anytime", statement, _long_enough())
    least = float(early["y"].min())
    return Claim(
        "long-cosine-is-not-anytime",
        statement,
        predicted=f"> {LONG_ABOVE}",
        measured=least,
        verdict=_if(rows["x"].max() >= LEAST_HORIZON, exceeds(least, LONG_ABOVE)),
        tolerance=f"exact recursion; the least of {len(early)}",
        needs=_long_enough(),
    )


def _floor(curves: Curves) -> Claim:
    """Directions slower than the time that has passed hold no noise yet: a part (rate t)^-(1 - 1/a) is missing."""
    statement = "At a constant rate the last iterate stalls on (4), and the averaged risk keeps falling."
    rows = select(curves, panel=FLOOR).sort_values("x")
    last, level, average = (rows[rows["series"] == name] for name in ("last iterate", "floor (4)", LABEL))
    if last.empty or level.empty or average.empty or level["y"].iloc[-1] == 0:
        return not_measured("constant-rate-stalls", statement, f"{_long_enough()}, sigma2 > 0")
    ratio = float(last["y"].iloc[-1] / level["y"].iloc[-1])
    early = average[average["x"] <= average["x"].max() / 2].iloc[-1]
    end = average.iloc[-1]
    slope = float(np.log(end["y"] / early["y"]) / np.log(end["x"] / early["x"]))
    rate, a = (float(parameter(last, key).astype(float).iloc[-1]) for key in ("rate", "a"))
    missing = float((rate * last["x"].iloc[-1]) ** -(1 - 1 / a))
    return Claim(
        "constant-rate-stalls",
        statement,
        predicted="last iterate / (4) = 1, slope of the average < -0.1",
        measured=f"{ratio:.3f}, {slope:.2f}",
        verdict=_if(last["x"].max() >= LEAST_HORIZON, all_of([within(ratio, 1, missing), exceeds(-slope, 0.1)])),
        tolerance=f"{100 * missing:.1f} %: what the slow directions have not reached yet",
        needs=_long_enough(),
    )


def _sgd(curves: Curves) -> Claim:
    """A point is off at 4 standard errors with chance 6e-5: none of a hundred is, unless theory is wrong."""
    statement = "SGD follows the exact risk, for every schedule, average and batch."
    rows = curves[curves["panel"].str.startswith("sgd ")]
    paired = pair(rows) if len(rows) else rows
    if paired.empty:
        return not_measured("sgd-follows-theory", statement, "simulation.replicas >= 1000")
    worst = float(paired["deviation"].abs().max())
    relative = float((paired["y_err"] / paired["theory"]).median())
    few = paired["n"].min() < 100 or paired["series"].nunique() < len(AVERAGED)
    return Claim(
        "sgd-follows-theory",
        statement,
        predicted="0 standard errors",
        measured=(
            f"at most {worst:.1f} standard errors off, over {len(paired)} points; the median error is "
            f"{100 * relative:.1f} %"
        ),
        verdict=_if(not few, within(worst, 0, ERRORS)),
        tolerance=f"{ERRORS:g} standard errors",
        needs="simulation.replicas >= 100",
    )


def _exponents(curves: Curves, of: str) -> pd.DataFrame:
    rows = _with_case(select(curves, panel=EXPONENT))
    return rows[parameter(rows, "of") == of] if len(rows) else rows


def _with_case(rows: Curves) -> pd.DataFrame:
    return rows.assign(a=parameter(rows, "a").astype(float), b=parameter(rows, "b").astype(float))


def _if(enough: bool, verdict: Verdict) -> Verdict:
    return verdict if enough else Verdict.UNDECIDED


def _long_enough() -> str:
    return f"horizon >= {LEAST_HORIZON}"
