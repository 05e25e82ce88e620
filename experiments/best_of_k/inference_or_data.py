"""Part `inference-or-data`: in which domain do more samples beat more data, and what does a harder task do to that?

The two closing claims of the paper's abstract, as maps in the paper's units: at T = 0 and at t = T / (2 sigma^2), with
the teacher as judge, over d/n and over the difficulty D2/s2 (our reading of "task difficulty", raised by |w_T|^2/d).
Beside them the local exponent of n that decides at T = 0 (Remark 6).
"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from scipy.optimize import brentq

from solv.experiments.best_of_k.counted_work import exact_error, posterior, predictions, weighted
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.best_of_k.local_exponents import Regression, data_exponent, one_point_data_exponent
from solv.theory.best_of_k.selection import selection_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Params, Recorder, parameter, select, standard_error
from solv.tracking.panels import Map, Panel

RECORD = Recorder("best-of-k", "inference-or-data")
EQUAL_GAIN = "equal gain"
EXACT, PAPER = "exact", "one-point (Remark 6)"
SMALL_RIDGE = (1.0, 100.0)  # sigma^2 and gamma^2 at which the conditions of Remark 6 hold for d/n << 1
LARGEST = 0.08  # d/n up to which they are taken to hold
EASY = 1.0  # difficulty up to which the advantage falls at every k; far beyond it both exponents level off
NUMBER = 0.5  # relative distance within which the exponent of Remark 6 counts as that of the exact law


class Panels(StrEnum):
    """The panels of this part."""

    DOMAIN = "domain"
    DIFFICULTY = "domain-difficulty"
    EXPONENT = "data-exponent"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return both maps at T = 0 and at the paper's temperature, and the exponents of Remark 6."""
    colour = "log δ(2n, k) - log δ(n, 2k)   (> 0: double samples)"
    border = _border(config)
    return [
        Panel(
            Panels.DOMAIN,
            "Double samples or data? σ² = γ² = {variance}, t = {t}",
            "dimensions per training sample d/n",
            "samples k",
            x_scale="log",
            y_scale="log",
            facets=("variance", "t"),
            series=_label,
            heat=Map("k", "log_ratio", colour, center=0.0),
            verticals={border: "Remark 6: exponents equal (T = 0)"} if math.isfinite(border) else {},
        ),
        Panel(
            Panels.DIFFICULTY,
            "Double samples or data? d/n = {d_over_n}, t = {t}",
            "difficulty D₂/s₂",
            "samples k",
            x_scale="log",
            y_scale="log",
            facets=("d_over_n", "t"),
            series=_label,
            heat=Map("k", "log_ratio", colour, center=0.0),
            verticals={0.5: "2 D₂ = s₂"},
        ),
        Panel(
            Panels.EXPONENT,
            "What more data buy at T = 0 (samples: 2)",
            "dimensions per training sample d/n",
            "exponent -d log δ / d log n",
            x_scale="log",
            y_scale="log",
            series="{law}, σ²={sigma2}, γ²={gamma2}",
            y_limits=(1e-9, 100),
            figure="Remark 6",
        ),
    ]


