"""Part `non-hermitian`: what does a flow do that is not symmetric though its spectrum is real? E6, (11) and (16)."""

import math
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import product

import numpy as np

from solv.experiments.dmft.counting import exact_flow
from solv.experiments.dmft.regression_problems import RegressionCell, count
from solv.experiments.dmft.settings import DmftConfig
from solv.experiments.dmft.unstable import unwarned
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.random_feature_dynamics import gradient_flow_losses, hermitian_flow_loss
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Params, Recorder, select
from solv.tracking.panels import Panel

RECORD = Recorder("dmft", "non-hermitian")
NON_HERMITIAN, HERMITIAN = "non-Hermitian", "Hermitian"
EARLY, LATE = 0.25, 16.0
LOSSES = {NON_HERMITIAN: (0.854265, 1.72227), HERMITIAN: (0.779631, 0.532267)}  # at P/D = 0.5, N/D = 0.55
THEORY_CALLS = 2e4  # of NumPy, for theory of one cell: some 80 at each of 60 times, 12 in a step of Newton's method
THEORY, SIMULATED = 1e-4, 0.05  # relative: digits of the reference, and finite size


class Panels(StrEnum):
    """The panels of this part."""

    FLOW = "flow"


def panels(config: DmftConfig) -> list[Panel]:
    """Return the losses of both flows."""
    return [
        Panel(
            Panels.FLOW, "One spectrum, two flows", "time t", "loss", x_scale="log", y_scale="log", series=_label,
            main=True,
        )
    ]  # fmt: skip


def _label(params: Params) -> str:
    flow = "Hermitian partner" if params["flow"] == HERMITIAN else "non-Hermitian"
    training = ", training" if params["loss"] == "train" else ""
    return f"{flow}{training}: P/D={params['samples']:g}, N/D={params['features']:g}"


# -- theory --------------------------------------------------------------------------------------------------------


@unwarned
def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield the flow, its training loss, and its Hermitian partner, which has no label noise."""
    positive = [time for time in config.time if time > 0]
    times = np.unique(np.concatenate([np.geomspace(0.05, max(positive, default=16.0), 49), config.time]))
    for cell in _cells(config):
        model = cell.model(config.flow.dimension, config.flow_noise)
        losses = gradient_flow_losses(model, times)
        partner = hermitian_flow_loss(replace(model, label_noise=0.0), times)
        for flow, loss, noise, y in (
            (NON_HERMITIAN, "test", config.flow_noise, losses.test),
            (HERMITIAN, "test", 0.0, partner),
            (NON_HERMITIAN, "train", config.flow_noise, losses.train),
        ):
            at = _at(config, cell, flow, loss, noise)
            yield RECORD.theory(Panels.FLOW, at, x=("time", times), y=(f"{loss} loss", y))


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield both test losses; with label noise there is theory alone."""
    if config.flow_noise > 0:
        return
    from solv.experiments.dmft.flow_simulation import flow_losses
    from solv.experiments.dmft.repeats import averaged

    times, cells, size = np.array(sorted(config.time)), _cells(config), config.flow
    with context.progress.task("simulate flows", len(cells)) as step:
        for cell in cells:
            arrays = flow_losses(context, step, "flow", cell, size.dimension, size.repeats, times)
            for flow in (NON_HERMITIAN, HERMITIAN):
                at = _at(config, cell, flow, "test", 0.0)
                yield RECORD.simulation(Panels.FLOW, at, x=("time", times), **averaged("test loss", arrays[flow]))


def _cells(config: DmftConfig) -> list[RegressionCell]:
    return [RegressionCell(p, n) for p, n in product(config.flow_samples, config.flow_features)]


def _at(config: DmftConfig, cell: RegressionCell, flow: str, loss: str, noise: float) -> dict[str, object]:
    return {**cell.params, "flow": flow, "loss": loss, "noise": noise, "dimension": config.flow.dimension}


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_non_hermitian(curves: Curves) -> Judgement:
    verdicts, levels = [], []
    for flow, expected in LOSSES.items():
        rows = select(curves, flow=flow, loss="test", samples=0.5, features=0.55, noise=0.0)
        for source, tolerance in (("theory", THEORY), ("simulation", SIMULATED)):
            line = select(rows, source=source).set_index("x")
            if not {EARLY, LATE} <= set(line.index):
                return missing("flow_samples includes 0.5, flow_features 0.55, time 0.25 and 16, and flow_noise = 0")
            ends = [{name: float(line[name][time]) for name in ("y", "y_err", "n")} for time in (EARLY, LATE)]
            errors = [known(end["y_err"], end["n"]) for end in ends]
            rise = ends[1]["y"] - ends[0]["y"]
            verdicts.append(exceeds(rise if flow == NON_HERMITIAN else -rise, 0, math.hypot(*errors)))
            for end, error, value in zip(ends, errors, expected, strict=True):
                verdicts.append(within(end["y"], value, tolerance * value, error))
            levels.append(f"{source} {ends[0]['y']:.4g} → {ends[1]['y']:.4g}")
    return Judgement(
        all_of(verdicts),
        predicted="0.8543 → 1.7223; partner 0.7796 → 0.5323",
        measured="; partner: ".join([", ".join(levels[:2]), ", ".join(levels[2:])]),
        tolerance="theory 1e-4; simulation 5 % by 2 s.e.; rise and fall by 2 s.e.",
    )


def work(config: DmftConfig) -> Work:
    """Return the work of the flows, solved exactly; theory is quick at any size."""
    if config.flow_noise > 0:
        return Work(calls=THEORY_CALLS)
    d, times = config.flow.dimension, len(config.time)
    flows = [exact_flow(d, count(cell.samples, d), count(cell.features, d), times) for cell in _cells(config)]
    return config.flow.repeats * sum(flows, Work()) + Work(calls=THEORY_CALLS * len(flows))


NON_HERMITIAN_FLOW = Part(
    name="non-hermitian",
    question="What does a flow do that is not symmetric though its spectrum is real?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "non-hermitian",
            "At P/D = 0.5, N/D = 0.55 the noise-free loss rises from t = 0.25 to 16; its Hermitian partner falls.",
            reads=(Panels.FLOW,),
            judge=_judge_non_hermitian,
            needs={"flow.dimension": 600, "flow.repeats": 4},
        ),
    ),
)
