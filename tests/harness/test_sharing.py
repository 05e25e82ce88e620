"""Do processes that share a run each take what no other is at, and end with the bits of one that had all to itself?"""

import json
import os
import subprocess
import sys
import time
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from solv.harness import runner, sharing
from solv.harness.catalog import load
from solv.harness.compose import settings_for
from solv.harness.contract import Context, Experiment, Part
from solv.harness.entry import Entry, Paper
from solv.harness.runner import run_experiment
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError, RunSettings, as_dictionary
from solv.harness.settings import replace as with_values
from solv.harness.sharing import Shared, UnitTakenError, help_with, helped, in_turn, longest_first
from solv.tracking.curves import Recorder
from solv.tracking.panels import Panel
from solv.tracking.progress import SilentReporter
from solv.tracking.runs import RunDirectory

ROOT = Path(__file__).parents[2]
LEARNED = "language"  # a part of softmax-law that logs metrics, and whose models are units that need none of each other


@pytest.fixture
def run(tmp_path):
    directory = RunDirectory(tmp_path / "toy" / "20260101-000000-0123456789ab")
    directory.begin("", {})
    return directory


def parts(*names):
    return [SimpleNamespace(name=name) for name in names]


def softmax_law(runs, *names, **changes):
    _, settings = settings_for("softmax-law", "smoke", [])
    changes = {"runs_dir": str(runs), "wandb": "disabled", "threads": 1, "parts": names, **changes}
    return with_values(settings, **changes)


def made(unit=7.0):
    return lambda: {"y": np.array([unit])}


def test_a_unit_that_another_process_is_at_is_refused_and_read_when_it_is_finished(run):
    shared, computed = Shared(run), []
    lock = run.unit_lock("a")
    with lock:
        assert shared.taken("a")
        assert not shared.taken("b")
        with pytest.raises(UnitTakenError, match="'a'") as refused:
            shared.unit("a", made())
        assert refused.value.unit == "a"
        run.unit("a", made(3.0))  # as the other does
        assert not shared.taken("a")
        assert shared.unit("a", lambda: computed.append("a"))["y"] == [3.0]
    assert not computed


def test_a_part_that_waits_for_another_process_is_put_off(run):
    busy, tried = {"first"}, []

    def measure(part):
        tried.append(part.name)
        if part.name in busy:
            raise UnitTakenError(f"unit of {part.name}")
        return part.name

    def taken(unit):
        assert unit == "unit of first"
        if "third" in tried:
            busy.clear()  # the other process has finished
        return bool(busy)

    found = [part.name for part, _ in in_turn(parts("first", "second", "third"), measure, taken)]
    assert found == ["second", "third", "first"]
    assert tried == ["first", "second", "third", "first"]


def test_parts_that_are_gathered_meanwhile_are_not_measured():
    gathered = {"second"}

    def measure(part):
        gathered.add("third")
        return part.name

    found = in_turn(parts("first", "second", "third", "fourth"), measure, lambda unit: False, gathered)
    assert [part.name for part, _ in found] == ["first", "fourth"]


def test_units_that_others_are_at_come_last_and_in_their_place():
    order, told = [], []

    def unit(name, compute):
        order.append(name)
        return compute()

    context = Context("cpu", Seeds(0), unit, lambda name: None, SilentReporter(), taken=lambda name: name == "in a")
    found = context.within("in").units({name: made(ord(name)) for name in "abc"}, told.append)
    assert order == ["in b", "in c", "in a"]
    assert told == ["b", "c", "a"]
    assert {name: float(arrays["y"][0]) for name, arrays in found.items()} == {"a": 97, "b": 98, "c": 99}
    assert list(found) == ["a", "b", "c"]


def test_the_longest_part_is_the_first():
    experiment, settings = load("softmax-law"), settings_for("softmax-law", "reference", [])[1]
    ordered = [part.name for part in longest_first(experiment, settings, experiment.parts)]
    assert ordered[0] == "residual-stacks"
    assert sorted(ordered) == sorted(part.name for part in experiment.parts)