def _label(curve: Params) -> str:
    return "equal cost, equal gain" if curve.get("line") == EQUAL_GAIN else f"k={curve['k']}"


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield both maps row by row with the line of equal gain, and the exponents of Remark 6 and of the exact law."""
    maps = config.inference_or_data
    ratios = np.unique([*np.geomspace(0.01, 1, maps.columns), *maps.simulated])
    signals = np.unique([*np.geomspace(0.05, 8, maps.columns), *maps.signal])
    counts = np.unique([*np.geomspace(1, 256, maps.rows).round().astype(int), *maps.simulated_k])
    domain = [_regression(config, each) for each in ratios]
    harder = [_regression(config, maps.d_over_n, each) for each in signals]
    hardness = np.array([each.equivalents().difficulty for each in harder])
    for t in _heats(config):
        for panel, name, x, setups in (
            (Panels.DOMAIN, "d_over_n", ratios, domain),
            (Panels.DIFFICULTY, "difficulty", hardness, harder),
        ):
            surface = np.array([_gain(each, counts, t) for each in setups])
            at = _at(config, panel, t)
            for column, k in enumerate(counts):
                yield RECORD.theory(panel, {**at, "k": int(k)}, x=(name, x), y=("log_ratio", surface[:, column]))
            edge = np.array([_crossing(counts, row) for row in surface])
            there = np.isfinite(edge)
            if there.any():
                yield RECORD.theory(panel, {**at, "line": EQUAL_GAIN}, x=(name, x[there]), y=("k", edge[there]))
    grid = np.unique([*np.geomspace(0.005, 0.8, 17), LARGEST, 0.2])
    for sigma2, gamma2 in (SMALL_RIDGE, (maps.variance, maps.variance)):
        for law, exponent in ((EXACT, data_exponent), (PAPER, one_point_data_exponent)):
            y = np.array([exponent(Regression(each, sigma2**0.5, gamma2**0.5)) for each in grid])
            shown = np.isfinite(y)
            at = {"sigma2": sigma2, "gamma2": gamma2, "law": law}
            yield RECORD.theory(Panels.EXPONENT, at, x=("d_over_n", grid[shown]), y=("exponent", y[shown]))


def _regression(config: BestOfKConfig, d_over_n: float, signal: float = 1.0) -> Regression:
    deviation = config.inference_or_data.variance**0.5
    return Regression(d_over_n, deviation, deviation, signal)


def _heats(config: BestOfKConfig) -> list[float]:
    return [0.0, config.paper.t]


def _at(config: BestOfKConfig, panel: Panels, t: float) -> dict[str, object]:
    maps = config.inference_or_data
    own = {} if panel is Panels.DOMAIN else {"d_over_n": maps.d_over_n}
    return {"variance": maps.variance, "dimension": maps.dimension, "t": t, **own}


def _gain(setup: Regression, counts: np.ndarray, t: float) -> np.ndarray:
    """Return log delta(2n, k) - log delta(n, 2k) at every k."""
    heat = 2 * setup.sigma**2 * t
    both = np.unique([*counts, *(2 * counts)])
    samples = selection_error(setup.equivalents(), both, heat)[np.searchsorted(both, 2 * counts)]
    data = selection_error(setup.with_data(2).equivalents(), counts, heat)
    gain: np.ndarray = np.log(data) - np.log(samples)
    return gain


def _crossing(counts: np.ndarray, gain: np.ndarray) -> float:
    """Return the k from which doubling the samples no longer pays more, by interpolation in log k; NaN if nowhere."""
    change = np.flatnonzero((gain[:-1] > 0) & (gain[1:] <= 0))
    if not len(change):
        return math.nan
    first = change[0]
    part = gain[first] / (gain[first] - gain[first + 1])
    low, high = np.log(counts[first : first + 2])
    return float(np.exp(low + part * (high - low)))


def _border(config: BestOfKConfig) -> float:
    """Return the d/n at which the exponent of n in Remark 6 is 2, that of k; NaN if it is nowhere in the map."""

    def above(d_over_n: float) -> float:
        return min(one_point_data_exponent(_regression(config, d_over_n)), 1e6) - 2

    return float(brentq(above, 0.01, 1)) if above(0.01) < 0 < above(1) else math.nan


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield both doublings at a few points of each map, from independent training sets."""
    maps = config.inference_or_data
    domain = [(each, 1.0) for each in sorted(maps.simulated)]
    harder = [(maps.d_over_n, each) for each in sorted(maps.signal)]
    both = dict.fromkeys([*domain, *harder])  # the maps may share a point
    doublings = {}
    with context.progress.task("simulate both doublings in the paper's units", len(both)) as step:
        for d_over_n, signal in both:
            doublings[d_over_n, signal] = _doublings(config, context, d_over_n, signal)
            step.advance(note=f"d/n={d_over_n:g}, |w|²/d={signal:g}")
    for panel, name, points in ((Panels.DOMAIN, "d_over_n", domain), (Panels.DIFFICULTY, "difficulty", harder)):
        x = (
            [d_over_n for d_over_n, _ in points]
            if panel is Panels.DOMAIN
            else [_regression(config, *each).equivalents().difficulty for each in points]
        )
        for column, t in enumerate(_heats(config)):
            for row, k in enumerate(sorted(maps.simulated_k)):
                y, y_err = np.array([doublings[each][:, column, row] for each in points]).T
                at = {**_at(config, panel, t), "k": k}
                yield RECORD.simulation(panel, at, x=(name, x), y=("log_ratio", y), y_err=y_err, n=maps.repeats)


