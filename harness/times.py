"""How long does a part take? CPU seconds of one core, as `benchmarks/part_times.py` measured them."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources


def cpu_seconds(experiment: str, preset: str) -> Mapping[str, float]:
    """Return part -> CPU seconds of an experiment's preset; empty where nothing was measured."""
    return _times().get(experiment, {}).get(preset, {})


@cache
def _times() -> dict[str, dict[str, dict[str, float]]]:
    times: dict[str, dict[str, dict[str, float]]] = json.loads(
        resources.files("solv.results").joinpath("times.json").read_text(encoding="utf-8")
    )
    return times