def test_two_processes_end_with_the_bits_of_one(tmp_path):
    names = ("residual-stacks", LEARNED, "temperatures")
    one, two = (
        run_experiment(
            load("softmax-law"),
            softmax_law(tmp_path / str(processes), *names, processes=processes),
            preset="smoke",
            figure=False,
        )
        for processes in (1, 2)
    )
    assert one.curves.equals(two.curves)
    assert [each.verdict for each in one.findings] == [each.verdict for each in two.findings]
    manifest = two.run.manifest()
    assert manifest["processes"] == 2
    assert set(manifest["parts"]) == set(names)
    assert all(each["cpu"] > 0 for each in manifest["parts"].values())


def test_what_a_helper_has_computed_is_read(tmp_path, monkeypatch):
    experiment, settings = load("softmax-law"), softmax_law(tmp_path, LEARNED)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runner, "in_turn", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_experiment(experiment, settings, preset="smoke", figure=False)
    [unfinished] = (path for path in (tmp_path / "softmax-law").iterdir() if not path.name.startswith("."))
    help_with(experiment, settings, [LEARNED], RunDirectory(unfinished), lambda *metrics: None)
    units = {path: path.stat().st_mtime_ns for path in (unfinished / "checkpoints").glob("*.npz")}
    assert units
    assert "train byte-level decoders" in (unfinished / "log.txt").read_text()
    assert run_experiment(experiment, settings, preset="smoke", figure=False).resumed
    assert units == {path: path.stat().st_mtime_ns for path in (unfinished / "checkpoints").glob("*.npz")}


def test_a_helper_computes_and_its_metrics_arrive(tmp_path, run):
    experiment, settings, metrics, said = load("softmax-law"), softmax_law(tmp_path, LEARNED, processes=2), [], []
    chosen = experiment.chosen([LEARNED])
    with helped(experiment, settings, chosen, run, lambda *each: metrics.append(each), said.append):
        wait_for(lambda: len(list((run.path / "checkpoints").glob("*.npz"))) == 2)
    assert metrics
    assert all(isinstance(step, int) and values["loss"] > 0 for _, step, values in metrics)
    assert not said


def test_a_helper_that_fails_leaves_the_work_to_the_others_and_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(sharing.sys, "executable", "/bin/false")
    said = []
    outcome = run_experiment(
        load("softmax-law"),
        softmax_law(tmp_path, "temperatures", processes=2),
        preset="smoke",
        figure=False,
        say=said.append,
    )
    assert outcome.run.finished
    assert [line for line in said if "has failed" in line] == said
    assert len(said) == 1


def test_a_helper_ends_with_the_process_that_leads(tmp_path, run):
    settings = softmax_law(tmp_path, "residual-stacks")
    settings = with_values(settings, stacks=with_values(settings.stacks, steps=1_000_000))
    order = {
        "experiment": "softmax-law",
        "settings": as_dictionary(settings),
        "parts": ["residual-stacks"],
        "run": str(run.path),
    }
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-m", "solv.harness.sharing"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as helper:
        helper.stdin.write(json.dumps(order) + "\n")
        helper.stdin.flush()
        wait_for(lambda: list((run.path / "checkpoints").iterdir()))
        assert helper.poll() is None
        helper.stdin.close()
        assert helper.wait(20) == 0
    assert not Shared(run).taken("residual stacks 0")


def test_an_experiment_that_other_processes_cannot_find_is_refused(tmp_path):
    names = StrEnum("Panels", {"P": "p"})
    record = Recorder("toy", "one")
    part = Part(
        "one",
        "Is it?",
        names,
        lambda config: [Panel(names.P, "toy", "x", "y")],
        lambda config: [record.theory(names.P, {}, x=("x", 0), y=("y", 1.0))],
        lambda config, context: (),
        (),
    )
    entry = Entry("toy", Paper("A toy", "nobody", "0000.00000"), "Does it run?", ("x",), {}, "-", "-")
    experiment = Experiment(entry, RunSettings, (part,))
    settings = RunSettings(runs_dir=str(tmp_path), wandb="disabled", device="cpu")
    with pytest.raises(ConfigurationError, match="toy is an object of this one"):
        run_experiment(experiment, with_values(settings, processes=2, threads=1), preset="quick")
    assert not list(tmp_path.glob("toy/2*"))
    assert run_experiment(experiment, settings, preset="quick").run.finished


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
