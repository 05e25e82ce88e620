"""An experiment that is installed nowhere, as a cell of a notebook defines one: y = a / x, measured with noise."""

from enum import StrEnum

import numpy as np

from solv.harness.contract import Experiment, Part
from solv.harness.entry import Entry, Paper
from solv.harness.settings import Group, RunSettings, group, integer, reals
from solv.tracking.claims import Claim, Judgement, Verdict
from solv.tracking.curves import Recorder
from solv.tracking.panels import Panel


class Panels(StrEnum):
    LAW = "law"


class Size(Group):
    repeats: int = integer(8, "repeats", least=2, most=10_000)


class OwnConfig(RunSettings):
    a: tuple[float, ...] = reals([1, 2], "amplitude", above=0)
    size: Size = group(Size, "of the simulation")


def own_experiment(name="own-law", offset=0.0, on_unit=lambda a: None, **changes):
    """Return the experiment; `on_unit` is told each unit of work, `changes` are those of its part."""
    record = Recorder(name, "law")
    x = np.array([1.0, 2.0, 4.0])

    def predict(config):
        for a in config.a:
            yield record.theory(Panels.LAW, {"a": a}, x=("x", x), y=("y", a / x))

    def measure(config, context):
        for a in config.a:

            def compute(a=a):
                on_unit(a)
                return {"noise": 0.01 * context.seeds.numpy("noise", a).standard_normal(len(x))}

            noise = context.unit(f"a={a}", compute)["noise"]
            yield record.simulation(
                Panels.LAW, {"a": a}, x=("x", x), y=("y", a / x + offset + noise), y_err=0.01, n=config.size.repeats
            )

    def judge(curves):
        return Judgement(Verdict.HOLDS, 1.0, float(curves["y"].max()))

    part = {
        "question": "Is it one over x?",
        "names": Panels,
        "panels": lambda config: [Panel(Panels.LAW, "A law", "x", "y", series="a={a}")],
        "predict": predict,
        "measure": measure,
        "claims": (Claim("positive", "y is positive", (Panels.LAW,), judge, needs={"size.repeats": 4}),),
    }
    entry = Entry(name, Paper("A law", "nobody", "0000.00000"), "Is it?", ("a",), {}, "", "")
    return Experiment(entry, OwnConfig, (Part(name="law", **{**part, **changes}),))
