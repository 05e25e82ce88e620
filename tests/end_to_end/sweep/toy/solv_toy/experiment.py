"""What is the smallest experiment that can be swept, killed and resumed? y = slope x^2, measured with noise.

The environment makes it misbehave: TOY_SECONDS sleeps in every cell; TOY_UNTIL=FILE waits in each until there is
that file; TOY_FAIL_AT=X raises at that x; TOY_DIE_AT=X kills the process at that x, once (the file TOY_MARK says that
it has) or, with TOY_MARK unset, always.
"""

import os
import signal
import time
from enum import StrEnum
from pathlib import Path

import numpy as np

from solv.harness.contract import Experiment, Part
from solv.tracking.claims import Claim, Judgement, exceeds
from solv.tracking.curves import Recorder, select, standard_error
from solv.tracking.panels import Panel
from solv_toy import ENTRY
from solv_toy.settings import ToyConfig

RECORD = Recorder("toy", "parabola")


class Panels(StrEnum):
    PARABOLA = "parabola"


def panels(config):
    return [Panel(Panels.PARABOLA, "A parabola", "x", "y", series="slope={slope}")]


def predict(config):
    y = [config.slope * x * x for x in config.x]
    yield RECORD.theory(Panels.PARABOLA, {"slope": config.slope}, x=("x", config.x), y=("y", y))


def measure(config, context):
    for x in config.x:
        noise = [
            context.unit(f"x={x:g} cell {cell}", lambda x=x, cell=cell: _measure(x, cell, context))["noise"]
            for cell in range(config.cells)
        ]
        mean, error, n = standard_error(config.slope * x * x + config.offset + np.concatenate(noise))
        at = {"slope": config.slope}
        yield RECORD.simulation(Panels.PARABOLA, at, x=("x", x), y=("y", mean), y_err=error, n=n)


def _measure(x, cell, context):
    time.sleep(float(os.environ.get("TOY_SECONDS", "0")))
    until = os.environ.get("TOY_UNTIL")
    while until and not Path(until).exists():
        time.sleep(0.02)
    if os.environ.get("TOY_FAIL_AT") == f"{x:g}":
        raise ArithmeticError(f"no result at x = {x:g}")
    mark = os.environ.get("TOY_MARK")
    if os.environ.get("TOY_DIE_AT") == f"{x:g}" and not (mark and Path(mark).exists()):
        if mark:
            Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"noise": 0.1 * context.seeds.numpy("noise", x, cell).standard_normal(8)}


def _judge(curves):
    measured = select(curves, source="simulation").iloc[-1]
    verdict = exceeds(measured["y"], -9, measured["y_err"])
    return Judgement(verdict, "> -9", measured["y"], error=measured["y_err"])


PARABOLA = Part(
    name="parabola",
    question="Is it a parabola?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(Claim("positive", "y > -9", (Panels.PARABOLA,), _judge, needs={"cells": 2}),),
)
EXPERIMENT = Experiment(ENTRY, ToyConfig, (PARABOLA,))
