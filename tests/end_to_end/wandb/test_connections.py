"""Does nothing connect to W&B's server where a person said so, in whatever words, though a login is there?"""

import json
import os

import pytest

from solv.harness.runner import run_experiment
from solv.harness.settings import defaults, resolve
from tests.end_to_end.listening import listening
from tests.end_to_end.wandb.test_wandb_record import Config, toy

OFFLINE = [{"WANDB_MODE": word} for word in ("off", "offline", "OFFLINE", "dryrun")]
DISABLED = [{"WANDB_MODE": "disabled"}, {"WANDB_DISABLED": "true"}]


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A port that W&B takes for its server, in a folder of its own with a login."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    with listening() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


def record(runs, mode="auto"):
    values = {**defaults(Config), "runs_dir": str(runs), "device": "cpu", "wandb": mode}
    return run_experiment(toy(), resolve(Config, values), preset="quick", figure=False)


@pytest.mark.parametrize("words", OFFLINE[:2], ids=str)
def test_offline_is_recorded_without_a_connection(server, monkeypatch, tmp_path, words):
    for name, value in words.items():
        monkeypatch.setenv(name, value)
    outcome = record(tmp_path / "runs")
    assert len(list(outcome.run.path.glob("wandb/offline-run-*/*.wandb"))) == 1
    assert server.count == 0


@pytest.fixture
def recorders(monkeypatch):
    """The environment of each recorder that would be started, and the first thing it would be told."""
    started = []

    class Recorder:
        def __init__(self, command, **options):
            if "wandb_run.py" not in str(command):
                raise OSError("not here")
            self.environment = options["env"]
            started.append(self)
            raise OSError("not here")

    monkeypatch.setattr("solv.tracking.dashboard.subprocess.Popen", Recorder)
    return started


def test_all_words_for_offline_start_the_same_recorder(server, monkeypatch, tmp_path, recorders):
    """What one of them does is what all of them do; of a settings file, too, which stays as it was."""
    settings = tmp_path / "wandb" / "settings"
    settings.parent.mkdir()
    for words in OFFLINE:
        with monkeypatch.context() as patch:
            for name, value in words.items():
                patch.setenv(name, value)
            record(tmp_path / json.dumps(words))
    settings.write_text("[default]\nmode = offline\n")
    record(tmp_path / "settings")
    record(tmp_path / "option", "offline")
    told = [dict(each.environment) for each in recorders]
    assert [each.pop("WANDB_MODE") for each in told] == ["offline"] * 6
    same = [{name: each[name] for name in each if name not in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR")} for each in told]
    assert same == [same[0]] * 6
    assert settings.read_text() == "[default]\nmode = offline\n"


def test_no_word_for_disabled_starts_a_recorder(server, monkeypatch, tmp_path, recorders):
    for words in DISABLED:
        with monkeypatch.context() as patch:
            for name, value in words.items():
                patch.setenv(name, value)
            record(tmp_path / json.dumps(words))
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb" / "settings").write_text("[default]\nmode = disabled\n")
    record(tmp_path / "settings")
    record(tmp_path / "option", "disabled")
    assert recorders == []
    assert server.count == 0
