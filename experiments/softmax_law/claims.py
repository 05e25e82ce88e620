"""Do the curves of one softmax-law run show what the paper states? The claims of the spec, section 4."""

import math
from collections.abc import Callable

import numpy as np

from solv.experiments.softmax_law.language import language_claim
from solv.experiments.softmax_law.settings import NETWORKS
from solv.tracking.claims import Claim, all_of, exceeds, not_measured, within
from solv.tracking.curves import Curves, parameter, select

EXPONENT = 0.02  # of the fitted exponents
CLOSED_FORM = 0.03
LATE = 1e3  # time s from which the closed form is checked
CUBE = 0.3
CONTROL = 0.1  # a tenth of what normalised steps predict: fits over a factor 4 in time
STEEPENING = 2.0  # a power law does not steepen; an exponential does so fourfold within a factor 4 in time
FLOOR = 1e-6
LONG = 600  # steps of a control, and least time s of a network, from which laws of late times are judged
SETTLED = NETWORKS[1:]  # the normalised MLP goes on to learn features


def check_claims(curves: Curves) -> list[Claim]:
    """Return every claim with its verdict."""
    return [
        _exponent(curves, "one-third-loss", "loss", -1 / 3, "The loss falls as s^(-1/3) for a one-hot target."),
        _exponent(curves, "one-third-weight-growth", "norm", 1 / 3, "The norm of W grows as s^(1/3)."),
        _exponent(curves, "two-thirds-gradient", "gradient", -2 / 3, "The gradient falls as s^(-2/3)."),
        _closed_form(curves),
        _exponential(curves),
        _crossover(curves),
        _universality(curves),
        _networks(curves),
        _other_laws(curves),
        _controls(curves),
        language_claim(curves),
    ]


def _exponent(curves: Curves, name: str, quantity: str, predicted: float, statement: str) -> Claim:
    found = select(curves, panel="exponent", series=quantity, source="trained")
    found = found[found["x"] == 0]
    if found.empty:
        return not_measured(name, statement, "beta includes inf, and 5 points later than window")
    row = found.iloc[0]
    low, high = (float(parameter(found, side).iloc[0]) for side in ("low", "high"))
    return Claim(
        name,
        f"{statement} 95 % interval of the fit: {low:.4f} to {high:.4f}.",
        predicted=predicted,
        measured=float(row["y"]),
        error=float(row["y_err"]),
        verdict=within(row["y"], predicted, EXPONENT, row["y_err"]),
        tolerance=f"{EXPONENT:g}: the slope approaches the law from below",
        needs="a larger horizon, repeats >= 4",
    )


def _closed_form(curves: Curves) -> Claim:
    statement = "Loss and norm follow the closed form (3) at s > 1000, one-hot target."
    rows = select(curves, panel="closed-form", source="trained")
    rows = rows[rows["x"] > LATE]
    if rows.empty:
        return not_measured("closed-form", statement, "beta includes inf, horizon > 1000")
    worst = {str(name): group.iloc[int((group["y"] - 1).abs().argmax())] for name, group in rows.groupby("series")}
    return Claim(
        "closed-form",
        statement,
        predicted="ratios of 1",
        measured=", ".join(f"{name} {row['y']:.4f} ± {row['y_err']:.4f}" for name, row in worst.items()) + " (worst)",
        verdict=all_of(within(row["y"], 1, CLOSED_FORM, row["y_err"]) for row in worst.values()),
        tolerance="3 % + 2 s.e. across",
        needs="more repeats, larger samples",
    )


def _exponential(curves: Curves) -> Claim:
    name, statement = (
        "exponential-when-not-peaked",
        "For beta <= 2 the loss falls exponentially, faster than any power.",
    )
    rows = select(curves[curves["panel"].str.match("loss( V=|$)")], source="trained")
    rows = rows[(parameter(rows, "beta") <= 2) & (rows["y"] > FLOOR)]
    steepened = {}
    for line_of, line in rows.groupby(["panel", "series"], sort=False):
        x, y = np.log(line["x"].to_numpy()), np.log(line["y"].to_numpy())
        if len(x) >= 8 and x[-1] - x[0] >= math.log(16):
            local = np.gradient(y, x)
            end = x[-1] - math.log(1.5)  # the last differences are one-sided
            late, early = np.interp([end, end - math.log(4)], x, local)
            steepened[" ".join(map(str, line_of)).removeprefix("loss").strip()] = float(late / early)
    if not steepened:
        return not_measured(name, statement, "beta includes 1 or 2, short_horizon >= 600")
    return Claim(
        name,
        statement,
        predicted="slope 4 times steeper after a factor 4 in time (a power law: 1)",
        measured=", ".join(f"{series}: {factor:.2f}" for series, factor in steepened.items()),
        verdict=all_of(exceeds(factor, STEEPENING) for factor in steepened.values()),
        tolerance=f"steeper by more than {STEEPENING:g}; many rates make the early slope steeper than one would",
        needs="short_horizon >= 600",
    )


