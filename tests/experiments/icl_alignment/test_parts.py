"""What do the parts of icl-alignment predict, and which of their curves are one?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.icl_alignment.alignment_measures import Panels as MeasuresPanels
from solv.experiments.icl_alignment.best_pretraining import Panels as PretrainingPanels
from solv.experiments.icl_alignment.diversity import Panels as DiversityPanels
from solv.experiments.icl_alignment.diversity_map import Panels as MapPanels
from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.rank_correlations import MEASURES, MISALIGNMENT, SIGNS, rank_correlations
from solv.experiments.icl_alignment.settings import Diversity, IclAlignmentConfig, Scatter, Simulation
from solv.theory.icl_alignment.covariances import power_law_spectrum
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.curves import pair, parameter, select
from tests.experiments.scaffold import Units, context, measured


def test_theory_has_the_reference_values_of_the_half_projector():
    """The spec's table; its last kappa, 50, is infinite diversity to 3 decimals."""
    theory = EXPERIMENT.predict(IclAlignmentConfig(train=["half"], parts=["diversity"]))
    expected = {
        "same": {0.5: 0.45006, 1: 0.33096, 2: 0.29881, 5: 0.28735, 50: 0.28258},
        "isotropic": {0.5: 0.86105, 1: 0.82248, 2: 0.81667, 5: 0.81663, 50: 0.81744},
        "reversed": {0.5: 1.27204, 1: 1.31401, 2: 1.33453, 5: 1.34592, 50: 1.35231},
    }
    for test, values in expected.items():
        rows = select(theory, panel=DiversityPanels.DIVERSITY, test=test, alpha=2, tau=4, rho=0.01)
        line = rows.set_index("x")["y"]
        for kappa, value in values.items():
            assert line[kappa] == pytest.approx(value, abs=2e-5)


def test_misalignment_orders_the_errors_of_theory_within_a_pretraining_by_construction():
    sizes = IclAlignmentConfig(scatter=Scatter(dimension=12, angle=(np.inf,)), parts=["alignment-measures"])
    theory = EXPERIMENT.predict(sizes)
    within, pooled = (select(theory, panel=each, tau=4) for each in (MeasuresPanels.RANKS_WITHIN, MeasuresPanels.RANKS))
    alone, everywhere = (rows.set_index(parameter(rows, "measure"))["y"] for rows in (within, pooled))
    assert list(alone.index) == list(everywhere.index) == list(MEASURES)
    assert alone[MISALIGNMENT] == pytest.approx(1, abs=1e-12)
    assert everywhere[MISALIGNMENT] > 0.95
    assert everywhere.drop([MISALIGNMENT, "resolvent"]).max() < everywhere[MISALIGNMENT] - 0.3


def test_a_measure_that_knows_the_order_has_rank_correlation_one():
    errors = {("half", 1.0): np.array([1.0, 3.0, 2.0])}
    measures = {("half", 1.0): np.outer(SIGNS, errors["half", 1.0] ** 3)}  # a cosine is large where tasks are aligned
    np.testing.assert_allclose(rank_correlations(measures, errors), 1.0)


def test_theorys_best_power_law_is_a_table_of_its_own():
    theory = EXPERIMENT.predict(IclAlignmentConfig(parts=["best-pretraining"]))
    best = select(theory, panel=PretrainingPanels.BEST, alpha=10, kappa=2).set_index("y_name")["y"]
    t = power_law_spectrum(40, 0.9)
    least, own = (float(icl_error(c, t, 4, 10, 2, 0.01).total) for c in (power_law_spectrum(40, best["best_p"]), t))
    assert best["best_p"] == pytest.approx(0.56, abs=0.005)
    assert best["log_ratio"] == pytest.approx(np.log(least / own), abs=1e-9)
    line = select(theory, panel=PretrainingPanels.PRETRAINING, alpha=10, kappa=2)
    assert best["log_ratio"] <= line["y"].min()
    assert "best" not in "".join(theory["params"])


def test_noise_that_differs_in_the_last_digit_is_another_curve():
    close = IclAlignmentConfig(train=["half"], test=["same"], rho=[0.01, 0.01000001], parts=["diversity"])
    curves = select(EXPERIMENT.predict(close), panel=DiversityPanels.DIVERSITY)
    assert curves["params"].nunique() == 2


def test_simulated_points_of_the_map_meet_theory_wherever_they_are(tmp_path):
    sizes = IclAlignmentConfig(
        dimension=8,
        simulation=Simulation(repeats=2),
        diversity=Diversity(columns=4, rows=4, kappas=10, unseen=(0.0312345678,), s=(0.1234567891,)),
        parts=["diversity-map"],
    )
    simulated = measured(EXPERIMENT, sizes, context(tmp_path))
    both = pair(pd.concat([EXPERIMENT.predict(sizes), simulated], ignore_index=True))
    assert list(both["panel"]) == [MapPanels.GAIN.value]


def test_every_pretraining_is_one_unit_whose_name_says_its_sizes_exactly(tmp_path):
    units = Units()
    sizes = IclAlignmentConfig(
        dimension=6,
        train=["half"],
        kappa=[2, 2.0000001],
        simulation=Simulation(repeats=2),
        parts=["diversity"],
    )
    curves = measured(EXPERIMENT, sizes, context(tmp_path, unit=units))
    assert len(units.computed) == 2
    assert set(curves["x"]) == {2, 2.0000001}
