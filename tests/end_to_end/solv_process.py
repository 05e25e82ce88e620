"""How do the tests run `solv` to its end? In a process of its own, forked from one that has the libraries imported.

To import PyTorch, pandas, Hydra and Matplotlib takes two seconds of a core, more than most commands compute; `solv`
itself is imported anew by each. Tests of what is imported, of encodings and of signals start Python as a person does.
"""

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

LIBRARIES = (
    "torch", "pandas", "pyarrow.parquet", "scipy.integrate", "scipy.optimize", "scipy.special", "scipy.stats",
    "matplotlib.figure", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "hydra", "omegaconf",
    "pydantic", "typer", "rich.table",
)  # fmt: skip


def solv_process(arguments, folder, environment, timeout):
    """Run `solv ARGUMENTS` in a folder to its end and return it, as `subprocess.run` would."""
    with TemporaryDirectory() as made:
        out, err = Path(made) / "out", Path(made) / "err"
        process = _server().Process(target=_solv, args=(list(arguments), str(folder), environment, out, err))
        process.start()
        process.join(timeout)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(("solv", *arguments), timeout, out.read_text(), err.read_text())
        return subprocess.CompletedProcess(arguments, process.exitcode, out.read_text(), err.read_text())


@cache
def _server():
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(list(LIBRARIES))
    return server


def _solv(arguments, folder, environment, out, err):
    """Become `python -m solv.cli.main ARGUMENTS`."""
    for stream, number, path in ((sys.stdout, 1, out), (sys.stderr, 2, err)):
        stream.flush()
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    path = environment.get("PYTHONPATH", "").split(os.pathsep)
    installed = [each for each in sys.path if each.startswith((sys.prefix, sys.base_prefix))]
    sys.path[:] = [folder, *filter(None, path), *installed]
    sys.argv = ["solv", *arguments]
    try:
        runpy.run_module("solv.cli.main", run_name="__main__", alter_sys=True)
    finally:
        sys.stdout.flush()
        atexit._run_exitfuncs()  # multiprocessing ends its processes without them
