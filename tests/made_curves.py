"""Which curves do the tests of tracking and harness speak of? Those of a made-up part with three panels."""

from enum import StrEnum

from solv.tracking.curves import Curves, Recorder


class Panels(StrEnum):
    P = "p"
    A = "a"
    Z = "z"


RECORD = Recorder("e", "one")


def points(source, y, y_err=0.0, n=1, *, panel=Panels.P, x=None, x_name="t", y_name="loss", **params) -> Curves:
    """Return a curve whose params are the keywords that are left, by default at x = 0, 1, ..."""
    abscissa = list(range(len(y))) if x is None else x
    return RECORD.curve(source, panel, params, x=(x_name, abscissa), y=(y_name, y), y_err=y_err, n=n)
