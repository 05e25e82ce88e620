"""Do the commands print what they promise, fast, and without importing what they do not need?"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from solv.harness.catalog import entries
from tests.end_to_end.cli.conftest import call_process


def test_list_shows_every_experiment_with_paper_axes_and_presets(solv):
    done = solv("list")
    assert done.returncode == 0
    for entry in entries():
        assert entry.name in done.stdout
        assert entry.paper.arxiv in done.stdout
        assert ", ".join(entry.axes) in done.stdout


@pytest.mark.parametrize("command", ["list", "--help"])
def test_list_and_help_import_nothing_heavy(environment, command):
    """The reason why they answer at once: none of the libraries that take long to load is loaded."""
    code = (
        f"import sys; sys.argv = ['solv', {command!r}]\n"
        "from solv.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "libraries = {'torch', 'numpy', 'pandas', 'scipy', 'hydra', 'matplotlib', 'wandb'}\n"
        "heavy = (libraries | {'solv.harness.settings'}) & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, timeout=600)


def test_theory_imports_no_torch(environment, tmp_path):
    """That `predict` of every experiment imports none is in its contract."""
    code = (
        "import sys\n"
        "from solv.cli.main import main\n"
        "sys.argv = 'solv theory cot-depth --preset smoke --all --format csv'.split()\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert stop.code == 0\n"
        "assert 'torch' not in sys.modules"
    )
    done = call_process([sys.executable, "-c", code], tmp_path, environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("experiment,")


def test_theory_prints_records_of_the_curves_schema(solv_here):
    asked = ("cot-depth", "--preset", "smoke", "alpha=2", "tau=3", "rho=0", "depth=[1,2,3,5,10]")
    done = solv_here("theory", *asked, "--format", "json")
    records = json.loads(done.stdout)
    assert [record["x"] for record in records] == [1, 2, 3, 5, 10]
    assert [record["y"] for record in records] == pytest.approx([0.5, 0.280864, 0.19976, 0.115081, 0.0481435], rel=1e-5)
    assert {record["source"] for record in records} == {"theory"}
    assert records[0]["params"]["tau"] == 3


def test_theory_in_csv_and_as_a_table_hold_the_same_numbers(solv_here):
    arguments = ("theory", "cot-depth", "--preset", "smoke", "alpha=2", "tau=inf", "rho=0", "depth=1")
    assert "0.333333" in solv_here(*arguments, "--format", "csv").stdout
    assert "0.33333" in solv_here(*arguments).stdout


def test_theory_draws_the_curves_that_it_prints(solv_here, work):
    done = solv_here("theory", "cot-depth", "--preset", "smoke", "--plot", "curves.png")
    assert done.returncode == 0, done.stderr
    assert (work / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_show_gives_every_key_its_value_and_meaning(solv):
    done = solv("show", "cot-depth", "alpha=2", "tau=[1.5,inf]")
    lines = done.stdout.splitlines()
    assert any(line.startswith("alpha=[2]") and "context length" in line for line in lines)
    assert any(line.startswith("tau=[1.5,inf]") for line in lines)
    assert any(line.startswith("simulation.dimension=") for line in lines)


def test_what_show_prints_can_be_typed_back(solv_here):
    shown = solv_here("show", "cot-depth", "--preset", "smoke").stdout.splitlines()[1:]
    overrides = [line.split("  # ")[0].strip() for line in shown]
    again = solv_here("show", "cot-depth", "--preset", "smoke", *overrides)
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[1:] == shown


def test_a_user_preset_and_user_defaults_are_found(solv_here, environment):
    folder = Path(environment["XDG_CONFIG_HOME"]) / "solv"
    (folder / "experiment" / "cot-depth").mkdir(parents=True)
    (folder / "user").mkdir()
    (folder / "experiment" / "cot-depth" / "mine.yaml").write_text(
        "# @package _global_\ndefaults: [{/schema: cot-depth}, _self_]\nalpha: [7]\n"
    )
    (folder / "user" / "defaults.yaml").write_text("# @package _global_\nseed: 12\n")
    shown = solv_here("show", "cot-depth", "--preset", "mine").stdout
    assert "alpha=[7]" in shown
    assert "seed=12" in shown


def test_runs_lists_nothing_before_the_first_run(solv_here):
    done = solv_here("runs")
    assert done.returncode == 0
    assert done.stdout == "no runs in runs\n"


def test_a_closed_pipe_is_no_error(environment):
    code = f"{sys.executable} -m solv.cli.main theory cot-depth --all --format csv | head -1"
    done = subprocess.run(code, shell=True, env=environment, capture_output=True, text=True, timeout=600, check=True)
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("experiment,part,panel")


def test_the_command_line_loads_nothing_heavy_before_it_knows_what_is_asked():
    heavy = ("torch", "numpy", "pandas", "hydra")
    code = f"import sys, solv.cli.main; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=600, capture_output=True, text=True)
    assert done.stdout.split() == []
