"""Does every part of dmft run in every branch, and answer the spec's numbers?"""

import subprocess
import sys

import numpy as np
import pytest

from solv.experiments.dmft import bias_variance, linear_systems, non_hermitian
from solv.experiments.dmft.bias_variance import SAME_DATA
from solv.experiments.dmft.deep_networks import EQUATION
from solv.experiments.dmft.experiment import EXPERIMENT
from solv.experiments.dmft.settings import DmftConfig, Elliptic, Ensembles, Flow, Repeats
from solv.experiments.dmft.shared_disorder import FRESH_NOISE, NOTHING, SAME_FEATURES, Shared
from solv.harness.compose import settings_for
from solv.harness.runner import run_experiment
from solv.tracking.curves import Curves, agreement, join_curves, select
from tests.experiments.scaffold import Units, context, measured

TINY = {
    "tau": 0,
    "phi": 1,
    "samples": 0.5,
    "features": 0.8,
    "dimension": 20,
    "steps": 8,
    "spectrum": "isotropic",
    "members": [1, 2],
    "overlap": 0,
    "elliptic": Elliptic(size=12, small_size=12, repeats=2, small_repeats=2, until=1),
    "repeats": Repeats(regression=2, random_features=2, sgd=2),
    "ensembles": Ensembles(dimension=12, sets=2, bags=2, repeats=2),
    "flow": Flow(dimension=20, repeats=2),
}


def value(curves: Curves, **equal: object) -> float:
    rows = select(curves, source="theory", **equal)
    assert len(rows) == 1
    return float(rows["y"].iloc[0])


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Curves:
    experiment, settings = settings_for("dmft", "smoke", [f"runs_dir={tmp_path_factory.mktemp('runs')}"])
    outcome = run_experiment(experiment, settings, preset="smoke")
    assert (outcome.run.path / "figure.png").stat().st_size > 100_000
    return outcome.curves


def test_smoke_run_fills_every_panel_with_theory_and_measurement(smoke: Curves) -> None:
    experiment, settings = settings_for("dmft", "smoke", [])
    theory_alone = ("rise-regression", "euler-response", "width-limit")
    for panel in experiment.panels(settings):
        sources = set(smoke.loc[smoke["panel"] == str(panel.name), "source"])
        assert "theory" in sources, panel.name
        assert panel.name in theory_alone or len(sources) == 2, panel.name


def test_measured_points_are_paired_with_theory(smoke: Curves) -> None:
    unpaired = {"spectrum", "histogram"}
    counted = smoke[(smoke["source"] != "theory") & ~smoke["panel"].isin(unpaired)]
    assert agreement(smoke)["points"].sum() == len(counted)


