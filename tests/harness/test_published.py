"""Are the authors' numbers read as they stand, and is a table with a fault refused by its line?"""

import math
import sys
from enum import StrEnum

import pytest

from solv.harness.published import PublishedError, published_curves, read_published
from solv.tracking.curves import Recorder, encode_params, join_curves, select

HEADER = "panel,params,x,y,y_err,n,source\n"
GOOD = (
    '"error","{""tau"": 2.0, ""alpha"": 3}",0,1,0.25,5,"0000.00000, Fig. 1"\n'
    '"error","{""alpha"": 3, ""tau"": 2}",1,0.5,0.125,5,"0000.00000, Fig. 1"\n'
    '"error","{""alpha"": 4, ""tau"": 2}",0,1e3,,,"0000.00000, Fig. 1"\n'
    '"other",{},0.5,-1,0.5,2,owner/code: file.py\n'
)
RECORD = Recorder("toy", "part")


class Panels(StrEnum):
    ERROR = "error"
    OTHER = "other"
    ABSENT = "absent"


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A function that writes the published.csv of a new package and returns the package's name."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def write(text, header=HEADER):
        name = f"authors_{tmp_path.name}_{len(made)}".replace("-", "_")
        made.append(name)
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        if text is not None:
            (tmp_path / name / "published.csv").write_text(header + text)
        return name

    yield write
    for name in made:
        sys.modules.pop(name, None)


def test_points_become_curves_with_the_source_published(table):
    curves = join_curves(published_curves(RECORD, Panels.ERROR, package=table(GOOD), x="depth", y="error"))
    assert set(curves["source"]) == {"published"}
    assert (set(curves["x_name"]), set(curves["y_name"])) == ({"depth"}, {"error"})
    first, single = select(curves, tau=2, alpha=3), select(curves, alpha=4)
    assert list(first["params"].unique()) == [encode_params({"alpha": 3.0, "tau": 2})]  # however they were spelled
    assert first[["x", "y", "y_err", "n"]].to_numpy().tolist() == [[0, 1, 0.25, 5], [1, 0.5, 0.125, 5]]
    assert (single["y"].item(), single["n"].item()) == (1000, 1)
    assert math.isnan(single["y_err"].item())


def test_curves_that_are_not_wanted_are_left_out(table):
    kept = published_curves(
        RECORD, Panels.ERROR, package=table(GOOD), x="depth", y="error", keep=lambda params: params["alpha"] == 4
    )
    assert len(join_curves(kept)) == 1


def test_a_point_says_where_it_stands(table):
    [curve] = read_published(table(GOOD), Panels.OTHER)
    assert (curve.params, [point.source for point in curve.points]) == ({}, ["owner/code: file.py"])
    assert (curve.x, curve.y, curve.y_err, curve.n) == ([0.5], [-1], [0.5], [2])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("error,{},0,1,,,", "source is empty"),
        (",{},0,1,,,Fig. 1", "panel is empty"),
        ("error,3,0,1,,,Fig. 1", "params = '3' is no JSON object"),
        ("error,{,0,1,,,Fig. 1", "params = '{' is no JSON object"),
        ('error,"{""a"": NaN}",0,1,,,Fig. 1', "is no JSON object"),
        ("error,{},,1,,,Fig. 1", "x = '' is no finite number"),
        ("error,{},0,nan,,,Fig. 1", "y = 'nan' is no finite number"),
        ("error,{},0,inf,,,Fig. 1", "y = 'inf' is no finite number"),
        ("error,{},0,1,-1,2,Fig. 1", "y_err = '-1' is negative"),
        ("error,{},0,1,,2,Fig. 1", "y_err is empty for n = 2"),
        ("error,{},0,1,1,0,Fig. 1", "n = '0' is no number of repeats"),
        ("error,{},0,1,1,2.5,Fig. 1", "n = '2.5' is no number of repeats"),
        ("error,{},0,1,,,Fig. 1,more", "it has not 7 values"),
        ("error,{},0,1", "it has not 7 values"),
        ("error,{},0,1,,,Fig. 1\nerror,{},0.0,2,,,Fig. 1", "x = '0.0' appears twice in one curve"),
    ],
)
def test_a_line_with_a_fault_is_refused_by_its_number(table, line, fault):
    package = table(f"error,{{}},7,1,,,Fig. 1\n{line}\n")
    last = 3 + line.count("\n")
    with pytest.raises(PublishedError) as refused:
        read_published(package, Panels.ERROR)
    assert str(refused.value).startswith(f"{package}/published.csv: line {last}: ")
    assert fault in str(refused.value)


def test_a_table_that_is_absent_or_another_one_or_without_the_panel_is_refused(table):
    with pytest.raises(PublishedError, match=r"has no published\.csv"):
        read_published(table(None), Panels.ERROR)
    with pytest.raises(PublishedError, match="valid: panel, params, x, y, y_err, n, source"):
        read_published(table("", header="panel,x,y\n"), Panels.ERROR)
    with pytest.raises(PublishedError, match="no line for the panel 'absent'"):
        read_published(table(GOOD), Panels.ABSENT)
