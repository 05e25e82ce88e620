"""How is softmax-law drawn? Its panels, in the order of the questions."""

from dataclasses import replace
from functools import partial

from solv.experiments.softmax_law.language import language_panels
from solv.experiments.softmax_law.predictions import time_panel
from solv.experiments.softmax_law.settings import FITTED_CONTROLS, PEAKED, ROUNDING, SoftmaxLawConfig, categories
from solv.tracking.figures import Panel, Slope

TIME = "time s = learning rate x steps"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return the panels."""
    return [*_against_time(config), *_crossover(config), *_controls(config), *_universality(config),
            *language_panels(config.language)]  # fmt: skip


def _against_time(config: SoftmaxLawConfig) -> list[Panel]:
    main = partial(Panel, x_scale="log", y_scale="log", ordered=True, main=True)

    def law(exponent: float, amplitude: float, label: str) -> tuple[Slope]:
        return (Slope(exponent, amplitude, 100, config.horizon, f"slope {label}"),)

    first = [
        main(
            "loss",
            "E1 Loss against time",
            TIME,
            "loss: divergence from the target",
            y_limits=(ROUNDING, 10),
            slopes=law(-1 / 3, 3.0, "-1/3"),
        ),
        main("norm", "E1 Norm of W against time", TIME, "norm of W", slopes=law(1 / 3, 6.0, "1/3")),
        main(
            "gradient",
            "E1 Norm of the gradient against time",
            TIME,
            "norm of the gradient",
            y_limits=(ROUNDING, None),
            slopes=law(-2 / 3, 3.0, "-2/3"),
            note="late: the noise of fresh batches is a floor",
        ),
    ]
    return [
        *(
            replace(
                panel,
                name=time_panel(panel.name, classes, config),
                title=f"{panel.title}, V = {classes}",
                main=classes == config.classes[0],
            )
            for classes in config.classes
            for panel in first
        ),
        Panel(
            "closed-form",
            "E1 One-hot target over the closed form (3)",
            TIME,
            "measured / C^{2/3} (3s)^{-1/3}, (3Cs)^{1/3}",
            x_scale="log",
            y_limits=(0.8, 1.4),
        ),
    ]


def _crossover(config: SoftmaxLawConfig) -> list[Panel]:
    log = partial(Panel, x_scale="log", y_scale="log")
    return [
        Panel("exponent", "E2 Fitted exponents", "1/β", "exponent", y_limits=(-3, 0.7), note="bars: standard errors"),
        log("collapse", "E2 Collapse at the crossover", "s / s*", "L a* / C", y_limits=(1e-3, None), ordered=True),
        log(
            "crossover",
            "E2 Time at which the loss is half the one-hot one",
            "β",
            "time s",
            slopes=(Slope(3.0, 1.0, PEAKED, 32, "β³"),),
        ),
    ]


def _universality(config: SoftmaxLawConfig) -> list[Panel]:
    names = categories(config)
    return [
        Panel(
            "universality",
            "E4 Exponent of the loss, one-hot target",
            "",
            "exponent",
            categories=names,
            slopes=(Slope(0.0, -1 / 3, -0.5, len(names) - 0.5, "-1/3"),),
            note="dashes: theory in the window of the fit",
        ),
        Panel(
            "networks",
            "E4 Networks: loss against time",
            TIME,
            "loss: divergence from the target",
            x_scale="log",
            y_scale="log",
            slopes=(Slope(-1 / 3, 4.0, 100, 1e4, "slope -1/3"), Slope(-1.0, 3.0, 30, 1000, "slope -1")),
        ),
    ]


def _controls(config: SoftmaxLawConfig) -> list[Panel]:
    steps = config.controls.steps
    return [
        Panel(
            "controls",
            "E3 Controls: other rules, one-hot target",
            "steps t",
            "loss",
            x_scale="log",
            y_scale="log",
            y_limits=(1e-3, 20),
            note="squared: squared loss of the logits, β = 1",
        ),
        Panel(
            "control-exponent",
            f"E3 Exponents of the controls, t = {steps // 4} to {steps}",
            "",
            "exponent",
            categories=FITTED_CONTROLS,
            note="dashes: theory in the same window",
        ),
        Panel(
            "edge",
            "E3 Normalised steps: norm of W over the way gone",
            "steps t",
            "norm of W / (step x t)",
            x_scale="log",
            y_limits=(0.4, 1.1),
            note="below 1: steps go back and forth across the valley",
        ),
    ]
