"""Is a figure drawn from the curves table alone, the same bits every time?"""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.colors import to_rgba

from solv.tracking.claims import Verdict
from solv.tracking.colours import VERDICTS
from solv.tracking.curves import join_curves
from solv.tracking.figures import BOX, SIZES, draw, power_of_ten, save
from solv.tracking.labels import lay_out
from solv.tracking.panels import Map, Panel, Slope
from tests.made_curves import Panels, points

PANEL = Panel(Panels.P, "a title", "steps", "loss", y_scale="log", ordered=True, series="{name}")


def series(name, source, x, y, y_name="loss", panel=Panels.P, **params):
    repeats = {} if source == "theory" else {"y_err": 0.1, "n": 4}
    return points(source, y, panel=panel, x=x, y_name=y_name, name=name, **params, **repeats)


def drawn_in(curves, *panels):
    return draw(lay_out(curves, panels), "title")


@pytest.fixture
def curves():
    x = np.arange(1, 6)
    return join_curves(
        [series("a", "theory", x, 1 / x), series("a", "simulation", x, 1 / x), series("b", "trained", x, 2 / x)]
    )


def test_theory_is_a_line_simulation_filled_and_trained_open(curves):
    axes = drawn_in(curves, PANEL).axes[0]
    drawn = {line.get_label() or "": line for line in axes.lines}
    assert drawn["a"].get_linestyle() == "-"
    filled = [line.get_markerfacecolor() for line in axes.lines if line.get_marker() == "o"]
    assert filled
    assert filled[0] != "white"
    assert [line.get_markerfacecolor() for line in axes.lines if line.get_marker() == "s"] == ["white"]
    assert filled[0] == drawn["a"].get_color(), "theory and simulation of a series share their colour"


