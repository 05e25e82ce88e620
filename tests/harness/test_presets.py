"""Are presets those of the files, shipped and the user's own, in the order of their size?"""

import pytest

from solv.harness.catalog import UnknownExperimentError, load, names
from solv.harness.compose import settings_for
from solv.harness.presets import presets, shipped_presets, user_config_folder


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The folder of a person's own presets of dmft."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "solv" / "experiment" / "dmft"
    folder.mkdir(parents=True)
    return folder


def test_every_paper_ships_its_presets(own):
    for name in names():
        assert {"smoke", "quick", "paper"} <= set(shipped_presets(name)), name


def test_the_users_own_come_behind_in_order_and_none_twice(own):
    for name in ("zeta.yaml", "alpha.yaml", "quick.yaml", "notes.txt"):
        (own / name).write_text("")
    shipped = shipped_presets("dmft")
    found = presets("dmft")
    assert found[:2] == ["smoke", "quick"]
    assert found[-2:] == ["alpha", "zeta"]
    assert sorted(found) == sorted({*shipped, "alpha", "zeta"})


def test_the_folder_is_that_of_the_environment(own, monkeypatch, tmp_path):
    assert user_config_folder() == tmp_path / "solv"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert user_config_folder() == tmp_path / "home" / ".config" / "solv"


def test_an_unknown_experiment_is_refused(own):
    for ask in (presets, shipped_presets):
        with pytest.raises(UnknownExperimentError, match="dmtf"):
            ask("dmtf")


@pytest.mark.parametrize("name", [each for each in names() if each not in ("anytime", "sbd")])
@pytest.mark.parametrize("preset", ["smoke", "quick", "reference", "paper"])
def test_no_preset_is_refused_for_its_own_sizes(name, preset):
    """Those of anytime's and sbd's papers ask for data of the user's."""
    _, settings = settings_for(name, preset, [])
    load(name).require(settings)
