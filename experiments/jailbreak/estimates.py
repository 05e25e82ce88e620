"""Which gap do counts of unsafe answers show? The unbiased estimate where it is positive, over prompts."""

import numpy as np

from solv.experiments.jailbreak.settings import LanguageSettings
from solv.harness.settings import ConfigurationError
from solv.theory.fits.success_estimates import safe_draw_chances
from solv.tracking.curves import standard_error


def estimated_gap(
    answers: np.ndarray, unsafe: np.ndarray, k: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return the k with a positive estimate, the gap there, its standard error over prompts, and the prompts' number.

    Args:
        answers, unsafe: counts of each prompt, shape (prompts,).
        k: numbers of samples, at most the fewest answers, shape (ks,).
    """
    y, y_err, n = standard_error(safe_draw_chances(answers, unsafe, k))
    shown = y > 0
    return k[shown], y[shown], y_err[shown], n


def require_enough_answers(settings: LanguageSettings) -> None:
    """Refuse more samples than answers.

    Raises:
        ConfigurationError: the largest k is above the number of answers.
    """
    if max(settings.k) > settings.answers:
        raise ConfigurationError(f"language.answers = {settings.answers} is less than the largest k, {max(settings.k)}")
