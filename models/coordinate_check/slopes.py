"""How does what a part has learned go with size, and is that right?"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

Verdict = Literal["order one", "grows", "shrinks", "diverges", "undecided", "does not learn", "not measured"]
FLAT = 0.15  # slope up to which a learned part counts as of order one: what cross-over leaves at a few hundred units


@dataclass(frozen=True)
class CoordinateSlope:
    """How one part's coordinates go with size.

    Attributes:
        module: name in the model: of a module, or of a parameter that no module's call covers.
        learned, change: root mean squares, shape (seeds, sizes); NaN where the part was called on nothing, and, of the
            change, where it was not called on the same inputs before and after training.
        slope, error: of log learned against log size over the sizes where it is finite, mean over the seeds that show
            two sizes or more, and its standard error (NaN for one seed, or seeds that make no difference).
        change_slope: that of the change, NaN where it is 0 or not known.
        verdict: on the learned part: "diverges" where it is not finite at some size; else slope +- 2 error inside
            +-`FLAT`, beyond, or across its edge.
        note: what else there is to say: where it diverges, was called on nothing, or why it does not learn.
    """

    module: str
    learned: Float[np.ndarray, "seeds sizes"]
    change: Float[np.ndarray, "seeds sizes"]
    slope: float
    error: float
    change_slope: float
    verdict: Verdict
    note: str = ""


def judge(
    name: str,
    sizes: np.ndarray,
    learned: Float[np.ndarray, "seeds sizes"],
    change: Float[np.ndarray, "seeds sizes"],
    called: Bool[np.ndarray, "seeds sizes"],
    idle: str = "",
) -> CoordinateSlope:
    """Return slopes and verdict of a part.

    Args:
        name: of the part.
        sizes: ascending, shape (sizes,).
        learned, change: root mean squares; of any value where the part was not called.
        called: whether it was called on anything.
        idle: why it does not learn, if it does not.
    """
    learned, change = np.where(called, learned, np.nan), np.where(called, change, np.nan)
    diverged = called & ~np.isfinite(learned)
    finite = ~diverged.any(axis=0)
    slope, error = _slope(sizes[finite], learned[:, finite])
    change_slope = _slope(sizes[finite], change[:, finite])[0]
    starved = ~called.all(axis=0)
    some = ", with some of the seeds" if called[:, starved].any() else ""
    notes = [f"called on nothing{_at(sizes[starved])}{some}"] if starved.any() else []
    verdict: Verdict
    if diverged.any():
        verdict = "diverges"
        notes.insert(0, f"not finite{_at(sizes[~finite])}")
    elif (called.sum(axis=1) < 2).all():
        verdict = "not measured"
    elif (still := called & (learned == 0)).any():
        verdict = "does not learn"
        notes += [] if (still == called).all() else [f"nothing{_at(sizes[still.any(axis=0)])}"]
        notes += [idle] if idle else []
    elif math.isnan(error):
        verdict = "undecided"
    elif abs(slope) + 2 * error <= FLAT:
        verdict = "order one"
    elif abs(slope) - 2 * error > FLAT:
        verdict = "grows" if slope > 0 else "shrinks"
    else:
        verdict = "undecided"
    return CoordinateSlope(name, learned, change, slope, error, change_slope, verdict, "; ".join(notes))


def _at(sizes: np.ndarray) -> str:
    return f" at {', '.join(map(str, sizes))}" if len(sizes) else ""


def _slope(sizes: np.ndarray, values: Float[np.ndarray, "seeds sizes"]) -> tuple[float, float]:
    """Return mean slope over the seeds, each over the sizes that it has, and its standard error.

    Seeds that all give the same numbers are one seed.
    """
    if (np.isinf(values) | (values <= 0)).any():
        return math.nan, math.nan
    known = [(sizes[there], row[there]) for row in values if (there := np.isfinite(row)).sum() >= 2]
    if not known:
        return math.nan, math.nan
    each = np.array([np.polyfit(np.log(x), np.log(y), 1)[0] for x, y in known])
    alike = len(each) < 2 or np.array_equal(values, np.broadcast_to(values[0], values.shape), equal_nan=True)
    return float(each.mean()), math.nan if alike else float(each.std(ddof=1) / math.sqrt(len(each)))