def _crossover(curves: Curves) -> Claim:
    name, statement = "crossover-scales-as-beta-cubed", "The power law ends at a time that grows as beta^3."
    rows = select(curves, panel="crossover", source="trained").sort_values("x", kind="stable")
    slopes = {
        str(series): tuple(float(parameter(line, key).iloc[0]) for key in ("slope", "error"))
        for series, line in rows.groupby("series", sort=False)
        if len(line) > 1
    }
    if not slopes:
        return not_measured(name, statement, "beta includes two finite values >= 8, and inf")
    return Claim(
        name,
        statement,
        predicted=3.0,
        measured=", ".join(f"{series}: {slope:.3f} ± {error:.3f}" for series, (slope, error) in slopes.items()),
        verdict=all_of(within(slope, 3, CUBE, error) for slope, error in slopes.values()),
        tolerance="10 % each: the least beta is near the start of the power law; fitted by teacher",
        needs="repeats >= 8, or beta >= 16 alone with a horizon that reaches their crossover",
    )


def _universality(curves: Curves) -> Claim:
    statement = "The exponent of a linear student's loss is the same for other V, d and batch sizes."
    rows = _students(curves, lambda name: name not in NETWORKS)
    if len(rows) < 2:
        return not_measured("universality", statement, "classes, dimension hold several values")
    return Claim(
        "universality",
        statement,
        predicted=-1 / 3,
        measured=_listed(rows),
        verdict=all_of(within(row["y"], -1 / 3, EXPONENT, row["y_err"]) for _, row in rows.iterrows()),
        tolerance=f"{EXPONENT:g} each, for other V and d over s > 8 C^2",
        needs="a larger horizon, repeats >= 4",
    )


def _networks(curves: Curves) -> Claim:
    name = "universality-of-networks"
    statement = "MLPs and a one-hot bigram model have the linear student's exponent."
    rows = _students(curves, lambda student: student in NETWORKS)
    if rows.empty:
        return not_measured(name, statement, "horizons of networks with 5 points in their last factor ten")
    return Claim(
        name,
        statement,
        predicted=-1 / 3,
        measured=_listed(rows) + "; logit scale: " + ", ".join(f"{each:.2f}" for each in parameter(rows, "scale")),
        verdict=all_of(within(row["y"], -1 / 3, EXPONENT, row["y_err"]) for _, row in rows.iterrows()),
        tolerance=f"{EXPONENT:g} each, over the last factor ten in time",
        needs="larger horizons, repeats >= 4",
    )


def _other_laws(curves: Curves) -> Claim:
    name = "layers-and-contexts-set-the-exponent"
    statement = (
        "Two layers that grow have the exponent -H/(H + 2) = -1/2, a finite table of contexts has -1 (derived here)."
    )
    rows = _students(curves, lambda student: student in SETTLED)
    if len(rows) < len(SETTLED):
        return not_measured(name, statement, "horizons of networks with 5 points in their last factor ten")
    theory = select(curves, panel="universality", source="theory").set_index("x")["y"]
    return Claim(
        name,
        statement,
        predicted=", ".join(f"{theory[row['x']]:.2f}" for _, row in rows.iterrows()),
        measured=_listed(rows),
        verdict=all_of(within(row["y"], theory[row["x"]], CONTROL, row["y_err"]) for _, row in rows.iterrows()),
        tolerance=f"{CONTROL:g}, over the last factor ten in time",
        needs="larger horizons, repeats >= 4",
    )


def _students(curves: Curves, wanted: Callable[[str], bool]) -> Curves:
    """Return the exponents of the students whose name is wanted."""
    rows = select(curves, panel="universality", source="trained").sort_values("x")
    rows = rows[parameter(rows, "to") >= LONG] if len(rows) else rows
    return rows[[wanted(str(name)) for name in parameter(rows, "student")]] if len(rows) else rows


def _listed(rows: Curves) -> str:
    """Return names, exponents and errors."""
    names = parameter(rows, "student")
    return ", ".join(
        f"{name}: {row['y']:.3f} ± {row['y_err']:.3f}" for name, (_, row) in zip(names, rows.iterrows(), strict=True)
    )


def _controls(curves: Curves) -> Claim:
    statement = (
        "Growing rates, normalised steps (within and beyond the edge of stability) and Adam (within and beyond its "
        "memory) have exponents of their own; the squared loss has no power law."
    )
    rows = select(curves, panel="control-exponent").sort_values("x")
    trained, theory = (select(rows, source=source) for source in ("trained", "theory"))
    squared = select(curves, panel="controls", series="squared", source="trained")
    squared = squared[squared["y"] > FLOOR]
    if len(trained) < len(theory) or trained.empty or len(squared) < 5:
        return not_measured("controls-break-it", statement, f"controls.steps >= {LONG:g}")
    predicted = parameter(theory, "law").to_list()
    if select(curves, panel="controls", source="trained")["x"].max() < LONG:
        return not_measured("controls-break-it", statement, f"controls.steps >= {LONG:g}")
    verdicts = [
        within(row["y"], law, CONTROL, row["y_err"])
        for (_, row), law in zip(trained.iterrows(), predicted, strict=True)
    ]
    x, y = np.log(squared["x"].to_numpy()), np.log(squared["y"].to_numpy())
    steepest = float(np.gradient(y, x).min())
    return Claim(
        "controls-break-it",
        statement,
        predicted=", ".join(f"{law:.2f}" for law in predicted) + "; squared: steeper than -2",
        measured=", ".join(f"{row['y']:.3f} ± {row['y_err']:.3f}" for _, row in trained.iterrows())
        + f"; squared: {steepest:.1f}",
        verdict=all_of([*verdicts, exceeds(-steepest, 2)]),
        tolerance=f"{CONTROL:g} from the laws of late times",
        needs="controls.steps >= 600, repeats >= 4",
    )
