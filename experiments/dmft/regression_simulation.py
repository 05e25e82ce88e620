"""What do finite regressions do under descent? Units of work of E2 to E4."""

from collections.abc import Sequence

import numpy as np
import torch

from solv.experiments.dmft.regression_problems import (
    ISOTROPIC,
    RegressionCell,
    count,
    rate,
    read_steps,
    spectrum_called,
)
from solv.experiments.dmft.repeats import repeat
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.contract import Context
from solv.models.dmft.simulation import SimulatedLosses, descend, descend_stochastically
from solv.tracking.progress import Step


def inputs_called(name: str, dimension: int, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return eigenvalues lam_k of the input covariance and target weights w*_k, both of shape (D,)."""
    if name == ISOTROPIC:
        ones = torch.ones(dimension, dtype=torch.float64, device=device)
        return ones, ones / dimension**0.5
    known = spectrum_called(name, dimension)
    order = np.argsort(-known.eigenvalues)
    return (
        torch.tensor(known.eigenvalues[order], device=device),
        torch.tensor(np.sqrt(known.teacher[order]), device=device),
    )


def descent_losses(
    config: DmftConfig, context: Context, step: Step, cell: RegressionCell, repeats: int
) -> dict[str, np.ndarray]:
    """Return the `test` and `train` loss of full-batch descent at `read_steps`, each (repeats, steps)."""
    d, eta = config.dimension, rate(config, cell.spectrum)
    eigenvalues, teacher = inputs_called(cell.spectrum, d, context.device)
    samples = count(cell.samples, d)
    features = None if np.isinf(cell.features) else count(cell.features, d)
    read = torch.tensor(read_steps(config.steps))

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        run: SimulatedLosses = descend(
            eigenvalues, teacher, samples=samples, features=features, label_noise=config.noise, eta=eta,
            steps=config.steps, seeds=len(streams), generator=streams,
        )  # fmt: skip
        return {"test": run.test[:, read], "train": run.train[:, read]}

    name = f"descent {cell.spectrum} D={d} P={samples} N={features} eta={eta:g} noise={config.noise:g}"
    kind = "E2" if features is None and repeats == config.repeats.regression else "E3"
    return repeat(context, step, f"{kind} {name}", repeats, 8 * d * (samples + (features or 0)), simulate)


def stochastic_losses(config: DmftConfig, context: Context, step: Step, batch: int) -> np.ndarray:
    """Return the test loss of one-pass SGD on the power law at `read_steps`, of shape (repeats, steps)."""
    d, read = config.dimension, torch.tensor(read_steps(config.steps))
    features = count(config.features_sgd, d)
    eigenvalues, teacher = inputs_called("power-law", d, context.device)

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        loss = descend_stochastically(
            eigenvalues, teacher, batch=batch, features=features, label_noise=config.noise, eta=config.eta_sgd,
            steps=config.steps, seeds=len(streams), generator=streams,
        )  # fmt: skip
        return {"test": loss[:, read]}

    name = f"sgd B={batch} D={d} N={features}"
    return repeat(context, step, name, config.repeats.sgd, 8 * d * (features + batch), simulate)["test"]
