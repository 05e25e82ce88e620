"""Does every part of dmft run in every branch, and answer the spec's numbers?"""

import pytest

from solv.experiments.dmft.experiment import EXPERIMENT
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.compose import settings_for
from solv.harness.runner import run_experiment
from solv.tracking.curves import Curves, pair
from tests.experiments.dmft.tiny import TINY
from tests.experiments.scaffold import Units, context, measured


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Curves:
    experiment, settings = settings_for("dmft", "smoke", [f"runs_dir={tmp_path_factory.mktemp('runs')}"])
    outcome = run_experiment(experiment, settings, preset="smoke")
    assert (outcome.run.path / "figure.png").stat().st_size > 100_000
    return outcome.curves


def test_smoke_run_fills_every_panel_with_theory_and_measurement(smoke: Curves) -> None:
    experiment, settings = settings_for("dmft", "smoke", [])
    theory_alone = ("rise-regression", "euler-response", "width-limit", "critical-scaled")
    for panel in experiment.panels(settings):
        sources = set(smoke.loc[smoke["panel"] == str(panel.name), "source"])
        assert "theory" in sources, panel.name
        assert panel.name in theory_alone or len(sources) == 2, panel.name


def test_measured_points_are_paired_with_theory(smoke: Curves) -> None:
    unpaired = {"spectrum", "histogram"}
    counted = smoke[(smoke["source"] != "theory") & ~smoke["panel"].isin(unpaired)]
    assert len(pair(smoke)) == len(counted)


def test_a_unit_that_two_parts_ask_for_is_computed_once(tmp_path) -> None:
    settings, units = DmftConfig(**{**TINY, "parts": ["linear-systems", "time-grid"]}), Units()
    measured(EXPERIMENT, settings, context(tmp_path, unit=units))
    assert len(units.computed) == len(set(units.computed)) == 2
