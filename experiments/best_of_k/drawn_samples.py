"""What error have samples that are really drawn? The regression at finite dimension, repeat by repeat."""

from collections.abc import Sequence

import numpy as np
import torch

from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.contract import Context
from solv.models.best_of_k.simulation import RegressionTask, simulate_selection_errors


def simulate(
    config: BestOfKConfig,
    context: Context,
    name: str,
    alpha: float,
    judges: Sequence[tuple[float, float]],
    k: Sequence[int],
    temperatures: Sequence[float],
    *,
    eigenvalues: np.ndarray | None = None,
    repeats: int | None = None,
    test_points: int | None = None,
    paired: bool = False,
) -> np.ndarray:
    """Return the error of every repeat, shape (repeats, judges, temperatures, ks).

    Each judge and temperature has training sets and samples of its own, so that the curves of a figure are independent
    evidence, unless they are to be compared with each other as `paired` ones.

    A judge (mis, c) has the weights (1 + c) w_T + mis R. The teacher is 1 in every mode and R has as many +1 as -1
    (over repeats in another order), so that the overlaps are those of theory up to what the spectrum adds.

    Args:
        config: its noise, prior and `simulation`.
        context: of the run; the errors are one unit of it.
        name: what the unit is for: with alpha it names the unit and its streams.
        alpha: training samples per dimension.
        judges, k, temperatures: by whom, among how many and how sharply a sample is selected.
        eigenvalues: of the inputs' covariance, shape (dimension,); None: isotropic.
        repeats, test_points: if they are not those of `simulation`.
        paired: whether all judges and temperatures score the same samples.
    """
    sizes = config.simulation
    count = repeats or sizes.repeats
    points = test_points or sizes.points

    def compute() -> dict[str, np.ndarray]:
        d, device = sizes.dimension, context.device
        values = torch.ones(d, dtype=torch.float64) if eigenvalues is None else torch.tensor(eigenvalues)
        teacher = torch.ones(d, dtype=torch.float64, device=device)
        task = RegressionTask(alpha, config.sigma0, config.sigma, config.gamma, values.to(device), teacher)
        signs = torch.ones(d, dtype=torch.float64, device=device)
        signs[: d // 2] = -1

        def draw(scored: Sequence[tuple[float, float]], heats: Sequence[float], *stream_names: float) -> torch.Tensor:
            errors = []
            for repeat in range(count):
                stream = context.seeds.torch(name, alpha, *stream_names, repeat, device=device)
                other = signs[torch.randperm(d, generator=stream, device=device)]
                weights = torch.stack([(1 + c) * teacher + mis * other for mis, c in scored])
                selected = simulate_selection_errors(
                    task, weights, k, heats, repeats=1, points=points, generator=stream
                )
                errors.append(selected[0])
            return torch.stack(errors)

        if paired:
            return {"errors": draw(judges, temperatures).cpu().numpy()}
        lines = [[draw([judge], [heat], *judge, heat) for heat in temperatures] for judge in judges]
        return {"errors": torch.cat([torch.cat(line, dim=2) for line in lines], dim=1).cpu().numpy()}

    return context.unit(f"{name} alpha={alpha!r}", compute)["errors"]
