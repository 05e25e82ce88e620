"""Does a run reach W&B as promised, and does it finish with the same bits whatever happens to W&B?

The real client records; its own reader (`wandb leet inspect`) reads the `.wandb` files back. No server, no login.
"""

import json
import os
import signal
import subprocess
import sys
import time
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from solv.harness.contract import Experiment, Part
from solv.harness.entry import Entry, Paper
from solv.harness.runner import run_experiment
from solv.harness.settings import RunSettings, integer, resolve
from solv.harness.settings import defaults as default_values
from solv.tracking.claims import Claim, Judgement, Verdict
from solv.tracking.curves import Recorder
from solv.tracking.panels import Panel

CELLS = 4
FAKE_KEY = "f00d" * 10


class Config(RunSettings):
    scale: int = integer(2, "factor of the measured values", least=1)


class Panels(StrEnum):
    P = "p q"


RECORD = Recorder("toy", "nets")


def toy(during=lambda: None):
    """Return an experiment that predicts y = x, simulates and trains it, and calls `during` amid the training."""
    switch = SimpleNamespace(during=during)  # a function that it closes over would be part of its code

    def predict(config):
        x = np.arange(1, 9)
        yield RECORD.theory(Panels.P, {"tau": 1.5}, x=("x", x), y=("y", x))

    def measure(config, context):
        for part in range(2):

            def train(part=part):
                for step in range(10 * part, 10 * part + 10):
                    context.log_metrics("small* net 1.5", step, {"loss": 1 / (step + 1), "rate": np.float32(0.5)})
                return {"y": context.seeds.numpy("noise", part).standard_normal(CELLS)}

            noise = context.unit(f"part {part}", train)["y"]
            if part == 0:
                switch.during()
        x = np.arange(1, CELLS + 1)
        at = {"tau": 1.5}
        yield RECORD.simulation(Panels.P, at, x=("x", x), y=("y", x + config.scale * noise), y_err=1.0, n=3)
        yield RECORD.trained(Panels.P, at, x=("x", x), y=("y", 2.0 * x), y_err=0.5, n=3)

    def rises(curves):
        return Judgement(Verdict.HOLDS, "> 0", 1.5)

    def is_flat(curves):
        return Judgement(Verdict.FAILS, 0.0, 1.5, error=0.25)

    nets = Part(
        "nets",
        "Does it record?",
        Panels,
        lambda config: [Panel(Panels.P, "toy", "x", "y", series="τ* = {tau}")],
        predict,
        measure,
        (
            Claim("grows", "y grows", (Panels.P,), rises),
            Claim("flat", "y is flat", (Panels.P,), is_flat),
        ),
    )
    entry = Entry("toy", Paper("A toy", "nobody", "2401.00001"), "Does it record?", ("x",), {}, "-", "-")
    return Experiment(entry, Config, (nets,))


@pytest.fixture(scope="module", autouse=True)
def _no_login(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("WANDB_")]:
            patch.delenv(name)
        patch.setenv("NETRC", str(tmp_path_factory.mktemp("home") / "netrc"))
        yield


def record(runs, mode, experiment=None, **options):
    """Run the toy; return its outcome and what the person was told."""
    said = []
    values = {**default_values(Config), "runs_dir": str(runs), "device": "cpu", "wandb": mode}
    outcome = run_experiment(experiment or toy(), resolve(Config, values), preset="quick", say=said.append, **options)
    return outcome, said


def records(run, pattern="offline-run-*"):
    """Return the records of a run directory's W&B files, one list a file, read by wandb itself."""
    found = []
    for path in sorted((run.path / "wandb").glob(f"{pattern}/*.wandb")):
        command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(path)]
        output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout
        found.append([json.loads(line) for line in output.splitlines()])
    return found


def of_kind(kind, rows):
    return [row[kind] for row in rows if row["type"] == kind]


def bits(outcome):
    names = ("curves.parquet", "claims.json", "figure.png", "figure.svg", "agreement.csv")
    return [(outcome.run.path / name).read_bytes() for name in names]


