"""Does nothing connect to W&B's server where a person said so, in whatever words, though a login is there?"""

import json
import os

import pytest

from solv.harness.runner import run_experiment
from solv.harness.settings import defaults, resolve
from tests.end_to_end.listening import KEY, listening
from tests.end_to_end.wandb.answering import answering
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


def record(runs, mode="auto", **options):
    values = {**defaults(Config), "runs_dir": str(runs), "device": "cpu", "wandb": mode}
    return run_experiment(toy(), resolve(Config, values), preset="quick", figure=False, **options)


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


def test_an_online_run_is_filed_streamed_and_uploaded(tmp_path, monkeypatch):
    """The other side of the same coin: where nobody said otherwise, a login means online, and all of it arrives."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    left_over = {"WANDB_RUN_ID": "abc12345", "WANDB_RESUME": "must", "WANDB_NAME": "outer", "WANDB_PROJECT": ""}
    with answering() as server:
        for name, value in {**server.environment, **left_over}.items():
            monkeypatch.setenv(name, value)
        said = []
        outcome = record(tmp_path / "runs", say=said.append)
    assert said == []
    own = (outcome.run.path / "wandb" / "id").read_text().strip()
    assert outcome.dashboard == f"{server.address}/me/solv/runs/{own}"
    assert {(filed["name"], filed["project"]) for filed in server.runs} == {(own, "solv")}
    assert server.runs[0]["displayName"] == f"toy {outcome.run.path.name}"
    assert server.runs[0]["jobType"] == "run"
    history = server.streamed["wandb-history.jsonl"]
    steps = [row["train/small∗ net 1_5/step"] for row in history if "train/small∗ net 1_5/step" in row]
    assert steps == list(range(20))
    [curves] = [json.loads(content) for name, content in server.uploaded.items() if "tables/curves" in name]
    assert len(curves["data"]) == len(outcome.curves)
    summary = json.loads(server.uploaded["wandb-summary.json"])
    assert (summary["claims/holds"], summary["claims/fails"]) == (1, 1)
    files = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
