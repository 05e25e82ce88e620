"""How do verdicts look as a figure? A line a claim, or a bar a run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from solv.tracking.claims import Finding, Verdict
from solv.tracking.colours import VERDICTS
from solv.tracking.figures import SIZES, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = {Verdict.HOLDS: "o", Verdict.FAILS: "X", Verdict.UNDECIDED: "D", Verdict.NOT_RUN: "."}
LONGEST = 90  # characters of a line


def draw_verdicts(findings: Sequence[Finding]) -> "Figure":
    """Return a matplotlib figure with a line a claim: its verdict, what is predicted and what was measured."""
    axes = _lines([f"{each.id} {each.at}".strip() for each in findings])
    for place, each in enumerate(findings):
        axes.plot(0, place, MARKERS[each.verdict], color=VERDICTS[each.verdict], markersize=8)
        said = f"{each.verdict.value}: predicted {_short(each.predicted)}, measured {_short(each.measured)}"
        if each.verdict is Verdict.NOT_RUN:
            said = f"{each.verdict.value}: {each.needs} runs it"
        line = said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
        axes.text(0.02, place, line, va="center", fontsize=8, parse_math=False)
    axes.set_xlim(-0.03, 1)
    axes.set_xticks([])
    return _whole(axes)


def draw_counts(names: Sequence[str], counts: pd.DataFrame) -> "Figure":
    """Return a matplotlib figure with a bar a run: how many claims have each verdict.

    Args:
        names: of the runs.
        counts: a row a run, a column a verdict.
    """
    axes = _lines(names)
    left = pd.Series(0, index=counts.index)
    for verdict in Verdict:
        width = counts[verdict.value].astype(int)
        axes.barh(range(len(names)), width, left=left, color=VERDICTS[verdict], label=verdict.value)
        left = left + width
    axes.set_xlabel("claims")
    axes.legend(fontsize=8)
    return _whole(axes)


def _lines(names: Sequence[str]) -> "Axes":
    from matplotlib import rc_context

    from solv.tracking.notebook_figure import NotebookFigure

    with rc_context(style(SIZES["screen"])):
        figure = NotebookFigure(figsize=(10, 0.6 + 0.32 * max(len(names), 1)), layout="constrained")
        axes = figure.add_subplot()
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.set_ylim(len(names) - 0.4, -0.6)
    return axes


def _whole(axes: "Axes") -> "Figure":
    figure: Figure = axes.figure  # type: ignore[assignment]
    return figure


def _short(value: float | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
