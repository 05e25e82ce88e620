"""Is a sweep planned before anything is run: its axes, engine, jobs and key, and every mistake named?"""

import pickle

import pytest

from solv.harness.settings import ConfigurationError
from solv.harness.sweep import engine
from solv.harness.sweep.engine import ENGINES, _ComposedOnce, enumerate_points, plan


def planned(*overrides, launcher=None, jobs=None, name="icl-alignment"):
    return plan(name, "smoke", overrides, launcher, jobs, fresh=False)


def test_typed_axes_become_the_arguments_of_hydra(tmp_path):
    asked = planned("seed=range(0,3)", f"runs_dir={tmp_path}")
    assert asked.is_grid
    assert asked.axes == ("seed",)
    assert asked.argv[0] == "--multirun"
    assert "seed=range(0,3)" in asked.argv
    assert "threads=1" in asked.argv
    assert asked.directory.path.parent == tmp_path / "icl-alignment"
    assert not list(tmp_path.iterdir())  # nothing is written
    enumerate_points(asked)
    assert [point.overrides for point in asked.directory.points()] == [("seed=0",), ("seed=1",), ("seed=2",)]
    assert set(asked.directory.states().values()) == {"missing"}


def test_the_key_is_that_of_what_is_swept_and_not_of_where(tmp_path):
    def key(*overrides):
        return planned(*overrides).directory.key

    assert key("seed=1,2") == key("seed=1,2", f"runs_dir={tmp_path}", "device=cpu")
    assert key("seed=1,2") != key("seed=1,3")


def test_a_sweep_of_some_parts_is_no_sweep_of_all_of_them(tmp_path):
    """In one folder the runs of a seed would be joined as two repeats of it."""
    some, other, every = (
        planned("seed=1,2", f"runs_dir={tmp_path}", *parts)
        for parts in (["parts=[diversity]"], ["parts=[context-length]"], [])
    )
    assert len({some.directory.key, other.directory.key, every.directory.key}) == 3
    assert planned("seed=1,2", "parts=[diversity]").directory.key == some.directory.key


def test_without_axes_the_parts_are_spread():
    asked = planned()
    if "parts" in asked.axes:  # its presets name no axes of their own
        assert {f"parts={','.join(part.name for part in asked.experiment.parts)}"} <= set(asked.argv)
    assert engine._over_parts(asked.experiment, ["parts"]) == []
    assert engine._over_parts(asked.experiment, []) == [f"parts={','.join(p.name for p in asked.experiment.parts)}"]


@pytest.mark.parametrize(
    ("overrides", "options", "said"),
    [
        (("seed=1,2",), {"launcher": "grid"}, "unknown launcher 'grid'; valid: local, joblib, ray, slurm"),
        (("seed=1,2", "hydra/launcher=basic"), {"launcher": "local"}, "not both"),
        (("seed=1,2",), {"jobs": 4}, "--jobs 4: the local launcher runs one job after the other"),
        (("device=cpu,cuda",), {}, "device decides no number"),
        (("seed=1,2", "parts=[diverstiy]"), {}, "diverstiy"),
        (("seed=range(3,3)",), {}, "holds no value"),
    ],
)
def test_a_mistake_is_named_before_anything_is_run(overrides, options, said):
    with pytest.raises(ConfigurationError, match=said.replace("(", r"\(")):
        planned(*overrides, **options)


@pytest.mark.parametrize(
    ("launcher", "jobs", "keys", "expected"),
    [
        ("joblib", 3, [], ["hydra.launcher.n_jobs=3"]),
        ("joblib", 3, ["hydra.launcher.n_jobs"], []),
        ("slurm", None, [], []),
        ("slurm", 8, [], ["hydra.launcher.array_parallelism=8"]),
        ("local", 1, [], []),
    ],
)
def test_jobs_are_the_launchers_own_key(launcher, jobs, keys, expected):
    assert engine._jobs(ENGINES[launcher].target, launcher, jobs, keys) == expected


def test_a_launcher_of_somebody_else_takes_its_own_keys():
    assert engine._jobs("mine.Launcher", None, None, []) == []
    with pytest.raises(ConfigurationError, match="is no launcher of solv's"):
        engine._jobs("mine.Launcher", None, 2, [])


def test_a_launcher_that_is_not_installed_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(engine, "_installed", lambda module: False)
    with pytest.raises(ConfigurationError, match=r"the ray launcher is not installed: .*pip install"):
        engine._engine("ray", [])


class Loader:
    """Hydra's loader, as far as a sweep asks it; counts what it composes."""

    def __init__(self):
        self.composed = []

    def load_sweep_config(self, master_config, sweep_overrides):
        self.composed.append(list(sweep_overrides))
        return {"point": list(sweep_overrides)}


def test_a_point_is_composed_once_for_the_check_the_record_and_the_launcher():
    loader = Loader()
    once = _ComposedOnce(loader)
    points = [["seed=0"], ["seed=1"]]
    for point in points:
        once.load_sweep_config(None, point)  # the sweeper sees whether it can be composed
    read = [once.read(None, point) for point in points]
    launched = [once.load_sweep_config(None, point) for point in points]
    assert loader.composed == points
    assert read == launched == [{"point": point} for point in points]


def test_what_a_launcher_was_given_is_not_given_again():
    loader = Loader()
    once = _ComposedOnce(loader)
    for _ in range(2):  # a worker died: the point is launched again
        once.read(None, ["seed=0"])
        once.load_sweep_config(None, ["seed=0"])["changed"] = True
        once.forget()
    assert loader.composed == [["seed=0"]] * 2
    assert once.read(None, ["seed=0"]) == {"point": ["seed=0"]}


def test_no_more_points_are_kept_than_said(monkeypatch):
    monkeypatch.setattr(engine, "MOST_KEPT", 1)
    loader = Loader()
    once = _ComposedOnce(loader)
    for seed in (0, 1):
        once.read(None, [f"seed={seed}"])
    for seed in (0, 1):
        assert once.load_sweep_config(None, [f"seed={seed}"]) == {"point": [f"seed={seed}"]}
    assert loader.composed == [["seed=0"], ["seed=1"], ["seed=1"]]


def test_a_worker_is_sent_the_loader_itself():
    sent = pickle.loads(pickle.dumps(_ComposedOnce(Loader())))
    assert type(sent) is Loader
