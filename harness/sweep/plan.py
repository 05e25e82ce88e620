"""What does a sweep vary, and what does it look for? The axes and the metric of an experiment's `sweep:` block.

sweep:
  axes: {alpha: [0.7, 2, 4], tau: [1.5, 3]}                 # one point for each combination
  metric: {panel: "depth*", source: simulation, take: min}  # what `hydra/sweeper=optuna` minimises
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from solv.harness.settings import ConfigurationError, Group, defaults, describe, nearest_key, resolve, text
from solv.tracking.curves import Curves


class Metric(Group):
    """A number read from the curves of one point."""

    panel: str = text("*", "panels, as a shell pattern")
    params: str = text("*", "params of the curves as JSON, as a shell pattern")
    source: str = text("simulation", "theory, simulation or trained", choices=("theory", "simulation", "trained"))
    y_name: str = text("*", "ordinates, as a shell pattern")
    take: str = text("min", "which value of those", choices=("min", "max", "mean", "last"))

    def of(self, curves: Curves) -> float:
        """Return the metric of a point's curves.

        Raises:
            ConfigurationError: no row of the curves is meant.
        """
        rows = curves[curves["source"] == self.source]
        for column in ("panel", "params", "y_name"):
            rows = rows.loc[[fnmatchcase(value, getattr(self, column)) for value in rows[column]]]
        if rows.empty:
            raise ConfigurationError(
                f"sweep.metric: no {self.source} curve has panel {self.panel!r}, params {self.params!r}, y_name "
                f"{self.y_name!r}; there are panels {', '.join(sorted(set(curves['panel'])))}"
            )
        value = rows["y"].iloc[-1] if self.take == "last" else getattr(rows["y"], self.take)()
        return float(value)


@dataclass(frozen=True)
class SweepBlock:
    """The `sweep:` block of a preset.

    Attributes:
        axes: key -> values, one point each; or a sweep in Hydra's grammar, e.g. `range(1,5)`.
        metric: what a sweeper that searches minimises; None if the preset names none.
    """

    axes: Mapping[str, Sequence[Any] | str]
    metric: Metric | None

    def overrides(self, fixed: Sequence[str] = ()) -> list[str]:
        """Return the axes as overrides in Hydra's grammar, without those that are `fixed` on the command line."""
        left = {key: values for key, values in self.axes.items() if key not in fixed}
        return [f"{key}={_sweep(values)}" for key, values in left.items()]


def read_block(block: object, kind: type[Any]) -> SweepBlock:
    """Return the checked `sweep:` block of a composed configuration.

    Args:
        block: its content; None if the preset has none.
        kind: settings dataclass of the experiment.

    Raises:
        ConfigurationError: an unknown key, an axis without values.
    """
    if block is None:
        return SweepBlock({}, None)
    if not isinstance(block, Mapping) or set(block) - {"axes", "metric"}:
        raise ConfigurationError(f"sweep = {block} must hold `axes` and `metric` alone")
    axes = block.get("axes") or {}
    if not isinstance(axes, Mapping):
        raise ConfigurationError(f"sweep.axes = {axes} is not a table of keys and values")
    known = {key for key, _ in describe(kind)}
    for key, values in axes.items():
        if key not in known:
            raise ConfigurationError(f"sweep.axes: unknown key {key}; {nearest_key(kind, str(key))}")
        if not isinstance(values, list | str) or not values:
            raise ConfigurationError(f"sweep.axes.{key} = {values} is not a list of values")
    metric = block.get("metric")
    return SweepBlock(
        dict(axes), None if metric is None else resolve(Metric, {**defaults(Metric), **metric}, "sweep.metric.")
    )


def _sweep(values: Sequence[Any] | str) -> str:
    if isinstance(values, str):
        return values
    spelled = [_spell(value) for value in values]
    return f"choice({','.join(spelled)})"


def _spell(value: object) -> str:
    """Spell a value in Hydra's grammar."""
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, list):
        return f"[{','.join(map(_spell, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)
