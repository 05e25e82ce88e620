"""Are a text's documents those of its source, described so that a changed one is not gone on with?"""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from solv.cli.text_data import Source, _fingerprint, _spelled, _Text, text


@pytest.fixture
def folder(tmp_path):
    """Two files, and one that the pattern leaves out."""
    made = tmp_path / "texts"
    made.mkdir()
    for name, content in {"a.txt": "first", "b.txt": "second", "c.bin": "third"}.items():
        (made / name).write_text(content)
    return made


def documents(source, place, **changes):
    keys = {"pattern": "*", "config": None, "column": "text", "validation": None, **changes}
    return _Text(source, place, out=Path("nowhere"), errors="bytes", **keys).documents()


def test_files_of_a_folder_are_documents_of_the_pattern(folder):
    about, parts = documents(Source.FOLDER, str(folder), pattern="*.txt", validation=0.0)
    assert [content for _, content in parts] == [b"first", b"second"]
    assert about["kind"] == "folder"
    assert (about["pattern"], about["validation"]) == ("*.txt", 0.0)
    assert documents(Source.FOLDER, str(folder))[0]["validation"] == 0.01


def test_a_changed_or_renamed_file_changes_the_description(folder):
    files = sorted(folder.iterdir())
    before = _fingerprint(files)
    files[0].write_text("FIRST")
    assert _fingerprint(files) != before
    files[0].write_text("first")
    assert _fingerprint(files) == before
    assert _fingerprint([*files[1:], files[0].rename(folder / "z.txt")]) != before


@pytest.mark.parametrize(("source", "place"), [(Source.LIBRARY, "x"), (Source.FOLDER, None), (Source.HF, None)])
def test_a_source_takes_its_place_or_none(source, place):
    with pytest.raises(ValueError, match=f"--source {source} takes"):
        documents(source, place)


def test_what_is_said_of_a_source_is_short():
    assert _spelled({"name": "x" * 40, "end": None, "n": 3}) == f"name {'x' * 16}, n 3"


def test_shards_are_made_shown_and_counted(folder, tmp_path):
    def call(*arguments):
        done = CliRunner().invoke(text, list(map(str, arguments)))
        assert done.exit_code == 0, done.output
        return done.stdout

    out = tmp_path / "out"
    made = call("make", "--source", "folder", "--from", folder, "--pattern", "*.txt", "--validation", 0.5, "--out", out)
    assert "vocabulary 257" in made
    tokens = sum(int(part.split()[0]) for part in made.split(", ")[:2])
    assert tokens == len("first") + len("second") + 2  # each document ends with a token
    shown = {call("show", out, 0, "--split", split).strip() for split in ("train", "validation")}
    assert shown <= {"first", "second"}
    assert call("check", out).startswith("all as written")
