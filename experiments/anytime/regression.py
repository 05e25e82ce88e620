"""Which regression does theory solve, and what tells its averages apart? What the parts of theory share."""

from solv.experiments.anytime.settings import AnytimeConfig
from solv.theory.anytime.horizon_free import Problem
from solv.theory.anytime.spectrum import power_law_spectrum
from solv.tracking.curves import Params

COMMON_LABEL = 6.25  # of the EMA that is drawn for every schedule
LAST, UNIFORM, TAIL, EMA = "last iterate", "uniform", "last half", "EMA"  # the averages; an EMA has a label besides
TUNED = "each t"  # a schedule with a horizon that is tuned for each stopping time


def problem(config: AnytimeConfig, a: float, b: float) -> Problem:
    """Return the regression of one (a, b)."""
    spectrum = power_law_spectrum(
        a, b, config.dimension, exact=config.nodes.exact, ratio=config.nodes.ratio, normalize=config.normalize
    )
    return Problem(spectrum, config.sigma2, config.batch)


def case(config: AnytimeConfig, a: float, b: float) -> dict[str, object]:
    """Return what the curves of one regression have in common."""
    return {
        "a": a,
        "b": b,
        "sigma2": config.sigma2,
        "batch": config.batch,
        "dimension": config.dimension,
        "normalize": config.normalize,
    }


def ema_of(label: float) -> dict[str, object]:
    """Return what tells an EMA of half-life t / label from other averages."""
    return {"average": EMA, "label": label}


def average_name(params: Params) -> str:
    """Return how the average of a curve is called."""
    return f"{params['average']} {params['label']:g}" if "label" in params else str(params["average"])
