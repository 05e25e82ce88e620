"""Does a long job say where it is, in a pipe, on a terminal and in a notebook?"""

import sys
from types import ModuleType

from solv.tracking.progress import LineReporter, TerminalReporter, reporter_for


def test_a_pipe_gets_plain_lines_at_a_slow_pace_and_one_at_the_end(capsys):
    log = []
    with LineReporter(log.append, interval=0.0) as reporter, reporter.task("cells", 3) as step:
        for _ in range(3):
            step.advance(note="loss 0.1")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines[:2]] == ["cells: 1/3", "cells: 2/3"]
    assert lines[-1].startswith("cells: 3 done in")
    assert log == lines


def test_a_quiet_interval_prints_only_the_end(capsys):
    with LineReporter(interval=60.0) as reporter, reporter.task("cells", 3) as step:
        step.advance(3)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_terminal_gets_a_bar_and_the_log_still_gets_its_line(capsys):
    log = []
    with reporter_for(True, log.append) as reporter, reporter.task("cells", 2) as step:
        step.advance()
    assert isinstance(reporter, TerminalReporter)
    assert log[0].startswith("cells: 2 done in")
    assert capsys.readouterr().out == ""


def test_a_notebook_gets_a_bar_of_its_own_that_is_gone_at_the_end(monkeypatch):
    shown = []

    class Handle:
        def update(self, markup):
            shown.append(markup)

    fake = ModuleType("IPython.display")
    fake.HTML, fake.display = str, lambda markup, display_id: Handle()
    kernel = type("ZMQInteractiveShell", (), {})()
    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: kernel
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    log = []
    with reporter_for(True, log.append) as reporter, reporter.task("cells <i>", 2) as step:
        step.advance()
        step.advance(note="loss 1")
    assert '<progress value="2" max="2"></progress> 2/2 loss 1' in shown[-2]
    assert "cells &lt;i&gt;" in shown[0]
    assert shown[-1] == ""
    assert log[0].startswith("cells <i>: 2 done")
