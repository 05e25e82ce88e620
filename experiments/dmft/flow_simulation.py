"""What do the noise-free flow and its Hermitian partner do on drawn data and features? Units of work of E6.

And what does linear regression under gradient flow, with noise?
"""

from collections.abc import Sequence

import numpy as np
import torch

from solv.experiments.dmft.regression_problems import RegressionCell, count
from solv.experiments.dmft.repeats import repeat
from solv.harness.contract import Context
from solv.models.dmft.simulation import flow_against_hermitian, regression_flow
from solv.tracking.progress import Step


def flow_losses(
    context: Context, step: Step, kind: str, cell: RegressionCell, d: int, repeats: int, times: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the test loss of the `non-Hermitian` flow and of its `Hermitian` partner, each (repeats, times).

    Args:
        context, step: of the run and of the task that is shown; the arrays are one unit.
        kind: what the unit is for.
        cell: an isotropic problem.
        d: input dimension D.
        repeats: draws.
        times: at which the exact solution is evaluated.
    """
    at = torch.tensor(times, dtype=torch.float64, device=context.device)
    samples, features = count(cell.samples, d), count(cell.features, d)

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        runs = [flow_against_hermitian(d, samples, features, at, stream) for stream in streams]
        flow, partner = (torch.stack(column) for column in zip(*runs, strict=True))
        return {"non-Hermitian": flow, "Hermitian": partner}

    name = f"{kind} D={d} P={samples} N={features} t<={times[-1]:g} n={len(times)}"
    return repeat(context, step, name, repeats, 8 * d**2 * 12, simulate)


def regression_losses(
    context: Context, step: Step, d: int, samples: int, noise: float, repeats: int, times: np.ndarray
) -> dict[str, np.ndarray]:
    """Return `test` (without sigma2) and `train` loss of linear regression under gradient flow, each (repeats, times).

    Args:
        context, step: of the run and of the task that is shown; the arrays are one unit.
        d: input dimension D.
        samples: P.
        noise: sigma2.
        repeats: draws.
        times: at which the exact solution is evaluated.
    """
    at = torch.tensor(times, dtype=torch.float64, device=context.device)

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        runs = [regression_flow(d, samples, noise, at, stream) for stream in streams]
        test, train = (torch.stack(column) for column in zip(*runs, strict=True))
        return {"test": test, "train": train}

    name = f"regression flow D={d} P={samples} noise={noise:g} t<={times[-1]:g} n={len(times)}"
    return repeat(context, step, name, repeats, 8 * d * (samples + 3 * d), simulate)
