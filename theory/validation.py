"""How are the arguments of the theory functions checked? One sentence per fault: parameter, value, valid range."""

import math
from typing import SupportsFloat


def require_real(
    name: str,
    value: SupportsFloat,
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
    infinite: bool = False,
) -> float:
    """Return `value` as a float, or raise `ValueError` naming parameter, value and valid range.

    Args:
        name: parameter name as the caller knows it.
        value: a real number; booleans, NaN and (unless `infinite`) infinities are refused.
        above, least: exclusive and inclusive lower bound.
        below, most: exclusive and inclusive upper bound.
        infinite: whether +inf is a valid value.

    """
    valid = interval(above=above, least=least, below=below, most=most, infinite=infinite)
    if isinstance(value, bool | str | bytes):
        raise ValueError(f"{name} = {value!r} is not a number; valid: {valid}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {value!r} is not a number; valid: {valid}") from None
    inside = (
        not math.isnan(number)
        and (infinite or not math.isinf(number))
        and (above is None or number > above)
        and (least is None or number >= least)
        and (below is None or number < below)
        and (most is None or number <= most)
    )
    if not inside:
        raise ValueError(f"{name} = {value} is out of range; valid: {valid}")
    return number


def require_integer(name: str, value: SupportsFloat, *, least: int, most: int | None = None) -> int:
    """Return `value` as an int (3.0 counts as 3), or raise `ValueError` naming parameter, value and valid range."""
    number = require_real(name, value, least=least, most=most)
    if number != int(number):
        raise ValueError(f"{name} = {value} is not an integer; valid: integers {interval(least=least, most=most)}")
    return int(number)


def interval(
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
    infinite: bool = False,
) -> str:
    """Return a range in words, with the arguments of `require_real`."""
    parts = [
        f"> {above:g}" if above is not None else f">= {least:g}" if least is not None else "",
        f"< {below:g}" if below is not None else f"<= {most:g}" if most is not None else "",
    ]
    text = " and ".join(part for part in parts if part) or "finite numbers"
    return f"{text}, or inf" if infinite else text
