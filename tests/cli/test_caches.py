"""Is a folder for fonts found only where there is none, and never one that another could write?"""

import os
import tempfile
from pathlib import Path

import pytest

from solv.cli.caches import place_for_fonts


@pytest.fixture
def nobody(tmp_path, monkeypatch):
    """Nobody's home: the folders of matplotlib would lie below a file; and a temporary folder of the test's own."""
    (tmp_path / "file").write_text("")
    (tmp_path / "tmp").mkdir()
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr("sys.platform", "linux")
    yield tmp_path
    os.environ.pop("MPLCONFIGDIR", None)  # what was set here; the environment of the test comes back after


def test_what_the_person_says_and_a_home_that_can_be_written_are_left_alone(nobody, monkeypatch):
    monkeypatch.setenv("MPLCONFIGDIR", "/mine")
    place_for_fonts()
    assert os.environ["MPLCONFIGDIR"] == "/mine"
    monkeypatch.delenv("MPLCONFIGDIR")
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(nobody / "not" / "yet"))
    place_for_fonts()
    assert "MPLCONFIGDIR" not in os.environ


def test_where_no_home_can_be_written_the_folder_is_ones_own_and_the_same_each_time(nobody):
    found = []
    for _ in range(2):
        os.environ.pop("MPLCONFIGDIR", None)
        place_for_fonts()
        found.append(Path(os.environ["MPLCONFIGDIR"]))
    assert found[0] == found[1] == nobody / "tmp" / f"solv-fonts-{os.getuid()}"
    assert found[0].stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["open to all", "a link", "a file"])
def test_a_folder_that_another_could_have_made_is_not_taken(nobody, kind):
    place = nobody / "tmp" / f"solv-fonts-{os.getuid()}"
    if kind == "open to all":
        place.mkdir()
        place.chmod(0o777)
    elif kind == "a link":
        place.symlink_to(nobody)
    else:
        place.write_text("")
    place_for_fonts()
    taken = Path(os.environ["MPLCONFIGDIR"])
    assert taken != place
    assert taken.is_dir()
    assert taken.stat().st_mode & 0o077 == 0
