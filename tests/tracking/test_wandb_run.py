"""Does the recording process do with wandb what its messages say, and end with one line where wandb cannot?"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from solv.tracking import wandb_run

FAKE = """
import json, os
from types import SimpleNamespace

def note(*what):
    with open(os.environ["NOTES"], "a") as file:
        file.write(json.dumps(what) + "\\n")

def Settings(**values):
    return values

def Table(columns, data):
    return ["table", columns, data]

def Image(path):
    return ["image", path]

plot = SimpleNamespace(line_series=lambda **values: ["chart", values["title"], values["keys"]])

def teardown():
    note("teardown")

class Run:
    def __init__(self, settings):
        mode = settings["mode"]
        folder = os.path.join(settings["root_dir"], mode + "-run")
        self.settings = SimpleNamespace(sync_dir=folder, _offline=mode != "online")
        os.makedirs(self.settings.sync_dir, exist_ok=True)
        self.url = "https://wandb.example/run"
        self.summary = SimpleNamespace(update=lambda values: note("summary", values))

    def define_metric(self, **values):
        note("define", values)

    def log(self, row):
        note("log", row)

    def finish(self, exit_code):
        note("finish", exit_code)
        if os.environ.get("SLOW"):
            raise TimeoutError

def init(config, settings):
    note("init", settings["mode"], config)
    if settings["mode"] == "online" and os.environ.get("NO_NETWORK"):
        raise RuntimeError("no network\\nand more")
    return Run(settings)
"""


@pytest.fixture
def recorded(tmp_path):
    """Return a function that sends messages to the process and returns its answers and what wandb was told."""
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "wandb.py").write_text(FAKE)
    notes, root = tmp_path / "notes", tmp_path / "run"
    root.mkdir()

    def call(*messages, mode="offline", warning=None, wandb=True, **environment):
        settings = {"root_dir": str(root), "project": "solv"}
        opening = {"mode": mode, "warning": warning, "settings": settings, "config": {"a": 1}}
        opening["gather"] = str(tmp_path / "all")
        lines = "".join(json.dumps(message) + "\n" for message in ({"open": opening}, *messages))
        path = str(tmp_path / "fake") if wandb else str(tmp_path)
        done = subprocess.run(
            [sys.executable, "-P", "-S", wandb_run.__file__],  # without the packages of this environment
            input=lines, capture_output=True, text=True, check=False, timeout=600,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": path, "NOTES": str(notes), **environment},
        )  # fmt: skip
        answers = {kind: content for line in done.stdout.splitlines() for kind, content in json.loads(line).items()}
        told = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
        return answers, told, done.returncode

    return call


def test_messages_are_recorded_in_their_order(recorded, tmp_path):
    results = {
        "tables": {"claims": {"columns": ["id"], "rows": [["one"]]}},
        "charts": {"0-headline/1 p": {"title": "p", "x_name": "t", "lines": [{"name": "theory", "x": [0], "y": [1]}]}},
        "images": {"0-headline/figure": "figure.png"},
    }
    messages = ({"define": [{"name": "x/t"}]}, {"log": {"x/t": 1}}, {"results": results}, {"summary": {"b": 2}})
    answers, told, status = recorded(*messages, {"close": 0})
    assert status == 0
    assert answers["closed"] == 0
    assert answers["opened"]["address"] is None
    assert told[:3] == [["init", "offline", {"a": 1}], ["define", {"name": "x/t"}], ["log", {"x/t": 1}]]
    assert told[3][1]["claims"] == ["table", ["id"], [["one"]]]
    assert told[3][1]["0-headline/1 p"] == ["chart", "p", ["theory"]]
    assert told[3][1]["0-headline/figure"] == ["image", "figure.png"]
    assert told[4:] == [["summary", {"b": 2}], ["finish", 0]]
    [link] = (tmp_path / "all").iterdir()
    assert link.resolve() == Path(answers["opened"]["folder"]).resolve()


def test_an_end_without_close_is_an_interruption(recorded):
    answers, told, _ = recorded({"log": {"x/t": 1}})
    assert told[-1] == ["finish", 1]
    assert answers["closed"] == 1


def test_without_a_network_it_goes_on_offline_and_says_so(recorded):
    answers, told, _ = recorded({"close": 0}, mode="online", NO_NETWORK="1")
    assert [each[:2] for each in told] == [["init", "online"], ["teardown"], ["init", "offline"], ["finish", 0]]
    assert answers["warning"].startswith("cannot go online (no network); recorded offline; later: wandb sync ")
    online, _, _ = recorded({"close": 0}, mode="online")
    assert online["opened"]["address"] == "https://wandb.example/run"


def test_a_warning_of_the_decision_comes_with_how_to_upload(recorded):
    answers, _, _ = recorded({"close": 0}, warning="not logged in")
    assert answers["warning"].startswith("not logged in; recorded offline")


def test_an_upload_that_does_not_end_is_told_and_closed(recorded):
    answers, _, _ = recorded({"close": 0}, SLOW="1")
    assert "the upload did not end within 20 s" in answers["warning"]
    assert answers["closed"] == 0


def test_without_wandb_nothing_is_recorded_and_the_line_says_why(recorded):
    answers, told, status = recorded({"close": 0}, wandb=False)
    assert "cannot be imported (pip install wandb)" in answers["warning"]
    assert (told, status) == ([], 0)


def test_a_fault_of_wandb_ends_the_recording_with_its_first_line(recorded):
    answers, _, status = recorded({"summary": None, "nonsense": 1})
    assert answers["warning"].startswith("recording stopped: ")
    assert status == 1