def test_an_axis_has_its_title_labels_and_scale(curves):
    axes = drawn_in(curves, PANEL).axes[0]
    assert (axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == (
        "a title",
        "steps",
        "loss",
        "log",
    )


def test_a_panel_without_rows_is_left_out(curves):
    assert len(drawn_in(curves, PANEL, Panel(Panels.A, "", "", "")).axes) == 1


def test_a_diverging_curve_is_drawn_up_to_its_divergence():
    figure = drawn_in(series("a", "theory", [0, 1, 2], [1.0, 2.0, math.inf]), PANEL)
    assert figure.axes[0].lines[0].get_xdata().tolist() == [0, 1]


def test_a_map_has_a_row_per_series_and_lines_over_it():
    rows = [series(f"tau={tau}", "theory", [1, 2, 3], [tau, 2 * tau, 3 * tau], "depth", tau=tau) for tau in (1.5, 2.0)]
    line = series("tau_c", "theory", [1, 2], [1.6, 1.8], "tau")
    panel = Panel(Panels.P, "", "alpha", "tau", heat=Map("tau", "depth", "T*"), series="{name}")
    axes = drawn_in(join_curves([*rows, line]), panel).axes[0]
    assert axes.collections[0].get_array().shape == (2, 3)
    assert [drawn.get_label() for drawn in axes.lines] == ["tau_c"]


def test_reference_slopes_and_marks_are_drawn(curves):
    panel = Panel(Panels.P, "", "", "", slopes=(Slope(-1.0, 2.0, 1.0, 5.0, "slope -1"),), verticals={3.0: "here"})
    axes = drawn_in(curves, panel).axes[0]
    slope = next(line for line in axes.lines if line.get_label() == "slope -1")
    assert slope.get_ydata().tolist() == [2.0, 0.4]
    assert any(text.get_text() == "here" for text in axes.texts)


def test_a_saved_figure_has_the_same_bits_every_time(curves, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save(drawn_in(curves, PANEL), tmp_path / name)
    for file in ("figure.png", "figure.svg"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_slide_has_its_size_however_many_pictures_and_four_stand_two_by_two(curves):
    facets = lay_out(curves, [PANEL])
    for count, grid in ((1, (1, 1)), (3, (1, 3)), (4, (2, 2)), (6, (2, 3))):
        assert SIZES["slide"].grid(count) == grid
        figure = draw(facets * count, "title", SIZES["slide"])
        assert figure.get_size_inches().tolist() == pytest.approx([40 / 3, 7.5])


def test_text_and_lines_grow_with_the_font(curves):
    facets = lay_out(curves, [PANEL])
    small, large = (draw(facets, "title", replace(SIZES["page"], font=font)).axes[0] for font in (8, 16))
    assert large.title.get_fontsize() == pytest.approx(2 * small.title.get_fontsize())
    assert large.lines[0].get_linewidth() == pytest.approx(2 * small.lines[0].get_linewidth())


def test_a_long_title_is_broken_within_the_figure_and_no_equation_is_torn(curves):
    figure = draw(lay_out(curves, [replace(PANEL, title="a rather long title of a picture with α = 2")]), "word " * 40)
    figure.draw_without_rendering()
    assert figure.get_suptitle().count("\n") >= 2
    [title] = [text for text in figure.texts if text.get_text().startswith("word")]
    assert title.get_window_extent().width <= figure.bbox.width
    assert "α\u00a0=\u00a02" in figure.axes[0].get_title(loc="left")


def test_the_verdict_stands_above_the_picture(curves):
    figure = draw(lay_out(curves, [PANEL]), "title", verdicts=[Verdict.FAILS])
    [badge] = [text for text in figure.texts if text.get_text() == "fails"]
    assert badge.get_bbox_patch().get_facecolor() == pytest.approx(to_rgba(VERDICTS[Verdict.FAILS]))


@pytest.mark.parametrize("words", [1, 4, 9])
@pytest.mark.parametrize("count", [1, 6])
def test_a_title_ends_before_the_verdict_begins(count, words):
    title = " ".join(["loss of trained models"] * words)
    panels = [replace(PANEL, name=panel, title=title) for panel in list(Panels)[:count]]
    rows = [series("a", "theory", [1.0, 2.0], [1.0, 2.0], panel=panel.name) for panel in panels]
    figure = draw(lay_out(join_curves(rows), panels), "title", SIZES["slide"], [Verdict.UNDECIDED] * len(panels))
    figure.draw_without_rendering()
    for axes, badge in zip(figure.axes, figure.texts[1:], strict=True):
        drawn, verdict = axes._left_title.get_window_extent(), badge.get_bbox_patch().get_window_extent()
        assert drawn.x1 < verdict.x0 or drawn.y0 > verdict.y1
        assert axes.get_title(loc="left").replace("\n", " ") == title


def test_a_note_stands_below_the_picture(curves):
    figure = drawn_in(curves, replace(PANEL, note="mean over 8 seeds"))
    figure.draw_without_rendering()
    [note] = figure.axes[0].texts
    assert note.get_window_extent().y1 < figure.axes[0].xaxis.label.get_window_extent().y0 + 1
    assert note.get_window_extent().y0 >= 0


def test_a_long_mark_ends_within_its_picture(curves):
    figure = drawn_in(
        curves, replace(PANEL, verticals={3.0: "where the exponents of samples and of data are equal " * 3})
    )
    [mark] = figure.axes[0].texts
    assert mark.get_window_extent().y0 >= figure.axes[0].get_window_extent().y0


def test_curves_of_one_picture_that_share_a_colour_differ_in_their_dashes():
    rows = [series(f"n{place}", "theory", [1.0, 2.0], [1.0, 2.0]) for place in range(9)]
    axes = drawn_in(join_curves(rows), replace(PANEL, ordered=False)).axes[0]
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == 9


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_legend_does_not_cover_points(scale):
    x = np.linspace(1, 9, 60)
    up, down = 1 + x, 11 - x  # a cross with points in every corner
    rows = [series("one of them", "theory", x, up), series("the other", "theory", x, down)]
    rows += [series(f"level {level}", "simulation", x, np.full(60, float(level))) for level in range(2, 10)]
    axes = drawn_in(join_curves(rows), replace(PANEL, y_scale=scale)).axes[0]
    box = axes.get_legend().get_window_extent()
    frame = axes.get_window_extent()
    covered = [axes.transData.transform(np.asarray(line.get_xydata(), dtype=float)) for line in axes.lines]
    assert box.x0 >= frame.x1 - 1 or sum(box.count_contains(points) for points in covered) == 0


def test_a_legend_does_not_cover_the_line_between_two_points():
    rows = [series(f"level {y}", "trained", [1.0, 9.0], [float(y), float(y)]) for y in range(6)]
    axes = drawn_in(join_curves(rows), replace(PANEL, y_scale="linear")).axes[0]
    box, frame = axes.get_legend().get_window_extent(), axes.get_window_extent()
    joined = [line for line in axes.lines if line.get_linestyle() == "-"]
    assert len(joined) == len(rows)
    crossed = [line.get_path().transformed(axes.transData).intersects_bbox(box, filled=False) for line in joined]
    assert box.x0 >= frame.x1 - 1 or not any(crossed)


def test_points_without_theory_are_joined_but_not_in_a_scatter(curves):
    rows = series("scan", "trained", [1, 2, 3], [3, 1, 2])
    styles = []
    for joined in (True, False):
        lines = drawn_in(rows, replace(PANEL, joined=joined)).axes[0].lines
        styles.append([line.get_linestyle() for line in lines if line.get_marker() == "s"])
    assert styles == [["-"], ["None"]]


def test_a_measured_curve_beside_its_theory_is_not_joined(curves):
    lines = drawn_in(curves, PANEL).axes[0].lines
    assert [line.get_linestyle() for line in lines if line.get_marker() == "o"] == ["None"]


def test_percentiles_of_categories_are_drawn_as_boxes():
    rows = [
        series("s", "simulation", [0], [part * size], kind=kind, percentile=part)
        for kind, size in (("one", 1.0), ("two", 10.0))
        for part in BOX
    ]
    panel = replace(PANEL, category=("kind",), box="percentile")
    axes = drawn_in(join_curves(rows), panel).axes[0]
    boxes = [patch.get_path().get_extents() for patch in axes.patches]
    assert [(box.y0, box.y1) for box in boxes] == [(25, 75), (250, 750)]
    assert [box.x0 + box.width / 2 for box in boxes] == pytest.approx([0, 1])
    assert {y for line in axes.lines for y in line.get_ydata()} == {size * part for size in (1, 10) for part in BOX}
    assert [text.get_text() for text in axes.get_xticklabels()] == ["one", "two"]
    assert axes.get_legend() is None


def test_categories_of_one_kind_need_no_legend():
    rows = [series("s", "trained", [0], [value], kind=kind) for kind, value in (("one", 1.0), ("two", 2.0))]
    axes = drawn_in(join_curves(rows), replace(PANEL, category=("kind",))).axes[0]
    assert axes.get_legend() is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01, "0.01"), (5000, "5000"), (1e4, "10⁴"), (3e10, "3·10¹⁰"), (5e-5, "5·10⁻⁵"), (1e-5, "10⁻⁵"), (0, "")],
)
def test_a_tick_is_plain_text(value, text):
    assert power_of_ten(value) == text


