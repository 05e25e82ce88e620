"""Which learning-rate schedule is good at every stopping time? The anytime experiment: panels and names of its curves.

Meterez, Nair, Morwani, Pehlevan, Kakade, arXiv:2602.03702. S1 the paper's synthetic figure; S2 theory against SGD; S3
anytime curves against a cosine tuned for each stopping time; the rates. Settings are in
`experiments/anytime/settings.py`, theory in `experiments/anytime/predictions.py`, what is measured in
`experiments/anytime/measurements.py`, the claims in `experiments/anytime/claims.py`.
"""

from typing import Any

from numpy.typing import ArrayLike

from solv.experiments.anytime.language import language_panels, require_text
from solv.experiments.anytime.settings import AnytimeConfig, cases
from solv.harness import catalog
from solv.harness.contract import Context
from solv.theory.anytime.horizon_free import PowerSchedule, horizon_free_schedules
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves, curve
from solv.tracking.figures import Panel

NAME = "anytime"
EXPONENT, FLOOR = "exponent", "floor"
FLOOR_MULTIPLIER = 0.5  # below the critical one of every spectrum
SIMULATED = ("constant", "offset", "cosine", "stable")
AVERAGED = ("last iterate", "uniform", "EMA 6.25", "last half")
TUNED, LAW, RECURSION = "cosine, tuned for each t", "law (5)", "exact recursion"
LAST, LONG, STABLE = "constant, last iterate", "one long cosine read early", "WSD, tuned for each t"


class AnytimeExperiment:
    """The experiment, as `solv.harness.contract.Experiment` describes it."""

    entry = catalog.entry(NAME)
    Config = AnytimeConfig

    def panels(self, config: AnytimeConfig) -> list[Panel]:
        """Return the panels in the order of the questions."""
        steps, over = "steps t", "risk / that of the tuned cosine"
        shown = []
        for a, b in cases(config):
            of = f"a = {a:g}, b = {b:g}"
            shown += [
                Panel(
                    risk_panel(a, b),
                    f"Which schedule and window? {of}",
                    steps,
                    "excess risk",
                    x_scale="log",
                    y_scale="log",
                    main=True,
                ),
                Panel(
                    figure3_panel(a, b),
                    f"Uniform averages, the paper's rule: {of}",
                    steps,
                    "excess risk",
                    x_scale="log",
                    y_scale="log",
                ),
                *(
                    Panel(
                        ratio_panel(a, b, schedule),
                        f"Anytime: {schedule.name}, {of}",
                        steps,
                        over,
                        x_scale="log",
                        y_limits=(0.7, 1.8),
                        ordered=True,
                        note="peak in units of 1/tr H; 1: a cosine tuned for each t",
                        main=True,
                    )
                    for schedule in schedules(config, a, b)
                ),
                Panel(
                    baseline_panel(a, b),
                    f"Not anytime: {of}",
                    steps,
                    over,
                    x_scale="log",
                    y_scale="log",
                    y_limits=(0.7, 25),
                ),
            ]
        size, last = config.simulation, cases(config)[-1]
        return [
            *shown,
            Panel(
                EXPONENT,
                "Exponent of the averaged risk",
                "exponent γ of the schedule",
                "exponent of T",
                y_limits=(-1, 0.35),
                note=f"last half of T = {config.rates.horizon // 4} to {config.rates.horizon} steps",
                main=True,
            ),
            Panel(
                FLOOR,
                f"A constant rate stalls, its average does not: a = {last[0]:g}, b = {last[1]:g}",
                steps,
                "excess risk",
                x_scale="log",
                y_scale="log",
            ),
            *(
                Panel(
                    descent_panel(schedule, batch),
                    f"SGD: {schedule} schedule, B = {batch}, d = {size.dimension}",
                    steps,
                    "excess risk",
                    x_scale="log",
                    y_scale="log",
                )
                for batch in size.batch
                for schedule in SIMULATED
            ),
            *language_panels(config.language),
        ]

    def predict(self, config: AnytimeConfig) -> Curves:
        """Return the theory curves of every panel."""
        from solv.experiments.anytime.predictions import predict

        return predict(config)

    def require(self, config: AnytimeConfig) -> None:
        """Refuse a run whose language model has no text to learn, before anything is computed."""
        require_text(config.language)

    def measure(self, config: AnytimeConfig, context: Context) -> Curves:
        """Return the simulated curves."""
        from solv.experiments.anytime.measurements import measure

        return measure(config, context)

    def claims(self, curves: Curves) -> list[Claim]:
        """Check the claims of the spec."""
        from solv.experiments.anytime.claims import check_claims

        return check_claims(curves)


EXPERIMENT = AnytimeExperiment()


def points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve of this experiment; `rest` as in `solv.tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )


def schedules(config: AnytimeConfig, a: float, b: float) -> list[PowerSchedule]:
    """Return the horizon-free schedules that are compared for one (a, b)."""
    return horizon_free_schedules(a, b, config.horizon, config.regret.offsets)


def risk_panel(a: float, b: float) -> str:
    """Return the name of the panel with the risks of one (a, b)."""
    return f"risk a={a:g} b={b:g}"


def figure3_panel(a: float, b: float) -> str:
    """Return the name of the panel of the paper's synthetic figure."""
    return f"figure 3 a={a:g} b={b:g}"


def ratio_panel(a: float, b: float, schedule: PowerSchedule) -> str:
    """Return the name of the panel that compares one schedule with the tuned cosine."""
    return f"ratio a={a:g} b={b:g} {schedule.name}"


def baseline_panel(a: float, b: float) -> str:
    """Return the name of the panel of what is not anytime."""
    return f"baselines a={a:g} b={b:g}"


def descent_panel(schedule: str, batch: int) -> str:
    """Return the name of the panel of one simulated schedule."""
    return f"sgd {schedule} B={batch}"