def _doublings(config: BestOfKConfig, context: Context, d_over_n: float, signal: float) -> np.ndarray:
    """Return log delta(2n, k) - log delta(n, 2k) and its standard error, shape (2, temperatures, ks)."""
    import torch

    from solv.models.best_of_k.simulation import RegressionTask
    from solv.models.best_of_k.weighted_selection import simulate_weighted_errors

    maps, setup = config.inference_or_data, _regression(config, d_over_n, signal)
    counts = sorted(maps.simulated_k)
    heats = [2 * setup.sigma**2 * t for t in _heats(config)]

    def compute() -> dict[str, np.ndarray]:
        ones = torch.ones(maps.dimension, dtype=torch.float64, device=context.device)
        teacher = setup.signal**0.5 * ones
        errors = {}
        for name, own, k in (("samples", setup, [2 * each for each in counts]), ("data", setup.with_data(2), counts)):
            task = RegressionTask(1 / own.d_over_n, own.sigma, own.sigma, own.gamma, ones, teacher)
            drawn = [
                simulate_weighted_errors(
                    task,
                    teacher[None],
                    [0.0],
                    k,
                    heats,
                    points=maps.points,
                    generator=context.seeds.torch(
                        "inference or data", name, d_over_n, signal, repeat, device=context.device
                    ),
                )[0]
                for repeat in range(maps.repeats)
            ]
            errors[name] = torch.stack(drawn).cpu().numpy()
        return errors

    errors = context.unit(f"inference or data d/n={d_over_n!r} signal={signal!r}", compute)
    (data, data_err, _), (samples, samples_err, _) = (standard_error(errors[name]) for name in ("data", "samples"))
    return np.array([np.log(data / samples), np.hypot(data_err / data, samples_err / samples)])


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_domain(curves: Curves) -> Judgement:
    """T = 0: both regions are there, and every clear simulated point is on its side."""
    rows = select(curves, y_name="log_ratio", t=0)
    theory, simulated = (select(rows, source=source) for source in ("theory", "simulation"))
    clear = simulated[(simulated["y"].abs() > 2 * simulated["y_err"]) & (simulated["y_err"] > 0)]
    if simulated.empty or theory.empty:
        return missing("inference_or_data.simulated names points to simulate")
    expected = theory.set_index(["params", "x"])["y"]
    sides = np.sign(clear["y"].to_numpy())
    right = int(np.sum(sides == np.sign([expected[each] for each in zip(clear["params"], clear["x"], strict=True)])))
    wrong, share = len(clear) - right, float((theory["y"] > 0).mean())
    refuted = wrong > 1 + len(clear) // 20 or not 0 < share < 1  # 2 s.e. leave one clear point in forty to chance
    shown = {-1.0, 1.0} <= set(sides) and not wrong
    return Judgement(
        Verdict.FAILS if refuted else Verdict.HOLDS if shown else Verdict.UNDECIDED,
        predicted="both regions; the same side as theory",
        measured=(
            f"theory: samples win at {100 * share:.0f} % of the map at T = 0; simulation: right side at {right} of "
            f"{len(clear)} clear points of {len(simulated)}"
        ),
        tolerance="2 s.e. from equality",
    )


def _judge_difficulty(curves: Curves) -> Judgement:
    """T = 0, k as simulated: the gain of samples over data falls as the task gets harder, and changes its sign."""
    rows = select(curves, y_name="log_ratio", t=0)
    falls, sides, said = [], [], ""
    for k in sorted({int(each) for each in parameter(select(rows, source="simulation"), "k")}):
        theory, line = (select(rows, k=k, source=source).sort_values("x") for source in ("theory", "simulation"))
        line = line[line["x"] <= 2 * EASY]
        if len(line) < 2:
            return missing("inference_or_data.signal includes two of 0.1 to 2")
        falls.append(within(int(np.sum(np.diff(theory[theory["x"] <= EASY]["y"]) > 0)), 0, 0))
        easy, hard = line.iloc[0], line.iloc[-1]
        error = math.hypot(known(easy["y_err"], easy["n"]), known(hard["y_err"], hard["n"]))
        sides.append(exceeds(easy["y"] - hard["y"], 0, error))
        said = (
            f"k = {k}: {easy['y']:+.2f} ± {easy['y_err']:.2f} at D2/s2 = {easy['x']:.2f}, {hard['y']:+.2f} ± "
            f"{hard['y_err']:.2f} at {hard['x']:.2f}"
        )
    return Judgement(
        all_of([*falls, *sides]) if sides else Verdict.UNDECIDED,
        predicted=f"log δ(2n, k) - log δ(n, 2k) falls with D2/s2 up to {EASY:g}",
        measured=said,
        tolerance="theory monotone; simulation 2 s.e. at every k",
        needs="" if sides else "inference_or_data.signal",
    )


