"""What do random linear systems of finite size do? Units of work of E1."""

from collections.abc import Sequence

import numpy as np
import torch

from solv.experiments.dmft.elliptic_systems import FREQUENCIES, EllipticCell, elliptic_times, euler_times
from solv.experiments.dmft.repeats import repeat
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.contract import Context
from solv.models.dmft.elliptic import (
    elliptic_matrices,
    euler_correlation,
    noise_power,
    response_and_correlation,
    spectrum,
)
from solv.tracking.progress import Step


def two_time_functions(config: DmftConfig, context: Context, step: Step, cell: EllipticCell) -> dict[str, np.ndarray]:
    """Return what e^{(J-1)t} gives for matrices of size N.

    Returns:
        `response` R(t) and `correlation` C(t, t) (repeats, times); `ratio` C(t, s) / C at lag 0 along t + s = latest
        time (repeats, lags); `spectrum`, the eigenvalues of J - 1 with real and imaginary parts in turn.
    """
    size, steps = config.elliptic.size, len(elliptic_times(config)) - 1

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        coupling = elliptic_matrices(size, cell.g, cell.tau, len(streams), streams)
        response, both = response_and_correlation(coupling, config.elliptic.time_step, steps)
        middle = steps // 2
        back = torch.arange(middle + 1, device=both.device)
        eigenvalues = spectrum(coupling)
        return {
            "response": response,
            "correlation": both.diagonal(dim1=1, dim2=2),
            "ratio": both[:, middle + back, middle - back] / both[:, middle, middle][:, None],
            "spectrum": torch.view_as_real(eigenvalues).flatten(1),
        }

    name = f"elliptic g={cell.g:g} tau={cell.tau:g} N={size} steps={steps}"
    return repeat(context, step, name, config.elliptic.repeats, 8 * size**2 * (steps + 6), simulate)


def small_systems(config: DmftConfig, context: Context, step: Step, cell: EllipticCell) -> dict[str, np.ndarray]:
    """Return what needs an inverse or many steps, for smaller matrices.

    Returns:
        `euler`, C(t, t) of Euler's map (repeats, times), and, where the system is stable, its `power` spectrum
        (repeats, frequencies).
    """
    size = config.elliptic.small_size
    frequencies = torch.tensor(FREQUENCIES, dtype=torch.float64)

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        coupling = elliptic_matrices(size, cell.g, cell.tau, len(streams), streams)
        arrays = {"euler": euler_correlation(coupling, config.time_step, len(euler_times(config)) - 1)}
        return arrays | ({"power": noise_power(coupling, frequencies)} if cell.stable else {})

    name = f"spectra g={cell.g:g} tau={cell.tau:g} N={size}"
    return repeat(context, step, name, config.elliptic.small_repeats, 8 * size**2 * 8, simulate)


def ginibre_and_normal(config: DmftConfig, context: Context, step: Step) -> dict[str, np.ndarray]:
    """Return C(t, t) of Ginibre matrices, and of normal matrices with the spectrum of each.

    Returns:
        `Ginibre` and, as an average over its eigenvalues, `normal`, both of shape (repeats, times).
    """
    g, size = config.elliptic.normal_g, config.elliptic.size
    times = torch.tensor(elliptic_times(config), dtype=torch.float64, device=context.device)

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        coupling = elliptic_matrices(size, g, 0.0, len(streams), streams)
        _, both = response_and_correlation(coupling, config.elliptic.time_step, len(times) - 1)
        rates = spectrum(coupling).real
        partner = torch.exp(2 * times[:, None] * rates[:, None, :]).mean(2)
        return {"Ginibre": both.diagonal(dim1=1, dim2=2), "normal": partner}

    name = f"normal g={g:g} N={size}"
    return repeat(context, step, name, config.elliptic.repeats, 8 * size**2 * len(times), simulate)
