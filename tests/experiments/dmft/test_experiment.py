"""Does dmft run in every branch, answer the spec's numbers, and judge its claims by the curves alone?"""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from solv.experiments.dmft.claims import check_claims
from solv.experiments.dmft.grid import SCAN_RICHNESS, points, spiked_layers
from solv.harness.compose import settings_for
from solv.harness.runner import run_experiment
from solv.tracking.claims import Verdict
from solv.tracking.curves import Curves, agreement, empty_curves, join_curves, select
from solv.tracking.figures import Panel, Ridge, draw

PAGE = Path(__file__).parents[3] / "docs" / "experiments" / "dmft.md"


SCAN_STEPS = (10, 30, 60, 100, 200, 300)


def verdict(name: str, *parts: Curves) -> Verdict:
    return next(claim.verdict for claim in check_claims(join_curves(parts)) if claim.id == name)


def value(curves: Curves, **equal: object) -> float:
    rows = select(curves, source="theory", **equal)
    assert len(rows) == 1
    return float(rows["y"].iloc[0])


# -- the whole experiment --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Curves:
    experiment, settings = settings_for("dmft", "smoke", [f"runs_dir={tmp_path_factory.mktemp('runs')}"])
    outcome = run_experiment(experiment, settings, preset="smoke")
    assert len(outcome.claims) == 10
    assert (outcome.run.path / "figure.png").stat().st_size > 100_000
    return outcome.curves


def test_smoke_run_fills_every_panel_with_theory_and_measurement(smoke: Curves) -> None:
    experiment, settings = settings_for("dmft", "smoke", [])
    for panel in experiment.panels(settings):
        sources = set(smoke.loc[smoke["panel"] == panel.name, "source"])
        assert "theory" in sources, panel.name
        assert panel.name in ("rise-regression", "euler response") or len(sources) == 2, panel.name


def test_measured_points_are_paired_with_theory(smoke: Curves) -> None:
    unpaired = {"spectrum", "histogram W0", "rise-regression"}
    measured = smoke[(smoke["source"] != "theory") & ~smoke["panel"].isin(unpaired)]
    assert agreement(smoke)["points"].sum() >= len(measured)


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
    ]  # fmt: skip
    experiment, settings = settings_for("dmft", "smoke", overrides)
    curves = experiment.predict(settings)
    near = lambda number: pytest.approx(number, rel=1e-4)  # noqa: E731
    assert value(curves, panel="correlation", x=3.0) == near(0.0966931)
    assert value(curves, panel="response", x=1.0) == near(0.367879)
    flow = {"panel": "flow", "x": 16.0}
    assert value(curves, series="non-Hermitian: P/D=0.5, N/D=0.55", **flow) == near(1.72227)
    assert value(curves, series="Hermitian partner: P/D=0.5, N/D=0.55", **flow) == near(0.532267)
    assert value(curves, panel="features isotropic test", x=199.0) == near(1.25275)
    assert value(curves, panel="features isotropic train", x=50.0) == near(0.0682592)
    shared = {"panel": "sharing", "x": 199.0}
    for series, known in (
        ("same data", 0.579554),
        ("same features", 0.393143),
        ("nothing shared", 0.283325),
        ("fresh label noise", 1.08460),
        ("same features, 50 % of the data", 0.634523),
    ):
        assert value(curves, series=series, **shared) == near(known)
    assert value(curves, panel="deep test H=1", x=50.0) == near(0.342972)
    assert value(curves, panel="deep train H=1", x=99.0) == near(0.0573352)
    assert value(curves, panel="outliers", series="W0", x=200.0) == near(2.50365)


# -- claims ----------------------------------------------------------------------------------------------------------


def test_claims_without_their_curves_are_undecided() -> None:
    assert {claim.verdict for claim in check_claims(empty_curves())} == {Verdict.UNDECIDED}


