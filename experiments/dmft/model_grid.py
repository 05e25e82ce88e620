"""What do the models of a grid share, every feature set trained on every bag? The unit of work of E5."""

from collections.abc import Sequence

import numpy as np
import torch

from solv.experiments.dmft.regression_problems import ISOTROPIC, RegressionCell, count, read_steps
from solv.experiments.dmft.regression_simulation import inputs_called
from solv.experiments.dmft.repeats import repeat
from solv.experiments.dmft.settings import DmftConfig
from solv.experiments.dmft.shared_disorder import FRESH_NOISE, SHARED, Averaged, Shared, averages
from solv.harness.contract import Context
from solv.models.dmft.simulation import cross_correlations, descend_on_grid, draw_training_sets, normal
from solv.tracking.progress import Step


def train_grid(
    config: DmftConfig, context: Context, step: Step, cell: RegressionCell, members: Sequence[int]
) -> tuple[dict[Shared, np.ndarray], dict[Averaged, np.ndarray]]:
    """Return what models have in common, and the loss of their means.

    Args:
        config: its `ensembles` says how many models of which size.
        context: of the run; the arrays are one unit of it.
        step: of the task that is shown.
        cell: an isotropic problem with finitely many features.
        members: numbers K of models whose mean is taken at the last step.

    Returns:
        Cross-correlations at `read_steps` (repeats, steps) by what two models share, and losses (repeats, members) of
        the mean of K models.
    """
    sizes = config.ensembles
    d, read = sizes.dimension, read_steps(config.steps)
    samples, features = count(cell.samples, d), count(cell.features, d)
    eigenvalues, teacher = inputs_called(ISOTROPIC, d, context.device)
    kept = list(dict.fromkeys([*SHARED, *(Shared(True, overlap) for overlap in config.overlap)]))
    kinds = averages(config.overlap)

    def grid(stream: torch.Generator, overlap: float, mixing: torch.Tensor, share_noise: bool) -> torch.Tensor:
        bags = draw_training_sets(
            eigenvalues, samples=samples, bags=sizes.bags, overlap=overlap, label_noise=config.noise,
            share_noise=share_noise, generator=stream,
        )  # fmt: skip
        return descend_on_grid(teacher, bags, mixing, eta=config.eta, record=torch.tensor(read))

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        rows = []
        for stream in streams:
            mixing = normal(stream, sizes.sets, features, d)
            errors = grid(stream, 0.0, mixing, True)
            pairs = cross_correlations(eigenvalues, errors)
            row = {_shared(shared): pairs[int(shared.features), int(shared.data)] for shared in SHARED if shared.noise}
            fresh = cross_correlations(eigenvalues, grid(stream, 1.0, mixing, False))
            row[_shared(FRESH_NOISE)] = fresh[1, 0]
            last = {kinds[0]: errors[-1].transpose(0, 1)}
            for kind in kinds[1:]:
                bagged = errors if kind.overlap == 0 else grid(stream, kind.overlap, mixing, True)
                row.setdefault(_shared(kind.members), cross_correlations(eigenvalues, bagged)[1, 0])
                last[kind] = bagged[-1]
            for kind, trained in last.items():
                row[_mean(kind)] = torch.stack([_mean_loss(trained, k) for k in members])
            rows.append(row)
        return {key: torch.stack([row[key] for row in rows]) for key in rows[0]}

    name = f"sharing D={d} P={samples} N={features}"
    bytes_each = 8 * d * (sizes.bags * samples + sizes.sets * features)
    arrays = repeat(context, step, name, sizes.repeats, bytes_each, simulate)
    return {shared: arrays[_shared(shared)] for shared in kept}, {kind: arrays[_mean(kind)] for kind in kinds}


def _shared(shared: Shared) -> str:
    return f"features {shared.features}, data {shared.data!r}, noise {shared.noise}"


def _mean(kind: Averaged) -> str:
    return f"mean of bags, overlap {kind.overlap!r}" if kind.bags else "mean of ensemble"


def _mean_loss(errors: torch.Tensor, members: int) -> torch.Tensor:
    """Return the loss of the mean of K isotropic models, averaged over the groups of K along the second axis."""
    groups = errors.shape[1] // members
    grouped = errors[:, : groups * members].reshape(errors.shape[0], groups, members, -1)
    return grouped.mean(2).square().sum(-1).mean()
