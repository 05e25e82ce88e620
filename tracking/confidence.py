"""How sure is a verdict that rests on few repeats and on the worst of many comparisons?

A standard error over n repeats is itself a draw: Student's t with n - 1 degrees of freedom says how many of them count.
A claim holds at a one-sided chance of `HOLDS`, and is contradicted only where a true claim would be so by the chance
`FAILS` at most, whatever number of comparisons was made to find the worst.
"""

from scipy.special import stdtrit  # the quantile of scipy.stats.t, which takes a second to import

from solv.tracking import claims
from solv.tracking.claims import Verdict, known

STUDENT = "Student's t over the repeats"  # how a tolerance says that it is so
HOLDS = 0.025
FAILS = 0.0025


def sigmas_to_hold(n: float) -> float:
    """Return how many standard errors over n repeats must separate a number from its threshold for a claim to hold."""
    return float(stdtrit(max(n - 1, 1), 1 - HOLDS))


def sigmas_to_fail(n: float, comparisons: int = 1) -> float:
    """Return how many standard errors over n repeats contradict a claim, in the worst of so many comparisons."""
    return float(stdtrit(max(n - 1, 1), 1 - FAILS / max(comparisons, 1)))


def exceeds(measured: float, threshold: float, error: float, n: float, *, comparisons: int = 1) -> Verdict:
    """Judge measured > threshold.

    Args:
        measured, threshold: the number and what it must exceed.
        error: standard error of `measured`; NaN, or 0 over several repeats: not known, which decides nothing.
        n: repeats that `error` was taken over.
        comparisons: of which this one is the worst, or one of which contradicts the claim.
    """
    error = known(error, n)
    if claims.exceeds(measured, threshold, error, sigmas=sigmas_to_hold(n)) is Verdict.HOLDS:
        return Verdict.HOLDS
    contradicted = claims.exceeds(measured, threshold, error, sigmas=sigmas_to_fail(n, comparisons)) is Verdict.FAILS
    return Verdict.FAILS if contradicted else Verdict.UNDECIDED


def within(
    measured: float, predicted: float, tolerance: float, error: float, n: float, *, comparisons: int = 1
) -> Verdict:
    """Judge |measured - predicted| <= tolerance; arguments as in `exceeds`. An error above the tolerance: undecided."""
    error = known(error, n)
    if error > tolerance:
        return Verdict.UNDECIDED
    if claims.within(measured, predicted, tolerance, error, sigmas=sigmas_to_hold(n)) is Verdict.HOLDS:
        return Verdict.HOLDS
    far = claims.within(measured, predicted, tolerance, error, sigmas=sigmas_to_fail(n, comparisons)) is Verdict.FAILS
    return Verdict.FAILS if far else Verdict.UNDECIDED
