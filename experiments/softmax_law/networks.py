"""Part `networks`: do networks have the exponent of the linear student? MLPs, and a bigram language model."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.counting import DIVERGENCE, DRAW, PASS, growing_steps
from solv.experiments.softmax_law.exponents import (
    LATE_LAW,
    LEAST,
    Fit,
    fit_curves,
    fitted,
    listed,
    long_enough,
    near,
)
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.students import TIME, rates, reading_steps, reading_times
from solv.experiments.softmax_law.teachers import teacher_weights
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.softmax_law.loss import loss_exponent
from solv.tracking.claims import Claim, Judgement, all_of, missing
from solv.tracking.curves import Curves, Params, Recorder, geometric_mean, parameter, select
from solv.tracking.panels import Panel, Slope

if TYPE_CHECKING:
    from solv.models.softmax_law.networks import Course

RECORD = Recorder("softmax-law", "networks")
NORMALISED_MLP, MLP, BIGRAM = "normalised MLP", "MLP", "bigram"
READINGS = 26  # of a training
UNIT_PASSES, LOGIT_PASSES = 12, 12  # through hidden units and logits in a step, forwards and backwards
NETWORK = ("network", 0)  # the abscissa is made from the params
NORMALISED = 0.05  # how far an exponent beside 1/3 may lie: features that are learned meanwhile change the constant
LAWS = {NORMALISED_MLP: loss_exponent(), MLP: loss_exponent(layers=2), BIGRAM: -1.0}


class Panels(StrEnum):
    """The panels of this part; `network-fits` holds windows and intervals of the fits, and growth of the logits."""

    LOSS = "networks"
    EXPONENT = "network-exponent"
    FITS = "network-fits"


@dataclass(frozen=True)
class Network:
    """A network that is trained.

    Attributes:
        params: what tells its curves from those of others.
        schedule: learning rate of each step.
        judged: whether its exponent is that of a law: the bigram language of a finite beta has none.
    """

    params: Params
    schedule: Float[np.ndarray, "steps"]
    judged: bool = True


def networks(config: SoftmaxLawConfig) -> list[Network]:
    """Return the networks, in the order in which they are drawn."""
    sizes, shape = config.networks, {"classes": config.classes[0], "dimension": config.dimension[0]}
    mlp = {**shape, "beta": math.inf, "hidden": sizes.hidden, "batch": sizes.batch}
    bigram = {
        "network": BIGRAM,
        "tokens": sizes.tokens,
        "width": sizes.width,
        "zipf": sizes.zipf,
        "rate": sizes.bigram_rate,
    }
    plain = np.full(math.ceil(sizes.plain_horizon / sizes.plain_rate), sizes.plain_rate)
    constant = np.full(math.ceil(sizes.bigram_horizon / sizes.bigram_rate), sizes.bigram_rate)
    return [
        Network(
            {"network": NORMALISED_MLP, **mlp, "rate": config.rate, "first_rate": sizes.first_rate},
            rates(math.inf, config, config.classes[0]),
        ),
        Network({"network": MLP, **mlp, "rate": sizes.plain_rate}, plain),
        Network({**bigram, "beta": math.inf}, constant),
        Network({**bigram, "beta": sizes.bigram_beta}, constant, judged=False),
    ]


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return the losses against time, and the exponents over the last factor ten in time."""
    return [
        Panel(
            Panels.LOSS,
            "Networks: loss against time",
            TIME,
            "loss: divergence from the target",
            x_scale="log",
            y_scale="log",
            series=_name,
            slopes=(Slope(-1 / 3, 4.0, 100, 1e4, "slope -1/3"), Slope(-1.0, 3.0, 30, 1000, "slope -1")),
        ),
        Panel(
            Panels.EXPONENT,
            "Exponent of the loss, one-hot target: networks",
            "",
            "exponent",
            series=_name,
            category=("network",),
            slopes=(Slope(0.0, -1 / 3, -0.5, len(LAWS) - 0.5, "-1/3"),),
            note="dashes: laws of late times",
        ),
        Panel(Panels.FITS, "Windows and intervals of these fits, growth of the logits", "", "", drawn=False),
    ]


