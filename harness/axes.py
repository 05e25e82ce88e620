"""Which values does a sweep that was typed mean? Each once, and those of a range of floats as they were typed."""

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from solv.harness.settings import ConfigurationError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override, RangeSweep

MOST = 10_000  # values of a range: each is a run


def distinct_values(text: str) -> list[str] | None:
    """Return the values of a sweep in Hydra's grammar, spelled as they were typed; None if they cannot be listed.

    `range(0.7,1.0,0.1)` is 0.7, 0.8, 0.9 (in binary fractions Hydra makes 0.7999999999999999 of the second), and
    `1,1.0,1e0` is one value.

    Args:
        text: an override `key=sweep`.

    Raises:
        ConfigurationError: there is no value in it.
    """
    from hydra.core.override_parser.types import ChoiceSweep, Glob, RangeSweep, Sweep

    override = _read(text)
    sweep = override.value()
    if isinstance(sweep, Glob):
        raise ConfigurationError(f"{text} names files, not values; give the values")
    if isinstance(sweep, RangeSweep):
        if not sweep.step:
            raise ConfigurationError(f"{text}: the step of a range must not be zero")
        values = _of_range(text, sweep)
    elif isinstance(sweep, ChoiceSweep):
        if any(isinstance(each, Sweep) for each in sweep.list):
            raise ConfigurationError(f"{text} holds a sweep within a sweep; give all the values in one list")
        values = list(override.sweep_string_iterator())
    else:
        return None
    if not values:
        raise ConfigurationError(f"{text} holds no value (the end of a range is not part of it)")
    once: dict[object, str] = {}
    for value in values:
        read = _read(f"key={value}").value()
        once.setdefault(read if isinstance(read, int | float) and not isinstance(read, bool) else value, value)
    return list(once.values())


def distinct_axis(text: str) -> str:
    """Return a sweep `key=...` of the values that were meant, each once: as it was typed, if it is that.

    Raises:
        ConfigurationError: there is no value in it.
    """
    values = distinct_values(text)
    if values is None or values == list(_read(text).sweep_string_iterator()):
        return text
    return f"{text.partition('=')[0]}=choice({','.join(values)})"


def _of_range(text: str, sweep: "RangeSweep") -> list[str]:
    first, end, width = (Decimal(str(each or 0)) for each in (sweep.start, sweep.stop, sweep.step))
    length = (end - first) / width if all(each.is_finite() for each in (first, end, width)) else Decimal("inf")
    if length > MOST:
        raise ConfigurationError(f"{text} holds more than {MOST} values")
    return [str(first + index * width) for index in range(max(0, math.ceil(length)))]


def _read(text: str) -> "Override":
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create().parse_override(text)
