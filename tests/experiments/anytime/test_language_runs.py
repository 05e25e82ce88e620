"""Is every training of the grid there once, and each curve chosen by its own rule?"""

import numpy as np

from solv.experiments.anytime.language_runs import (
    LAST,
    Training,
    best_anytime,
    trainings,
)
from solv.harness.settings import replace
from tests.experiments.anytime.tiny_language import TINY


def test_every_training_of_the_grid_is_there_once():
    settings = replace(TINY, beta2=(0.95, 0.99), offsets=(100, 300), constant_rates=(1e-3, 3e-3, 1e-2))
    runs = trainings(settings)
    count = {name: sum(run.schedule == name for run in runs) for name in ("constant", "offset", "cosine")}
    assert count == {"constant": 3 * 2, "offset": 2 * 1 * 2, "cosine": 3 * 2 * 2}
    assert len({run.label for run in runs}) == len(runs)


def test_each_curve_is_chosen_by_its_own_rule_and_a_diverged_run_never():
    runs = [Training("constant", rate, 0.99) for rate in (1e-3, 3e-3, 1e-2)]
    envelope = np.zeros((2, 2))
    losses = {
        (runs[0], LAST): np.full((2, 2), -1.0),  # the last weights are no anytime curve
        (runs[0], "25"): np.array([[0.0, 0.3], [0.0, 0.3]]),
        (runs[1], "25"): np.array([[0.2, 0.2], [0.2, 0.2]]),
        (runs[2], "25"): np.full((2, 2), np.nan),
        (runs[0], "wsd"): np.array([[0.5, 0.0], [0.5, 0.0]]),
        (runs[2], "wsd"): np.array([[0.1, 0.4], [0.1, 0.4]]),
    }
    best = {kind: best_anytime(losses, kind, envelope) for kind in ("constant", "wsd")}
    assert (best["constant"].run, best["constant"].weights) == (runs[1], "25")
    assert (best["wsd"].run, best["wsd"].weights) == (runs[2], "wsd")
