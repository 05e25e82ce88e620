"""Is the ridgeline drawn as the page says, and do the page's ten lines predict a system of the reader's own?"""

import re
from enum import StrEnum
from pathlib import Path

import numpy as np

from solv.tracking.curves import Recorder, join_curves
from solv.tracking.figures import draw
from solv.tracking.labels import lay_out
from solv.tracking.panels import Panel, Ridge

PAGE = Path(__file__).parents[3] / "docs" / "experiments" / "dmft.md"
RECORD = Recorder("dmft", "figure")


class Panels(StrEnum):
    """Panels of these tests."""

    HISTOGRAM = "h"
    CATEGORIES = "c"


def test_ridgeline_stacks_one_row_per_time() -> None:
    parts, panel = [], Panels.HISTOGRAM
    for step in (0, 50, 100):
        at = {"step": step}
        parts.append(RECORD.theory(panel, at, x=("s", [0, 1, 2, 2.5]), y=("density", [0.6, 0.5, 0, 0])))
        parts.append(RECORD.theory(panel, at, x=("s", 2.0), y=("edge", 0.0)))
        parts.append(RECORD.trained(panel, at, x=("s", [0.9, 2.1]), y=("density", [0.5, 0.1]), y_err=0.1, n=3))
    parts.append(RECORD.theory(panel, {"step": 100}, x=("s", 2.2), y=("outlier", 0.0)))
    ridge = Ridge("step", "t = {}", "density", "outlier", "edge", magnify=4)
    facets = lay_out(join_curves(parts), [Panel(panel, "", "s", "density", ridge=ridge)])
    axes = draw(facets, "").axes[0]
    bases = sorted(float(line.get_ydata()[-1]) for line in axes.lines if len(line.get_xdata()) == 4)
    assert np.allclose(np.diff(bases), bases[1] - bases[0])
    assert len(bases) == 3
    assert {text.get_text() for text in axes.texts} >= {"t = 0", "t = 50", "t = 100"}
    assert any(np.allclose(line.get_xdata(), [2.2]) for line in axes.lines if len(line.get_xdata()) == 1)


def test_named_abscissae_are_ticks_and_theory_is_dashes() -> None:
    parts = [
        RECORD.theory(Panels.CATEGORIES, {"matrix": name}, x=("matrix", 0), y=("s", y))
        for name, y in (("first", 2.0), ("second", 3.0))
    ]
    facets = lay_out(join_curves(parts), [Panel(Panels.CATEGORIES, "", "", "s", category=("matrix",))])
    axes = draw(facets, "").axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["first", "second"]
    assert axes.lines[0].get_linestyle() == "None"


def test_ten_lines_of_the_page_predict_a_system_of_the_readers_own() -> None:
    """The damped oscillators of the page, simulated: x'' = -w^2 x - gamma x' + sum_j J_ij x_j by the same Euler map."""
    section = PAGE.read_text(encoding="utf-8").split("## Write your own linear system")[1]
    block = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert block is not None
    assert len(block.group(1).strip().splitlines()) <= 12
    names: dict[str, object] = {}
    exec(block.group(1), names)
    curve, dt, T = (names[name] for name in ("curve", "dt", "T"))
    w, gamma, g, tau = (float(str(names[name])) for name in ("w", "gamma", "g", "tau"))
    generator, size, draws = np.random.default_rng(5), 300, 12
    totals = np.zeros((draws, T))
    for draw_index in range(draws):
        first, second = generator.standard_normal((2, size, size))
        symmetric, antisymmetric = (first + first.T) / np.sqrt(2), (second - second.T) / np.sqrt(2)
        coupling = g * (np.sqrt((1 + tau) / 2) * symmetric + np.sqrt((1 - tau) / 2) * antisymmetric) / np.sqrt(size)
        x, v = generator.standard_normal((size, 20)), np.zeros((size, 20))
        for t in range(T):
            totals[draw_index, t] = np.mean(x**2)
            x, v = x + dt * v, v + dt * (-(w**2) * x - gamma * v + coupling @ x)
    error = totals.std(axis=0, ddof=1) / np.sqrt(draws)
    assert np.all(np.abs(totals.mean(axis=0) - curve) <= np.maximum(0.05 * curve, 4 * error))
    assert np.max(np.abs(curve[1:] / curve[:-1] - 1)) > 0.02
