"""Does the house keep its own rules: tests that mirror the rooms, one import name, a wheel that holds what is there?"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("cli", "data", "experiments", "harness", "models", "theory", "tracking")

# Test files that are about several parts of a paper at once, or about all papers.
OF_SEVERAL_PARTS = {
    "experiments/best_of_k/test_language.py",
    "experiments/best_of_k/test_paper_parts.py",
    "experiments/best_of_k/test_theory_parts.py",
    "experiments/dmft/test_page_and_figure.py",
    "experiments/dmft/test_parts.py",
    "experiments/icl_alignment/test_parts.py",
    "experiments/moe_transfer/test_work.py",
    "experiments/jailbreak/test_measurements.py",
    "experiments/moe_transfer/test_measurement.py",
    "experiments/test_contract.py",
}


def modules():
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if path.name != "__init__.py":
                yield path.relative_to(ROOT)


def test_every_module_has_a_test_file_of_its_own():
    for module in modules():
        own = ROOT / "tests" / module.parent / f"test_{module.stem}.py"
        assert own.is_file(), f"{module} has no test file of its own"


@pytest.mark.parametrize("room", ROOMS)
def test_every_test_file_of_a_room_is_that_of_a_module(room):
    for path in (ROOT / "tests" / room).rglob("test_*.py"):
        own = path.relative_to(ROOT / "tests")
        module = own.with_name(path.name.removeprefix("test_"))
        assert (ROOT / module).is_file() or own.as_posix() in OF_SEVERAL_PARTS, f"{path} tests no module"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, built by the tools that are installed."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, cwd=folder)
    assert done.returncode == 0, done.stderr + done.stdout
    [path] = folder.glob("*.whl")
    return path


def test_the_files_of_the_rooms_are_the_files_of_the_wheel(wheel):
    def shipped(path):
        return (
            path.suffix in (".py", ".yaml", ".html", ".css", ".js", ".json", ".csv", ".parquet", ".png", ".template")
            or path.name == "py.typed"
        )

    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    rooms = (*ROOMS, "configs", "results")
    expected = {f"solv/{name}" for name in tracked if name.split("/")[0] in rooms and shipped(Path(name))}
    expected |= {name.removeprefix("src/") for name in tracked if name.startswith("src/solv/") and "." in name}
    expected |= {name for name in tracked if name.startswith("hydra_plugins/")}
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert found == expected


def test_an_installed_solv_leaves_somebody_elses_folders_alone(wheel, tmp_path):
    """In a project with its own models/, data.py and tracking.py, those are what its own code imports."""
    site, project = tmp_path / "site", tmp_path / "project"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=600)
    (project / "models").mkdir(parents=True)
    (project / "models" / "__init__.py").write_text("")
    (project / "data.py").write_text("WIDTHS = 'mine'\n")
    (project / "tracking.py").write_text("")
    (project / "theory.py").write_text("raise RuntimeError('not yours')\n")
    (project / "models" / "mine.py").write_text(
        "import torch\nimport data, tracking\nfrom solv.models.coordinate_check import Subject\n\n"
        "def make(width):\n    assert data.WIDTHS == 'mine'\n    torch.manual_seed(width)\n"
        "    model = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.Linear(width, 1))\n"
        "    batch = torch.randn(8, 4)\n"
        "    optimizer = torch.optim.SGD(model.parameters(), 0.1)\n"
        "    return Subject(model, optimizer, lambda step: model(batch).square().mean())\n"
    )
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SOLV_", "WANDB_", "HYDRA_"))}
    environment = {**kept, "PYTHONPATH": f"{project}{os.pathsep}{site}", "OMP_NUM_THREADS": "1"}

    def solv(*arguments):
        command = [sys.executable, "-m", "solv.cli.main", *arguments]
        return subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=600
        )

    ran = solv("run", "cot-depth", "--preset", "smoke", "--part", "depth", "--wandb", "disabled")
    assert ran.returncode == 0, ran.stderr
    checked = solv("coordinate-check", "models.mine:make", "--widths", "8,16")
    assert "No module named" not in checked.stderr
    assert checked.returncode in (0, 1), checked.stderr
    where = subprocess.run(
        [sys.executable, "-c", "import solv; print(solv.__file__)"],
        env=environment, cwd=project, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(site))
