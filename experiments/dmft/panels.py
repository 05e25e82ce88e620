"""How are the curves of dmft drawn? Its panels, in the order of the questions E1 to E8."""

from solv.experiments.dmft.grid import (
    MAP_SPAN,
    MAP_VALUES,
    RISE_THRESHOLD,
    WIDTH_STEP,
    regression_cells,
    spiked_layers,
)
from solv.experiments.dmft.settings import DmftConfig
from solv.tracking.figures import Map, Panel, Ridge, Slope

SHARES = ("sharing", "variance", "members")


def all_panels(config: DmftConfig) -> list[Panel]:
    """Return every panel; a panel without rows is not drawn."""
    return [
        *_elliptic(config),
        *_regression(config),
        *_sharing(config),
        *_flow(config),
        *_deep(config),
        *_spikes(config),
    ]


def _elliptic(config: DmftConfig) -> list[Panel]:
    time, correlation = "time t", "correlation C(t, t)"
    latest = config.elliptic.until
    return [
        Panel("spectrum", "E1  Eigenvalues of J - 1 fill an ellipse", "Re λ", "Im λ (upper half)", main=True),
        Panel(
            "correlation", "E1  Correlation: formula and $e^{(J-1)t}$", time, correlation, y_scale="log",
            x_limits=(0, latest), y_limits=(1e-4, None), main=True,
        ),
        Panel(
            "response", "E1  Response: formula and $e^{(J-1)t}$", time, "response R(t)", x_limits=(0, latest), main=True
        ),
        Panel(
            "two-time", f"E1  Only τ = 1 depends on t + s alone (t + s = {latest:g})", "lag t - s",
            "C(t, s) / C at lag 0", main=True,
        ),
        Panel(
            "normal", f"E1  Non-normality alone: one spectrum, g = {config.elliptic.normal_g:g}", time, correlation,
            y_scale="log", x_limits=(0, latest), y_limits=(1e-3, None),
        ),
        Panel("power", "E1  Power spectrum under white noise", "frequency ω", "S(ω)", y_scale="log", main=True),
        Panel(
            "euler", f"E1  Two-time grid and Euler map, step {config.time_step:g}", time, correlation, y_scale="log",
            x_limits=(0, latest), y_limits=(1e-4, None), main=True,
        ),
        Panel(
            "euler response", f"E1  Response on the grid, step {config.time_step:g}", time, "response R(t)",
            x_limits=(0, latest), main=True,
        ),
    ]  # fmt: skip


def _regression(config: DmftConfig) -> list[Panel]:
    noise = f"σ² = {config.noise:g}"
    panels = [
        Panel(
            f"regression {kind}", f"E2  Linear regression, {kind}: {noise}", "time η × steps", f"{kind} loss",
            main=True, y_scale="linear" if kind == "test" else "log",
        )
        for kind in ("test", "train")
    ]  # fmt: skip
    for spectrum in config.spectrum:
        panels += [
            Panel(
                f"features {spectrum} {kind}", f"E3  Random features, {spectrum}, {kind}: {noise}", "steps",
                f"{kind} loss", x_scale="symlog", y_scale="log", main=True,
            )
            for kind in ("test", "train")
        ]  # fmt: skip
    sgd = f"E4  One-pass SGD, power law: N/D = {config.features_sgd:g}, {noise}"
    return [*panels, Panel("sgd", sgd, "steps", "test loss", x_scale="symlog", y_scale="log", main=True)]


def _sharing(config: DmftConfig) -> list[Panel]:
    cell = regression_cells(config, "isotropic")[0].series
    return [
        Panel(
            "sharing", f"E5  Two models that share …: {cell}", "steps", "cross-correlation of their errors",
            x_scale="symlog", main=True,
        ),
        Panel(
            "variance", f"E5  Parts of the loss: {cell}", "steps", "part of the test loss", x_scale="symlog",
            main=True,
        ),
        Panel(
            "members", f"E5  Ensembles and bags, last step: {cell}", "members K",
            "test loss of the mean", x_scale="log", main=True,
        ),
    ]  # fmt: skip


def _flow(config: DmftConfig) -> list[Panel]:
    ratios = "samples P/D", "features N/D"
    limits = (0.92 * MAP_VALUES[0], 1.09 * MAP_VALUES[-1])
    window = f"t ≤ {MAP_SPAN[1]:g}"
    return [
        Panel("flow", "E6  One spectrum, two flows", "time t", "loss", x_scale="log", y_scale="log", main=True),
        Panel(
            "rise", "E6  Where the noise-free loss rises again", *ratios, x_scale="log", y_scale="log",
            heat=Map("N/D", "rise", f"rise after the minimum, {window}", "log", floor=1e-3),
            x_limits=limits, y_limits=limits,
            note=f"grey: monotone (rise < {RISE_THRESHOLD:g})",
        ),
        Panel(
            "late", f"E6  Loss at t = {MAP_SPAN[1]:g}: the peak on P = N", *ratios, x_scale="log", y_scale="log",
            heat=Map("N/D", "late loss", f"test loss at t = {MAP_SPAN[1]:g}", "log", floor=0.1),
            x_limits=limits, y_limits=limits,
        ),
        Panel("rise-curves", "E6  Curves behind the map", "time t", "test loss", x_scale="log", y_scale="log"),
        Panel(
            "rise-regression", "E6  N = ∞: monotone for every P", "time t", "test loss", x_scale="log", ordered=True
        ),
    ]  # fmt: skip


def _deep(config: DmftConfig) -> list[Panel]:
    panels = [
        Panel(
            f"deep {kind} H={layers}", f"E7  Deep linear network, H = {layers}, {kind}", "steps", f"{kind} loss",
            y_scale="log", main=True,
        )
        for layers in config.hidden_layers
        for kind in ("test", "train")
    ]  # fmt: skip
    slope = Slope(-1.0, 0.055, 3, 16, "slope -1")
    return [
        *panels,
        Panel(
            "width", f"E7  Wider is better, as 1/ν (step {WIDTH_STEP})", "width ν = N/D", "loss above infinite width",
            x_scale="log", y_scale="log", slopes=(slope,),
        ),
    ]  # fmt: skip


def _spikes(config: DmftConfig) -> list[Panel]:
    ridge = Ridge("step", "t = {}", "density", "outlier", "edge", magnify=6.0)
    singular = "largest singular value"
    return [
        *(
            Panel(
                f"histogram W{layer}", f"E8  Singular values of W{layer} as it learns (γ₀ = {config.spike_richness:g})",
                "singular value / √fan-in", "density, one row per time", ridge=ridge, main=True,
                note="beyond the edge × 6",
            )
            for layer in range(config.spike_layers)
        ),
        Panel("outliers", "E8  The spike against time", "steps", singular, main=True),
        Panel("richness", "E8  Richer networks spike earlier and more", "steps", singular, ordered=True),
        Panel(
            "dependence", "E8  Spikes depend on the initial weights", "network, matrix", singular,
            categories=tuple(name for _, _, name in spiked_layers(config.spikes.networks)),
        ),
    ]  # fmt: skip