def trained_map():
    parts = []
    for row, values in ((1, [1e-5, 1.0]), (2, [2e-5, 1e30])):
        parts.append(series("ours", "trained", [1, 2], values, row=row))
        parts.append(series("theirs", "published", [1, 2], [1.0, 2.0], row=row))
    return join_curves(parts)


@pytest.mark.parametrize("size", ["slide", "column"])
@pytest.mark.parametrize("note", ["", "a note"])
def test_the_legend_of_a_map_stands_below_all_its_texts_and_not_on_cells(size, note):
    lines = [
        series(f"where they are equal {word}", "theory", [1, 2], [1, 2], y_name="equal") for word in ("one", "two")
    ]
    heat = Map("row", "loss", "loss", "log", floor=1e-2, ceiling=1e2)
    panel = Panel(Panels.P, "", "size", "row", heat=heat, note=note, verticals={1.5: "a mark " * 20})
    figure = draw(lay_out(join_curves([trained_map(), *lines]), [panel]), "title", SIZES[size])
    figure.draw_without_rendering()
    axes, bar = figure.axes
    box = axes.get_legend().get_window_extent()
    assert len(axes.get_legend().get_texts()) == 3
    assert 0 <= box.y0 < box.y1 <= axes.xaxis.label.get_window_extent().y0
    assert box.x1 <= axes.get_window_extent().x1 + 1
    assert all(box.y1 <= text.get_window_extent().y0 + 1 for text in axes.texts)
    assert bar.get_window_extent().y0 == pytest.approx(axes.get_window_extent().y0, abs=1)
    assert all(text.get_window_extent().y0 >= axes.get_window_extent().y0 for text in axes.texts if text.get_rotation())


