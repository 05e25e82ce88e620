"""How far apart are two measured errors in log e, and how well is that known?"""

import math

import pandas as pd

from solv.tracking.claims import known


def log_ratio(top: pd.Series, bottom: pd.Series) -> tuple[float, float]:
    """Return log(y_top / y_bottom) of two points and its standard error, as if they were independent.

    The error is NaN where that of a point is not known, or vanished over its repeats.
    """
    errors = [known(point["y_err"], point["n"]) / point["y"] for point in (top, bottom)]
    return math.log(top["y"] / bottom["y"]), math.hypot(*errors)
