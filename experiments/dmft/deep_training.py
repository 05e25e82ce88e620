"""What do trained deep linear networks lose, and what becomes of their weights? Units of work of E7 and E8."""

from collections.abc import Mapping, Sequence

import numpy as np

from solv.experiments.dmft.regression_problems import count
from solv.harness.contract import Context
from solv.models.dmft.deep_linear import DeepLinearRun, draw_networks, scaled_singular_values, train_networks
from solv.theory.dmft.deep_linear import DeepLinear
from solv.tracking.progress import Step


def train(
    context: Context,
    shown: Step,
    kind: str,
    network: DeepLinear,
    dimension: int,
    repeats: int,
    steps: int,
    record: Sequence[int] = (),
) -> dict[str, np.ndarray]:
    """Return losses and singular values of a batch of networks, each repeat from a stream of its own.

    Args:
        context: of the run; the arrays are one unit of it.
        shown: step of the task that is shown.
        kind: what the unit is for.
        network: with finite width.
        dimension: input dimension D.
        repeats: networks.
        steps: of descent, 0..steps-1.
        record: steps after which the weights are decomposed.

    Returns:
        `test` and `train` loss (repeats, steps) and, per recorded step t and layer l, as `t/l`, the singular values in
        units of sqrt(fan-in) (repeats, values), largest first.
    """
    label = (
        f"H={network.hidden_layers:g},g0={network.richness:g},nu={network.width:g},alpha={network.samples:g},"
        f"eta={network.eta:g},sigma2={network.label_noise:g}"
    )
    name = f"{kind} {label} D={dimension} steps={steps} at={'-'.join(map(str, record))}"

    def compute() -> Mapping[str, np.ndarray]:
        streams = [context.seeds.torch(name, r, device=context.device) for r in range(repeats)]
        networks = draw_networks(
            dimension=dimension, width=count(network.width, dimension), samples=count(network.samples, dimension),
            hidden_layers=network.hidden_layers, richness=network.richness, label_noise=network.label_noise,
            seeds=repeats, generator=streams,
        )  # fmt: skip
        run: DeepLinearRun = train_networks(networks, eta=network.eta, steps=steps, record_weights=tuple(record))
        arrays = {"test": run.losses.test, "train": run.losses.train} | {
            f"{step}/{layer}": scaled_singular_values(weight)
            for step, weights in run.weights.items()
            for layer, weight in enumerate(weights)
        }
        return {key: values.cpu().numpy() for key, values in arrays.items()}

    arrays = context.unit(name, compute)
    shown.advance(note=name)
    return arrays


def scan_rates(
    context: Context,
    shown: Step,
    network: DeepLinear,
    dimension: int,
    repeats: int,
    steps: int,
    rates: np.ndarray,
) -> np.ndarray:
    """Return the training loss after `steps` updates of the same networks at each learning rate, (repeats, rates).

    A network that diverges has the loss inf.

    Args:
        context, shown: of the run and of the task that is shown; the array is one unit.
        network: with finite width; its own rate does not enter.
        dimension: input dimension D.
        repeats: networks, each drawn from a stream of its own and trained at every rate.
        steps: updates.
        rates: eta, in units of g0^2 N.
    """
    label = f"H={network.hidden_layers:g},g0={network.richness:g},nu={network.width:g},alpha={network.samples:g}"
    name = f"rates {label} D={dimension} steps={steps} eta={rates[0]:g}..{rates[-1]:g} n={len(rates)}"

    def compute() -> Mapping[str, np.ndarray]:
        losses = []
        for eta in rates:
            networks = draw_networks(
                dimension=dimension, width=count(network.width, dimension), samples=count(network.samples, dimension),
                hidden_layers=network.hidden_layers, richness=network.richness, label_noise=network.label_noise,
                seeds=repeats, generator=[context.seeds.torch(name, r, device=context.device) for r in range(repeats)],
            )  # fmt: skip
            losses.append(train_networks(networks, eta=float(eta), steps=steps + 1).losses.train[:, -1].cpu().numpy())
        found = np.stack(losses, axis=1)
        return {"train": np.where(np.isfinite(found), found, np.inf)}

    found = context.unit(name, compute)["train"]
    shown.advance(note=name)
    return found
