"""Is what `solv new` writes an experiment like any other: installed in an empty folder, for every command?"""

import json
import os
import subprocess
import sys

import pytest

from tests.end_to_end.cli.conftest import ROOT, SOLV, call_process


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The folder that holds the package `my-law` as it was written."""
    folder = tmp_path_factory.mktemp("new")
    done = call_process([*SOLV, "new", "my-law"], folder, environment_of(folder))
    assert done.returncode == 0, done.stderr
    assert "pip install -e . && solv run my-law" in done.stdout
    return folder / "my-law"


@pytest.fixture(scope="module")
def installed(package, tmp_path_factory):
    """Call a command in an empty folder where the package is installed."""
    site, work = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("work")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*install, "--target", str(site), str(package)], check=True, capture_output=True, timeout=600)
    environment = environment_of(work, site)

    def call(*command, timeout=600, **changes):
        whole = [*SOLV, *command] if command[0] != sys.executable else list(command)
        return call_process(whole, work, {**environment, **changes}, timeout)

    return call


def environment_of(folder, *places):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SOLV_", "WANDB_", "HYDRA_"))}
    path = os.pathsep.join(map(str, (ROOT / "src", *places)))
    own = {"PYTHONPATH": path, "XDG_CONFIG_HOME": str(folder / "nowhere"), "COLUMNS": "160"}
    return {**kept, **own, "OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}


def test_the_package_passes_its_test_as_written(package):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = call_process(command, package, environment_of(package))
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_it_is_listed_shown_and_predicted(installed):
    listed = installed("list")
    assert "my-law\n    How fast does the error of an average fall" in listed.stdout
    parts = installed("list", "my-law").stdout
    assert "averaging" in parts
    assert "presets: smoke, quick, paper" in parts
    shown = installed("show", "my-law", "--preset", "paper").stdout
    assert "simulation.repeats=100000" in shown
    theory = installed("theory", "my-law", "noise=2", "--format", "json")
    assert json.loads(theory.stdout)[0]["y"] == 4
    assert "1 of other packages: my-law" in installed("doctor").stdout


def test_it_runs_holds_and_is_reported(installed):
    ran = installed("run", "my-law")
    assert ran.returncode == 0, ran.stderr
    assert "one-over-n" in ran.stdout
    assert "holds" in ran.stdout
    assert "holds" in installed("claims", "my-law").stdout
    assert installed("report", "-o", "page.html").returncode == 0
    assert "my-law" in installed("runs").stdout
    program = "import solv; print(solv.run('my-law').reused, solv.load('my-law').claims['one-over-n'].verdict)"
    assert installed(sys.executable, "-c", program).stdout.strip() == "True holds"


@pytest.mark.parametrize("launcher", ["local", "joblib"])
def test_it_is_swept(installed, launcher):
    swept = installed("sweep", "my-law", "--launcher", launcher, f"seed={len(launcher)}")
    assert swept.returncode == 0, swept.stderr
    assert "3 done" in swept.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("My Law", "write it in small letters, as my-law"),
        ("cot-depth", "there is an experiment cot-depth already, from solv"),
        ("json", "there is a Python module json already"),
        ("taken", "is there already; choose another name"),
    ],
)
def test_a_name_that_cannot_be_is_one_line(solv, work, name, said):
    (work / "taken").mkdir()
    done = solv("new", name)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.strip().count("\n") == 0