@pytest.fixture(scope="module")
def untracked(tmp_path_factory):
    return record(tmp_path_factory.mktemp("untracked"), "disabled")


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    return record(tmp_path_factory.mktemp("offline"), "auto", group="a sweep")


@pytest.fixture(scope="module")
def rows(offline):
    [only] = records(offline[0].run)
    return only


@pytest.fixture(scope="module")
def history(rows):
    return [row["item"] for row in of_kind("history", rows)]


def test_without_a_login_a_run_is_recorded_offline_in_its_directory_and_nothing_is_said(offline, rows):
    outcome, said = offline
    assert said == []
    assert Path(outcome.dashboard).parent == outcome.run.path / "wandb"
    [link] = (outcome.run.path.parent.parent / "wandb").iterdir()
    assert link.resolve() == Path(outcome.dashboard).resolve()
    [ended] = of_kind("exit", rows)
    assert ended["exit_code"] == 0


def test_the_record_is_filed_by_experiment_paper_preset_and_group(offline, rows):
    [filed] = of_kind("run", rows)
    assert filed["project"] == "solv"
    assert filed["job_type"] == "point"
    assert filed["run_group"] == "a sweep"
    assert sorted(filed["tags"]) == ["arxiv:2401.00001", "quick", "toy"]
    assert filed["display_name"] == f"toy {offline[0].run.path.name}"
    config = filed["config"]["update"]
    assert (config["scale"], config["seed"], config["preset"]) == (2, 0, "quick")
    assert config["key"] == offline[0].run.key


def test_training_metrics_come_step_by_step_against_their_own_step(rows, history):
    steps = [row for row in history if "train/small∗ net 1_5/loss" in row]
    assert [row["train/small∗ net 1_5/step"] for row in steps] == list(range(20))
    assert steps[9]["train/small∗ net 1_5/loss"] == pytest.approx(0.1)
    assert steps[9]["train/small∗ net 1_5/rate"] == 0.5
    defined = {m["glob_name"]: m["step_metric"] for m in of_kind("metric", rows) if "glob_name" in m}
    assert defined == {"train/small∗ net 1_5/*": "train/small∗ net 1_5/step"}


def test_theory_and_measurement_are_drawn_against_the_experiments_own_abscissa(offline, rows, history):
    names = {
        "theory": "nets/p q/τ∗ = 1.5/theory",
        "simulation": "nets/p q/τ∗ = 1.5/simulation",
        "trained": "nets/p q/τ∗ = 1.5/trained",
    }
    defined = {metric["name"]: metric.get("step_metric") for metric in of_kind("metric", rows) if "name" in metric}
    escaped = [name.replace(".", r"\.") for name in names.values()]  # else wandb reads a dot as nesting
    assert {name: defined[name] for name in escaped} == dict.fromkeys(escaped, "x/x")
    for source, name in names.items():
        points = offline[0].curves[offline[0].curves["source"] == source]
        drawn = [(row["x/x"], row[name]) for row in history if name in row]
        assert drawn == list(zip(points["x"], points["y"], strict=True))
    both = [row["x/x"] for row in history if names["theory"] in row and names["trained"] in row]
    assert both == list(range(1, CELLS + 1))


def test_curves_agreement_and_claims_are_tables_and_the_figure_an_image(offline, history):
    [last] = [row for row in history if "0-headline/figure._type" in row]
    folder = Path(offline[0].dashboard) / "files"
    names = ("curves", "claims", "agreement")
    table = {name: json.loads((folder / last[f"tables/{name}.path"]).read_text()) for name in names}
    assert table["curves"]["columns"] == list(offline[0].curves.columns)
    assert len(table["curves"]["data"]) == len(offline[0].curves)
    assert [row[:2] for row in table["claims"]["data"]] == [["grows", "holds"], ["flat", "fails"]]
    assert len(table["agreement"]["data"]) == 2
    assert (folder / last["0-headline/figure.path"]).read_bytes() == (offline[0].run.path / "figure.png").read_bytes()


