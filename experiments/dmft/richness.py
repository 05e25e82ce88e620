"""Part `richness`: when do spikes leave the bulk, and do richer networks spike higher? E8."""

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.counting import deep_theory, outliers, training
from solv.experiments.dmft.deep_networks import largest_singular_value, network_params
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.deep_linear import DeepLinear, deep_linear_dynamics
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, parameter, select
from solv.tracking.panels import Panel

RECORD = Recorder("dmft", "richness")
RICHNESS = (3.0, 4.0, 5.0, 6.0)
LARGEST = {  # in theory, after 30, 100 and 300 steps; the bulk ends at 2
    3.0: (2.0, 2.0011, 2.0074),
    4.0: (2.0029, 2.1228, 2.1694),
    5.0: (2.0089, 2.2698, 2.3578),
    6.0: (2.0034, 2.4, 2.5363),
}
BULK, EARLY, READ = 2.0, 10, (30, 100, 300)
DIGITS = 1e-4  # to which theory's values are known
GROWS = 4.0  # richness from which on the spike grows beyond the scatter


class Panels(StrEnum):
    """The panels of this part."""

    RICHNESS = "richness"


def panels(config: DmftConfig) -> list[Panel]:
    """Return the largest singular value against steps."""
    return [
        Panel(
            Panels.RICHNESS, "Richer networks spike earlier and more", "steps", "largest singular value",
            series="γ₀={richness}", ordered=True,
        )
    ]  # fmt: skip


def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield the largest singular value of the hidden matrix."""
    steps = sorted(config.spikes.scan_steps)
    for richness in RICHNESS:
        network = _network(richness)
        solution = deep_linear_dynamics(network, steps[-1] + 1)
        top = [largest_singular_value(solution, 0, step) for step in steps]
        yield RECORD.theory(Panels.RICHNESS, _at(network), x=("steps", steps), y=("singular value", top))


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield that of trained networks."""
    from solv.experiments.dmft.deep_training import train
    from solv.experiments.dmft.repeats import averaged

    steps, size = sorted(config.spikes.scan_steps), config.spikes
    with context.progress.task("train networks of several richnesses", len(RICHNESS)) as shown:
        for richness in RICHNESS:
            network = _network(richness)
            arrays = train(
                context, shown, "scan", network, size.scan_dimension, size.scan_repeats, steps[-1] + 1, steps
            )
            top = averaged("singular value", np.stack([arrays[f"{step}/0"][:, 0] for step in steps], axis=1))
            yield RECORD.trained(Panels.RICHNESS, _at(network), x=("steps", steps), **top)


def _network(richness: float) -> DeepLinear:
    """Return a network whose rate is eta = 0.18 / g0^2."""
    return DeepLinear(1, richness, 1, 2, 0.18 / richness**2)


def _at(network: DeepLinear) -> dict[str, object]:
    return {**network_params(network), "layer": 0}


def _judge_spikes(curves: Curves) -> Judgement:
    rows = curves.assign(richness=parameter(curves, "richness"))
    theory, trained = (select(rows, source=source) for source in ("theory", "trained"))
    if not {EARLY, *READ} <= set(theory["x"]):
        return missing("spikes.scan_steps includes 10, 30, 100 and 300")
    verdicts = []
    for richness, values in LARGEST.items():
        line = theory[theory["richness"] == richness].set_index("x")["y"]
        verdicts += [within(line[step], value, DIGITS) for step, value in zip(READ, values, strict=True)]
        verdicts.append(within(line[EARLY], BULK, 0))
        verdicts.append(Verdict.HOLDS if (np.diff(line.sort_index()) >= 0).all() else Verdict.FAILS)
    early, last = (trained[trained["x"] == step].sort_values("richness") for step in (EARLY, trained["x"].max()))
    first, end = _errors(early), _errors(last)
    tops = last["y"].to_list()
    verdicts += [exceeds(tops[i + 1] - tops[i], 0, math.hypot(end[i], end[i + 1])) for i in range(len(tops) - 1)]
    growth = zip(last["richness"], last["y"], early["y"], end, first, strict=True)
    verdicts += [exceeds(y - start, 0, math.hypot(e, f)) for richness, y, start, e, f in growth if richness >= GROWS]
    return Judgement(
        all_of(verdicts),
        predicted="t = 300: " + ", ".join(f"{values[-1]:.4f}" for values in LARGEST.values()),
        measured="t = 300: " + ", ".join(f"{row.y:.3f} ± {row.y_err:.3f}" for row in last.itertuples()),
        tolerance=f"theory {DIGITS:g}; trained: order in richness and growth by 2 s.e.",
    )


def _errors(rows: Curves) -> Sequence[float]:
    return [known(error, n) for error, n in zip(rows["y_err"], rows["n"], strict=True)]


def work(config: DmftConfig) -> Work:
    """Return the work of the networks, their weights kept at every step that is read, and of the outliers."""
    size, steps = config.spikes, config.spikes.scan_steps
    last, network = max(steps), _network(RICHNESS[0])  # richness changes no size
    trained = training(network, size.scan_dimension, size.scan_repeats, last + 1, len(steps))
    theory = sum((outliers(step) for step in steps), deep_theory(network, last + 1))
    return len(RICHNESS) * (trained + theory)


RICHNESS_SCAN = Part(
    name="richness",
    question="When do spikes leave the bulk, and do richer networks spike higher?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "spikes-detach",
            "Spikes leave the bulk after a finite time, then grow; richer networks spike higher.",
            reads=(Panels.RICHNESS,),
            judge=_judge_spikes,
            needs={"spikes.scan_repeats": 12},
        ),
    ),
)
