"""Part `width`: is a wider network better at the same step, and how fast does it approach infinite width? E7."""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.counting import deep_theory, training
from solv.experiments.dmft.deep_networks import network_params
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.deep_linear import DeepLinear, DeepLinearDynamics, deep_linear_dynamics
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, within
from solv.tracking.curves import Curves, Recorder, select
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("dmft", "width")
STEP = 99
WIDTHS_TRAINED = (0.5, 1.0, 2.0, 4.0)
WIDTHS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.7, 8.0, 11.0, 16.0)
KINDS = ("test", "train")
SLOPE_TOLERANCE = 0.1  # between widths 8 and 16 the next order still bends the power law
LOSS_AT_FOUR, DIGITS = 0.10169, 2e-5  # the test loss at width 4, and how well it is known


class Panels(StrEnum):
    """The panels of this part."""

    WIDTH = "width"
    LIMIT = "width-limit"


def panels(config: DmftConfig) -> list[Panel]:
    """Return the excess loss against width, and the loss of infinite width that it is above."""
    return [
        Panel(
            Panels.WIDTH, "Wider is better, as 1/ν (step {step})", "width ν = N/D", "loss above infinite width",
            x_scale="log", y_scale="log", facets=("step",), series="{loss}",
            slopes=(Slope(-1.0, 0.055, 3, 16, "slope -1"),),
        ),
        Panel(Panels.LIMIT, "Loss of infinite width", "steps", "loss", series="{loss}", drawn=False),
    ]  # fmt: skip


def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield the loss at one step, above that of infinite width, and that one."""
    limit = deep_linear_dynamics(_network(math.inf), STEP + 1)
    solutions = [deep_linear_dynamics(_network(width), STEP + 1) for width in WIDTHS]
    for kind in KINDS:
        losses = np.array([_final(solution)[kind] for solution in solutions])
        floor = _final(limit)[kind]
        yield RECORD.theory(Panels.WIDTH, _at(kind), x=("width", WIDTHS), y=("excess loss", losses - floor))
        yield RECORD.theory(Panels.LIMIT, _at(kind), x=("steps", STEP), y=(f"{kind} loss", floor))


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield the loss of trained networks above theory's of infinite width."""
    from solv.experiments.dmft.deep_training import train
    from solv.experiments.dmft.repeats import averaged

    limit, size, runs = deep_linear_dynamics(_network(math.inf), STEP + 1), config.deep, []
    with context.progress.task("train networks of several widths", len(WIDTHS_TRAINED)) as step:
        for width in WIDTHS_TRAINED:
            network = _network(width)
            runs.append(train(context, step, "width", network, size.scan_dimension, size.scan_repeats, STEP + 1))
    for kind in KINDS:
        floor = _final(limit)[kind]
        excess = averaged("excess loss", np.stack([losses[kind][:, -1] for losses in runs], axis=1) - floor)
        yield RECORD.trained(Panels.WIDTH, _at(kind), x=("width", WIDTHS_TRAINED), **excess)


def _final(solution: DeepLinearDynamics) -> dict[str, float]:
    return {"test": float(solution.test_loss[-1]), "train": float(solution.train_loss[-1])}


def _network(width: float) -> DeepLinear:
    return DeepLinear(1, 1.5, width, 2, 0.02, 0.1)


def _at(kind: str) -> dict[str, object]:
    network = network_params(_network(math.inf))
    return {**{name: value for name, value in network.items() if name != "width"}, "loss": kind, "step": STEP}


def _judge_wider(curves: Curves) -> Judgement:
    """The exponent is theory's between the two largest widths."""
    rows = select(curves, panel=Panels.WIDTH)
    verdicts, levels = [], []
    for kind in KINDS:
        line = select(rows, loss=kind, source="theory").sort_values("x")
        verdicts.append(Verdict.HOLDS if (np.diff(line["y"]) < 0).all() and (line["y"] > 0).all() else Verdict.FAILS)
        end = line[line["x"].isin([8.0, 16.0])]
        slope = float(np.diff(np.log(end["y"]))[0] / np.diff(np.log(end["x"]))[0])
        verdicts.append(within(slope, -1, SLOPE_TOLERANCE))
        points = select(rows, loss=kind, source="trained").sort_values("x")
        low, high = points.iloc[0], points.iloc[-1]
        error = math.hypot(*(known(point["y_err"], point["n"]) for point in (low, high)))
        drop = low["y"] - high["y"]
        verdicts.append(exceeds(drop, 0, error))
        ends = f"trained ν = {low['x']:g} → {high['x']:g}"
        levels.append(f"{kind}: slope {slope:.3f}, {ends}: -{drop:.3f} ± {error:.3f}")
    at_four = select(rows, loss="test", source="theory", x=4.0)["y"].iloc[0]
    level = float(at_four + select(curves, panel=Panels.LIMIT, loss="test")["y"].iloc[0])
    verdicts.append(within(level, LOSS_AT_FOUR, DIGITS))
    return Judgement(
        all_of(verdicts),
        predicted=f"slope -1; L = {LOSS_AT_FOUR} at ν = 4",
        measured=f"{'; '.join(levels)}; L = {level:.5f}",
        tolerance=f"slope ± {SLOPE_TOLERANCE:g} between ν = 8 and 16; trained losses fall by 2 s.e.",
    )


def work(config: DmftConfig) -> Work:
    """Return the work of the trained networks, and of theory at more widths and, twice, without limit."""
    size, steps = config.deep, STEP + 1
    trained = [training(_network(width), size.scan_dimension, size.scan_repeats, steps) for width in WIDTHS_TRAINED]
    return sum(trained, (len(WIDTHS) + 2) * deep_theory(_network(math.inf), steps))


WIDTH = Part(
    name="width",
    question="Is a wider network better at the same step, and how fast does it approach infinite width?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "wider-is-better",
            "At a fixed step the test and training loss fall with width, their excess over infinite width as 1/ν.",
            reads=(Panels.WIDTH, Panels.LIMIT),
            judge=_judge_wider,
            needs={"deep.scan_repeats": 40},
        ),
    ),
)
