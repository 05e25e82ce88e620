"""Part `spectra`: does a spectrum of the teacher change the exponent, and does one of the data without a softmax?

With softmax and cross-entropy the paper has 1/3 whatever the singular values i^-alpha of the teacher. With the squared
loss the exponent is the data's: inputs of variances i^-alpha are learned by L(tau) = sum_i i^-alpha e^(-2 tau i^-alpha)
/ 2, which falls as tau^(-(alpha - 1) / alpha).
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.counting import DRAW, PASS, grid_work
from solv.experiments.softmax_law.exponents import LONG
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.toy import (
    TAU,
    Cell,
    all_near,
    over_repeats,
    reading_steps,
    slopes_over,
    toy_teacher,
    train_cells,
)
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, all_of, missing
from solv.tracking.curves import Curves, Recorder, geometric_mean, pair, parameter, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("softmax-law", "spectra")
DECADE = 10.0  # of time at the end, over which exponents are read
SOFTMAX = 0.1  # how far an exponent may lie from 1/3: at one rate of Adam it is no plateau
SQUARED = 0.05  # how far an exponent may lie from that of gradient flow, for steps that are not small
BATCH = 512  # fresh inputs a step under the squared loss


class Panels(StrEnum):
    """The panels of this part."""

    TEACHER = "spectra-loss"
    EXPONENT = "spectra-exponent"
    DATA = "squared-loss"
    LAW = "squared-exponent"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return losses and exponents of both, against time and against the exponent of the spectrum."""
    sizes = config.spectra
    return [
        Panel(
            Panels.TEACHER,
            f"Softmax: teachers with singular values i^-α, T = {sizes.temperature:g}",
            TAU,
            "loss",
            x_scale="log",
            y_scale="log",
            series="α = {alpha}",
            ordered=True,
            slopes=(Slope(-1 / 3, 1.5, 1.0, sizes.rate * sizes.steps, "slope -1/3"),),
            figure="App. D.6",
        ),
        Panel(
            Panels.EXPONENT,
            "Softmax: exponent over the last decade",
            "α of the teacher",
            "exponent of the loss",
            y_limits=(-1, 0),
            series="Adam, rate {rate}",
            slopes=(Slope(0.0, -1 / 3, 0.0, 1.0, "-1/3"),),
            figure="App. D.6",
        ),
        Panel(
            Panels.DATA,
            "Squared loss: inputs with variances i^-α",
            TAU,
            "loss over that at the start",
            x_scale="log",
            y_scale="log",
            series="α = {alpha}",
            ordered=True,
            figure="App. D.6",
        ),
        Panel(
            Panels.LAW,
            "Squared loss: exponent over the last decade",
            "α of the data",
            "exponent of the loss",
            series="{of}",
            figure="App. D.6",
            note="-(α-1)/α is the limit of infinite width and time",
        ),
    ]


def with_spectrum(weights: Float[np.ndarray, "classes inputs"], alpha: float) -> Float[np.ndarray, "classes inputs"]:
    """Return the weights with singular values ~ i^-alpha in place of their own, of the same Frobenius norm."""
    left, values, right = np.linalg.svd(weights, full_matrices=False)
    power = np.arange(1, len(values) + 1.0) ** -alpha
    return np.asarray((left * power * (np.linalg.norm(values) / np.linalg.norm(power))) @ right)


def flow_loss(tau: Float[np.ndarray, "times"], alpha: float, width: int) -> Float[np.ndarray, "times"]:
    """Return the squared loss of gradient flow over that at the start, for a teacher with weights of one size."""
    variance = np.arange(1, width + 1.0) ** -alpha
    return np.asarray(np.exp(-2 * np.multiply.outer(tau, variance)) @ variance / variance.sum())


def squared_times(config: SoftmaxLawConfig) -> Float[np.ndarray, "times"]:
    """Return tau at which the squared loss is read."""
    return config.spectra.squared_rate * np.array(reading_steps(config.spectra.squared_steps), dtype=float)


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield gradient flow under the squared loss, and its law."""
    sizes, tau = config.spectra, squared_times(config)
    found = []
    for alpha in sizes.data:
        loss = flow_loss(tau, alpha, sizes.width)
        yield RECORD.theory(Panels.DATA, {"alpha": alpha}, x=("tau", tau), y=("loss", loss))
        found.append(slopes_over(tau, loss[None], DECADE)[1][0, -1])
    at = {"of": "gradient flow, same window", "width": sizes.width}
    yield RECORD.theory(Panels.LAW, at, x=("alpha", sizes.data), y=("exponent", found))
    fine = np.linspace(min(sizes.data), max(sizes.data), 40)
    law = ("exponent", -(fine - 1) / fine)
    yield RECORD.theory(Panels.LAW, {"of": "-(α-1)/α"}, x=("alpha", fine), y=law)


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield softmax students of teachers with a spectrum, and squared losses of data with one."""
    yield from _teachers(config, context)
    yield from _data(config, context)