def test_the_numbers_beside_a_wide_legend_have_room():
    x = np.linspace(0, 2.2, 50)
    rows = [series(f"tests on a direction of name {n}", "theory", x, n + np.sin(9 * x)) for n in range(9)]
    panels = [replace(PANEL, name=panel) for panel in list(Panels)[:6]]
    every = [row.assign(panel=panel.name) for panel in panels for row in rows]
    figure = draw(lay_out(join_curves(every), panels), "title", SIZES["slide"])
    figure.draw_without_rendering()
    for axes in figure.axes:
        labels = [text.get_window_extent() for text in axes.get_xticklabels() if text.get_text()]
        shown = sorted((box for box in labels if box.width), key=lambda box: box.x0)
        assert axes.get_legend().get_window_extent().x0 >= axes.get_window_extent().x1 - 1
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(shown))


def test_a_legend_beside_a_picture_takes_first_what_is_empty_there():
    """The picture above a map has the map's colour bar for its right margin."""
    x = np.linspace(0, 2.2, 50)
    rows = [series(f"level {n}", "theory", x, 1 + n + np.sin(9 * x)) for n in range(12)]
    crowded, heat = replace(PANEL, name=Panels.P), Map("row", "loss", "loss", "log")
    below = Panel(Panels.A, "", "size", "row", heat=heat)
    cells = trained_map().assign(panel=Panels.A)
    figure = draw(lay_out(join_curves([*rows, cells]), [crowded, below]), "title", SIZES["column"])
    legend = figure.axes[0].get_legend().get_window_extent()
    assert legend.x0 >= figure.axes[0].get_window_extent().x1 - 1
    assert figure.axes[0].get_window_extent().x1 > figure.axes[1].get_window_extent().x1 - legend.width
    assert legend.x1 <= figure.bbox.x1 + 1


def test_how_many_numbers_an_axis_has_is_settled_when_it_is_drawn_and_not_when_it_is_saved(curves):
    figure = drawn_in(curves, replace(PANEL, y_scale="linear"))
    counts = []
    for size in (4, 30):
        with rc_context({"font.size": size}):
            counts.append([len(axis.get_ticklocs()) for axis in (figure.axes[0].xaxis, figure.axes[0].yaxis)])
    assert counts[0] == counts[1]


def test_a_map_without_theory_is_what_was_trained_with_the_authors_as_marks_within_its_ends():
    panel = Panel(Panels.P, "", "size", "row", heat=Map("row", "loss", "loss", "log", floor=1e-2, ceiling=1e2))
    mesh, marks = drawn_in(trained_map(), panel).axes[0].collections
    assert mesh.get_array().size == 4
    assert (mesh.norm.vmin, mesh.norm.vmax) == (1e-2, 1e2)
    assert marks.get_label() == "published (same colours)"
    assert len(marks.get_offsets()) == 4
