"""Do simulated means lie on the theory, up to what finite size and chance allow? The claim that reads nearly all parts.

A point is refuted where it is further from theory than a tolerance of finite size by more standard errors than chance
gives to the worst of all points that are read, by Student's distribution of its own number of repeats. Bonferroni's
correction holds however the points are correlated; the chance that a set of true curves is refuted is at most `CHANCE`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from solv.tracking.claims import Judgement, Verdict, missing
from solv.tracking.curves import Curves, pair

RELATIVE = 0.05  # of theory: what finite size may do
CROSSING = 0.001  # of the largest value of a curve, where it crosses 0
CHANCE = 0.005  # that a set of true curves is refuted
SURE = 2.0  # standard errors more than needed: a curve wrong by twice the tolerance is caught in 97.5 % of the cases
CAUGHT = 1 / 3  # share of the curves of which that is demanded, for the claim to hold
CURVE = ["panel", "params", "y_name"]


def assess(curves: Curves) -> pd.DataFrame:
    """Return the paired points with what is demanded of them.

    Returns:
        The rows of `pair` with the columns `tolerance`; `threshold`, the standard errors that chance gives to the worst
        of all points; `refuted`; and `catching`, whether a curve wrong by twice the tolerance would be caught there. A
        point without any scatter, or of a single repeat, neither refutes nor catches.
    """
    paired = pair(curves)
    paired = paired[np.isfinite(paired["y"]) & np.isfinite(paired["theory"])]
    size = paired["theory"].abs().groupby([paired[name] for name in CURVE]).transform("max")
    tolerance = np.maximum(RELATIVE * paired["theory"].abs(), CROSSING * size)
    tested = (paired["n"] > 1) & (paired["y_err"] > 0)
    threshold = -stdtrit(np.maximum(paired["n"] - 1, 1), CHANCE / max(1, int(tested.sum())))
    excess = (paired["y"] - paired["theory"]).abs() - tolerance
    assessed: pd.DataFrame = paired.assign(
        tolerance=tolerance,
        threshold=threshold,
        refuted=tested & (excess > threshold * paired["y_err"]),
        catching=tested & ((threshold + SURE) * paired["y_err"] <= tolerance),
    )
    return assessed


def judge_agreement(curves: Curves) -> Judgement:
    """Refute by the worst point; hold where most curves would have been caught if they were wrong by twice as much."""
    points = assess(curves)
    if points.empty:
        return missing("a curve with theory and measurement")
    caught = points.groupby(CURVE)["catching"].any()
    share = float(caught.mean())
    where = _named(points.loc[points["refuted"], "panel"])
    verdict = Verdict.HOLDS if share >= CAUGHT else Verdict.UNDECIDED
    return Judgement(
        Verdict.FAILS if points["refuted"].any() else verdict,
        predicted="0 points refuted",
        measured=(
            f"{int(points['refuted'].sum())} of {len(points)} refuted{where}; {100 * share:.0f} % of {len(caught)} "
            "curves known well enough"
        ),
        tolerance=(
            f"{100 * RELATIVE:g} % at each point ({100 * CROSSING:g} % of a curve's largest value where it crosses 0), "
            f"beyond it by chance of {CHANCE:g} for all points together; holds if {100 * CAUGHT:.0f} % of the curves "
            "would be caught at twice the tolerance"
        ),
    )


def _named(panels: Sequence[str] | pd.Series) -> str:
    names = sorted(set(panels))
    return f" ({', '.join(names)})" if names else ""
