"""Part `deep-linear`: how fast do deep linear networks learn that change their features? E7, (18) and (19)."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.counting import deep_theory, training
from solv.experiments.dmft.deep_networks import network_params
from solv.experiments.dmft.regression_problems import read_steps
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.deep_linear import DeepLinear, deep_linear_dynamics
from solv.tracking.curves import Curves, Recorder
from solv.tracking.panels import Panel

RECORD = Recorder("dmft", "deep-linear")


class Panels(StrEnum):
    """The panels of this part."""

    TEST = "deep-test"
    TRAIN = "deep-train"


def panels(config: DmftConfig) -> list[Panel]:
    """Return both losses against steps, for each depth."""
    return [
        Panel(
            panel, f"Deep linear network, H = {{hidden_layers}}, {kind}", "steps", f"{kind} loss", y_scale="log",
            facets=("hidden_layers",), series="γ₀={richness}, ν={width}", main=True,
        )
        for panel, kind in ((Panels.TEST, "test"), (Panels.TRAIN, "train"))
    ]  # fmt: skip


def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield both losses of every network at every step."""
    steps = np.arange(config.steps_deep)
    for network in _networks(config):
        solution = deep_linear_dynamics(network, config.steps_deep)
        at = network_params(network)
        yield RECORD.theory(Panels.TEST, at, x=("steps", steps), y=("test loss", solution.test_loss))
        yield RECORD.theory(Panels.TRAIN, at, x=("steps", steps), y=("train loss", solution.train_loss))


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield both losses of trained networks; of infinitely wide ones there is theory alone."""
    from solv.experiments.dmft.deep_training import train
    from solv.experiments.dmft.repeats import averaged

    read, size = read_steps(config.steps_deep, 12), config.deep
    networks = [network for network in _networks(config) if np.isfinite(network.width)]
    with context.progress.task("train deep linear networks", len(networks)) as step:
        for network in networks:
            losses = train(context, step, "deep", network, size.dimension, size.repeats, config.steps_deep)
            at = network_params(network)
            for panel, kind in ((Panels.TEST, "test"), (Panels.TRAIN, "train")):
                loss = averaged(f"{kind} loss", losses[kind][:, read])
                yield RECORD.trained(panel, at, x=("steps", read), **loss)


def _networks(config: DmftConfig) -> list[DeepLinear]:
    """Return the networks, grouped by depth."""
    return [
        DeepLinear(layers, richness, width, config.data, config.eta_deep, config.noise_deep)
        for layers in config.hidden_layers
        for richness in config.richness
        for width in config.width
    ]


def work(config: DmftConfig) -> Work:
    """Return the work of all networks, those of finite width trained, too."""
    size, steps = config.deep, config.steps_deep
    networks = _networks(config)
    trained = [training(each, size.dimension, size.repeats, steps) for each in networks if np.isfinite(each.width)]
    return sum([*trained, *(deep_theory(each, steps) for each in networks)], Work())


DEEP_LINEAR = Part(
    name="deep-linear",
    question="How fast do deep linear networks learn that change their features?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