def _name(params: Mapping[str, Any]) -> str:
    return str(params["network"]) + ("" if math.isinf(params["beta"]) else f", β={params['beta']:g}")


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield the laws of late times, and the windows of the fits."""
    for network in networks(config):
        if network.judged:
            at, end = network.params, reading_times(network.schedule)[-1]
            yield RECORD.theory(Panels.EXPONENT, at, x=NETWORK, y=("exponent", LAWS[str(at["network"])]))
            yield RECORD.theory(Panels.FITS, at, x=NETWORK, y=("start", end / 10))
            yield RECORD.theory(Panels.FITS, at, x=NETWORK, y=("end", end))


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield losses and exponents of the trained networks."""
    planned = networks(config)
    with context.progress.task("train networks", len(planned)) as step:
        for network in planned:
            at, s, name = network.params, reading_times(network.schedule), _name(network.params)
            course = context.unit(f"network {name}", _training(network, config, context))
            y, y_err, n = geometric_mean(np.maximum(course["loss"], LEAST))
            yield RECORD.trained(Panels.LOSS, at, x=("s", s), y=("loss", y), y_err=y_err, n=n)
            fit, growth = (fitted(s, course[each], s[-1] / 10) for each in ("loss", "scale"))
            if fit is not None and growth is not None and network.judged:
                yield from _fits(at, fit, growth)
            step.advance(note=name)


def _fits(at: Params, fit: Fit, growth: Fit) -> Iterator[Curves]:
    yield from fit_curves(RECORD, Panels.EXPONENT, Panels.FITS, at, NETWORK, [fit])
    yield RECORD.trained(
        Panels.FITS, at, x=NETWORK, y=("scale_exponent", growth.exponent), y_err=growth.error, n=growth.repeats
    )


def _training(network: Network, config: SoftmaxLawConfig, context: Context) -> Callable[[], dict[str, np.ndarray]]:
    def compute() -> dict[str, np.ndarray]:
        train = _train_bigram if network.params["network"] == BIGRAM else _train_mlp
        course = train(network, config, context)
        return {"loss": course.loss.cpu().numpy(), "scale": course.scale.cpu().numpy()}

    return compute


def _train_mlp(network: Network, config: SoftmaxLawConfig, context: Context) -> "Course":
    """Train the MLPs on the linear students' teachers; the first layer at a rate of its own, if one is given."""
    import torch

    from solv.models.softmax_law.networks import train_mlp
    from solv.models.softmax_law.student import draw_inputs

    normalised = network.params["network"] == NORMALISED_MLP
    name = "normalised" if normalised else "plain"
    inputs, batches = (
        [context.seeds.torch("mlp", use, name, r, device=context.device) for r in range(config.repeats)]
        for use in ("inputs", "training")
    )
    return train_mlp(
        draw_inputs(inputs, config.samples, config.dimension[0]),
        torch.as_tensor(teacher_weights(config, config.classes[0])),
        [(config.networks.first_rate if normalised else rate, rate) for rate in network.schedule.tolist()],
        reading_steps(network.schedule),
        batches,
        hidden=config.networks.hidden,
        batch=config.networks.batch,
        normalised=normalised,
    )


