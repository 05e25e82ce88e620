"""Does theory answer the reference values by its keys, and is each simulation drawn once, whatever dies?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.best_of_k import samples, temperature
from solv.experiments.best_of_k.experiment import EXPERIMENT
from solv.experiments.best_of_k.regression import equivalents
from solv.experiments.best_of_k.settings import (
    BestOf,
    BestOfKConfig,
    DataAgainstSamples,
    Direction,
    Simulation,
    Temperature,
)
from solv.harness.settings import defaults, resolve
from solv.theory.best_of_k.selection import optimal_temperature
from solv.tracking.curves import select
from tests.experiments.scaffold import Units, context, measured

REFERENCE = {
    0: [0.600781, 0.244275, 0.107360, 0.064207, 0.052548, 0.049072, 0.047772, 0.046938],
    0.3: [0.600781, 0.278334, 0.161412, 0.128165, 0.120934, 0.119445, 0.119049, 0.118823],
    0.6: [0.600781, 0.341318, 0.273604, 0.276775, 0.295102, 0.310495, 0.320591, 0.330245],
}
TINY = BestOfKConfig(
    mis=(0.0, 0.6),
    temperature=(0.0, 0.1),
    k=(1, 4),
    simulation=Simulation(dimension=8, repeats=2, points=10),
    against_temperature=Temperature(simulated=(0.0, 0.3), best_at=(4,)),
    direction=Direction(c=(0.2,)),
    best_of=BestOf(alpha=(1.0, 8.0), most=1000, repeats=2, points=10),
    data=DataAgainstSamples(columns=2, rows=2, alpha=(2.0,), k=(2,)),
    parts=[
        *("samples", "temperature", "direction", "inverse-square-law", "difficulty"),
        *("data-against-samples", "anisotropic-inputs"),
    ],
)


@pytest.mark.parametrize("mis", REFERENCE)
def test_theory_answers_the_reference_table(mis):
    config = BestOfKConfig(mis=mis, temperature=0.1, k=(1, 2, 4, 8, 16, 32, 64, 256), parts=["samples"])
    line = select(EXPERIMENT.predict(config), panel=samples.Panels.SAMPLES, alpha=2, temperature=0.1, mis=mis)
    np.testing.assert_allclose(line["y"], REFERENCE[mis], atol=1e-5)


def test_the_drawn_optimal_temperature_is_that_of_the_solver():
    config = BestOfKConfig(
        mis=0.6, against_temperature=Temperature(simulated=(0.0, 0.1), best_at=(16,)), parts=["temperature"]
    )
    line = select(EXPERIMENT.predict(config), panel=temperature.Panels.OPTIMAL_TEMPERATURE, k=16)
    for _, row in line.iloc[[0, -1]].iterrows():
        solved = optimal_temperature(equivalents(config, 2.0, row["x"]), 16).argument
        # the vertex of a parabola through a grid with steps of a factor 1.8
        assert abs(np.log(row["y"] / solved)) < 0.25


def test_scientific_keys_take_scalars_and_infinite_temperature():
    values = {**defaults(BestOfKConfig), "temperature": float("inf"), "k": [1, 100], "mis": 0.6, "parts": ["samples"]}
    config = resolve(BestOfKConfig, values)
    curves = EXPERIMENT.predict(config)
    assert set(curves["panel"]) == {panel.name.value for panel in EXPERIMENT.panels(config)} == {"samples"}
    np.testing.assert_allclose(select(curves, temperature=float("inf"))["y"], 0.600781, atol=1e-6)


def test_values_that_differ_in_the_last_digits_are_curves_and_units_of_their_own(tmp_path):
    close = BestOfKConfig(**{**dict(TINY), "alpha": (2.0, 2.0000001), "mis": 0.0, "parts": ["samples"]})
    curves = select(EXPERIMENT.predict(close), panel=samples.Panels.SAMPLES)
    assert curves["params"].nunique() == 2 * 2
    units = Units()
    measured(EXPERIMENT, close, context(tmp_path, unit=units))
    assert len(units.computed) == 2


def test_a_simulation_that_dies_goes_on_with_what_is_left_and_ends_with_the_same_bits(tmp_path):
    units = Units()
    whole = measured(EXPERIMENT, TINY, context(tmp_path, unit=units))
    assert units.computed == [
        *("samples alpha=2.0", "temperature alpha=2.0", "direction alpha=0.8"),
        *("best of alpha=1.0", "best of alpha=8.0"),  # drawn once for two parts
        *("doubled samples alpha=2.0", "doubled data alpha=4.0", "anisotropic alpha=2.0"),
    ]
    killed = Units(dies_after=4)
    with pytest.raises(KeyboardInterrupt):
        measured(EXPERIMENT, TINY, context(tmp_path, unit=killed))
    killed.dies_after = None
    pd.testing.assert_frame_equal(whole, measured(EXPERIMENT, TINY, context(tmp_path, unit=killed)), check_exact=True)
    assert killed.computed == units.computed


def test_every_simulated_curve_is_one_of_theory(tmp_path):
    curves = measured(EXPERIMENT, TINY, context(tmp_path))
    theory = EXPERIMENT.predict(TINY)
    assert set(curves["panel"] + curves["params"]) <= set(theory["panel"] + theory["params"])
