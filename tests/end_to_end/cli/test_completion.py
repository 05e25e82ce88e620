"""Does a real bash complete experiment names, presets, override keys and values, without loading anything heavy?"""

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys

import pytest

from solv.harness.catalog import names
from tests.end_to_end.cli.conftest import ROOT
from tests.end_to_end.cli.made_runs import make_run
from tests.system_packages import require


@pytest.fixture
def shell(environment, work, tmp_path):
    """The environment and the script of a bash in which `solv` is on the path and completes."""
    require(shutil.which("bash"), "bash", "bash")
    binary = tmp_path / "bin" / "solv"
    binary.parent.mkdir()
    program = "import sys\nsys.argv[0] = 'solv'\nfrom solv.cli.main import main\nmain()\n"
    binary.write_text(f"#!{sys.executable}\n{program}", encoding="utf-8")
    binary.chmod(0o755)
    own = {**environment, "PATH": f"{binary.parent}:{os.environ['PATH']}", "PS1": "$ ", "TERM": "dumb"}
    script = subprocess.run(
        ["bash", "-c", f"{binary} --show-completion bash; exit $?"],  # it looks for a shell among its parents
        env=own,
        cwd=work,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (tmp_path / "completion.bash").write_text(script)
    return own, tmp_path / "completion.bash"


@pytest.fixture
def bash(shell, work):
    """Return what solv offers to an interactive bash for a line, whose words are parted as bash parts them."""
    environment, script = shell

    def complete(line):
        words = [word for word in re.split(r"(=)|\s+", line) if word] + ([""] if line.endswith(" ") else [])
        typed = (
            f"source {script}\n"
            f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; COMP_LINE={shlex.quote(line)}\n"
            "COMP_POINT=${#COMP_LINE}\n"
            "$(complete -p solv | sed 's/.*-F \\([^ ]*\\).*/\\1/') solv\n"
            "printf '%s\\n' \"${COMPREPLY[@]}\"\n"
        )
        done = subprocess.run(
            ["bash", "--norc", "-i", "-c", typed],
            env=environment, cwd=work, capture_output=True, text=True, timeout=600, check=True,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.stdout.split()

    return complete


@pytest.fixture
def tab(shell, work):
    """Type a line at a terminal's bash, press Tab, and return the line as it then stands."""
    environment, script = shell
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        ["bash", "--norc", "-i"], env=environment, cwd=work, stdin=end, stdout=end, stderr=end, start_new_session=True
    )
    os.close(end)

    def read_until(pattern):
        text = ""
        while not (found := re.findall(pattern, text)):
            if not select.select([terminal], [], [], 30)[0]:
                raise TimeoutError(text)
            text += os.read(terminal, 4096).decode(errors="replace")
        return found[-1]

    def press(line):
        os.write(terminal, f"{line}\t".encode())
        os.write(terminal, b"'\x01printf '<%s>\\n' '\n")  # quote the line and print it instead of running it
        return read_until(r"\n<(solv [^>]*)>")

    os.write(terminal, f"bind 'set enable-bracketed-paste off'; source {script}; echo rea''dy\n".encode())
    read_until("ready")
    yield press
    process.kill()
    process.wait()
    os.close(terminal)


def test_a_tab_at_a_terminal_completes_in_place(tab):
    assert tab("solv run cot-d") == "solv run cot-depth "
    assert tab("solv run cot-depth alph") == "solv run cot-depth alpha="
    assert tab("solv run cot-depth simulation.repeats=") == "solv run cot-depth simulation.repeats=16 "


def test_bash_completes_commands_and_experiment_names(bash):
    assert "compare" in bash("solv co")
    assert bash("solv run cot") == ["cot-depth"]
    assert set(bash("solv claims ")) == set(names())


def test_bash_completes_presets(bash):
    assert bash("solv run cot-depth --preset ") == ["smoke", "quick", "reference", "paper"]
    assert bash("solv run cot-depth --preset p") == ["paper"]


def test_bash_completes_keys_and_values(bash):
    assert bash("solv run cot-depth simulation.") == [
        "simulation.dimension=",
        "simulation.repeats=",
        "simulation.contexts=",
    ]
    assert bash("solv run cot-depth rho=0 alph") == ["alpha=", "alpha=[0.7,2,4]"]
    assert bash("solv run cot-depth rho=0 simulation.repeats=") == ["16"]
    assert bash("solv run cot-depth simulation.repeats=1") == ["16"]


def test_bash_completes_runs(bash, work):
    run = make_run(work / "runs")
    assert bash("solv compare 2026") == [run.path.name]


def test_completion_loads_nothing_heavy(environment, work):
    code = (
        "import sys\n"
        "sys.argv = ['solv']\n"
        "from solv.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'numpy', 'pandas', 'scipy', 'hydra', 'matplotlib', 'wandb'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    for typed in ("solv run cot-depth al", "solv run cot-depth --preset ", "solv compare ", "solv run cot"):
        asked = {"_SOLV_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
        done = subprocess.run(
            [sys.executable, "-c", code], env={**environment, **asked}, cwd=ROOT, capture_output=True, text=True,
            check=False, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