def test_theory_is_predicted_without_torch() -> None:
    code = (
        "import sys; from solv.harness.compose import settings_for; "
        "e, s = settings_for('dmft', 'smoke', []); e.predict(s); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_theory_answers_the_reference_values_of_the_spec() -> None:
    overrides = [
        "g=0.9", "tau=0", "time=[0.25,1,2,3,16]", "phi=0.5", "samples=0.5", "features=0.8", "noise=0.1", "eta=0.05",
        "steps=200", "dimension=1000", "spectrum=isotropic", "hidden_layers=1", "richness=1", "width=1", "data=1.5",
        "eta_deep=0.03", "noise_deep=0.1", "steps_deep=100", "overlap=0.5", "ensembles.dimension=1000",
        "spike_steps=[50,100,200]",
        "parts=[linear-systems,non-hermitian,random-features,bias-variance,deep-linear,weight-spectrum]",
    ]  # fmt: skip
    experiment, settings = settings_for("dmft", "smoke", overrides)
    curves = experiment.predict(settings)
    near = lambda number: pytest.approx(number, rel=1e-4)  # noqa: E731
    assert value(curves, panel="correlation", x=3.0) == near(0.0966931)
    assert value(curves, panel="response", x=1.0) == near(0.367879)
    flow = {"panel": "flow", "samples": 0.5, "features": 0.55, "loss": "test", "x": 16.0}
    assert value(curves, flow="non-Hermitian", **flow) == near(1.72227)
    assert value(curves, flow="Hermitian", **flow) == near(0.532267)
    assert value(curves, panel="features-test", x=199.0) == near(1.25275)
    assert value(curves, panel="features-train", x=50.0) == near(0.0682592)
    for shared, known in (
        (SAME_DATA, 0.579554),
        (SAME_FEATURES, 0.393143),
        (NOTHING, 0.283325),
        (FRESH_NOISE, 1.08460),
        (Shared(True, 0.5), 0.634523),
    ):
        assert value(curves, panel="sharing", x=199.0, **shared.params) == near(known)
    assert value(curves, panel="deep-test", x=50.0) == near(0.342972)
    assert value(curves, panel="deep-train", x=99.0) == near(0.0573352)
    assert value(curves, panel="outliers", layer=0, formula=EQUATION, x=200.0) == near(2.50365)


# -- branches --------------------------------------------------------------------------------------------------------


def curves_of(tmp_path, part: str, **changed: object) -> tuple[Curves, Curves]:
    settings = DmftConfig(**{**TINY, **changed, "parts": [part]})
    return EXPERIMENT.predict(settings), measured(EXPERIMENT, settings, context(tmp_path))


def test_a_system_that_is_nowhere_stable_has_no_power_spectrum(tmp_path) -> None:
    settings = DmftConfig(**{**TINY, "g": 1.2, "parts": ["linear-systems"]})
    assert "power" not in {str(panel.name) for panel in EXPERIMENT.panels(settings)}
    theory, found = curves_of(tmp_path, "linear-systems", g=1.2)
    assert set(theory["panel"]) == set(found["panel"]) == set(linear_systems.Panels) - {linear_systems.Panels.POWER}


def test_flows_with_label_noise_are_theory_alone_and_their_partner_has_none(tmp_path) -> None:
    theory, found = curves_of(tmp_path, "non-hermitian", flow_noise=0.1)
    assert found.empty
    assert not select(theory, flow=non_hermitian.HERMITIAN, noise=0).empty
    assert not select(theory, flow=non_hermitian.NON_HERMITIAN, noise=0.1).empty


def test_infinitely_many_features_leave_nothing_to_share(tmp_path) -> None:
    theory, found = curves_of(tmp_path, "bias-variance", features=np.inf)
    assert found.empty
    assert set(theory["panel"]) == set(bias_variance.Panels)


def test_infinitely_many_features_are_linear_regression(tmp_path) -> None:
    theory, found = curves_of(tmp_path, "random-features", features=np.inf)
    assert agreement(join_curves([theory, found]))["points"].sum() == len(found) > 0


def test_infinitely_wide_networks_are_theory_alone(tmp_path) -> None:
    theory, found = curves_of(tmp_path, "deep-linear", width=np.inf, hidden_layers=1, richness=1, steps_deep=5)
    assert found.empty
    assert not theory.empty


@pytest.mark.parametrize("overlap", [[0.5, 0], [0, 1], [0.5, 0.5000001]])
def test_bags_of_any_overlap_have_curves_of_their_own(tmp_path, overlap) -> None:
    theory, found = curves_of(tmp_path, "bias-variance", overlap=overlap)
    for each in overlap:
        for curves in (theory, found):
            assert not select(curves, panel="members", average="bags", overlap=each, curve="mean of K").empty
            assert not select(curves, panel="sharing", same_features=True, shared_data=each).empty


def test_a_unit_that_two_parts_ask_for_is_computed_once(tmp_path) -> None:
    settings, units = DmftConfig(**{**TINY, "parts": ["linear-systems", "time-grid"]}), Units()
    measured(EXPERIMENT, settings, context(tmp_path, unit=units))
    assert len(units.computed) == len(set(units.computed)) == 2


def test_a_killed_run_goes_on_with_the_same_numbers(tmp_path) -> None:
    settings = DmftConfig(**{**TINY, "parts": ["linear-systems", "non-normality", "regression", "bias-variance"]})
    whole = measured(EXPERIMENT, settings, context(tmp_path))
    units = Units(dies_after=3)
    with pytest.raises(KeyboardInterrupt):
        measured(EXPERIMENT, settings, context(tmp_path, unit=units))
    units.dies_after = None
    assert measured(EXPERIMENT, settings, context(tmp_path, unit=units)).equals(whole)
