"""Do the programs that the documentation shows run as they stand there?"""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

from solv.harness.catalog import load, names
from solv.harness.presets import presets
from solv.harness.reference import in_words, shipped, verdicts_page

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "docs" / "examples" / "tour.ipynb"


def environment(folder):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SOLV_", "WANDB_", "HYDRA_"))}
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    own = {"PYTHONPATH": path, "XDG_CONFIG_HOME": str(folder / "nowhere"), "OMP_NUM_THREADS": "1"}
    return {**kept, **own, "IPYTHONDIR": str(folder / "ipython"), "JUPYTER_CONFIG_DIR": str(folder / "jupyter")}


README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_the_commands_of_a_page_name_parts_and_presets_that_there_are(page):
    commands = re.findall(r"solv (?:run|theory|sweep) ([a-z-]+)([^`|\n]*)", page.read_text(encoding="utf-8"))
    for name, rest in commands:
        if name not in names():
            continue
        parts = {part.name for part in load(name).parts}
        for chosen in re.findall(r"--part (\S+)", rest):
            assert set(chosen.split(",")) <= parts | {"NAME"}, f"{name}: {chosen}"
        for preset in re.findall(r"--preset ([a-z]+)", rest):
            assert preset in presets(name), f"{name}: {preset}"


def test_the_page_of_the_reference_runs_says_what_their_files_say():
    assert (ROOT / "docs" / "reference-runs.md").read_text(encoding="utf-8") == verdicts_page()


def test_the_readme_says_how_many_claims_of_every_reference_run_hold():
    rows = re.findall(r"^\| \[([a-z-]+)\]\(docs/experiments/.*\|$", README, re.MULTILINE)
    assert sorted(rows) == sorted(names())
    for run in shipped().finished():
        [row] = re.findall(rf"^\| \[{run.experiment}\]\(.*$", README, re.MULTILINE)
        assert f"| {in_words(run.findings())}" in row


def test_every_block_of_the_page_about_python_runs(tmp_path):
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(blocks) > 8
    assert page.count("```") == 2 * len(blocks)
    program = tmp_path / "page.py"
    program.write_text("\n".join(blocks), encoding="utf-8")
    command = [sys.executable, str(program)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert "cot-depth - " in done.stdout
    assert "0.40, between 0.40 and 0.41; limit 1.70" in done.stdout
    for figure in ("depth", "headline", "both", "fit"):
        assert (tmp_path / f"{figure}.png").stat().st_size > 5000


def test_what_the_page_about_own_experiments_shows_is_what_solv_new_writes():
    page = (ROOT / "docs" / "adding-an-experiment.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    written = [path.read_text(encoding="utf-8") for path in (ROOT / "cli" / "new_package").rglob("*.template")]
    assert len(shown) == 5
    for block in shown:
        assert any(block in text for text in written), block
    assert page.rstrip().endswith("pip install -e . && solv run my-law")


def test_the_example_of_the_readme_runs():
    page = README
    [block] = re.findall(r"\n\n((?:    .*\n)*    from solv\.theory.*\n(?:    .*\n)+)", page)
    program = "\n".join(line.removeprefix("    ") for line in block.splitlines())
    subprocess.run([sys.executable, "-c", program], env=environment(ROOT), check=True, timeout=600)


def test_the_tour_runs_to_its_end_and_is_kept_without_outputs(tmp_path, monkeypatch):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(notebook.cells) <= 25
    assert not any(cell.outputs or cell.execution_count for cell in code)
    for key, value in environment(tmp_path).items():
        monkeypatch.setenv(key, value)
    client = nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3")
    client.execute(cwd=str(tmp_path))
    shown = [set(output["data"]) for cell in code for output in cell.outputs if "data" in output]
    assert sum("image/png" in kinds for kinds in shown) >= 3
    assert sum("text/html" in kinds for kinds in shown) >= 4
    streams = [output["text"] for cell in code for output in cell.outputs if output["output_type"] == "stream"]
    assert "Traceback" not in "".join(streams)