def normal_partner(gap: float, error: float) -> list[Curves]:
    parts = []
    for source, scatter in (("theory", 0.0), ("simulation", error)):
        for series, level in (("Ginibre", 0.5 + gap), ("normal matrix, same spectrum", 0.5)):
            y_err = scatter
            parts.append(points("normal", series, source, "time", [1, 3], "C(t,t)", level, y_err=y_err, n=4))
    return parts


@pytest.mark.parametrize(
    ("gap", "error", "expected"),
    [(0.1, 0.01, Verdict.HOLDS), (-0.1, 0.01, Verdict.FAILS), (0.1, 0.2, Verdict.UNDECIDED)],
)
def test_non_normality_is_judged_by_the_gap(gap: float, error: float, expected: Verdict) -> None:
    assert verdict("non-normality", *normal_partner(gap, error)) is expected


def flow(partner_end: float, error: float) -> list[Curves]:
    parts = []
    for source, scatter, end in (("theory", 0.0, 0.532267), ("simulation", error, partner_end)):
        for series, ends in (
            ("non-Hermitian: P/D=0.5, N/D=0.55", [0.854265, 1.72227]),
            ("Hermitian partner: P/D=0.5, N/D=0.55", [0.779631, end]),
        ):
            parts.append(points("flow", series, source, "time", [0.25, 16], "test loss", ends, y_err=scatter, n=4))
    return parts


@pytest.mark.parametrize(
    ("partner_end", "error", "expected"),
    [(0.53, 0.002, Verdict.HOLDS), (0.9, 0.002, Verdict.FAILS), (0.6, 0.2, Verdict.UNDECIDED)],
)
def test_non_hermitian_rise_and_hermitian_fall_are_judged(partner_end: float, error: float, expected: Verdict) -> None:
    assert verdict("non-hermitian", *flow(partner_end, error)) is expected


def richness_scan(order: int, error: float) -> list[Curves]:
    known = {
        3: (2, 2, 2.0011, 2.0074),
        4: (2, 2.0029, 2.1228, 2.1694),
        5: (2, 2.0089, 2.2698, 2.3578),
        6: (2, 2.0034, 2.4, 2.5363),
    }
    parts = []
    for richness in SCAN_RICHNESS:
        params = {"g0": richness, "edge": 2.0}
        place = "richness", f"γ₀={richness:g}"
        line = np.interp(SCAN_STEPS, [10, 30, 100, 300], known[int(richness)])
        parts.append(points(*place, "theory", "steps", SCAN_STEPS, "singular value", line, params=params))
        measured = line if order > 0 else 4 - line
        parts.append(
            points(*place, "trained", "steps", SCAN_STEPS, "singular value", measured, y_err=error, n=12, params=params)
        )
    return parts


@pytest.mark.parametrize(
    ("order", "error", "expected"),
    [(1, 0.01, Verdict.HOLDS), (-1, 0.01, Verdict.FAILS), (1, 0.2, Verdict.UNDECIDED)],
)
def test_spikes_are_judged_by_their_order_in_richness(order: int, error: float, expected: Verdict) -> None:
    assert verdict("spikes-detach", *richness_scan(order, error)) is expected


def dependence(trained: str, error: float) -> list[Curves]:
    series = {
        "theory (20)": np.array([3.964689, 1.550739, 2.178326, 2.018711, 2.111242, 2.0, 2.053642]),
        "spikes taken as independent": np.array([3.62496, 1.685819, 2.269383, 2.095762, 2.0, 2.04382, 2.0]),
    }
    x = np.arange(len(spiked_layers()))
    parts = [points("dependence", name, "theory", "matrix", x, "singular value", y) for name, y in series.items()]
    y = series[trained]
    return [*parts, points("dependence", "theory (20)", "trained", "matrix", x, "singular value", y, y_err=error, n=12)]


@pytest.mark.parametrize(
    ("trained", "error", "expected"),
    [
        ("theory (20)", 0.005, Verdict.HOLDS),
        ("spikes taken as independent", 0.005, Verdict.FAILS),
        ("theory (20)", 0.1, Verdict.UNDECIDED),
    ],
)
def test_trained_spikes_decide_between_the_two_theories(trained: str, error: float, expected: Verdict) -> None:
    assert verdict("spikes-dependence", *dependence(trained, error)) is expected


