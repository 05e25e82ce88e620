"""What does anytime measure? SGD on the regression itself, at several schedules and averages."""

import numpy as np
import torch

from solv.experiments.anytime.language import measure_language
from solv.experiments.anytime.predictions import (
    COMMON_LABEL,
    descent_curves,
    simulated_rates,
    simulated_readings,
    simulated_spectrum,
)
from solv.experiments.anytime.settings import AnytimeConfig, Simulation
from solv.harness.contract import Context
from solv.models.anytime.simulation import simulate_descent
from solv.models.language.weight_average import Averaging
from solv.tracking.curves import Curves, join_curves, standard_error
from solv.tracking.progress import Step


def measure(config: AnytimeConfig, context: Context) -> Curves:
    """Return every measured curve of the experiment."""
    simulation = config.simulation
    with context.progress.task("run SGD", simulation.replicas * len(simulation.batch)) as step:
        found: list[Curves] = []
        for batch in simulation.batch:
            mean, error, n = standard_error(_risks(simulation, batch, context, step), axis=3)
            found += descent_curves(mean, "simulation", simulation, batch, error, n)
    return join_curves([*found, measure_language(config.language, context)])


def _risks(config: Simulation, batch: int, context: Context, step: Step) -> np.ndarray:
    """Return risks, shape (curves, times, schedules, replicas)."""

    def simulate() -> dict[str, np.ndarray]:
        spectrum = simulated_spectrum(config)
        eigenvalues, target, rates = (
            torch.as_tensor(values, device=context.device)
            for values in (
                spectrum.eigenvalue,
                np.sqrt(spectrum.signal / spectrum.eigenvalue),
                simulated_rates(config),
            )
        )
        risks = simulate_descent(
            eigenvalues,
            target,
            config.sigma2,
            rates,
            [Averaging("uniform"), Averaging("ema", COMMON_LABEL), Averaging("tail", config.steps // 2)],
            simulated_readings(config),
            replicas=config.replicas,
            batch=batch,
            generator=context.seeds.torch("sgd", batch, device=context.device),
        )
        return {"risks": risks.cpu().numpy()}

    found = context.unit(f"sgd B={batch}", simulate)["risks"]
    step.advance(config.replicas, note=f"B = {batch}")
    return found
