"""Is `import solv` light, complete and typed?"""

import subprocess
import sys
from pathlib import Path

import pytest

import solv

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "numpy", "pandas", "hydra", "matplotlib", "pydantic", "scipy")
CLIENT = """
from typing import assert_type

import solv
from solv.harness.coordinates import CoordinateCheck
from solv.harness.entry import Entry
from solv.harness.objects import Comparison, Curves, Run, Runs, Sweep
from solv.theory.cot_depth import error_vs_depth, optimal_depth
from solv.tracking.claims import Finding, Verdict

assert_type(solv.experiments(), tuple[Entry, ...])
curves = solv.predict("cot-depth", alpha=3, parts=["depth"])
assert_type(curves, Curves)
assert_type(curves.select("depth", tau=3), Curves)
run = solv.run("cot-depth", preset="smoke", simulation={"repeats": 32})
assert_type(run, Run)
assert_type(run.claims["matches-theory"], Finding)
assert_type(run.claims[0].verdict, Verdict)
assert_type(solv.load("cot-depth"), Run)
assert_type(solv.runs(verdict="fails"), Runs)
assert_type(solv.compare(run, "cot-depth"), Comparison)
assert_type(solv.sweep("cot-depth", axes={"seed": [0, 1]}), Sweep)
fit = solv.fit.power_law([1, 2, 3, 4, 5], [5, 4, 3, 2, 1])
assert_type(fit.exponent, float)
assert_type(fit.interval, tuple[float, float])


def check(found: CoordinateCheck) -> float:
    return found[0].slope


errors = error_vs_depth(alpha=2, tau=3, rho=0, max_depth=10)
best: int = optimal_depth(alpha=2, tau=3, rho=0, max_depth=60)
solv.testing.check_experiment
solv.nothing  # is not there
from solv.theory.cot_depth import eror_vs_depth  # is not there
"""


def test_import_loads_a_handful_of_modules_and_nothing_heavy():
    program = f"""
import sys
before = set(sys.modules)
import solv
print(len(set(sys.modules) - before), *[name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    count, *heavy = done.stdout.split()
    assert not heavy
    assert int(count) < 60  # each of them takes a fraction of a millisecond


def test_theory_from_python_needs_no_torch():
    program = "import sys, solv; solv.predict('cot-depth', 'smoke').frame(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT).returncode == 0


def test_all_that_is_offered_is_there():
    for name in solv.__all__:
        assert callable(getattr(solv, name)) or name in ("fit", "testing")
    assert set(solv.__all__) <= set(dir(solv))
    assert callable(solv.fit.power_law)
    assert callable(solv.fit.decay_to_offset)
    assert callable(solv.fit.attack_success)
    assert callable(solv.testing.check_experiment)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        solv.nothing  # noqa: B018


def test_a_program_that_uses_it_is_type_checked(tmp_path):
    client = tmp_path / "client.py"
    client.write_text(CLIENT)
    command = [sys.executable, "-m", "mypy", "--no-error-summary", str(client)]  # with the cache of `make lint`
    done = subprocess.run(
        command, env={"PATH": "", "COLUMNS": "300"}, capture_output=True, text=True, check=False, cwd=ROOT, timeout=600
    )
    said = [line for line in done.stdout.splitlines() if "client.py" in line]
    lines = [CLIENT.splitlines()[int(line.split(":")[1]) - 1] for line in said if ": error:" in line]
    assert [line.endswith("# is not there") for line in lines] == [True, True], done.stdout + done.stderr
