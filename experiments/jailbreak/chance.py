"""Do measured points lie on the theory? Counted are those beyond 2 standard errors, against what chance puts there."""

import numpy as np
import pandas as pd
from scipy.special import bdtr, stdtr

from solv.tracking.claims import Verdict

SIGMAS = 2
#: Chances that independent points on the theory are said to miss it, and that they decide nothing.
RARE, DOUBTFUL = 0.0025, 0.05


def chance_outside(paired: pd.DataFrame) -> float:
    """Return the chance that a point on the theory lies beyond 2 standard errors, for the fewest repeats of a point."""
    return float(2 * stdtr(paired["n"].min() - 1, -SIGMAS))


def outside(paired: pd.DataFrame) -> pd.Series:
    """Return whether each point lies beyond 2 standard errors."""
    return paired["deviation"].abs() > SIGMAS


def judge_independent(paired: pd.DataFrame, precision: float) -> Verdict:
    """Judge that independent points lie on the theory, which only points that are well known can show.

    Args:
        paired: as `solv.tracking.curves.pair` makes it.
        precision: largest standard error, relative to theory, of a point that can show it.

    Returns:
        `fails` where more points are beyond 2 standard errors than chance allows at 1 in 400; else `undecided` where
        they are more than it allows at 1 in 20, or a point's error is larger than the precision, or unknown; else
        `holds`.
    """
    chances = bdtr(np.arange(len(paired)), len(paired), chance_outside(paired))  # of at most so many points
    rare, doubtful = (int(np.searchsorted(chances, 1 - rate)) for rate in (RARE, DOUBTFUL))
    found = outside(paired).sum()
    if found > rare:
        return Verdict.FAILS
    return Verdict.HOLDS if found <= doubtful and all_precise(paired, precision) else Verdict.UNDECIDED


def all_precise(paired: pd.DataFrame, precision: float) -> bool:
    """Return whether every point has a standard error, and none is larger than `precision` relative to theory."""
    return bool((paired["deviation"].notna() & (paired["y_err"] <= precision * paired["theory"].abs())).all())
