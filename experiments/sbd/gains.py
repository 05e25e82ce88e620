"""Is one rule more accurate than another? Differences paired over seeds, judged together by Student's t."""

from collections.abc import Sequence

from scipy.special import stdtrit

from solv.tracking.claims import Judgement, Verdict, all_of, exceeds
from solv.tracking.curves import Curves, each_curve

FALSE_ALARM = 1 / 400  # chance that any of the differences is called negative while all are 0
LEAST_SEEDS = 5  # over fewer, a standard error is hardly known, and now and then vanishes
RESOLUTION = 1e-6  # a standard error below it is rounding: equal accuracies in every seed


def judged_gains(
    curves: Curves, sign: int, named_by: Sequence[str], note: str = "", *, worthwhile: float = 0.0, needs: str = ""
) -> Judgement:
    """Judge whether every one of some differences of accuracy is positive.

    Holds where all are, and fails where one that is not is clearly below what would be worthwhile; the chance that one
    of equal rules is called better, or one of worthwhile gains too small, is 1 in 400 for all of them together. Fewer
    than five seeds, or equal accuracies in all of them, decide nothing.

    Args:
        curves: a curve of one point for each difference: its mean over seeds, standard error, and number of seeds.
        sign: 1 or -1: of the difference that is claimed to be positive.
        named_by: params that name a difference.
        note: what else is to be said of the tolerance.
        worthwhile: the least gain that the claim speaks of, >= 0.
        needs: what would decide, where it is not the claim's own `needs`.
    """
    rows = [(params, line.iloc[0]) for params, line in each_curve(curves)]
    verdicts, said = [], []
    for params, row in rows:
        gain, error, n = sign * float(row["y"]), float(row["y_err"]), int(row["n"])
        name = ", ".join(str(params[key]) for key in named_by if key in params)
        said.append(f"{name}: {100 * gain + 0.0:+.2f} ± {100 * error:.2f} %")
        if n < LEAST_SEEDS or error < RESOLUTION:
            verdicts.append(Verdict.UNDECIDED)
        else:
            sigmas = student(len(rows), n)
            positive, enough = (exceeds(gain, least, error, sigmas=sigmas) for least in (0.0, worthwhile))
            verdicts.append(positive if positive is Verdict.HOLDS else enough)
    return Judgement(
        all_of(verdicts),
        predicted=f"> 0, and no less than {100 * worthwhile:g} %" if worthwhile else "> 0",
        measured="; ".join(said),
        tolerance=f"paired over seeds, Student's t, {100 * FALSE_ALARM:.2g} % on either side for all together{note}",
        needs=needs,
    )


def student(comparisons: int, seeds: int) -> float:
    """Return how many standard errors count, for so many differences of so many seeds."""
    return float(stdtrit(seeds - 1, 1 - FALSE_ALARM / comparisons))
