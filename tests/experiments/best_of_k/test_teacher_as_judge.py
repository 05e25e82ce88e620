"""Is difficulty the bias in units of the spread, and is the window of the exponent read at both ends?"""

from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.experiments.best_of_k.teacher_as_judge import EXPONENT_WINDOW, difficulty, simulated_counts
from solv.theory.best_of_k.posterior_equivalents import Equivalents


def test_difficulty_is_the_ratio_of_the_variances():
    assert difficulty(Equivalents(0.1, 0.5, 0.25, 0.5, 0.5)) == 2


def test_both_ends_of_the_window_are_simulated_and_nothing_beyond():
    low, high = EXPONENT_WINDOW
    assert simulated_counts(BestOfKConfig(k=[1, 10, high + 1])) == [1, 10, low, high]
    assert simulated_counts(BestOfKConfig(k=[high])) == [low, high]
