"""What do the tests of more than one command read? Smoke runs of all ten experiments in one folder, at two seeds."""

import pytest

from solv.harness.sweep import engine
from solv.tracking.sweeps import DONE


@pytest.fixture(scope="session")
def swept(tmp_path_factory, worker_id):
    """Return the finished sweep of an experiment over two seeds; whichever process asks first runs it, for all."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "swept"

    def sweep(name):
        overrides = ["seed=range(0,2)", f"runs_dir={folder}", "wandb=disabled"]
        asked = engine.plan(name, "smoke", overrides, None, None, fresh=False)
        with asked.directory.store.lock(name, asked.directory.path.name, on_wait=lambda: None):
            if set(asked.directory.states().values()) != {DONE}:
                engine.run(asked, lambda line: None)
        return asked

    sweep.folder = folder
    return sweep
