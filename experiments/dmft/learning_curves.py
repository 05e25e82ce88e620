"""Part `learning-curves`: how do train and test loss of linear regression fall, for few and for many samples?

In the paper's quantities: alpha = P/N with N the input dimension (our D), gradient flow on |f - y|^2/P, a test loss
|w - beta*|^2/N + sigma^2 that includes the noise of the labels; sigma = 0.1.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise

import numpy as np

from solv.experiments.dmft.counting import FLOAT, NORMAL, SYMMETRIC_MODES
from solv.experiments.dmft.regression_problems import count
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.random_feature_dynamics import LossCurves
from solv.theory.dmft.regression_flow import regression_flow_losses
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, parameter, select
from solv.tracking.panels import Panel

RECORD = Recorder("dmft", "learning-curves")
RATIOS = (0.25, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 4.0)  # P/D that are simulated against P/D
EARLIEST, LATEST = 0.1, 1e4
RESOLVED = 1e-8  # a training loss is a difference: below this it is rounding, in theory and in the simulation
PEAK = 1.0
THEORY_CALLS = 1e5  # that take as long as the closed forms: 0.1 s
FLOOR_OFF = 0.05  # of sigma2: how far the training loss may be off its floor


class Panels(StrEnum):
    """The panels of this part."""

    TIME = "flow-losses"
    SAMPLES = "sample-size"


def panels(config: DmftConfig) -> list[Panel]:
    """Return both losses against time, and against the number of samples."""
    return [
        Panel(
            Panels.TIME, "Train and test, gradient flow: σ² = {noise}", "time t", "loss, noise included",
            x_scale="log", y_scale="log", y_limits=(1e-4, None), facets=("noise",), series="α={alpha}, {loss}",
            figure="linear regression",
        ),
        Panel(
            Panels.SAMPLES, "Train and test against samples, t = {time}", "samples α = P/N",
            "loss, noise included", x_scale="log", y_scale="log", y_limits=(1e-4, None), facets=("time",),
            series="{loss}", figure="linear regression",
        ),
    ]  # fmt: skip


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield train and test loss by (15), sigma2 added to the test loss."""
    learning = config.learning
    times = np.unique(np.concatenate([np.geomspace(EARLIEST, LATEST, 81), read_times()]))
    for alpha in learning.alpha:
        for loss, y in _losses(regression_flow_losses(1 / alpha, learning.noise, times), learning.noise).items():
            yield RECORD.theory(Panels.TIME, _along_time(config, alpha, loss), x=("time", times), y=("loss", y))
    ratios = np.unique(np.concatenate([np.geomspace(RATIOS[0], RATIOS[-1], 49), RATIOS]))
    late = np.array(learning.times)
    at_ratio = [_losses(regression_flow_losses(1 / alpha, learning.noise, late), learning.noise) for alpha in ratios]
    for index, time in enumerate(learning.times):
        for loss in ("train", "test"):
            level = np.array([losses[loss][index] for losses in at_ratio])
            at = _along_samples(config, time, loss)
            yield RECORD.theory(Panels.SAMPLES, at, x=("alpha", ratios), y=("loss", level))


def read_times() -> np.ndarray:
    """Return the times at which simulated losses are read."""
    return np.geomspace(EARLIEST, LATEST, 16)


def _losses(found: LossCurves, noise: float) -> dict[str, np.ndarray]:
    return {"train": np.maximum(found.train, RESOLVED), "test": found.test + noise}


def _along_time(config: DmftConfig, alpha: float, loss: str) -> dict[str, object]:
    return {"alpha": alpha, "loss": loss, "noise": config.learning.noise}


