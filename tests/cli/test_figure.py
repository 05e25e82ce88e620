"""Does `solv figure` draw what a person names, at the size and in the format that was asked for?"""

import re
import struct

import pytest
from typer.testing import CliRunner

from solv.cli.main import app
from tests.end_to_end.cli.made_runs import CLAIMS, make_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs of one experiment."""
    folder = tmp_path_factory.mktemp("figure") / "runs"
    first = make_run(folder, at="20260102-030405")
    return first, make_run(folder, "seed=1", at="20260202-030405", scale=1.1, claims=CLAIMS[:1])


@pytest.fixture
def figure(runs, tmp_path, monkeypatch):
    """`figure(*words)`: exit status and output of the command for the first run, in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        done = CliRunner().invoke(
            app, ["figure", str(runs[0].path), *words, "--runs-dir", str(runs[0].path.parents[1])]
        )
        return done.exit_code, done.output

    return call


def pixels(path):
    return struct.unpack(">II", path.read_bytes()[16:24])


def test_the_headline_is_a_slide_of_1920_by_1080_pixels(figure, tmp_path):
    status, printed = figure()
    assert (status, printed.strip()) == (0, "figure: cot-depth-headline.png")
    assert pixels(tmp_path / "cot-depth-headline.png") == (1920, 1080)


def test_a_panel_is_drawn_for_a_column_as_pdf(figure, tmp_path):
    status, printed = figure("depth", "--size", "column", "--format", "pdf", "-o", "depth.pdf")
    assert status == 0, printed
    assert (tmp_path / "depth.pdf").read_bytes().startswith(b"%PDF")


def test_each_picture_has_a_file(figure, tmp_path):
    status, printed = figure("depth", "transition", "--each", "--format", "svg")
    names = sorted(path.name for path in (tmp_path / "cot-depth-pictures").iterdir())
    assert status == 0, printed
    assert len(names) == printed.count("figure:") >= 2
    assert all(re.fullmatch(r"(depth-depth|transition-transition).*\.svg", name) for name in names)


def test_theory_alone_has_no_points(figure, tmp_path):
    sizes = []
    for words in ([], ["--theory-only"]):
        assert figure("transition", "--format", "svg", "-o", "it.svg", *words)[0] == 0
        sizes.append((tmp_path / "it.svg").read_text().count("<use "))
    assert sizes[1] < sizes[0]


def test_another_run_is_laid_over_it(figure, runs, tmp_path):
    status, printed = figure("depth", "--with", runs[1].path.name, "-o", "both.png", "--size", "page")
    assert status == 0, printed
    assert (tmp_path / "both.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["deph"], "did you mean depth"),
        (["all", "--size", "slide"], "a slide holds 6 pictures, these are"),
        (["-o", "it.gif"], "the ending must be .png"),
        (["-o", "no/such/it.png"], "does not exist"),
        (["--font-size", "1"], "font-size"),
        (["--size", "poster"], "poster"),
        (["--with", "nothing"], "no run 'nothing'"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(figure, words, message, capfd):
    status, printed = figure(*words)
    said = printed + capfd.readouterr().err
    assert status == 2
    assert message in said
    assert "Traceback" not in said
