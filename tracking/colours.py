"""Which colour has a curve? The same wherever its name appears in the pictures that are drawn together."""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from solv.tracking.claims import Verdict
from solv.tracking.curves import decode_params
from solv.tracking.labels import Facet


@dataclass(frozen=True)
class Scheme:
    """Colours that can be seen on one ground.

    Attributes:
        palette: of separate things.
        low, high: the span of the map viridis for steps of one quantity.
    """

    palette: tuple[str, ...]
    low: float
    high: float


# Okabe and Ito's colour-blind-safe palette, without its yellow (too light for a line on white); lighter for the dark.
ON_WHITE = Scheme(("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"), 0.0, 0.88)
ON_BLACK = Scheme(("#56B4E9", "#FF8A4C", "#2FD0A0", "#E8A3CB", "#A6D8F7", "#F2B632", "#E8E8E8"), 0.32, 1.0)
VERDICTS = {
    Verdict.HOLDS: "#009E73",
    Verdict.FAILS: "#D55E00",
    Verdict.UNDECIDED: "#E69F00",
    Verdict.NOT_RUN: "#999999",
}


def colours_of(facets: Sequence[Facet], scheme: Scheme = ON_WHITE) -> list[dict[str, str]]:
    """Return, for each picture, the colour of each of its curves by name.

    Names that are steps of one quantity (panels that are `ordered`) get steps of a sequential map over all the pictures
    that name their curves alike; other names get a colour of the palette when they first appear and keep it, but for
    two that meet in a picture with one colour: there the later one steps aside. Heat maps and ridges have colours of
    their own: none.
    """
    ordered: dict[str, dict[str, float | None]] = {}
    for facet in facets:
        if facet.panel.ordered and not _coloured_otherwise(facet):
            ordered.setdefault(_family(facet), {}).update(_places(facet))
    sequential = {family: _steps(places, scheme) for family, places in ordered.items()}
    kept: dict[str, str] = {}
    made: list[dict[str, str]] = []
    for facet in facets:
        names = list(dict.fromkeys(facet.curves["series"]))
        if _coloured_otherwise(facet):
            made.append({})
        elif facet.panel.ordered and len(steps := sequential[_family(facet)]) > 1:
            made.append({name: steps[name] for name in names})
        else:
            made.append(_from_palette(names, kept, scheme.palette))
    return made


def _coloured_otherwise(facet: Facet) -> bool:
    return facet.panel.heat is not None or facet.panel.ridge is not None


def _family(facet: Facet) -> str:
    """Return what pictures share that name their curves alike: a template, or the function that makes the names."""
    series = facet.panel.series
    if callable(series):
        return f"{series.__module__}.{series.__qualname__}"
    return series or str(facet.panel.name)


def _places(facet: Facet) -> dict[str, float | None]:
    """Return the names of a picture's curves with the number that orders them, None where there is none."""
    series = facet.panel.series
    fields = [key for _, key, _, _ in string.Formatter().parse(series) if key] if isinstance(series, str) else []
    rows = facet.curves.drop_duplicates("series")
    places: dict[str, float | None] = {}
    for name, params in zip(rows["series"], rows["params"], strict=True):
        value = decode_params(params).get(fields[0]) if fields else None
        places[str(name)] = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return places


def _steps(places: Mapping[str, float | None], scheme: Scheme) -> dict[str, str]:
    """Return steps of a sequential map for names in the order of their numbers, else in that of their appearance."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    numbers = {name: place for name, place in places.items() if place is not None}
    names = sorted(numbers, key=numbers.__getitem__) if len(numbers) == len(places) else list(places)
    shades = colormaps["viridis"](np.linspace(scheme.low, scheme.high, len(names)))
    return {name: to_hex(shade) for name, shade in zip(names, shades, strict=True)}


def _from_palette(names: Sequence[str], kept: dict[str, str], palette: Sequence[str]) -> dict[str, str]:
    """Return a colour for each name, and keep in `kept` those that appear for the first time."""
    here: dict[str, str] = {}
    for name in sorted(names, key=lambda name: name not in kept):
        colour = kept.get(name)
        if colour is None or colour in here.values():
            free = [each for each in palette if each not in here.values()]
            new = [each for each in free if each not in kept.values()]
            colour = next(iter([*new, *free]), palette[len(here) % len(palette)])
        kept.setdefault(name, colour)
        here[name] = colour
    return here
