"""What is the smallest experiment that can be swept, killed and resumed? y = slope x^2, measured with noise.

The environment makes it misbehave: TOY_SECONDS sleeps in every cell; TOY_FAIL_AT=X raises at that x; TOY_DIE_AT=X
kills the process at that x, once (the file TOY_MARK says that it has) or, with TOY_MARK unset, always.
"""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solv.harness import catalog
from solv.harness.settings import RunSettings, integer, real, reals
from solv.tracking.claims import Claim, exceeds
from solv.tracking.curves import curve, join_curves, standard_error
from solv.tracking.figures import Panel


@dataclass(frozen=True)
class ToyConfig(RunSettings):
    """Settings of the toy."""

    x: tuple[float, ...] = reals([1, 2, 3], "abscissae")
    slope: float = real(1, "slope")
    cells: int = integer(2, "units of work for each x", least=1)


class Toy:
    """The experiment, as `solv.harness.contract.Experiment` describes it."""

    entry = catalog.entry("toy")
    Config = ToyConfig

    def panels(self, config):
        return [Panel("parabola", f"slope {config.slope:g}", "x", "y")]

    def predict(self, config):
        return _curve(config, "theory", [config.slope * x * x for x in config.x])

    def measure(self, config, context):
        parts = []
        for x in config.x:
            noise = [
                context.unit(f"x={x:g} cell {cell}", lambda x=x, cell=cell: _measure(x, cell, context))["noise"]
                for cell in range(config.cells)
            ]
            mean, error, n = standard_error(config.slope * x * x + np.concatenate(noise))
            parts.append(_curve(config, "simulation", [mean], x=[x], y_err=error, n=n))
        return join_curves(parts)

    def claims(self, curves):
        measured = curves[curves["source"] == "simulation"].iloc[-1]
        return [Claim("positive", "y > -9", "> -9", measured["y"], exceeds(measured["y"], -9, measured["y_err"]))]


EXPERIMENT = Toy()


def _curve(config, source, y, x=None, **repeats):
    place = {"experiment": "toy", "panel": "parabola", "series": f"slope={config.slope:g}", "source": source}
    return curve(**place, x_name="x", x=x or list(config.x), y_name="y", y=y, **repeats)


def _measure(x, cell, context):
    time.sleep(float(os.environ.get("TOY_SECONDS", "0")))
    if os.environ.get("TOY_FAIL_AT") == f"{x:g}":
        raise ArithmeticError(f"no result at x = {x:g}")
    mark = os.environ.get("TOY_MARK")
    if os.environ.get("TOY_DIE_AT") == f"{x:g}" and not (mark and Path(mark).exists()):
        if mark:
            Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"noise": 0.1 * context.seeds.numpy("noise", x, cell).standard_normal(8)}
