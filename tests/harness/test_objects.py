"""Does every object of the Python API have a table, a figure and a picture of itself?"""

import pytest
from matplotlib.figure import Figure

import solv
from solv.harness.objects import Curves
from tests.made_curves import Panels, points
from tests.own_experiment import own_experiment


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return solv.run(own_experiment(), runs_dir=tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def objects(run):
    root = run.path.parents[1]
    other = solv.run(own_experiment(), seed=1, runs_dir=root)
    swept = solv.sweep(own_experiment(), axes={"seed": [0, 1]}, runs_dir=root)
    return {
        "run": run,
        "curves": run.curves,
        "claims": run.claims,
        "runs": solv.runs(runs_dir=root),
        "comparison": solv.compare(run, other),
        "sweep": swept,
    }


@pytest.mark.parametrize("name", ["run", "curves", "claims", "runs", "comparison", "sweep"])
def test_an_object_has_a_table_a_figure_and_a_picture_of_itself(objects, name):
    found = objects[name]
    assert len(found.frame())
    assert isinstance(found.plot(), Figure)
    assert "<" in found._repr_html_()


def test_a_table_has_the_params_as_columns(run):
    frame = run.frame()
    assert sorted(frame["a"].unique()) == [1, 2]
    assert set(frame["series"]) == {"a=1", "a=2"}


def test_curves_are_selected_paired_and_compared(run):
    one = run.curves.select("law", a=2)
    assert len(one) == 6
    assert one.select(source="theory").table["y"].tolist() == [2, 1, 0.5]
    assert one.pair()["theory"].tolist() == [2, 1, 0.5]
    [row] = one.agreement().itertuples()
    assert row.points == 3


def test_one_panel_is_drawn_by_its_name_and_a_wrong_name_says_which_there_are(run):
    assert len(run.plot("law").axes) == 1
    with pytest.raises(ValueError, match="no picture 'lwa'; did you mean law"):
        run.plot("lwa")
    with pytest.raises(ValueError, match="no curve of panel 'lwa'; there are law"):
        run.curves.plot("lwa")


def test_a_claim_is_found_by_place_and_by_id(run):
    assert run.claims["positive"] is run.claims[0]
    assert not run.claims.failed
    with pytest.raises(KeyError, match="no claim 'negative'; there are positive"):
        run.claims["negative"]


def test_curves_of_no_panel_and_no_curves_show_themselves_too():
    curves = Curves(points("theory", [1, 2], panel=Panels.A), [], "T")
    assert isinstance(curves.plot(), Figure)
    assert curves.select("nothing")._repr_html_() == "<p>no curves</p>"


def test_text_of_a_claim_is_no_markup(run):
    assert "<script" not in run.claims._repr_html_()