def test_one_chart_lays_measurement_over_theory(rows, history):
    [config] = [c["update"] for c in of_kind("config", rows) if any("0-headline" in key for key in c["update"])]
    [chart] = config.values()
    assert chart["panel_config"]["panelDefId"] == "wandb/lineseries/v0"
    [last] = [row for row in history if "0-headline/figure._type" in row]
    assert last["Custom Chart Tables/0-headline/1 p q_table.nrows"] == 8 + 2 * CELLS


def test_agreement_and_claims_stand_in_the_summary_and_curves_do_not(offline, rows):
    summary = {}
    for update in of_kind("summary", rows):
        summary |= update.get("update", {})
    assert (summary["claims/holds"], summary["claims/fails"], summary["claims/undecided"]) == (1, 1, 0)
    assert summary["claim/flat"] == "fails"
    assert summary["claim/flat/measured"] == 1.5
    assert 0.0 < summary["agreement/nets/median_error"] <= 1.0
    assert summary["agreement/worst_error"] >= 1.0
    assert not [key for key in summary if key.startswith(("nets/", "x/"))]


def test_a_point_of_a_sweep_is_recorded_without_a_figure(tmp_path):
    outcome, said = record(tmp_path, "offline", figure=False)
    assert said == []
    [rows] = records(outcome.run)
    [last] = [row["item"] for row in of_kind("history", rows) if "tables/curves._type" in row["item"]]
    assert not [key for key in last if "figure" in key]


def test_tracking_changes_no_bit(offline, untracked):
    assert bits(offline[0]) == bits(untracked[0])


def test_a_disabled_run_starts_no_process_and_imports_no_wandb(untracked):
    outcome, said = untracked
    assert said == []
    assert outcome.dashboard is None
    assert not (outcome.run.path / "wandb").exists()
    assert not (outcome.run.path.parent.parent / "wandb").exists()
    assert not [name for name in sys.modules if name.split(".")[0] == "wandb"]


def test_an_interrupted_and_resumed_run_goes_on_with_the_same_record(tmp_path, untracked):
    def interrupt():
        recorder_opened(tmp_path)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(tmp_path, "offline", toy(interrupt))
    time.sleep(1)  # wandb names a part by the second in which it starts
    outcome, said = record(tmp_path, "offline")
    assert outcome.resumed
    assert [line for line in said if line.startswith("W&B")] == []
    first, second = records(outcome.run)
    assert len({of_kind("run", part)[0]["run_id"] for part in (first, second)}) == 1
    assert all(of_kind("run", part)[0]["resume"] for part in (first, second))
    assert [of_kind("exit", part)[0]["exit_code"] for part in (first, second)] == [1, 0]
    steps = [
        [
            row["item"]["train/small∗ net 1_5/step"]
            for row in of_kind("history", part)
            if "train/small∗ net 1_5/step" in row["item"]
        ]
        for part in (first, second)
    ]
    assert steps == [list(range(10)), list(range(10, 20))]
    assert bits(outcome) == bits(untracked[0])


@pytest.mark.parametrize("stop", [signal.SIGKILL], ids=["killed"])
def test_a_service_that_dies_costs_one_warning(tmp_path, untracked, stop):
    def kill():
        recorder_opened(tmp_path)
        os.kill(descendant("wandb-core"), stop)

    outcome, said = record(tmp_path, "offline", toy(kill))
    assert len(said) == 1
    assert said[0].startswith("W&B: recording stopped")
    assert outcome.run.finished
    assert bits(outcome) == bits(untracked[0])


def test_a_recorder_that_dies_costs_one_warning(tmp_path, untracked):
    def kill():
        recorder_opened(tmp_path)
        os.kill(descendant("wandb_run.py"), signal.SIGKILL)
        while descendant("wandb_run.py"):
            time.sleep(0.01)

    outcome, said = record(tmp_path, "offline", toy(kill))
    assert said == ["W&B: the recording process died; the run itself is complete"]
    assert bits(outcome) == bits(untracked[0])


