"""Is a notebook a place to run experiments: progress below the cell, an interrupt that loses nothing, sweeps?"""

import os
import time

import jupyter_client
import pytest

from tests.test_docs import ROOT, environment

SLOW = """
import time
import solv
from tests.own_experiment import own_experiment

def wait(a):
    open("begun", "a").write(f"{a:g} ")
    time.sleep(0.1 if a == 1 else 20 * (open("begun").read().count("2") == 1))

run = solv.run(own_experiment(on_unit=wait))
print(run.resumed, open("begun").read())
"""


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A kernel in an empty folder, and a function that runs a cell to its end and returns what it showed."""
    for key, value in environment(tmp_path).items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ['PYTHONPATH']}")
    manager, client = jupyter_client.manager.start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    try:
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def execute(client, cell, meanwhile=lambda: None):
    shown = []
    begun = client.execute(cell)
    meanwhile()
    while True:
        message = client.get_iopub_msg(timeout=600)
        if message["parent_header"].get("msg_id") != begun:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            return shown
        shown.append((kind, content))


def test_an_interrupted_kernel_goes_on_with_the_same_cell(kernel, tmp_path):
    manager, client = kernel

    def interrupt_in_the_second_unit():
        deadline = time.monotonic() + 600
        while not ((tmp_path / "begun").exists() and "2" in (tmp_path / "begun").read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        manager.interrupt_kernel()

    stopped = execute(client, SLOW, interrupt_in_the_second_unit)
    assert [content["ename"] for kind, content in stopped if kind == "error"] == ["KeyboardInterrupt"]
    again = execute(client, SLOW)
    assert not [content for kind, content in again if kind == "error"]
    printed = "".join(content["text"] for kind, content in again if kind == "stream" and content["name"] == "stdout")
    assert printed.strip() == "True 1 2 2"


def test_progress_is_a_bar_below_the_cell_and_a_sweep_runs(kernel):
    _, client = kernel
    shown = execute(client, "import solv\nsolv.run('cot-depth', 'smoke', parts=['depth'])")
    bars = [content["data"]["text/html"] for kind, content in shown if kind == "update_display_data"]
    assert any("<progress" in bar for bar in bars)
    assert bars[-1] == ""
    assert "verdict" in next(content["data"]["text/html"] for kind, content in shown if kind == "execute_result")
    sweep = "swept = solv.sweep('cot-depth', 'smoke', parts=['depth'], axes={'seed': [0, 1]}, launcher='joblib')"
    swept = execute(client, f"{sweep}\nprint(sorted(swept.states.values()))")
    printed = "".join(content["text"] for kind, content in swept if kind == "stream" and content["name"] == "stdout")
    assert "['done', 'done']" in printed
