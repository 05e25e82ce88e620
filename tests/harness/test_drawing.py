"""Which pictures does a run leave, and which does a person mean by a name?"""

from dataclasses import replace

import numpy as np
import pytest

from solv.harness.compose import settings_for
from solv.harness.drawing import choose, draw_headline, file_name, write_pictures
from solv.harness.settings import ConfigurationError
from solv.tracking.labels import lay_out


@pytest.fixture(scope="module")
def theory():
    """Curves and pictures of cot-depth's theory at two contexts."""
    experiment, settings = settings_for("cot-depth", "smoke", ["alpha=[0.7,2]", "parts=[depth,transition]"])
    curves = experiment.predict(settings)
    return experiment, experiment.panels(settings), curves


def keys(theory, *names):
    experiment, panels, curves = theory
    return [facet.key for facet in choose(lay_out(curves, panels), names, experiment.headline, [])]


def test_a_name_is_a_panel_a_part_a_picture_or_all_of_them(theory):
    _, panels, curves = theory
    everything = [facet.key for facet in lay_out(curves, panels)]
    depth = [key for key in everything if key.split()[0] == "depth"]
    assert len(depth) >= 2
    assert keys(theory, "all") == everything
    assert keys(theory, "depth") == [key for key in everything if key in depth]
    assert keys(theory, depth[1]) == [depth[1]]
    assert keys(theory, depth[1], "depth") == [depth[1], depth[0], *depth[2:]]


def test_without_a_name_it_is_the_headline(theory):
    experiment, _, _ = theory
    shown = {key.split()[0] for key in keys(theory)}
    assert shown
    assert shown <= {highlight.panel for highlight in experiment.headline}


def test_a_headline_leaves_out_the_second_line_of_a_title(theory):
    experiment, panels, curves = theory
    facets = lay_out(curves, [replace(panel, title=f"{panel.title}\n(settings)") for panel in panels])
    assert not any("settings" in each.panel.title for each in choose(facets, [], experiment.headline, []))
    assert all("(settings)" in each.panel.title for each in choose(facets, ["all"], experiment.headline, []))


def test_an_unknown_name_is_answered_with_the_nearest(theory):
    with pytest.raises(ConfigurationError, match="did you mean depth"):
        keys(theory, "deph")
    with pytest.raises(ConfigurationError, match="there are depth"):
        keys(theory, "xxxxxxxx")


def test_nothing_to_draw_is_said():
    with pytest.raises(ConfigurationError, match="no curve"):
        choose([], [], [], [])


def test_every_picture_has_a_file_and_the_headline_is_the_figure(theory, tmp_path):
    experiment, panels, curves = theory
    rows = curves[curves["panel"] == "depth"]
    path = write_pictures(experiment, panels, rows, [], tmp_path, every=True)
    assert path == tmp_path / "figure.png"
    wanted = {f"{file_name(facet)}.{kind}" for facet in lay_out(rows, panels) for kind in ("png", "svg")}
    assert {each.name for each in (tmp_path / "panels").iterdir()} == wanted
    assert all(name.startswith("depth-depth_") for name in wanted)


def test_a_smoke_test_draws_the_headline_alone(theory, tmp_path):
    experiment, panels, curves = theory
    write_pictures(experiment, panels, curves[curves["panel"] == "depth"], [], tmp_path, every=False)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["figure.png", "figure.svg"]


def test_a_headline_is_a_slide(theory):
    experiment, panels, curves = theory
    figure = draw_headline(experiment, lay_out(curves, panels), [])
    assert np.divide(*figure.get_size_inches()) == pytest.approx(16 / 9)
