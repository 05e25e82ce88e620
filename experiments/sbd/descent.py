"""Part `descent`: does a layer's own update take down the correlation that it is to remove?"""

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from solv.experiments.sbd.settings import DIGITS, SbdConfig
from solv.harness.contract import Context, Part
from solv.tracking.curves import Curves, Recorder, standard_error
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from solv.experiments.sbd.arenas import Problem

RECORD = Recorder("sbd", "descent")
RATE = 0.05  # of the layer's weights' norm, along the normalised update
FORGETFUL = 1e-9  # memory of a correlation that is that of the present alone


class Panels(StrEnum):
    """The panel of this part."""

    DESCENT = "descent"


def panels(config: SbdConfig) -> list[Panel]:
    """Return J of each hidden layer against the steps."""
    return [
        Panel(
            Panels.DESCENT,
            "One layer along its own update",
            "steps",
            "J / J at the start",
            y_scale="log",
            series="layer {layer}",
        )
    ]


def predict(config: SbdConfig) -> Iterator[Curves]:
    """Predict nothing: that J falls is asked, not how fast."""
    yield from ()


def measure(config: SbdConfig, context: Context) -> Iterator[Curves]:
    """Yield J of each hidden layer of the digits' network, from its start on."""
    from solv.experiments.sbd.arenas import Problem, digits, network

    data = digits(context)
    problem = Problem(network(config, DIGITS, data), data)
    seeds, steps = config.training.seeds, config.probes.descent_steps
    with context.progress.task("follow one layer's update", 1) as step:
        ratios = context.unit("descent", lambda: {"objective": _descend(problem, seeds, steps, context)})["objective"]
        step.advance()
    for number, values in enumerate(ratios):
        y, y_err, n = standard_error(values)
        at = {"layer": number + 1}
        yield RECORD.trained(Panels.DESCENT, at, x=("step", np.arange(steps)), y=("ratio", y), y_err=y_err, n=n)


def _descend(problem: "Problem", seeds: int, steps: int, context: Context) -> np.ndarray:
    """Return J over its start, shape (layers, seeds, steps): all else and the score held fixed, without memory."""
    import torch

    from solv.models.sbd.score_broadcast import local_update, score

    network, data = problem.network, problem.data
    parameters = network.initial(seeds, context.seeds.torch("descent", device=context.device))
    squared = torch.zeros(seeds, device=data.x.device)
    forgetful = torch.full_like(squared, FORGETFUL)
    z, inputs, _ = network.run(parameters, data.x.expand(seeds, *data.x.shape))
    scores, _ = score(z, data.labels.expand(seeds, -1), squared)
    objective = np.zeros((len(network.hidden), seeds, steps))
    for number in network.hidden:
        layer, _ = network.layers[number]
        weight, bias = parameters[f"weight {number}"].clone(), parameters[f"bias {number}"]
        length = weight.flatten(1).norm(dim=1)
        for now in range(steps):
            h = layer.forward(weight, bias, inputs[number]).relu()
            none = torch.zeros(seeds, h.shape[2], scores.shape[2], device=h.device)
            r, gradient, _ = local_update(layer, inputs[number], h, scores, none, forgetful)
            objective[number, :, now] = 0.5 * r.square().sum((1, 2)).cpu().numpy()
            size = gradient.flatten(1).norm(dim=1).clamp(min=1e-30)
            rate = RATE * length / size * (1 - now / steps)
            weight = weight - rate[:, None, None] * gradient
    return np.asarray(objective / objective[..., :1])


DESCENT = Part(
    name="descent",
    question="Does a layer's own update take down its correlation with the score, all else held fixed?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
)
