"""Which pictures does a run leave? Its headline as `figure`, and every picture as a file of its own under `panels/`."""

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solv.harness.contract import Experiment
from solv.harness.settings import ConfigurationError
from solv.tracking.claims import Finding
from solv.tracking.colours import colours_of
from solv.tracking.curves import Curves
from solv.tracking.figures import SIZES, Size, draw, save
from solv.tracking.headline import headline
from solv.tracking.labels import Facet, lay_out
from solv.tracking.panels import Highlight, Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure


ALL = "all"


def choose(
    facets: Sequence[Facet], names: Sequence[str], highlights: Sequence[Highlight], findings: Sequence[Finding]
) -> list[Facet]:
    """Return the pictures that a person names - panels, parts, keys of pictures, `all` - or else the headline.

    In a headline there is no room for the settings that a title has in its second line.

    Args:
        facets: all pictures there are.
        names: as typed.
        highlights: of the experiment.
        findings: of the run.

    Raises:
        ConfigurationError: there is nothing to draw, or no picture of that name.
    """
    if not facets:
        raise ConfigurationError("there is no curve to draw")
    if not names:
        return [_of_one_line(picture.facet) for picture in headline(facets, highlights, findings)]
    chosen: dict[str, Facet] = {}
    for name in names:
        fitting = [facet for facet in facets if name in (ALL, str(facet.panel.name), facet.key)]
        fitting = fitting or [facet for facet in facets if facet.part == name]
        if not fitting:
            known = list(dict.fromkeys(word for facet in facets for word in (facet.part, str(facet.panel.name))))
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise ConfigurationError(f"no picture {name!r}; {hint}")
        chosen |= {facet.key: facet for facet in fitting}
    return list(chosen.values())


def draw_chosen(
    chosen: Sequence[Facet],
    facets: Sequence[Facet],
    highlights: Sequence[Highlight],
    findings: Sequence[Finding],
    title: str,
    size: Size,
) -> "Figure":
    """Return a figure of some pictures of a run, in the colours that they have among all of them.

    Args:
        chosen: the pictures.
        facets: all pictures of the run.
        highlights: of the experiment: they say which claim a picture shows.
        findings: its verdicts; none of curves that are theory alone.
        title: of the figure.
        size: of the figure and its text.
    """
    colours = dict(zip((facet.key for facet in facets), colours_of(facets), strict=True))
    verdicts = {picture.facet.key: picture.verdict for picture in headline(facets, highlights, findings)}
    return draw(
        chosen,
        title,
        size,
        verdicts=[verdicts.get(facet.key) for facet in chosen],
        colours=[colours[facet.key] for facet in chosen],
    )


def draw_headline(
    experiment: Experiment[Any], facets: Sequence[Facet], findings: Sequence[Finding], size: Size = SIZES["slide"]
) -> "Figure":
    """Return the headline of a run as a figure: at most six pictures with the verdicts of the claims that they show."""
    highlights = experiment.headline
    chosen = choose(facets, [], highlights, findings) if facets else []
    return draw_chosen(chosen, facets, highlights, findings, experiment.entry.paper.title, size)


def write_pictures(
    experiment: Experiment[Any],
    panels: Sequence[Panel],
    curves: Curves,
    findings: Sequence[Finding],
    folder: Path,
    *,
    every: bool,
) -> Path:
    """Write the headline into a folder as `figure.png` and `figure.svg`; return the PNG's path.

    Args:
        experiment: what was run.
        panels: how its curves are drawn.
        curves, findings: what it found.
        folder: of the run or the sweep.
        every: whether each picture is written, too: `panels/<part>-<panel>.png` and `.svg`.

    Raises:
        OSError: the folder cannot be written.
    """
    facets = lay_out(curves, panels)
    if every and facets:
        (folder / "panels").mkdir(exist_ok=True)
        for facet, colours in zip(facets, colours_of(facets), strict=True):
            save(draw([facet], "", colours=[colours]), folder / "panels", file_name(facet))
    return save(draw_headline(experiment, facets, findings), folder)


def file_name(facet: Facet) -> str:
    """Return the stem of a picture's file: its part and key, with what is unusual in a file's name replaced."""
    return re.sub(r"[^\w.=+-]+", "_", f"{facet.part}-{facet.key}").strip("_")[:120]


def _of_one_line(facet: Facet) -> Facet:
    return replace(facet, panel=replace(facet.panel, title=facet.panel.title.partition("\n")[0]))
