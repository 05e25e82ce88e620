"""What does theory say in each panel of icl-alignment? The error and the alignment as d grows, at the spectra of d."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from solv.experiments.icl_alignment.settings import (
    CORE_TESTS,
    NAME,
    IclAlignmentConfig,
    halves,
    scatter_tests,
    tested_beside,
    tested_spectrum,
    train_spectrum,
)
from solv.theory.icl_alignment.covariances import power_law_spectrum
from solv.theory.icl_alignment.error import icl_error, optimal_power_law
from solv.theory.icl_alignment.measures import ALIGNMENT_MEASURES
from solv.tracking.curves import Curves, curve

ALIGNMENT = "A"
MEASURES = (ALIGNMENT, *ALIGNMENT_MEASURES)
Measures: TypeAlias = dict[tuple[str, float], np.ndarray]  # (train, kappa) -> (measures, tests)
DRAWN_RIVALS = ("overlap", "Bures distance")


def predict_panels(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield the theory curves of every panel."""
    yield from _diversity(config)
    yield from _descent(config)
    yield from _finite_size(config)
    yield from _scatter(config)
    yield from _maps(config)
    yield from _pretraining(config)
    if config.transformer.enabled:
        yield from _transformer(config)


# -- names and places shared with the measurements ------------------------------------------------------------------


