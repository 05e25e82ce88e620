"""How steep is the error of a chain? The slope of log e, and how well it is known."""

import math

import numpy as np

from solv.tracking.curves import Curves


def log_slope(rows: Curves, low: float, high: float, *, log_x: bool = False) -> tuple[float, float]:
    """Return the least-squares slope of log y within low <= x <= high, and an upper bound of its standard error.

    Points of one chain rise and fall together, so the error is that of the two ends alone.

    Args:
        rows: of one curve.
        low, high: the window; at least two points lie in it.
        log_x: whether the slope is against log x.
    """
    rows = rows[rows["x"].between(low, high)]
    x = np.log(rows["x"].to_numpy()) if log_x else rows["x"].to_numpy()
    y, y_err = rows["y"].to_numpy(), rows["y_err"].to_numpy()
    slope = float(np.polyfit(x, np.log(y), 1)[0])
    return slope, float(math.hypot(y_err[0] / y[0], y_err[-1] / y[-1]) / (x[-1] - x[0]))
