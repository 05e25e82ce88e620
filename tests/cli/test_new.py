"""Is a package of a person's own written under its name throughout, and a name that cannot be refused?"""

import ast

import pytest

from solv.cli.new import check_name, write_package
from solv.harness.settings import ConfigurationError


def test_every_file_is_written_under_the_name(tmp_path):
    files = write_package("tail-bound", tmp_path / "tail-bound")
    assert files
    texts = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in files}
    assert any("tail_bound" in place for place in texts)
    for place, text in texts.items():
        assert not place.endswith(".template")
        for left in ("my-law", "my_law", "MyLaw"):
            assert left not in text, place
            assert left not in place
        if place.endswith(".py"):
            ast.parse(text)
    assert any("TailBound" in text for text in texts.values())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("My-Law", "small letters"),
        ("my_law", "small letters"),
        ("3-laws", "small letters"),
        ("class", "small letters"),
        ("my--law", "small letters"),
        ("dmft", "there is an experiment dmft already"),
        ("json", "there is a Python module json already"),
        ("numpy", "there is a Python module numpy already"),
        ("taken", "is there already"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path, monkeypatch, name, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    with pytest.raises(ConfigurationError, match=said):
        check_name(name)


def test_a_name_that_can_be_is_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_name("tail-bound")
    check_name("law2")
