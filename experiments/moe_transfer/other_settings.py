"""Part `other-settings`: are initialisation, router and bias set best by the same factors at two sizes?"""

from collections.abc import Iterator
from enum import StrEnum

from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.experiments.moe_transfer.sizes import (
    SCALED,
    models,
    rates_of,
    scan_work,
    seeds_of,
    trained_first,
    training_work,
)
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.curves import Curves, Recorder, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "other-settings")


class Panels(StrEnum):
    """The panels of this part, one for each setting."""

    INIT = "setting-init"
    ROUTER = "setting-router"
    BALANCE = "setting-balance"


TITLES = {
    Panels.INIT: "Deviation of all matrices",
    Panels.ROUTER: "Rate of the router",
    Panels.BALANCE: "Rate of the balance bias",
}
PANELS = {"init": Panels.INIT, "router": Panels.ROUTER, "balance": Panels.BALANCE}


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss against the factor of each setting."""
    if "settings" not in config.work:
        return []
    return [
        Panel(
            PANELS[name],
            f"{TITLES[PANELS[name]]}",
            "log2 of its factor",
            "training loss (nats)",
            series="N={width} L={layers} E={experts} H={hidden}",
            ordered=True,
        )
        for name in config.transfer.knobs
    ]


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield nothing: that the curves of two sizes lie alike is all that theory says."""
    yield from ()


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the loss at the middle learning rate of the ladder's first two sizes against every setting's factor."""
    if "settings" not in config.work:
        return
    from solv.experiments.moe_transfer.transformers import Laboratory

    settings = config.transfer
    laboratory = Laboratory(settings, context)
    small = models(settings, "ladder")[:2]
    powers = sorted(set(settings.knob_powers) - {0})
    with context.progress.task("scan other settings", len(small) * len(settings.knobs)) as step:
        for name in settings.knobs:
            for model in small:
                at = {"table": SCALED, "steps": settings.steps, **model.params}
                y, y_err, n = standard_error(laboratory.knob(SCALED, model, name))
                yield RECORD.trained(PANELS[name], at, x=("log2 factor", powers), y=("loss", y), y_err=y_err, n=n)
                rates, seeds = rates_of(settings, SCALED), seeds_of(settings, model)
                middle = rates[len(rates) // 2]
                unscaled = laboratory.at_rate(SCALED, model, settings.steps, seeds, middle)["scores"]
                y, y_err, n = standard_error(unscaled)
                yield RECORD.trained(PANELS[name], at, x=("log2 factor", 0), y=("loss", y), y_err=y_err, n=n)
                step.advance(note=f"{name} {model.name}")


def work(config: MoeTransferConfig) -> Work:
    """Return the work of a copy for every factor, and of the unscaled models unless `learning-rate` trains them."""
    if "settings" not in config.work:
        return Work()
    settings, small, first = config.transfer, models(config.transfer, "ladder")[:2], trained_first(config)
    factors = len(set(settings.knob_powers) - {0})
    scaled = sum((training_work(settings, model, factors, settings.steps) for model in small), Work())
    new = [model for model in small if (SCALED, model.name) not in first]
    unscaled = (scan_work(settings, SCALED, model, settings.steps) for model in new)
    return scaled * len(settings.knobs) + sum(unscaled, Work())


OTHER_SETTINGS = Part(
    name="other-settings",
    question="Do the settings beside the learning rate have the same best value at two sizes?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