def test_online_without_a_login_records_offline_with_one_warning(tmp_path):
    outcome, said = record(tmp_path, "online")
    assert len(said) == 1
    assert "no login is configured" in said[0]
    assert Path(outcome.dashboard).name.startswith("offline-run-")


def test_online_without_a_network_records_everything_offline_and_leaves_no_credential(tmp_path, monkeypatch, untracked):
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")  # the discard port: nothing listens
    monkeypatch.setenv("WANDB_API_KEY", FAKE_KEY)
    outcome, said = record(tmp_path, "auto")
    assert len(said) == 1
    assert "cannot go online" in said[0]
    assert "wandb sync" in said[0]
    [rows] = records(outcome.run)
    assert len([row for row in of_kind("history", rows) if "train/small∗ net 1_5/loss" in row["item"]]) == 20
    assert bits(outcome) == bits(untracked[0])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if FAKE_KEY.encode() in path.read_bytes()]


def test_a_missing_wandb_package_costs_one_warning(tmp_path, monkeypatch, untracked):
    (tmp_path / "shadow" / "wandb").mkdir(parents=True)
    (tmp_path / "shadow" / "wandb" / "__init__.py").write_text("raise ImportError('no wandb here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "shadow"))
    outcome, said = record(tmp_path / "runs", "auto")
    assert len(said) == 1
    assert "the package wandb cannot be imported" in said[0]
    assert outcome.dashboard is None
    assert bits(outcome) == bits(untracked[0])


def test_a_record_that_cannot_be_started_costs_one_warning(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("solv.tracking.dashboard.subprocess.Popen", refuse)
    outcome, said = record(tmp_path, "offline")
    assert said == ["W&B: cannot start recording (No space left on device); the run itself is complete"]
    assert outcome.run.finished


def test_the_environment_can_switch_tracking_off_but_not_over_an_explicit_choice(tmp_path, monkeypatch):
    started = []
    popen = subprocess.Popen

    def watch(command, *arguments, **options):
        if "wandb_run.py" not in str(command):
            return popen(command, *arguments, **options)  # git is asked for the commit
        started.append(command)
        raise OSError("not here")

    monkeypatch.setattr("solv.tracking.dashboard.subprocess.Popen", watch)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    record(tmp_path / "auto", "auto")
    assert started == []
    record(tmp_path / "offline", "offline")
    assert len(started) == 1


def test_a_finished_run_that_is_reused_is_not_recorded_again(offline):
    outcome, said = record(offline[0].run.path.parent.parent, "offline")
    assert outcome.reused
    assert said == []
    assert len(list((outcome.run.path / "wandb").glob("offline-run-*"))) == 1


def test_nothing_of_wandb_is_printed_by_a_run(tmp_path):
    code = "import sys; from tests_toy import record; outcome, said = record(sys.argv[1], 'offline'); print(len(said))"
    (tmp_path / "tests_toy.py").write_text(Path(__file__).read_text())
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[3] / 'src'}"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "runs")],
        capture_output=True,
        text=True,
        env=environment,
        timeout=600,
        check=True,
    )
    assert done.stdout == "0\n"
    assert done.stderr == ""


def recorder_opened(runs):
    """Wait until the record of the run in `runs` is open."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        if list((runs / "wandb").glob("*")) and descendant("wandb-core"):
            return
        time.sleep(0.05)
    raise AssertionError("the record was not opened in 30 s")


def descendant(name):
    """Return the id of the process below this one whose command line holds `name`, None if there is none."""
    children = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            command = (status.parent / "cmdline").read_text()
        except OSError:
            continue
        children.setdefault(parent, []).append((int(status.parent.name), command))
    waiting = [os.getpid()]
    while waiting:
        for pid, command in children.get(waiting.pop(), []):
            if name in command:
                return pid
            waiting.append(pid)
    return None
