"""What does `solv show NAME --cost` print? A row a part: operations, memory, and time on the device at hand."""

import math
from typing import Any

import typer

from solv.cli.tables import print_rows
from solv.harness.contract import Experiment
from solv.harness.settings import RunSettings

_PREFIXES = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
DAY = 86400  # seconds
_NOTE = (
    "Time: that of the quick preset on one core, measured, times the ratio of the work, for the speed of {device} "
    "(products {rate}FLOP/s, a call {latency}). Memory: of arrays, besides Python and torch."
)


def print_costs(experiment: Experiment[Any], settings: RunSettings) -> None:
    """Print what the parts that the settings choose will cost.

    Raises:
        ConfigurationError: the device of the settings is unknown or not present.
    """
    from solv.harness.cost import estimate, measure, memory_of
    from solv.harness.devices import choose_device

    device = choose_device(settings.device)
    speed = measure(device)
    costs = estimate(experiment, settings, speed)
    rows = [
        [
            cost.part,
            _amount(cost.work.flops) if cost.work else "-",
            _bytes(cost.work.memory) if cost.work else "-",
            duration(cost.seconds),
        ]
        for cost in costs
    ]
    known = [cost.seconds for cost in costs if math.isfinite(cost.seconds)]
    counted = [cost.work for cost in costs if cost.work]
    rows.append(
        [
            "all",
            _amount(sum(work.flops for work in counted)),
            _bytes(max((work.memory for work in counted), default=0.0)),
            duration(sum(known)),
        ]
    )
    print_rows("", ["part", "FLOPs", "memory", f"time, {'one core' if device == 'cpu' else device}"], rows)
    where = "one core here" if device == "cpu" else device
    note = _NOTE.format(device=where, rate=_amount(speed.rate), latency=f"{1e6 * speed.latency:.2g} µs")
    typer.echo(note)
    there = memory_of(device)
    if large := [cost.part for cost in costs if cost.work and cost.work.memory > there]:
        typer.echo(f"More memory than the {_bytes(there)} that are here: {', '.join(large)}.")


def duration(seconds: float) -> str:
    """Return an estimated time with the digits that it is worth: "< 1 s", "40 s", "3.1 min", "12 days", "40 years"."""
    if math.isnan(seconds):
        return "never measured"
    if seconds < 1:
        return "< 1 s"
    for unit, length, most in (("s", 1, 120), ("min", 60, 120), ("h", 3600, 48), ("days", DAY, 730)):
        if seconds < most * length:
            return f"{_two_digits(seconds / length)} {unit}"
    return f"{_two_digits(seconds / (365 * DAY))} years"


def _two_digits(value: float) -> str:
    return f"{float(f'{value:.2g}'):.0f}" if value >= 9.95 else f"{value:.1f}".removesuffix(".0")


def _amount(value: float) -> str:
    """Return a number with a prefix of three powers of ten: "3.1 T"."""
    if value <= 0:
        return "-"
    steps = min(max(int(math.log10(value) / 3), 0), len(_PREFIXES) - 1)
    return f"{_two_digits(value / 1000**steps)} {_PREFIXES[steps]}".rstrip()


def _bytes(value: float) -> str:
    if value < 2**20:
        return "< 1 MiB"
    return f"{value / 2**20:.0f} MiB" if value < 2**30 else f"{_two_digits(value / 2**30)} GiB"