def test_only_the_second_layer_spikes() -> None:
    assert verdict("second-layer", *dependence("theory (20)", 0.005)) is Verdict.HOLDS
    assert verdict("second-layer", *dependence("spikes taken as independent", 0.005)) is Verdict.FAILS
    assert verdict("second-layer", *dependence("theory (20)", 0.05)) is Verdict.UNDECIDED


def two_times(symmetric: float, other: float, error: float) -> list[Curves]:
    return [
        points(
            "two-time", f"τ={tau}", source, "lag", [0, 6], "C ratio", [1, 1 + gap], y_err=scatter, n=4,
            params={"tau": tau},
        )
        for source, scatter in (("theory", 0.0), ("simulation", error))
        for tau, gap in ((1.0, symmetric), (0.0, other))
    ]  # fmt: skip


def test_two_time_functions_are_judged_at_the_largest_lag() -> None:
    assert verdict("two-times", *two_times(0.0, -0.5, 0.0)) is Verdict.HOLDS
    assert verdict("two-times", *two_times(0.1, -0.5, 0.0)) is Verdict.FAILS
    assert verdict("two-times", *two_times(0.0, -0.5, 0.4)) is Verdict.UNDECIDED


def regression_point(measured: float, error: float, n: int) -> list[Curves]:
    place = "regression test", "D/P=1"
    return [
        points(*place, "theory", "time", [1], "test loss", [1.0]),
        points(*place, "simulation", "time", [1], "test loss", [measured], y_err=error, n=n),
    ]


def test_agreement_demands_five_per_cent_or_four_standard_errors() -> None:
    assert verdict("agreement", *regression_point(1.04, 0.001, 8)) is Verdict.HOLDS
    assert verdict("agreement", *regression_point(1.2, 0.06, 8)) is Verdict.HOLDS
    assert verdict("agreement", *regression_point(1.2, 0.01, 8)) is Verdict.FAILS
    assert verdict("agreement", *regression_point(1.2, 0.01, 2)) is Verdict.UNDECIDED


# -- the quick run's remaining claims, on the smoke run's theory -------------------------------------------------------


def test_wider_is_better_needs_trained_losses_that_fall(smoke: Curves) -> None:
    theory = select(smoke, panel="width", source="theory")
    params = json.loads(theory["params"].iloc[0])

    def trained(losses: list[float], error: float) -> list[Curves]:
        return [
            points("width", kind, "trained", "width", [1, 4], "excess loss", losses, y_err=error, n=9, params=params)
            for kind in ("test", "train")
        ]

    assert verdict("wider-is-better", theory, *trained([0.05, 0.01], 0.002)) is Verdict.HOLDS
    assert verdict("wider-is-better", theory, *trained([0.01, 0.05], 0.002)) is Verdict.FAILS
    assert verdict("wider-is-better", theory, *trained([0.05, 0.01], 0.1)) is Verdict.UNDECIDED


def test_map_claim_compares_simulated_rises_with_theory(smoke: Curves) -> None:
    theory = smoke[smoke["panel"].isin(["rise", "late", "rise-regression"]) & (smoke["source"] == "theory")]

    def simulated(rise: float, error: float) -> Curves:
        return points(
            "rise", "N/D=0.3", "simulation", "P/D", [0.3], "rise", [rise], y_err=error, n=4, params={"N/D": 0.3}
        )

    assert verdict("map", theory, simulated(10.0, 1.0)) is Verdict.HOLDS
    assert verdict("map", theory, simulated(0.0, 0.0)) is Verdict.FAILS
    assert verdict("map", theory, simulated(1.0, 1.0)) is Verdict.UNDECIDED


