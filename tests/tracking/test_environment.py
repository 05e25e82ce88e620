"""Is each part of the machine looked at, and what is wrong named with what mends it?"""

from solv.tracking import environment
from solv.tracking.environment import State, checks


def test_what_is_missing_comes_with_the_command_that_mends_it(tmp_path):
    for check in checks(tmp_path):
        assert check.fix or check.state is State.WORKS, check


def test_a_full_disk_is_broken(monkeypatch, tmp_path):
    import shutil

    usage = shutil.disk_usage(tmp_path)._replace(free=10**6)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    [disk] = [check for check in checks(tmp_path) if check.name == "disk"]
    assert disk.state is State.BROKEN


def test_an_unforeseen_fault_of_a_check_is_a_broken_line_not_a_traceback(monkeypatch, tmp_path):
    def fail():
        raise RuntimeError("driver mismatch")

    monkeypatch.setattr("torch.cuda.is_available", fail)
    [torch] = [check for check in checks(tmp_path) if check.name == "torch"]
    assert torch.state is State.BROKEN
    assert "driver mismatch" in torch.found


def by_name(root):
    return {check.name: check for check in checks(root)}


def test_threads_beyond_the_cores_are_told(monkeypatch, tmp_path):
    monkeypatch.setattr("torch.get_num_threads", lambda: 4096)
    found = by_name(tmp_path)["threads"]
    assert found.state is State.MISSING
    assert "more threads than cores" in found.found
    assert found.fix.startswith("solv run NAME threads=")


def test_a_library_that_is_not_installed_breaks_solv(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "_LIBRARIES", ("numpy", "no-such-library"))
    found = by_name(tmp_path)["libraries"]
    assert (found.state, found.fix) == (State.BROKEN, "pip install no-such-library")


def test_a_launcher_without_its_plug_in_or_its_program_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "_is_there", lambda module: module == "hydra_plugins.hydra_submitit_launcher")
    monkeypatch.setattr("shutil.which", lambda program: None)
    found = by_name(tmp_path)
    assert found["launcher local"].state is State.WORKS
    assert found["launcher joblib"].found == "not installed"
    assert found["launcher slurm"].found == "the plugin is there, sbatch is not"
    assert found["sweeper optuna"].state is State.MISSING


def test_a_folder_of_runs_that_does_not_exist_yet_is_fine(tmp_path):
    found = by_name(tmp_path / "not" / "yet")["runs"]
    assert found.state is State.WORKS
    assert "0 finished, 0 unfinished" in found.found
    assert not (tmp_path / "not").exists()