def _along_samples(config: DmftConfig, time: float, loss: str) -> dict[str, object]:
    return {"time": time, "loss": loss, "noise": config.learning.noise}


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield the losses of drawn regressions, whose flow is solved exactly."""
    from solv.experiments.dmft.flow_simulation import regression_losses
    from solv.experiments.dmft.repeats import averaged

    learning, late = config.learning, np.array(config.learning.times)
    ratios = sorted({*RATIOS, *learning.alpha})
    times = np.unique(np.concatenate([read_times(), late]))
    found = {}
    with context.progress.task("simulate gradient flow of linear regression", len(ratios)) as step:
        for alpha in ratios:
            d = learning.dimension
            arrays = regression_losses(context, step, d, count(alpha, d), learning.noise, learning.repeats, times)
            found[alpha] = _losses(LossCurves(**arrays), learning.noise)
    early = np.isin(times, read_times())
    for alpha in learning.alpha:
        for loss in ("train", "test"):
            along = averaged("loss", found[alpha][loss][:, early])
            yield RECORD.simulation(Panels.TIME, _along_time(config, alpha, loss), x=("time", times[early]), **along)
    for time in late:
        for loss in ("train", "test"):
            column = np.stack([found[alpha][loss][:, times == time][:, 0] for alpha in RATIOS], axis=1)
            yield RECORD.simulation(
                Panels.SAMPLES,
                _along_samples(config, float(time), loss),
                x=("alpha", RATIOS),
                **averaged("loss", column),
            )


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_peak(curves: Curves) -> Judgement:
    """Early the test loss falls with every sample; late it rises up to alpha = 1, where the training loss vanishes."""
    rows = select(curves, panel=Panels.SAMPLES)
    rows = rows.assign(time=parameter(rows, "time").astype(float))
    if rows["time"].nunique() < 2 or rows["time"].max() < LATEST:
        return missing("learning.times holds an early time and 10000")
    noise = float(parameter(rows, "noise").iloc[0])
    if noise == 0:
        return missing("learning.noise > 0")
    verdicts, levels = [], []
    for source in ("theory", "simulation"):
        own = select(rows, source=source)
        early, late = (select(own[own["time"] == end()], loss="test").sort_values("x") for end in
                       (own["time"].min, own["time"].max))  # fmt: skip
        verdicts += _steps(early[early["x"].isin(RATIOS)], falling=True)
        before = late[late["x"].isin((0.7, PEAK))]
        after = late[late["x"].isin((PEAK, 1.5))]
        verdicts += _steps(before, falling=False) + _steps(after, falling=True)
        peak, valley = (float(late[late["x"] == at]["y"].iloc[0]) for at in (PEAK, 0.7))
        levels.append(f"{source}: {valley:.3f} at α = 0.7, {peak:.3f} at 1")
        train = select(own[own["time"] == own["time"].max()], loss="train")
        for point in train[train["x"].isin((0.5, 2.0))].to_dict("records"):
            floor = noise * max(0.0, 1 - 1 / point["x"])
            error = known(point["y_err"], point["n"]) if point["x"] > PEAK else 0.0  # below, zero to rounding
            verdicts.append(within(point["y"], floor, FLOOR_OFF * noise, error, sigmas=3))
    return Judgement(
        all_of(verdicts),
        predicted="late: a peak at α = 1; train 0 below and σ²(1 - 1/α) above",
        measured="; ".join(levels),
        tolerance=f"each step by 3 s.e.; train to {100 * FLOOR_OFF:g} % of σ²",
    )


def _steps(line: Curves, *, falling: bool) -> list[Verdict]:
    points = line.to_dict("records")
    found = []
    for low, high in pairwise(points):
        change = high["y"] - low["y"]
        error = float(np.hypot(known(low["y_err"], low["n"]), known(high["y_err"], high["n"])))
        found.append(exceeds(-change if falling else change, 0, error, sigmas=3))
    return found


def work(config: DmftConfig) -> Work:
    """Return the work of the drawn regressions; closed forms are quick at any size."""
    learning, d = config.learning, config.learning.dimension
    drawn = d * sum(count(alpha, d) for alpha in {*RATIOS, *learning.alpha})
    largest = d * count(max(*RATIOS, *learning.alpha), d)
    ratios, times = len({*RATIOS, *learning.alpha}), len(read_times()) + len(learning.times)
    products = 4 * d * drawn + ratios * SYMMETRIC_MODES * d**3  # Gram matrix and rotation; eigendecompositions
    one = Work(NORMAL * drawn + products, ratios * 14 * times, FLOAT * (2 * largest + 3 * d**2))
    return one * learning.repeats + Work(calls=THEORY_CALLS)


LEARNING_CURVES = Part(
    name="learning-curves",
    question="How do train and test loss of linear regression fall, for few and for many samples?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "interpolation-peak",
            "Early in training more samples always help; late the test loss peaks at α = 1, where training reaches 0.",
            reads=(Panels.SAMPLES,),
            judge=_judge_peak,
            figure="linear regression",
            needs={"learning.repeats": 32},
        ),
    ),
)
