"""Does a run finish, resume, reuse and judge as promised, whatever experiment it is given?"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from solv.harness.catalog import Entry, Paper
from solv.harness.runner import run_experiment, run_key
from solv.harness.settings import ConfigurationError, RunSettings, integer, resolve
from solv.harness.settings import defaults as default_values
from solv.tracking.claims import Claim, exceeds
from solv.tracking.curves import curve, select, standard_error
from solv.tracking.figures import Panel
from solv.tracking.runs import RunDirectoryError


@dataclass(frozen=True)
class Config(RunSettings):
    cells: int = integer(4, "cells", least=1)
    scale: int = integer(1, "scale of the measured values", least=-5)


class Toy:
    """Predicts y = x and measures it with noise, one unit of work per cell."""

    entry = Entry("toy", Paper("A toy", "nobody", "0000.00000"), "Does it run?", ("x",), {})
    Config = Config

    def __init__(self, die_in_cell=None):
        self.die_in_cell = die_in_cell
        self.computed = []

    def panels(self, config):
        return [Panel("p", "toy", "x", "y")]

    def predict(self, config):
        return self._curve("theory", range(1, config.cells + 1), np.arange(1, config.cells + 1))

    def measure(self, config, context):
        means, errors = [], []
        with context.progress.task("cells", config.cells) as step:
            for cell in range(1, config.cells + 1):

                def compute(cell=cell):
                    if cell == self.die_in_cell:
                        raise KeyboardInterrupt
                    self.computed.append(cell)
                    return {"y": config.scale * cell + 0.1 * context.seeds.numpy("noise", cell).standard_normal(5)}

                mean, error, _ = standard_error(context.unit(f"cell {cell}", compute)["y"])
                means.append(mean)
                errors.append(error)
                step.advance()
        return self._curve("simulation", range(1, config.cells + 1), means, y_err=errors, n=5)

    def claims(self, curves):
        last = select(curves, source="simulation").iloc[-1]
        return [
            Claim(
                "positive",
                "y > 0",
                "> 0",
                last["y"],
                exceeds(last["y"], 0, last["y_err"]),
                error=last["y_err"],
                needs="-",
            )
        ]

    def _curve(self, source, x, y, **repeats):
        return curve(
            experiment="toy", panel="p", series="s", source=source, x_name="x", x=list(x), y_name="y", y=y, **repeats
        )


@pytest.fixture
def settings(tmp_path):
    def make(**changes):
        here = {"runs_dir": str(tmp_path / "runs"), "device": "cpu"}
        return resolve(Config, {**default_values(Config), **here, **changes})

    return make


def run(toy, settings, **options):
    return run_experiment(toy, settings, preset="quick", **options)


def files(outcome):
    names = ("curves.parquet", "claims.json", "figure.png", "figure.svg", "agreement.csv")
    return {name: (outcome.run.path / name).read_bytes() for name in names}


def test_what_an_experiment_requires_is_asked_for_before_anything_is_computed_or_written(settings, tmp_path):
    class Demanding(Toy):
        met = False

        def require(self, config):
            if not self.met:
                raise ConfigurationError("text = null; valid: a folder")

        def predict(self, config):
            assert self.met
            return super().predict(config)

    toy = Demanding()
    with pytest.raises(ConfigurationError, match="valid: a folder"):
        run(toy, settings())
    assert not list((tmp_path / "runs" / "toy").glob("2*"))
    toy.met = True
    run(toy, settings())
    toy.met = False
    assert run(toy, settings()).reused  # a finished run needs nothing any more


def test_a_run_leaves_curves_claims_figure_and_manifest(settings):
    outcome = run(Toy(), settings())
    manifest = outcome.run.manifest()
    assert len(outcome.curves) == 8
    assert manifest["claims"] == {"positive": "holds"}
    assert manifest["preset"] == "quick"
    assert {"theory", "measure", "record"} == set(manifest["seconds"])
    assert (outcome.run.path / "config.yaml").read_text().startswith("# solv run toy --preset quick\n")
    assert not outcome.failed


def test_a_failing_claim_is_reported_as_failing(settings):
    outcome = run(Toy(), settings(scale=-1))
    assert outcome.failed
    assert outcome.run.manifest()["claims"] == {"positive": "fails"}


def test_a_finished_key_is_not_run_again_unless_asked(settings):
    toy = Toy()
    first, second = run(toy, settings()), run(toy, settings())
    assert second.reused
    assert second.run == first.run
    assert toy.computed == [1, 2, 3, 4]
    third = run(toy, settings(), fresh=True)
    assert third.run != first.run
    assert files(third) == files(first)


def test_settings_that_decide_no_number_do_not_make_a_new_run(settings):
    assert run_key(Toy(), settings(threads=1)) == run_key(Toy(), settings())
    assert run_key(Toy(), settings(seed=1)) != run_key(Toy(), settings())


@pytest.mark.parametrize("cell", [1, 2, 4])
def test_a_killed_run_goes_on_where_it_stopped_and_ends_with_the_same_bits(settings, tmp_path, cell):
    with pytest.raises(KeyboardInterrupt):
        run(Toy(die_in_cell=cell), settings())
    toy, said = Toy(), []
    resumed = run(toy, settings(), say=said.append)
    assert resumed.resumed
    assert said[0].startswith("resuming")
    assert toy.computed == list(range(cell, 5))
    undisturbed = run(Toy(), settings(runs_dir=str(tmp_path / "elsewhere")))
    assert files(resumed) == files(undisturbed)


def test_an_unfinished_run_of_other_code_is_not_resumed(settings):
    with pytest.raises(KeyboardInterrupt):
        run(Toy(die_in_cell=3), settings())
    [unfinished] = (p for p in (settings_root(settings) / "toy").iterdir() if not p.name.startswith("."))
    started = json.loads((unfinished / "started.json").read_text())
    (unfinished / "started.json").write_text(json.dumps({**started, "code": "other"}))
    toy = Toy()
    outcome = run(toy, settings())
    assert not outcome.resumed
    assert toy.computed == [1, 2, 3, 4]


def test_a_run_killed_before_it_wrote_anything_is_no_obstacle(settings):
    with pytest.raises(KeyboardInterrupt):
        run(Toy(die_in_cell=1), settings())
    [unfinished] = (p for p in (settings_root(settings) / "toy").iterdir() if not p.name.startswith("."))
    (unfinished / "started.json").write_text("")
    assert run(Toy(), settings()).run.finished


def test_adding_a_cell_changes_no_other_one(settings):
    small, large = run(Toy(), settings(cells=2)), run(Toy(), settings(cells=5))
    common = select(large.curves, source="simulation").iloc[:2]
    assert select(small.curves, source="simulation")["y"].tolist() == common["y"].tolist()


def test_a_result_of_older_code_is_reused_but_marked(settings):
    outcome = run(Toy(), settings())
    path = outcome.run.path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "code": "other"}))
    assert run(Toy(), settings()).outdated


def test_a_damaged_finished_run_says_so(settings):
    outcome = run(Toy(), settings())
    (outcome.run.path / "curves.parquet").write_bytes(b"")
    with pytest.raises(RunDirectoryError, match="--fresh"):
        run(Toy(), settings())
    assert run(Toy(), settings(), fresh=True).run.finished


def test_an_absent_device_is_named_with_those_that_are_here(settings):
    with pytest.raises(ConfigurationError, match=r"device = quantum cannot be used here; present: cpu"):
        run(Toy(), settings(device="quantum"))


def settings_root(settings):
    return Path(settings().runs_dir)