def points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve of this experiment; `rest` as in `solv.tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )


def cells(config: IclAlignmentConfig) -> list[tuple[str, float, float, float]]:
    """Return (train, alpha, tau, rho) of each panel against diversity."""
    return [
        (t, alpha, tau, rho) for t in config.train for alpha in config.alpha for tau in config.tau for rho in config.rho
    ]


def cell_panel(what: str, cell: tuple[str, float, float, float]) -> str:
    """Return the name of the panel of one cell: `what` is "diversity" or "alignment"."""
    train, alpha, tau, rho = cell
    return f"{what} {train} α={alpha:g} τ={'∞' if math.isinf(tau) else f'{tau:g}'} ρ={rho:g}"


def cell_parameters(config: IclAlignmentConfig, cell: tuple[str, float, float, float], test: str) -> dict[str, object]:
    """Return the `params` of one series against diversity."""
    train, alpha, tau, rho = cell
    exponent = {"p": config.p} if "power-law" in (train, test) else {}
    return {
        "train": train, "test": test, "alpha": alpha, "tau": tau, "rho": rho, "dimension": config.dimension, **exponent
    }  # fmt: skip


def core_spectra(config: IclAlignmentConfig) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return pretraining and test spectra of the panels of E2, which are about the first `train`."""
    train, d = config.train[0], config.dimension
    return train_spectrum(train, d, config.p), {test: tested_spectrum(test, train, d, config.p) for test in CORE_TESTS}


def fixed_point(config: IclAlignmentConfig) -> dict[str, float]:
    """Return the parameters that the panels of E2 do not vary: the first of each axis, tau not at the peak."""
    tau = next((tau for tau in config.tau if tau != 1 and math.isfinite(tau)), 4.0)
    return {"tau": tau, "alpha": config.alpha[0], "kappa": config.descent.kappa, "rho": config.rho[0]}


def scatter_series(train: str, kappa: float) -> str:
    """Return the name of the series of one pretraining in the scatter."""
    return f"{train} κ={kappa:g}"


def scatter_measures(config: IclAlignmentConfig, tau: float) -> Measures:
    """Return A and its rivals for every pair of the scatter."""
    found = {}
    for train in config.scatter.train:
        own = train_spectrum(train, config.scatter.dimension, config.p)
        tests = list(scatter_tests(config, train).values())
        rivals = [[rival(own, test) for test in tests] for rival, _ in ALIGNMENT_MEASURES.values()]
        at = tau, config.alpha[0], np.array(config.scatter.kappa), config.rho[0]
        alignments = np.stack([icl_error(own, test, *at).alignment for test in tests], axis=-1)
        for kappa, row in zip(config.scatter.kappa, alignments, strict=True):
            found[train, kappa] = np.array([row, *rivals])
    return found


def rank_correlations(measures: Measures, errors: Mapping[tuple[str, float], np.ndarray]) -> np.ndarray:
    """Return Spearman's correlation of each measure with the errors of all pairs, signed so that 1 is perfect.

    Args:
        measures: (train, kappa) -> values, shape (measures, tests), in the order of MEASURES.
        errors: the same keys, or some of them -> errors, shape (tests,).

    Returns:
        One number per measure.
    """
    signs = [1, *(sign for _, sign in ALIGNMENT_MEASURES.values())]
    found = np.concatenate(list(errors.values()))
    values = np.concatenate([measures[key] for key in errors], axis=1)
    return np.array([sign * spearmanr(row, found).statistic for sign, row in zip(signs, values, strict=True)])


def rank_correlations_within(measures: Measures, errors: Mapping[tuple[str, float], np.ndarray]) -> np.ndarray:
    """Return the mean over the keys of the rank correlations of one pretraining alone: args as above."""
    each = [rank_correlations(measures, {key: found}) for key, found in errors.items()]
    return np.asarray(np.mean(each, axis=0))


RANK_PANELS = {"all": "rank-correlation", "one pretraining": "rank-correlation within"}
RANKINGS: tuple[tuple[str, Callable[[Measures, Mapping[tuple[str, float], np.ndarray]], np.ndarray]], ...] = (
    ("all", rank_correlations),
    ("one pretraining", rank_correlations_within),
)


def rank_series(tau: float) -> str:
    """Return the name of the series of rank correlations at one amount of pretraining."""
    return f"linear attention, τ={tau:g}"


def case_series(alpha: float, kappa: float) -> str:
    """Return the name of the series of one case of the best pretraining."""
    return f"α={alpha:g}, κ={kappa:g}"


def transformer_panel(link: str) -> str:
    """Return the name of the panel of the transformer on labels of one link."""
    return f"transformer {link}"


def transformer_measures(config: IclAlignmentConfig) -> Measures:
    """Return A of linear attention and its rivals for every task diversity and test exponent of the transformer."""
    size = config.transformer
    own = power_law_spectrum(size.dimension, size.p)
    tests = [power_law_spectrum(size.dimension, p) for p in size.test_p]
    rivals = [[rival(own, test) for test in tests] for rival, _ in ALIGNMENT_MEASURES.values()]
    return {
        ("power-law", kappa): np.array([[error.alignment for error in _transformer_errors(config, kappa)], *rivals])
        for kappa in size.kappa
    }


# -- theory of each panel -------------------------------------------------------------------------------------------


def _diversity(config: IclAlignmentConfig) -> Iterator[Curves]:
    kappas = np.array(sorted(config.kappa))
    for cell in cells(config):
        train, alpha, tau, rho = cell
        c = train_spectrum(train, config.dimension, config.p)
        for test in tested_beside(config, train):
            t = tested_spectrum(test, train, config.dimension, config.p)
            found = icl_error(c, t, tau, alpha, kappas, rho)
            parameters = cell_parameters(config, cell, test)
            for what, y in (("diversity", found.total), ("alignment", found.alignment)):
                y_name = "error" if what == "diversity" else "alignment"
                place = cell_panel(what, cell), test, "theory"
                yield points(*place, "kappa", kappas, y_name, y, params=parameters)


def _descent(config: IclAlignmentConfig) -> Iterator[Curves]:
    c, tests = core_spectra(config)
    at = fixed_point(config)
    grid = np.concatenate([np.geomspace(0.1, 0.985, 50), np.geomspace(1.015, 10, 50)])
    axes: tuple[tuple[str, str, Sequence[float] | np.ndarray], ...] = (
        ("double-descent", "tau", [*grid, 1.0, *config.descent.tau]),
        ("context", "alpha", [*np.geomspace(0.25, 16, 40), *config.descent.alpha]),
        ("test-context", "test_alpha", [*np.geomspace(0.25, 64, 40), *config.test_alpha]),
    )
    for panel, name, values in axes:
        x = np.unique(values)
        for test, t in tests.items():
            varied: dict[str, ArrayLike] = {**at, name: x}
            y = icl_error(c, t, **varied).total
            parameters = {"train": config.train[0], "test": test, **{key: v for key, v in at.items() if key != name}}
            yield points(panel, test, "theory", name, x, "error", y, params=parameters)


def _finite_size(config: IclAlignmentConfig) -> Iterator[Curves]:
    size = config.finite_size
    x = np.array([0.0, *(1 / d for d in sorted(size.dimension, reverse=True))])
    for tau in size.tau:
        for test in CORE_TESTS:
            parameters = size_parameters(config, tau, test)
            yield points("finite-size", size_series(tau, test), "theory", "1/d", x, "ratio", 1.0, params=parameters)


def size_parameters(config: IclAlignmentConfig, tau: float, test: str) -> dict[str, object]:
    """Return the `params` of one series of the finite-size panel."""
    size = config.finite_size
    return {"tau": tau, "alpha": size.alpha, "kappa": size.kappa, "rho": size.rho, "p": size.p, "test": test}


def size_series(tau: float, test: str) -> str:
    """Return the name of one series of the finite-size panel."""
    return f"τ={tau:g}, {test}"


def _scatter(config: IclAlignmentConfig) -> Iterator[Curves]:
    for position, tau in enumerate(config.scatter.tau):
        measures = scatter_measures(config, tau)
        errors = {key: _scatter_errors(config, tau, *key) for key in measures}
        for among, rank in RANKINGS:
            place = RANK_PANELS[among], rank_series(tau), "theory"
            parameters: dict[str, object] = {"tau": tau, "judged": position == 0}
            y = rank(measures, errors)
            yield points(*place, "measure", range(len(MEASURES)), "rank_correlation", y, params=parameters)
        for (train, kappa), y in errors.items() if position == 0 else ():
            place = "scatter A", scatter_series(train, kappa), "theory"
            parameters = {"train": train, "kappa": kappa, "tau": tau}
            yield points(*place, "A", measures[train, kappa][0], "error", y, params=parameters)


def _scatter_errors(config: IclAlignmentConfig, tau: float, train: str, kappa: float) -> np.ndarray:
    """Return theory's errors of the pairs of one pretraining."""
    own = train_spectrum(train, config.scatter.dimension, config.p)
    tests = scatter_tests(config, train).values()
    return np.array([float(icl_error(own, t, tau, config.alpha[0], kappa, config.rho[0]).total) for t in tests])


def _maps(config: IclAlignmentConfig) -> Iterator[Curves]:
    """E5. At a fixed trace the error is linear in C_te: two test covariances give all rows of a column."""
    diversity, at = config.diversity, fixed_point(config)
    del at["kappa"]
    unseen = np.unique(np.round([*np.geomspace(0.001, 0.5, diversity.columns), *diversity.unseen], 6))
    rows = np.unique(np.round([*np.linspace(0, 1, diversity.rows), *diversity.s], 6))
    kappas = np.array([*np.geomspace(0.1, 100, diversity.kappas), math.inf, diversity.few, diversity.many])
    d = 20  # two eigenvalues: any even d gives the same, and 2 / d is the least kappa
    inside, outside = halves(1.0, d), halves(0.0, d)
    best, gain = np.empty((2, len(rows), len(unseen)))
    for column, share in enumerate(unseen):
        c = halves(1 - share, d)
        ends = [icl_error(c, t, kappa=kappas, **at).total for t in (inside, outside)]
        errors = rows[:, None] * ends[0] + (1 - rows[:, None]) * ends[1]
        best[:, column] = kappas[errors[:, :-2].argmin(axis=1)]
        gain[:, column] = np.log(errors[:, -1] / errors[:, -2])
    for panel, y_name, values in (("best-diversity", "best_kappa", best), ("gain", "log_gain", gain)):
        for s, y in zip(rows, values, strict=True):
            yield points(panel, share_series(s), "theory", "1-f", unseen, y_name, y, params={"s": s, **at})


def share_series(s: float) -> str:
    """Return the name of one row of the maps."""
    return f"s={s:.6g}"


def _pretraining(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Which power law is best to pretrain on: log-ratio of the error to that of pretraining on the test covariance."""
    size, d = config.pretraining, config.dimension
    t = power_law_spectrum(d, size.test_p)
    exponents = np.unique(np.round([*np.linspace(0, 2, 41), *size.p], 6))
    for alpha, kappa in zip(size.alpha, size.kappa, strict=True):
        at = {"tau": size.tau, "alpha": alpha, "kappa": kappa, "rho": config.rho[0]}
        own = float(icl_error(t, t, **at).total)
        errors = np.array([float(icl_error(power_law_spectrum(d, p), t, **at).total) for p in exponents])
        best = optimal_power_law(t, **at)
        parameters = {**at, "test_p": size.test_p, "best_p": best.location, "best_gain": math.log(best.error / own)}
        place = "pretraining", case_series(alpha, kappa), "theory"
        yield points(*place, "p", exponents, "log_ratio", np.log(errors / own), params=parameters)


def _transformer_errors(config: IclAlignmentConfig, kappa: float) -> list[Any]:
    """Return theory of linear attention for each test exponent; fresh contexts at every step: tau = inf."""
    size = config.transformer
    c = power_law_spectrum(size.dimension, size.p)
    tests = (power_law_spectrum(size.dimension, p) for p in size.test_p)
    return [icl_error(c, t, math.inf, config.alpha[0], kappa, config.rho[0]) for t in tests]


def _transformer(config: IclAlignmentConfig) -> Iterator[Curves]:
    size = config.transformer
    theory = {kappa: _transformer_errors(config, kappa) for kappa in size.kappa}
    if "linear" not in size.link:
        return
    for kappa, found in theory.items():
        x, y = [float(e.alignment) for e in found], [float(e.total) for e in found]
        place = transformer_panel("linear"), f"κ={kappa:g}", "theory"
        yield points(*place, "A", x, "error", y, params=transformer_parameters(config, kappa, "linear"))
    totals = {("power-law", kappa): np.array([float(e.total) for e in found]) for kappa, found in theory.items()}
    for among, rank in RANKINGS:
        place = RANK_PANELS[among], transformer_series("linear"), "theory"
        parameters = {"link": "linear"}
        ranks = rank(transformer_measures(config), totals)
        yield points(*place, "measure", range(len(MEASURES)), "rank_correlation", ranks, params=parameters)


def transformer_parameters(config: IclAlignmentConfig, kappa: float, link: str) -> dict[str, object]:
    """Return the `params` of one series of the transformer's panels."""
    size = config.transformer
    return {
        "kappa": kappa,
        "p": size.p,
        "alpha": config.alpha[0],
        "rho": config.rho[0],
        "d": size.dimension,
        "link": link,
    }


def transformer_series(link: str) -> str:
    """Return the name of the transformer's series of rank correlations."""
    return f"transformer, {link} labels"
