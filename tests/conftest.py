"""What do all tests share? No W&B record unless they ask for one, and one thread each: they run side by side."""

import os
import signal

import pytest
from hypothesis import settings

from tests import system_packages

for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:  # as behind nohup, which the processes of the tests would inherit
        signal.signal(number, usual)

os.environ["WANDB_MODE"] = "disabled"
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Side by side an example may take several times what it takes alone: its time says nothing about the property.
settings.register_profile("side by side", deadline=None)
settings.load_profile("side by side")

SLOW = ("sweep", "cli", "experiments")  # folders, the slowest first


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """One more than cores: some tests wait, for Slurm, Ray or W&B, rather than compute."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items):
    """Begin with the slow tests: the quick ones fill the gaps at the end."""
    order = {name: place for place, name in enumerate(SLOW)}
    items.sort(key=lambda item: order.get(item.path.parent.name, len(order)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call):
    """However many tests a program of the system is absent for, the summary says it in one line."""
    report = yield
    if call.excinfo is not None and call.excinfo.errisinstance(system_packages.Absent):
        report.longrepr = (system_packages.__file__, 1, f"Skipped: {call.excinfo.value}")
    return report