def _exponents(curves: Curves) -> tuple[dict[float, float], dict[float, float]]:
    """Return the exact exponent and that of Remark 6 by d/n, where the conditions of Remark 6 hold."""
    sigma2, gamma2 = SMALL_RIDGE
    rows = select(curves, sigma2=sigma2, gamma2=gamma2)
    rows = rows[rows["x"] <= LARGEST]
    exact, paper = (select(rows, law=law) for law in (EXACT, PAPER))
    return dict(zip(exact["x"], exact["y"], strict=True)), dict(zip(paper["x"], paper["y"], strict=True))


def _judge_small_ridge(curves: Curves) -> Judgement:
    exact, paper = _exponents(curves)
    return Judgement(
        all_of([exceeds(2, max(each.values())) for each in (exact, paper)]),
        predicted="below 2",
        measured=f"d/n <= {LARGEST:g}: at most {max(exact.values()):.3f} (one-point: {max(paper.values()):.2g})",
        tolerance="theory",
    )


def _judge_exponent(curves: Curves) -> Judgement:
    exact, paper = _exponents(curves)
    return Judgement(
        within(paper[LARGEST] / exact[LARGEST], 1, NUMBER),
        predicted=paper[LARGEST],
        measured=exact[LARGEST],
        tolerance=f"{100 * NUMBER:g} %",
    )


def work(config: BestOfKConfig) -> Work:
    """Return the work of both doublings at every simulated point, and of two maps at two temperatures."""
    maps = config.inference_or_data
    both = {*((each, 1.0) for each in maps.simulated), *((maps.d_over_n, each) for each in maps.signal)}
    d, points, heats = maps.dimension, maps.points, _heats(config)
    drawn = (
        maps.repeats
        * (posterior(d, data * d / d_over_n) + predictions(d, points, 1) + weighted(points, 1, len(heats), k))
        for d_over_n, _ in both
        for data, k in ((1, [2 * each for each in maps.simulated_k]), (2, maps.simulated_k))
    )
    setups = 2 * 2 * maps.columns  # of two maps, at n and at 2 n training samples
    of_maps = (setups * exact_error(3 * maps.rows // 2, t) for t in heats)
    return sum((*drawn, *of_maps), Work())


INFERENCE_OR_DATA = Part(
    name="inference-or-data",
    question="Where do more samples beat more data in the paper's units, and what does a harder task do to that?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Remark 6",
    claims=(
        Claim(
            "inference-beats-data-in-a-domain",
            "At T = 0 doubling the samples beats doubling the data in one domain of (d/n, k), and loses in another.",
            reads=(Panels.DOMAIN,),
            judge=_judge_domain,
            figure="abstract",
            needs={"inference_or_data.repeats": 20},
        ),
        Claim(
            "difficulty-degrades-advantage-over-data",
            "At T = 0 the advantage of more samples over more data degrades as the task gets harder.",
            reads=(Panels.DIFFICULTY,),
            judge=_judge_difficulty,
            figure="abstract",
            needs={"inference_or_data.repeats": 20},
        ),
        Claim(
            "samples-beat-data-where-ridge-is-small",
            "Where the ridge is small (sigma = 1, gamma = 10, d/n <= 0.08) the exponent of n is below 2, that of k.",
            reads=(Panels.EXPONENT,),
            judge=_judge_small_ridge,
            figure="Remark 6",
        ),
        Claim(
            "exponent-of-data-is-that-of-remark-6",
            "The exponent of n is the one of Remark 6 (sigma = 1, gamma = 10, d/n = 0.08).",
            reads=(Panels.EXPONENT,),
            judge=_judge_exponent,
            figure="Remark 6",
        ),
    ),
)