def _train_bigram(network: Network, config: SoftmaxLawConfig, context: Context) -> "Course":
    """Train the bigram model on the language of one beta, by the exact expected loss."""
    import torch

    from solv.data.softmax_law.bigram_language import draw_bigram_language
    from solv.models.softmax_law.networks import train_bigram

    sizes, seeds, beta = config.networks, context.seeds, float(str(network.params["beta"]))
    languages = [
        draw_bigram_language(sizes.tokens, beta, seeds.numpy("bigram", r), zipf=sizes.zipf)
        for r in range(config.repeats)
    ]
    return train_bigram(
        torch.as_tensor(languages[0].unigram, device=context.device),
        torch.as_tensor(np.stack([each.log_conditional for each in languages]), device=context.device),
        network.schedule.tolist(),
        reading_steps(network.schedule),
        [seeds.torch("bigram", "embedding", r, device=context.device) for r in range(config.repeats)],
        width=sizes.width,
    )


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of the MLPs, of the bigram models, and of what is read of both."""
    sizes, classes, d = config.networks, config.classes[0], config.dimension[0]
    plain = sizes.plain_horizon / sizes.plain_rate
    touched = UNIT_PASSES * sizes.hidden + LOGIT_PASSES * classes + DRAW * d
    inputs = sizes.batch * config.repeats
    mlp = Work((6 * sizes.hidden * (d + classes) + PASS * touched) * inputs, 60)
    logits = config.repeats * sizes.tokens**2
    bigram = Work((6 * sizes.width + PASS * LOGIT_PASSES) * logits, 40, 8 * 6 * logits)
    read = config.repeats * config.samples
    reading = Work(PASS * read * (DIVERGENCE * classes + sizes.hidden), 30, 8 * read * (4 * classes + sizes.hidden))
    steps = growing_steps(config, config.horizon) + plain
    return mlp * steps + 2 * (sizes.bigram_horizon / sizes.bigram_rate) * bigram + 2 * READINGS * reading


# -- claims --------------------------------------------------------------------------------------------------------

LONGER = "horizons of networks with 5 points in their last factor ten"


def _judge_normalised(curves: Curves) -> Judgement:
    """The paper says it of networks whose last layer sees inputs of a fixed norm."""
    rows = _judged(curves)
    rows = rows[parameter(rows, "network") == NORMALISED_MLP]
    if rows.empty:
        return missing(LONGER)
    growth = select(curves, panel=Panels.FITS, y_name="scale_exponent").set_index("params")["y"]
    scales = ", ".join(f"{growth[params]:.2f}" for params in rows["params"])
    return Judgement(
        all_of(near(row, -1 / 3, NORMALISED) for _, row in rows.iterrows()),
        predicted=-1 / 3,
        measured=f"{listed(rows, _name)}; logit scale: {scales}",
        tolerance=f"{NORMALISED:g}, over the last factor ten in time",
    )


def _judge_other_laws(curves: Curves) -> Judgement:
    """The normalised MLP is left out: it goes on to learn features."""
    rows = _judged(curves)
    rows = rows[parameter(rows, "network").isin([MLP, BIGRAM])]
    if len(rows) < 2:
        return missing(LONGER)
    theory = select(curves, panel=Panels.EXPONENT, source="theory").set_index("params")["y"]
    laws = [float(theory[params]) for params in rows["params"]]
    return Judgement(
        all_of(near(row, law, LATE_LAW) for (_, row), law in zip(rows.iterrows(), laws, strict=True)),
        predicted=", ".join(f"{law:.2f}" for law in laws),
        measured=listed(rows, _name),
        tolerance=f"{LATE_LAW:g}, over the last factor ten in time",
    )


def _judged(curves: Curves) -> Curves:
    """Return the measured exponents whose window ends late enough."""
    rows = select(curves, panel=Panels.EXPONENT, source="trained")
    return long_enough(rows, select(curves, panel=Panels.FITS))


NETWORKS = Part(
    name="networks",
    question="Do MLPs and a bigram language model have the exponent of the linear student?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "universality-of-networks",
            "An MLP whose hidden layer is normalised has the linear student's exponent.",
            reads=(Panels.EXPONENT, Panels.FITS),
            judge=_judge_normalised,
            figure="App. D.8",
            needs={"networks.plain_horizon": 600, "networks.bigram_horizon": 1000, "repeats": 4},
        ),
        Claim(
            "layers-and-contexts-set-the-exponent",
            "Two layers that grow have the exponent -H/(H + 2) = -1/2, a finite table of contexts has -1 (derived "
            "here).",
            reads=(Panels.EXPONENT, Panels.FITS),
            judge=_judge_other_laws,
            needs={"networks.plain_horizon": 600, "networks.bigram_horizon": 1000, "repeats": 4},
        ),
    ),
)