def _teachers(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    sizes, read_at = config.spectra, reading_steps(config.spectra.steps)
    planned = [Cell(sizes.temperature, sizes.rate)] * len(sizes.teacher)
    found = []
    for repeat in range(config.toy.repeats):
        weights = [with_spectrum(toy_teacher(config, repeat), alpha) for alpha in sizes.teacher]
        found.append(
            train_cells(
                "toy spectra", planned, read_at, config, context, repeat, batch=config.toy.batch, teachers=weights
            )
        )
    losses, tau = over_repeats(found)["loss"], sizes.rate * np.array(read_at, dtype=float)
    for alpha, loss in zip(sizes.teacher, losses, strict=True):
        y, y_err, n = geometric_mean(loss)
        at = {"alpha": alpha, "rate": sizes.rate}
        yield RECORD.trained(Panels.TEACHER, at, x=("tau", tau), y=("loss", y), y_err=y_err, n=n)
        y, y_err, n = standard_error(slopes_over(tau, loss, DECADE)[1][:, -1])
        at = {"rate": sizes.rate, "steps": sizes.steps, "classes": config.toy.classes}
        yield RECORD.trained(Panels.EXPONENT, at, x=("alpha", alpha), y=("exponent", y), y_err=y_err, n=n)


def _data(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield online gradient descent: fresh inputs each step, the loss over all inputs read exactly."""
    sizes, tau = config.spectra, squared_times(config)
    read_at = set(reading_steps(sizes.squared_steps))
    variances = np.array([np.arange(1, sizes.width + 1.0) ** -alpha for alpha in sizes.data])

    def compute(repeat: int) -> dict[str, np.ndarray]:
        rng = context.seeds.numpy("squared loss", repeat)
        off = np.sign(rng.standard_normal((len(sizes.data), sizes.width)))  # W* - W, all weights of one size
        rows = []
        for step in range(1, sizes.squared_steps + 1):
            white = rng.standard_normal((BATCH, sizes.width))
            spread = np.sqrt(variances)
            errors = white @ (spread * off).T
            off -= sizes.squared_rate * spread * (errors.T @ white) / BATCH
            if step in read_at:
                rows.append((variances * off**2).sum(axis=1) / variances.sum(axis=1))
        return {"loss": np.array(rows).T}

    kept = context.units({f"squared loss {repeat}": partial(compute, repeat) for repeat in range(config.toy.repeats)})
    losses = np.stack([each["loss"] for each in kept.values()], axis=1)
    exponents = [standard_error(slopes_over(tau, loss, DECADE)[1][:, -1]) for loss in losses]
    for alpha, loss in zip(sizes.data, losses, strict=True):
        y, y_err, n = geometric_mean(loss)
        yield RECORD.simulation(Panels.DATA, {"alpha": alpha}, x=("tau", tau), y=("loss", y), y_err=y_err, n=n)
    mean, error, count = zip(*exponents, strict=True)
    at, x = {"of": "gradient flow, same window", "width": sizes.width}, ("alpha", sizes.data)
    yield RECORD.simulation(Panels.LAW, at, x=x, y=("exponent", mean), y_err=error, n=count)


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of the students of every teacher, and of the squared losses, where most is to draw inputs."""
    sizes, cell = config.spectra, Cell(config.spectra.temperature, config.spectra.rate)
    softmax = grid_work(config, [cell] * len(sizes.teacher), sizes.steps, batch=config.toy.batch, own_teachers=True)
    inputs = BATCH * sizes.width
    step = Work((PASS * DRAW + 4 * len(sizes.data)) * inputs, 15, 8 * inputs)
    return softmax + config.toy.repeats * sizes.squared_steps * step


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_teachers(curves: Curves) -> Judgement:
    rows = select(curves, panel=Panels.EXPONENT, source="trained")
    rows = rows[(parameter(rows, "steps") >= LONG) & (parameter(rows, "classes") >= 64)]
    if rows.empty:
        return missing(f"spectra.steps >= {LONG}, toy.classes >= 64")
    listed = ", ".join(f"α={row['x']:g}: {row['y']:.3f} ± {row['y_err']:.3f}" for _, row in rows.iterrows())
    return Judgement(
        all_of(all_near(rows, [-1 / 3] * len(rows), SOFTMAX)),
        predicted=-1 / 3,
        measured=listed,
        tolerance=f"{SOFTMAX:g} each, over the last decade",
    )


def _judge_data(curves: Curves) -> Judgement:
    rows = pair(curves[curves["panel"] == Panels.LAW.value])
    if rows.empty:
        return missing("spectra.squared_steps >= 20")
    worst = rows.iloc[int((rows["y"] - rows["theory"]).abs().argmax())]
    listed = ", ".join(
        f"α={row['x']:g}: {row['y']:.3f} ± {row['y_err']:.3f} (flow {row['theory']:.3f})" for _, row in rows.iterrows()
    )
    return Judgement(
        all_of(all_near(rows, rows["theory"].to_list(), SQUARED)),
        predicted="gradient flow's exponent in the same window",
        measured=listed,
        error=float(worst["y_err"]),
        tolerance=f"{SQUARED:g} each",
    )


SPECTRA = Part(
    name="spectra",
    question="Does a spectrum of the teacher change the exponent, and does one of the data without a softmax?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="App. D.6",
    claims=(
        Claim(
            "teacher-spectrum-keeps-the-exponent",
            "Teachers with singular values i^-α are learned with the exponent 1/3 for α from 0 to 1.",
            reads=(Panels.EXPONENT,),
            judge=_judge_teachers,
            figure="App. D.6",
            needs={"spectra.steps": 2000, "toy.repeats": 4},
        ),
        Claim(
            "squared-loss-has-the-datas-exponent",
            "Under the squared loss the exponent is that of the data's spectrum: a power law, not an exponential.",
            reads=(Panels.LAW,),
            judge=_judge_data,
            figure="App. D.6",
            needs={"toy.repeats": 4},
        ),
    ),
)
