"""What does best-of-k measure? The regression at finite dimension with samples really drawn; and a language model."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from solv.experiments.best_of_k.experiment import (
    EXPONENT_WINDOW,
    BestOfKConfig,
    drawn_temperature,
    equivalents,
    exponent,
    mis_series,
    points,
    samples_panel,
    spectrum,
)
from solv.experiments.best_of_k.language import measure_language
from solv.harness.contract import Context
from solv.models.best_of_k.simulation import RegressionTask, simulate_selection_errors
from solv.theory.best_of_k.selection import inverse_square_coefficient
from solv.tracking.curves import Curves, join_curves, standard_error
from solv.tracking.progress import Step


def measure(config: BestOfKConfig, context: Context) -> Curves:
    """Return every simulated curve of the experiment, and those of the language model."""
    language = measure_language(config.language, context)  # first: what may be missing is known at once
    units = len(config.alpha) + 3 + len(config.best_of.alpha) + 2 * len(config.data.alpha)
    with context.progress.task("simulate the regression", units) as step:
        simulation = _Simulation(config, context, step)
        simulated = [
            *_samples(config, simulation),
            *_temperature(config, simulation),
            *_direction(config, simulation),
            *_best_of(config, simulation),
            *_data(config, simulation),
        ]
    return join_curves([*simulated, language])


class _Simulation:
    """Draws training sets and samples, each repeat from a stream of its own name."""

    def __init__(self, config: BestOfKConfig, context: Context, step: Step) -> None:
        self._config = config
        self._context = context
        self._step = step

    def errors(
        self,
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

        Each judge and temperature has training sets and samples of its own, so that the curves of a figure are
        independent evidence, unless they are to be compared with each other as `paired` ones.

        A judge (mis, c) has the weights (1 + c) w_T + mis R. The teacher is 1 in every mode and R has as many +1 as -1
        (over repeats in another order), so that the overlaps are those of theory up to what the spectrum adds.
        """
        sizes = self._config.simulation
        repeats = repeats or sizes.repeats

        def simulate() -> dict[str, np.ndarray]:
            d, device = sizes.dimension, self._context.device
            values = torch.ones(d, dtype=torch.float64) if eigenvalues is None else torch.tensor(eigenvalues)
            teacher = torch.ones(d, dtype=torch.float64, device=device)
            task = RegressionTask(
                alpha, self._config.sigma0, self._config.sigma, self._config.gamma, values.to(device), teacher
            )
            signs = torch.ones(d, dtype=torch.float64, device=device)
            signs[: d // 2] = -1

            def draw(
                judges: Sequence[tuple[float, float]], temperatures: Sequence[float], *names: float
            ) -> torch.Tensor:
                found = []
                for repeat in range(repeats):
                    stream = self._context.seeds.torch(name, alpha, *names, repeat, device=device)
                    other = signs[torch.randperm(d, generator=stream, device=device)]
                    rows = torch.stack([(1 + c) * teacher + mis * other for mis, c in judges])
                    found.append(
                        simulate_selection_errors(
                            task,
                            rows,
                            k,
                            temperatures,
                            repeats=1,
                            points=test_points or sizes.points,
                            generator=stream,
                        )[0]
                    )
                return torch.stack(found)

            if paired:
                return {"errors": draw(judges, temperatures).cpu().numpy()}
            lines = [[draw([judge], [heat], *judge, heat) for heat in temperatures] for judge in judges]
            return {"errors": torch.cat([torch.cat(line, dim=2) for line in lines], dim=1).cpu().numpy()}

        label = f"{name} alpha={alpha:g}"
        errors = self._context.unit(label, simulate)["errors"]
        self._step.advance(note=label)
        return errors


def _samples(config: BestOfKConfig, simulation: _Simulation) -> Iterator[Curves]:
    """E1 and E6."""
    judges = [(mis, 0.0) for mis in config.mis]
    k = [count for count in config.k if count <= 2**16]
    for alpha in config.alpha:
        errors = simulation.errors("samples", alpha, judges, k, config.temperature)
        for column, temperature in enumerate(config.temperature):
            for row, mis in enumerate(config.mis):
                y, y_err, n = standard_error(errors[:, row, column])
                place = samples_panel(alpha, temperature), mis_series(mis), "simulation"
                parameters = {"alpha": alpha, "temperature": temperature, "mis": mis}
                yield points(*place, "k", k, "error", y, y_err=y_err, n=n, params=parameters)
    alpha, temperature = config.alpha[0], config.anisotropic.temperature
    errors = simulation.errors("anisotropic", alpha, judges, k, [temperature], eigenvalues=spectrum(config))
    for row, mis in enumerate(config.mis):
        y, y_err, n = standard_error(errors[:, row, 0])
        parameters = {"alpha": alpha, "temperature": temperature, "mis": mis, "a": config.anisotropic.a}
        place = "anisotropic", mis_series(mis), "simulation"
        yield points(*place, "k", k, "error", y, y_err=y_err, n=n, params=parameters)


def _temperature(config: BestOfKConfig, simulation: _Simulation) -> Iterator[Curves]:
    heat, alpha = config.against_temperature, config.alpha[0]
    judges = [(mis, 0.0) for mis in config.mis]
    errors = simulation.errors("temperature", alpha, judges, [heat.k], heat.simulated)
    drawn = [drawn_temperature(each, config) for each in heat.simulated]
    for row, mis in enumerate(config.mis):
        y, y_err, n = standard_error(errors[:, row, :, 0])
        parameters = {"alpha": alpha, "k": heat.k, "mis": mis}
        place = "temperature", mis_series(mis), "simulation"
        yield points(*place, "temperature", drawn, "error", y, y_err=y_err, n=n, params=parameters)


def _direction(config: BestOfKConfig, simulation: _Simulation) -> Iterator[Curves]:
    """E3: all judges score the same samples, and so the ratio to the teacher's error is paired."""
    line = config.direction
    scales = sorted({*line.c, 0.0})
    judges = [(0.0, c) for c in scales]
    errors = simulation.errors("direction", line.alpha, judges, [line.k], [line.temperature], paired=True)[:, :, 0, 0]
    parameters = {"alpha": line.alpha, "temperature": line.temperature, "k": line.k}
    y, y_err, n = standard_error(errors)
    place = f"k={line.k}", "simulation", "c", scales
    yield points("direction", *place, "error", y, y_err=y_err, n=n, params=parameters)
    y, y_err, n = standard_error(errors / errors[:, [scales.index(0.0)]])
    yield points("direction-gain", *place, "ratio", y, y_err=y_err, n=n, params=parameters)


def _best_of(config: BestOfKConfig, simulation: _Simulation) -> Iterator[Curves]:
    """E4: the exponent of each repeat's curve, and how close the coefficient is."""
    best = config.best_of
    counts = sorted({*(count for count in config.k if count <= EXPONENT_WINDOW[1]), *EXPONENT_WINDOW})
    low, high = (counts.index(count) for count in EXPONENT_WINDOW)
    hardness, slopes, slope_errors, n = [], [], [], 1
    for alpha in best.alpha:
        errors = simulation.errors(
            "best of", alpha, [(0.0, 0.0)], counts, [0.0], repeats=best.repeats, test_points=best.points
        )[:, 0, 0]
        of = equivalents(config, alpha)
        difficulty = of.bias_variance / of.predictive_variance
        parameters = {"alpha": alpha, "difficulty": difficulty}
        y, y_err, n = standard_error(errors)
        place = f"α={alpha:g}", "simulation", "k", counts
        yield points("best-of", *place, "error", y, y_err=y_err, n=n, params=parameters)
        if difficulty < 0.5:
            scale = np.array(counts) ** 2.0 / inverse_square_coefficient(of)
            yield points("coefficient", *place, "ratio", scale * y, y_err=scale * y_err, n=n, params=parameters)
        slope, slope_error = _mean_slope(errors[:, [low, high]])
        hardness.append(difficulty)
        slopes.append(slope)
        slope_errors.append(slope_error)
    series = f"k = {EXPONENT_WINDOW[0]} to {EXPONENT_WINDOW[1]}"
    place_of = "difficulty", series, "simulation", "difficulty", hardness, "exponent", slopes
    yield points(*place_of, y_err=slope_errors, n=n)


def _mean_slope(errors: np.ndarray) -> tuple[float, float]:
    """Return the exponent of the mean errors (repeats, 2), and its jackknife error over repeats."""
    count = len(errors)
    whole = float(exponent(errors.mean(axis=0)))
    left_out = exponent((errors.sum(axis=0) - errors) / (count - 1))
    return whole, float(np.sqrt((count - 1) / count * np.sum((left_out - left_out.mean()) ** 2)))


def _data(config: BestOfKConfig, simulation: _Simulation) -> Iterator[Curves]:
    """E5: both doublings at a few points, from independent training sets."""
    data = config.data
    judge, counts = [(data.mis, 0.0)], sorted({*data.k, *(2 * k for k in data.k)})
    ratios = []
    for alpha in data.alpha:
        once = simulation.errors("doubled samples", alpha, judge, counts, [data.temperature])[:, 0, 0]
        twice = simulation.errors("doubled data", 2 * alpha, judge, counts, [data.temperature])[:, 0, 0]
        more_samples = once[:, [counts.index(2 * k) for k in data.k]]
        more_data = twice[:, [counts.index(k) for k in data.k]]
        ratios.append([standard_error(each) for each in (more_data, more_samples)])
    for column, k in enumerate(data.k):
        y = [np.log(top[0][column] / bottom[0][column]) for top, bottom in ratios]
        y_err = [
            np.hypot(top[1][column] / top[0][column], bottom[1][column] / bottom[0][column]) for top, bottom in ratios
        ]
        place = "data", f"k={k}", "simulation", "alpha", data.alpha
        yield points(*place, "log_ratio", y, y_err=y_err, n=ratios[0][0][2], params={"k": k})
