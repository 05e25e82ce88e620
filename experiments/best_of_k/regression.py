"""What does theory know of the regression and its judge? Deterministic equivalents; and what tells curves apart."""

import numpy as np

from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.theory.best_of_k.selection import Equivalents, WeightMoments, equivalents_from_moments
from solv.tracking.curves import Params

LARGEST_DRAWN = 2**16  # samples a test point that a simulation still draws


def noise(config: BestOfKConfig) -> dict[str, object]:
    """Return the params that every curve of the regression has: its label noise, and what the model believes in."""
    return {"sigma0": config.sigma0, "sigma": config.sigma, "gamma": config.gamma}


def equivalents(
    config: BestOfKConfig, alpha: float, mis: float = 0.0, scale: float = 0.0, eigenvalues: np.ndarray | None = None
) -> Equivalents:
    """Return the deterministic equivalents of the judge with weights (1 + scale) w_T + mis R.

    Args:
        config: its noise and prior.
        alpha: training samples per dimension.
        mis, scale: of the judge; R is independent of the teacher, of unit variance per mode.
        eigenvalues: of the inputs' covariance, shape (modes,); None: isotropic.
    """
    values = np.ones(1) if eigenvalues is None else eigenvalues
    moments = WeightMoments.of_random_judge(len(values), mis, scale)
    return equivalents_from_moments(alpha, config.sigma0, config.sigma, config.gamma, values, moments)


def judge_label(params: Params) -> str:
    """Return what the judge of a curve is called where it is drawn."""
    return "teacher as judge" if params["mis"] == 0 else f"mis={params['mis']:g}"
