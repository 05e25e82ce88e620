"""How is a simulation repeated, and its repeats averaged? In batches, each repeat from a stream of its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from solv.experiments.dmft.counting import MEMORY
from solv.harness.contract import Context
from solv.tracking.curves import standard_error
from solv.tracking.progress import Step

Simulate = Callable[[Sequence[torch.Generator]], Mapping[str, torch.Tensor]]


def repeat(
    context: Context, step: Step, name: str, repeats: int, bytes_each: float, simulate: Simulate
) -> dict[str, np.ndarray]:
    """Return the arrays that `simulate` makes from the streams of all repeats, along the first axis.

    Args:
        context: of the run; the arrays are one unit of it.
        step: of the task that is shown; advanced when the unit is there.
        name: of the unit; each repeat draws from a stream of its own, named by it and the repeat.
        repeats: how many.
        bytes_each: memory of one; as many as fit are simulated at once.
        simulate: makes tensors of shape (streams, ...) from some of the streams.
    """

    def compute() -> Mapping[str, np.ndarray]:
        at_once = max(1, int(MEMORY / bytes_each))
        parts = [
            simulate([context.seeds.torch(name, r, device=context.device) for r in chunk])
            for chunk in np.array_split(np.arange(repeats), -(-repeats // at_once))
        ]
        return {key: np.concatenate([part[key].cpu().numpy() for part in parts]) for key in parts[0]}

    arrays = context.unit(name, compute)
    step.advance(note=name)
    return arrays


def averaged(y_name: str, samples: np.ndarray) -> dict[str, Any]:
    """Return the ordinate, its standard error and the number of repeats, as `Recorder.simulation` takes them.

    Args:
        y_name: what is measured.
        samples: shape (repeats, points).
    """
    y, y_err, n = standard_error(samples)
    return {"y": (y_name, y), "y_err": y_err, "n": n}