def test_ensembles_fail_when_the_mean_of_many_beats_its_floor(smoke: Curves) -> None:
    theory = smoke[smoke["panel"].isin(["members", "sharing", "variance"]) & (smoke["source"] == "theory")]
    floor = float(select(theory, series="ensemble, K=∞")["y"].iloc[0])

    def simulated(loss: float, error: float) -> list[Curves]:
        return [
            points("members", "ensemble", "simulation", "members", [2], "test loss", [loss], y_err=error, n=12),
            points("variance", "data V_X", "simulation", "steps", [9], "loss", [0.1], y_err=0.01, n=12),
        ]

    assert verdict("ensembles", theory, *simulated(1.2 * floor, 0.01 * floor)) is Verdict.HOLDS
    assert verdict("ensembles", theory, *simulated(0.5 * floor, 0.01 * floor)) is Verdict.FAILS


# -- figures and the page ----------------------------------------------------------------------------------------------


def test_ridgeline_stacks_one_row_per_time() -> None:
    parts = []
    for step in (0, 50, 100):
        params = {"step": step, "edge": 2.0}
        place = "h", f"t={step}"
        parts.append(points(*place, "theory", "s", [0, 1, 2, 2.5], "density", [0.6, 0.5, 0, 0], params=params))
        parts.append(points(*place, "trained", "s", [0.9, 2.1], "density", [0.5, 0.1], y_err=0.1, n=3, params=params))
    parts.append(points("h", "t=100", "theory", "s", [2.2], "outlier", [0.0], params={"step": 100, "edge": 2.0}))
    ridge = Ridge("step", "t = {}", "density", "outlier", "edge", magnify=4)
    axes = draw(join_curves(parts), [Panel("h", "", "s", "density", ridge=ridge)], "").axes[0]
    bases = sorted(float(line.get_ydata()[-1]) for line in axes.lines if len(line.get_xdata()) == 4)
    assert np.allclose(np.diff(bases), bases[1] - bases[0])
    assert len(bases) == 3
    assert {text.get_text() for text in axes.texts} >= {"t = 0", "t = 50", "t = 100"}
    assert any(np.allclose(line.get_xdata(), [2.2]) for line in axes.lines if len(line.get_xdata()) == 1)


def test_named_abscissae_are_ticks_and_theory_is_dashes() -> None:
    line = points("c", "theory", "theory", "matrix", [0, 1], "s", [2.0, 3.0])
    axes = draw(join_curves([line]), [Panel("c", "", "", "s", categories=("first", "second"))], "").axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["first", "second"]
    assert axes.lines[0].get_linestyle() == "None"


def test_ten_lines_of_the_page_predict_a_system_of_the_readers_own() -> None:
    """The damped oscillators of the page, simulated: x'' = -w^2 x - gamma x' + sum_j J_ij x_j by the same Euler map."""
    section = PAGE.read_text(encoding="utf-8").split("## Write your own linear system")[1]
    block = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert block is not None
    assert len(block.group(1).strip().splitlines()) <= 12
    names: dict[str, object] = {}
    exec(block.group(1), names)
    curve, dt, T = (names[name] for name in ("curve", "dt", "T"))
    w, gamma, g, tau = (float(str(names[name])) for name in ("w", "gamma", "g", "tau"))
    generator, size, draws = np.random.default_rng(5), 300, 12
    totals = np.zeros((draws, T))
    for draw_index in range(draws):
        first, second = generator.standard_normal((2, size, size))
        symmetric, antisymmetric = (first + first.T) / np.sqrt(2), (second - second.T) / np.sqrt(2)
        coupling = g * (np.sqrt((1 + tau) / 2) * symmetric + np.sqrt((1 - tau) / 2) * antisymmetric) / np.sqrt(size)
        x, v = generator.standard_normal((size, 20)), np.zeros((size, 20))
        for t in range(T):
            totals[draw_index, t] = np.mean(x**2)
            x, v = x + dt * v, v + dt * (-(w**2) * x - gamma * v + coupling @ x)
    error = totals.std(axis=0, ddof=1) / np.sqrt(draws)
    assert np.all(np.abs(totals.mean(axis=0) - curve) <= np.maximum(0.05 * curve, 4 * error))
    assert np.max(np.abs(curve[1:] / curve[:-1] - 1)) > 0.02
