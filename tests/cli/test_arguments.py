"""Do the options that commands share mean what they say?"""

from pathlib import Path

import pytest
import typer

from solv.cli.arguments import check_plot_path, finish, part_override, runs_dir_override, runs_root
from solv.cli.errors import DEBUG_VARIABLE
from solv.harness.settings import ConfigurationError


def test_the_folder_of_runs_is_the_option_then_the_environment_then_runs(monkeypatch):
    monkeypatch.setenv("SOLV_RUNS_DIR", "/there")
    assert runs_root(Path("here")) == Path("here")
    assert runs_root(None) == Path("/there")
    monkeypatch.setenv("SOLV_RUNS_DIR", "")
    assert runs_root(None) == Path("runs")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert runs_root(Path("~/x")) == Path("/home/somebody/x")


def test_parts_become_a_list_override():
    assert part_override(None) == []
    from hydra.core.override_parser.overrides_parser import OverridesParser

    for typed, names in (
        (["depth"], ["depth"]),
        ([" a-b, c,,"], ["a-b", "c"]),
        (["a-b", "c,d", "c"], ["a-b", "c", "d"]),
    ):
        [read] = OverridesParser.create().parse_overrides(part_override(typed))
        assert (read.key_or_group, read.value()) == ("parts", names)
    with pytest.raises(ConfigurationError, match="names no part"):
        part_override(["depth", " , "])


def test_a_folder_with_spaces_is_quoted():
    assert runs_dir_override(None) == []
    [override] = runs_dir_override(Path("my runs/it's"))
    from hydra.core.override_parser.overrides_parser import OverridesParser

    [read] = OverridesParser.create().parse_overrides([override])
    assert read.value() == "my runs/it's"


def test_a_figure_needs_a_known_ending_and_a_folder(tmp_path):
    check_plot_path(None)
    check_plot_path(tmp_path / "a.svg")
    with pytest.raises(ConfigurationError, match=r"the ending must be \.png, \.svg or \.pdf"):
        check_plot_path(tmp_path / "a.gif")
    with pytest.raises(ConfigurationError, match="does not exist"):
        check_plot_path(tmp_path / "no" / "a.png")


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (1, 1)])
def test_a_command_leaves_with_the_status_of_its_body(returned, status):
    with pytest.raises(typer.Exit) as left:
        finish(lambda: returned, debug=False)
    assert left.value.exit_code == status


def test_debug_shows_the_traceback(monkeypatch, capsys):
    monkeypatch.setenv(DEBUG_VARIABLE, "")

    def body():
        raise ValueError("wrong")

    with pytest.raises(typer.Exit) as left:
        finish(body, debug=True)
    assert left.value.exit_code == 2
    assert "Traceback" in capsys.readouterr().err
