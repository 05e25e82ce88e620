"""What does icl-alignment measure? Linear attention fitted to contexts at finite dimension, on the tasks of each test.

The test error is exact given the fit (`solv.models.icl_alignment.fit.error_on_tasks`): the only
randomness is that of pretraining, and every test covariance and test length comes with a fit at no further cost.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from solv.data.icl_alignment.tasks import draw_attention_contexts, draw_tasks
from solv.experiments.icl_alignment.predictions import (
    DRAWN_RIVALS,
    MEASURES,
    RANK_PANELS,
    RANKINGS,
    Measures,
    case_series,
    cell_panel,
    cell_parameters,
    cells,
    core_spectra,
    fixed_point,
    points,
    rank_series,
    scatter_measures,
    scatter_series,
    share_series,
    size_parameters,
    size_series,
)
from solv.experiments.icl_alignment.settings import (
    CORE_TESTS,
    IclAlignmentConfig,
    halves,
    require_tasks,
    scatter_tests,
    tested_beside,
    tested_spectrum,
    train_spectrum,
)
from solv.experiments.icl_alignment.training import measure_transformer
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.icl_alignment.fit import NotConvergedError, error_on_tasks, fit
from solv.theory.icl_alignment.covariances import power_law_spectrum
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.curves import Curves, join_curves, standard_error
from solv.tracking.progress import Step

BYTES_AT_ONCE = 2**28


def measure(config: IclAlignmentConfig, context: Context) -> Curves:
    """Return every simulated and trained curve of the experiment."""
    require_tasks(config)
    with context.progress.task("fit linear attention", _count_fits(config)) as step:
        simulation = _Simulation(config, context, step)
        simulated = [
            *_diversity(config, simulation),
            *_descent(config, simulation),
            *_finite_size(config, simulation),
            *_scatter(config, simulation),
            *_gain(config, simulation),
            *_pretraining(config, simulation),
        ]
    trained = measure_transformer(config, context) if config.transformer.enabled else ()
    return join_curves([*simulated, *trained])


@dataclass(frozen=True)
class _Point:
    """The parameters of one pretraining."""

    tau: float
    alpha: float
    kappa: float
    rho: float


class _Simulation:
    """Pretrains linear attention and tests it on many covariances."""

    def __init__(self, config: IclAlignmentConfig, context: Context, step: Step) -> None:
        self._config, self._context, self._step = config, context, step

    def errors(
        self,
        name: str,
        train: np.ndarray,
        tests: Sequence[np.ndarray],
        at: _Point,
        *,
        test_alphas: Sequence[float] = (),
        repeats: int | None = None,
    ) -> np.ndarray:
        """Return the errors, shape (repeats, test_alphas, tests); no test_alphas: that of pretraining.

        A repeat draws from a stream named by the parameters and itself, not by the covariances: pretraining on two of
        them is compared on the same draws.

        Args:
            name: of the unit of work, together with the parameters unique in the run.
            train: spectrum of the pretraining tasks, its length is d.
            tests: covariances, diagonal or full.
            at: parameters.
            test_alphas: context lengths per d at test.
            repeats: pretraining sets; `simulation.repeats` if not given.
        """
        count = repeats or self._config.simulation.repeats
        if at.tau == 1:
            raise ConfigurationError("tau = 1 is the interpolation peak, known in theory alone; take another tau")
        label = f"{name} d={len(train)} tau={at.tau:g} alpha={at.alpha:g} kappa={at.kappa:g} rho={at.rho:g}"
        unit = self._context.unit(
            label, lambda: {"error": self._fit_and_test(train, tests, at, test_alphas or [at.alpha], count)}
        )
        self._step.advance(note=label)
        return unit["error"]

    def _fit_and_test(
        self, train: np.ndarray, tests: Sequence[np.ndarray], at: _Point, test_alphas: Sequence[float], repeats: int
    ) -> np.ndarray:
        d, device = len(train), self._context.device
        n, tasks, length = (max(1, round(size)) for size in (at.tau * d**2, at.kappa * d, at.alpha * d))
        covariance = torch.from_numpy(train).to(device)
        tested = [torch.from_numpy(test).to(device) for test in tests]
        chunks = []
        at_once = max(1, BYTES_AT_ONCE // (24 * n * d))
        for first in range(0, repeats, at_once):
            drawn = []
            for repeat in range(first, min(first + at_once, repeats)):
                name = ("pretraining", d, at.tau, at.alpha, at.kappa, at.rho, repeat)
                stream = self._context.seeds.torch(*name, device=device)
                drawn.append(
                    draw_attention_contexts(draw_tasks((), tasks, covariance, stream), n, length, at.rho, stream)
                )
            try:
                gamma = fit(
                    torch.stack([each.query for each in drawn]),
                    torch.stack([each.memory for each in drawn]),
                    torch.stack([each.target for each in drawn]),
                )
            except NotConvergedError as error:
                raise ConfigurationError(str(error)) from error
            errors = [
                [error_on_tasks(gamma, test, max(1, round(alpha * d)), at.rho) for test in tested]
                for alpha in test_alphas
            ]
            chunks.append(torch.stack([torch.stack(row, dim=-1) for row in errors], dim=1).cpu().numpy())
        return np.concatenate(chunks)


def _count_fits(config: IclAlignmentConfig) -> int:
    finite = sum(math.isfinite(tau) for tau in config.tau)
    return (
        len(config.train) * len(config.alpha) * finite * len(config.rho) * len(config.kappa)
        + len(config.descent.tau)
        + len(config.descent.alpha)
        + 1
        + len(config.finite_size.dimension) * len(config.finite_size.tau)
        + len(config.scatter.train) * len(config.scatter.kappa) * len(config.scatter.tau)
        + 2 * len(config.diversity.unseen)
        + len(config.pretraining.alpha) * len({*config.pretraining.p, config.pretraining.test_p})
    )


def _diversity(config: IclAlignmentConfig, simulation: _Simulation) -> Iterator[Curves]:
    """E1."""
    kappas = sorted(config.kappa)
    for cell in cells(config):
        train, alpha, tau, rho = cell
        if math.isinf(tau):
            continue
        names = tested_beside(config, train)
        tests = [tested_spectrum(test, train, config.dimension, config.p) for test in names]
        spectrum = train_spectrum(train, config.dimension, config.p)
        errors = np.stack(
            [
                simulation.errors(f"diversity {train}", spectrum, tests, _Point(tau, alpha, kappa, rho))[:, 0]
                for kappa in kappas
            ],
            axis=1,
        )
        for index, test in enumerate(names):
            y, y_err, n = standard_error(errors[:, :, index])
            place = cell_panel("diversity", cell), test, "simulation"
            parameters = cell_parameters(config, cell, test)
            yield points(*place, "kappa", kappas, "error", y, y_err=y_err, n=n, params=parameters)


def _descent(config: IclAlignmentConfig, simulation: _Simulation) -> Iterator[Curves]:
    """E2."""
    spectrum, tests = core_spectra(config)
    at = fixed_point(config)
    covariances = list(tests.values())
    by_axis: dict[tuple[str, str], tuple[Sequence[float], np.ndarray]] = {}
    for panel, name, values in (
        ("double-descent", "tau", config.descent.tau),
        ("context", "alpha", config.descent.alpha),
    ):
        found = [
            simulation.errors(panel, spectrum, covariances, _Point(**{**at, name: value}))[:, 0] for value in values
        ]
        by_axis[panel, name] = values, np.stack(found, axis=1)
    longer = simulation.errors("test-context", spectrum, covariances, _Point(**at), test_alphas=config.test_alpha)
    by_axis["test-context", "test_alpha"] = config.test_alpha, longer
    for (panel, name), (x, errors) in by_axis.items():
        for index, test in enumerate(tests):
            y, y_err, n = standard_error(errors[:, :, index])
            parameters = {"train": config.train[0], "test": test, **{key: v for key, v in at.items() if key != name}}
            place = panel, test, "simulation"
            yield points(*place, name, x, "error", y, y_err=y_err, n=n, params=parameters)


def _finite_size(config: IclAlignmentConfig, simulation: _Simulation) -> Iterator[Curves]:
    size = config.finite_size
    dimensions = sorted(size.dimension, reverse=True)
    for tau in size.tau:
        at = _Point(tau, size.alpha, size.kappa, size.rho)
        rows = []
        for d in dimensions:
            spectrum = power_law_spectrum(d, size.p)
            tests = [tested_spectrum(test, "power-law", d, size.p) for test in CORE_TESTS]
            theory = [float(icl_error(spectrum, t, tau, size.alpha, size.kappa, size.rho).total) for t in tests]
            repeats = round(size.repeats * dimensions[0] / d)
            errors = simulation.errors("finite size", spectrum, tests, at, repeats=repeats)[:, 0]
            rows.append(standard_error(errors / theory))
        for index, test in enumerate(CORE_TESTS):
            y, y_err, n = [row[0][index] for row in rows], [row[1][index] for row in rows], [row[2] for row in rows]
            place = "finite-size", size_series(tau, test), "simulation"
            x, parameters = [1 / d for d in dimensions], size_parameters(config, tau, test)
            yield points(*place, "1/d", x, "ratio", y, y_err=y_err, n=n, params=parameters)


def _scatter(config: IclAlignmentConfig, simulation: _Simulation) -> Iterator[Curves]:
    """E3."""
    scatter = config.scatter
    for position, tau in enumerate(scatter.tau):
        errors = {}
        for train in scatter.train:
            spectrum = train_spectrum(train, scatter.dimension, config.p)
            tests = list(scatter_tests(config, train).values())
            for kappa in scatter.kappa:
                at = _Point(tau, config.alpha[0], kappa, config.rho[0])
                errors[train, kappa] = simulation.errors(f"scatter {train}", spectrum, tests, at)[:, 0]
        repeats = config.simulation.repeats
        measures = scatter_measures(config, tau)
        for among, rank in RANKINGS:
            ranks = [rank(measures, {key: e[repeat] for key, e in errors.items()}) for repeat in range(repeats)]
            y, y_err, n = standard_error(ranks)
            place = RANK_PANELS[among], rank_series(tau), "simulation"
            parameters: dict[str, object] = {"tau": tau, "judged": position == 0}
            x = range(len(MEASURES))
            yield points(*place, "measure", x, "rank_correlation", y, y_err=y_err, n=n, params=parameters)
        if position == 0:
            yield from _scatter_points(tau, measures, errors)


def _scatter_points(tau: float, measures: Measures, errors: Mapping[tuple[str, float], np.ndarray]) -> Iterator[Curves]:
    for (train, kappa), found in errors.items():
        y, y_err, n = standard_error(found)
        aside = 1e-9 * np.arange(len(y))  # two tests of which a rival says the same stay two points
        for name in ("A", *DRAWN_RIVALS):
            x = measures[train, kappa][MEASURES.index(name)] + (0 if name == "A" else aside)
            place = f"scatter {name}", scatter_series(train, kappa), "simulation"
            parameters: dict[str, object] = {"train": train, "kappa": kappa, "tau": tau}
            yield points(*place, name, x, "error", y, y_err=y_err, n=n, params=parameters)


def _gain(config: IclAlignmentConfig, simulation: _Simulation) -> Iterator[Curves]:
    """E5: log e(many) / e(few) for every f, at every s."""
    diversity, at = config.diversity, fixed_point(config)
    tests = [halves(s, config.dimension) for s in diversity.s]
    gains = []
    for share in diversity.unseen:
        few, many = (
            simulation.errors(
                f"gain unseen={share:g}", halves(1 - share, config.dimension), tests, _Point(**{**at, "kappa": kappa})
            )[:, 0]
            for kappa in (diversity.few, diversity.many)
        )
        gains.append(np.log(many / few))
    y, y_err, n = standard_error(np.stack(gains, axis=1))
    del at["kappa"]
    for index, s in enumerate(diversity.s):
        place = "gain", share_series(s), "simulation"
        parameters: dict[str, object] = {"s": s, **at}
        yield points(
            *place, "1-f", diversity.unseen, "log_gain", y[:, index], y_err=y_err[:, index], n=n, params=parameters
        )


def _pretraining(config: IclAlignmentConfig, simulation: _Simulation) -> Iterator[Curves]:
    """Log-ratio of the error to that of pretraining on the test covariance, repeat by repeat on the same draws."""
    size, d = config.pretraining, config.dimension
    tests = [power_law_spectrum(d, size.test_p)]
    for alpha, kappa in zip(size.alpha, size.kappa, strict=True):
        at = _Point(size.tau, alpha, kappa, config.rho[0])
        found = {
            p: simulation.errors(f"pretraining p={p:g}", power_law_spectrum(d, p), tests, at)[:, 0, 0]
            for p in sorted({*size.p, size.test_p})
        }
        y, y_err, n = standard_error(np.stack([np.log(found[p] / found[size.test_p]) for p in size.p], axis=1))
        place = "pretraining", case_series(alpha, kappa), "simulation"
        parameters = {"tau": size.tau, "alpha": alpha, "kappa": kappa, "rho": config.rho[0], "test_p": size.test_p}
        yield points(*place, "p", size.p, "log_ratio", y, y_err=y_err, n=n, params=parameters)
