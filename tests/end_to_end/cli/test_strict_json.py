"""Is all JSON that solv writes or prints JSON by the standard, infinities and what does not exist included?"""

import json
import re

import pytest

import solv

TOGETHER = "prompt,samples,unsafe\na,10,10\nb,20,20\nc,5,5\nd,9,9\n"
APART = "prompt,samples,unsafe\na,100,0\nb,100,0\nc,100,100\nd,100,100\n"
ONE_SHORT = "prompt,samples,unsafe\na,10,3\nb,20,1\nc,1,1\nd,9,9\ne,8,2\n"


def strict(text):
    """Read JSON as a browser and jq do: `Infinity` and `NaN` are no values."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"not JSON: {name}"))


@pytest.fixture
def runs(toy_here, work):
    """Two runs whose settings, curves and claims hold infinities and what does not exist."""
    asked = ("run", "cot-depth", "--preset", "smoke", "alpha=[2]", "depth=[1,2]", "--part", "depth")
    for tau in ("[3,inf]", "[inf]"):
        done = toy_here(*asked, f"tau={tau}")
        assert done.returncode in (0, 1), done.stderr
    return sorted((work / "runs" / "cot-depth").glob("2*"))


def test_what_is_printed_and_written_about_infinite_runs_is_json(toy_here, runs, work):
    printed = {
        command[0]: toy_here(*command, "--format", "json").stdout
        for command in (
            ("runs",),
            ("claims", "--all"),
            ("compare", *(run.name for run in runs)),
            ("theory", "cot-depth", "--preset", "smoke", "tau=inf", "depth=[1,2]", "--all"),
            ("doctor",),
        )
    }
    for text in printed.values():
        strict(text)
    assert '"inf"' in printed["compare"]
    assert '"inf"' in printed["theory"]
    assert "null" in printed["claims"]
    files = [path for run in runs for path in run.glob("*.json")]
    assert {path.name for path in files} == {"manifest.json", "started.json", "claims.json"}
    for path in files:
        strict(path.read_text(encoding="utf-8"))
    assert any('"inf"' in path.read_text(encoding="utf-8") for path in files)

    written = toy_here("report", "--all", "-o", "r.html")
    assert written.returncode == 0, written.stderr
    page = (work / "r.html").read_text(encoding="utf-8")
    blocks = re.findall(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert blocks
    for block in blocks:
        strict(block)
    run = solv.load(runs[0])
    for frame in (run.curves.frame(), run.claims.frame()):
        strict(frame.to_json(orient="records"))
    assert not re.findall(r"(?<![\w.])(NaN|Infinity)", run._repr_html_())


def test_a_sweep_over_an_infinite_axis_is_written_as_json(toy_here, work):
    asked = ("sweep", "cot-depth", "--preset", "smoke", "alpha=2", "depth=[1,2]", "tau=3,inf", "--part", "depth")
    done = toy_here(*asked)
    assert done.returncode in (0, 1), done.stderr
    files = list(work.glob("runs/cot-depth/sweep-*/*.json"))
    assert {path.name for path in files} == {"sweep.json", "manifest.json", "claims.json"}
    for path in files:
        strict(path.read_text(encoding="utf-8"))
    assert "points: 2 done" in toy_here(*asked, "--status").stdout


@pytest.mark.parametrize("table", [TOGETHER, APART, ONE_SHORT], ids=["all broken", "all or nothing", "one short"])
def test_a_fit_of_extreme_counts_is_json_or_one_line(toy_here, work, table):
    (work / "counts.csv").write_text(table)
    done = toy_here("fit", "asr", "counts.csv", "--format", "json")
    if done.returncode == 0:
        strict(done.stdout)
    else:
        assert done.returncode == 2
        assert "JSON" not in done.stderr
