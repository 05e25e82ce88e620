"""Does a run finish, resume, reuse and judge as promised, whatever experiment it is given?"""

import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from solv.harness.contract import ContractError, Experiment, Part
from solv.harness.entry import Entry, Paper
from solv.harness.runner import run_experiment, run_key
from solv.harness.settings import ConfigurationError, RunSettings, integer, resolve
from solv.harness.settings import defaults as default_values
from solv.tracking.claims import Claim, Judgement, MissingCurvesError, Verdict, exceeds
from solv.tracking.curves import Recorder, select, standard_error
from solv.tracking.panels import Panel


class Config(RunSettings):
    cells: int = integer(4, "cells", least=1)
    scale: int = integer(1, "scale of the measured values", least=-5)


class Panels(StrEnum):
    P = "p"
    Q = "q"


def toy(die_in_cell=None, require=lambda config: None):
    """Predicts y = x and measures it with noise, one unit of work per cell; a second part has one cell of its own."""
    computed = []
    switch = SimpleNamespace(die_in_cell=die_in_cell)  # a number that a cell closes over would be part of its code

    def predict(config):
        cells = np.arange(1, config.cells + 1)
        yield RECORD.theory(Panels.P, {}, x=("x", cells), y=("y", cells))

    def measure(config, context):
        means, errors = [], []
        with context.progress.task("cells", config.cells) as step:
            for cell in range(1, config.cells + 1):

                def compute(cell=cell):
                    if cell == switch.die_in_cell:
                        raise KeyboardInterrupt
                    computed.append(cell)
                    return {"y": config.scale * cell + 0.1 * context.seeds.numpy("noise", cell).standard_normal(5)}

                mean, error, _ = standard_error(context.unit(f"cell {cell}", compute)["y"])
                means.append(mean)
                errors.append(error)
                step.advance()
        cells = np.arange(1, config.cells + 1)
        yield RECORD.simulation(Panels.P, {}, x=("x", cells), y=("y", means), y_err=errors, n=5)

    def measure_other(config, context):
        def compute():
            computed.append("other")
            return {"y": context.seeds.numpy("other").standard_normal(5)}

        mean, error, n = standard_error(context.unit("other", compute)["y"])
        yield OTHER_RECORD.simulation(Panels.Q, {}, x=("x", 0), y=("y", mean), y_err=error, n=n)

    def judge(curves):
        last = select(curves, source="simulation").iloc[-1]
        return Judgement(exceeds(last["y"], 0, last["y_err"]), "> 0", last["y"], error=last["y_err"])

    def bounded(curves):
        return Judgement(Verdict.HOLDS, "finite", float(curves["y"].iloc[-1]))

    one = Part(
        "one",
        "Is y = x?",
        StrEnum("One", {"P": "p"}),
        lambda config: [Panel(Panels.P, "toy", "x", "y")],
        predict,
        measure,
        (Claim("positive", "y > 0", (Panels.P,), judge, needs={"cells": 4}),),
    )
    other = Part(
        "other",
        "Is there more?",
        StrEnum("Other", {"Q": "q"}),
        lambda config: [Panel(Panels.Q, "other", "x", "y")],
        lambda config: (),
        measure_other,
        (Claim("finite", "y is finite", (Panels.Q,), bounded),),
    )
    entry = Entry("toy", Paper("A toy", "nobody", "0000.00000"), "Does it run?", ("x",), {}, "-", "tests.toy:TOY")
    experiment = Experiment(entry, Config, (one, other), require=require)
    return experiment, computed


RECORD, OTHER_RECORD = Recorder("toy", "one"), Recorder("toy", "other")


@pytest.fixture
def settings(tmp_path):
    def make(**changes):
        here = {"runs_dir": str(tmp_path / "runs"), "device": "cpu"}
        return resolve(Config, {**default_values(Config), **here, **changes})

    return make


def run(settings, *, die_in_cell=None, **options):
    """Run the toy; return its outcome and the cells that were computed."""
    experiment, computed = toy(die_in_cell)
    return run_experiment(experiment, settings, preset="quick", **options), computed


def files(outcome):
    names = ("curves.parquet", "claims.json", "figure.png", "figure.svg", "agreement.csv")
    return {name: (outcome.run.path / name).read_bytes() for name in names}


CELLS = [1, 2, 3, 4, "other"]


def test_what_an_experiment_requires_is_asked_for_before_anything_is_computed_or_written(settings, tmp_path):
    met = []

    def require(config):
        if not met:
            raise ConfigurationError("text = null; valid: a folder")

    demanding, computed = toy(require=require)
    with pytest.raises(ConfigurationError, match="valid: a folder"):
        run_experiment(demanding, settings(), preset="quick")
    assert not computed
    assert not list((tmp_path / "runs" / "toy").glob("2*"))
    met.append(True)
    run_experiment(demanding, settings(), preset="quick")
    met.clear()
    assert run_experiment(demanding, settings(), preset="quick").reused  # a finished run needs nothing any more


def test_a_run_leaves_curves_claims_figure_and_manifest(settings):
    outcome, _ = run(settings())
    manifest = outcome.run.manifest()
    assert len(outcome.curves) == 9
    assert manifest["claims"] == {"positive": "holds", "finite": "holds"}
    assert manifest["preset"] == "quick"
    assert {"theory", "measure", "record", "elapsed"} == set(manifest["seconds"])
    assert set(manifest["parts"]) == {"one", "other"}
    assert set(manifest["parts"]["one"]) == {"theory", "measure", "cpu"}
    assert (outcome.run.path / "config.yaml").read_text().startswith("# solv run toy --preset quick\n")
    assert not outcome.failed


def test_a_failing_claim_is_reported_as_failing(settings):
    outcome, _ = run(settings(scale=-1))
    assert outcome.failed
    assert outcome.run.manifest()["claims"]["positive"] == "fails"


def test_a_finished_key_is_not_run_again_unless_asked(settings):
    (first, computed), (second, again) = run(settings()), run(settings())
    assert second.reused
    assert second.run == first.run
    assert (computed, again) == (CELLS, [])
    third, computed = run(settings(), fresh=True)
    assert computed == CELLS
    assert third.run != first.run
    assert files(third) == files(first)


def test_settings_that_decide_no_number_do_not_make_a_new_run(settings):
    experiment, _ = toy()
    assert run_key(experiment, settings(threads=1)) == run_key(experiment, settings())
    assert run_key(experiment, settings(seed=1)) != run_key(experiment, settings())


@pytest.mark.parametrize("cell", [1, 2, 4])
def test_a_killed_run_goes_on_where_it_stopped_and_ends_with_the_same_bits(settings, tmp_path, cell):
    with pytest.raises(KeyboardInterrupt):
        run(settings(), die_in_cell=cell)
    said = []
    resumed, computed = run(settings(), say=said.append)
    assert resumed.resumed
    assert said[0].startswith("resuming")
    assert computed == CELLS[cell - 1 :]
    undisturbed, _ = run(settings(runs_dir=str(tmp_path / "elsewhere")))
    assert files(resumed) == files(undisturbed)


def test_a_run_that_goes_on_took_what_all_of_it_took(settings):
    with pytest.raises(KeyboardInterrupt):
        run(settings(), die_in_cell=3)
    [unfinished] = (settings_root(settings) / "toy").glob("*/checkpoints/cell_1*.npz")
    with np.load(unfinished) as kept:
        np.savez(unfinished, **{name: kept[name] if name == "y" else np.array([1000.0, 900.0]) for name in kept.files})
    resumed, _ = run(settings())
    seconds = resumed.run.manifest()["parts"]
    assert 1000 < seconds["one"]["measure"] < 1900
    assert 900 < seconds["one"]["cpu"] < 1000
    assert seconds["other"]["measure"] < 100


def test_an_unfinished_run_of_other_code_is_not_resumed(settings):
    with pytest.raises(KeyboardInterrupt):
        run(settings(), die_in_cell=3)
    [unfinished] = (p for p in (settings_root(settings) / "toy").iterdir() if not p.name.startswith("."))
    started = json.loads((unfinished / "started.json").read_text())
    (unfinished / "started.json").write_text(json.dumps({**started, "code": "other"}))
    outcome, computed = run(settings())
    assert not outcome.resumed
    assert computed == CELLS


def test_a_run_killed_before_it_wrote_anything_is_no_obstacle(settings):
    with pytest.raises(KeyboardInterrupt):
        run(settings(), die_in_cell=1)
    [unfinished] = (p for p in (settings_root(settings) / "toy").iterdir() if not p.name.startswith("."))
    (unfinished / "started.json").write_text("")
    assert run(settings())[0].run.finished


def test_adding_a_cell_changes_no_other_one(settings):
    small, large = run(settings(cells=2))[0], run(settings(cells=5))[0]
    common = select(large.curves, source="simulation", panel=Panels.P).iloc[:2]
    assert select(small.curves, source="simulation", panel=Panels.P)["y"].tolist() == common["y"].tolist()


def test_a_result_of_older_code_is_reused_but_marked(settings):
    outcome, _ = run(settings())
    path = outcome.run.path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "code": "other"}))
    assert run(settings())[0].outdated


def test_a_damaged_finished_run_is_named_and_made_again(settings):
    outcome, _ = run(settings())
    (outcome.run.path / "curves.parquet").write_bytes(b"")
    said = []
    again, computed = run(settings(), say=said.append)
    assert not again.reused
    assert computed == CELLS
    assert "curves.parquet" in said[0]
    assert said[0].endswith("it is made again now")
    assert files(again)["curves.parquet"]


def test_a_run_of_an_earlier_version_is_not_taken_for_an_answer(settings):
    outcome, _ = run(settings())
    path = outcome.run.path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "manifest_version": 1}))
    again, computed = run(settings())
    assert not again.reused
    assert computed == CELLS


def test_an_absent_device_is_named_with_those_that_are_here(settings):
    with pytest.raises(ConfigurationError, match=r"device = quantum cannot be used here; present: cpu"):
        run(settings(device="quantum"))


# -- parts ---------------------------------------------------------------------------------------------------------


def test_a_part_is_run_alone_and_the_claims_of_the_others_are_not_run(settings):
    outcome, computed = run(settings(parts=["other"]))
    assert computed == ["other"]
    assert set(outcome.curves["part"]) == {"other"}
    assert {finding.id: finding.verdict for finding in outcome.findings} == {
        "positive": Verdict.NOT_RUN,
        "finite": Verdict.HOLDS,
    }


@pytest.mark.parametrize("first", [["one"], ["other"]])
def test_a_part_measured_before_is_not_measured_again_when_all_are_run(settings, tmp_path, first):
    _, computed = run(settings(parts=first))
    said = []
    whole, more = run(settings(), say=said.append)
    assert sorted(map(str, computed + more)) == sorted(map(str, CELLS))
    assert any(line.startswith("measured before in") and line.endswith(first[0]) for line in said)
    undisturbed, _ = run(settings(runs_dir=str(tmp_path / "elsewhere")))
    assert files(whole) == files(undisturbed)
    part, computed = run(settings(parts=["one", "other"]))
    assert part.reused  # all parts by name are all parts
    assert not computed


def test_a_part_measured_by_other_code_or_settings_is_measured_again(settings):
    outcome, _ = run(settings(parts=["other"]))
    assert "other" in run(settings(scale=2))[1]
    path = outcome.run.path / "started.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "code": "other"}))
    assert "other" in run(settings())[1]


def test_parts_have_keys_of_their_own_whatever_their_order(settings):
    experiment, _ = toy()
    keys = {run_key(experiment, settings(parts=parts)) for parts in (["one"], ["other"], [])}
    assert len(keys) == 3
    assert run_key(experiment, settings(parts=["other", "one"])) == run_key(experiment, settings())


def test_a_part_that_there_is_not_is_named_with_the_nearest(settings):
    with pytest.raises(ConfigurationError, match="toy has no part 'othr'; did you mean other"):
        run(settings(parts=["othr"]))


# -- what an experiment may not do ---------------------------------------------------------------------------------


def changed(**changes):
    experiment, _ = toy()
    return replace(experiment, parts=(replace(experiment.parts[0], **changes), experiment.parts[1]))


def test_a_panel_that_is_declared_read_and_empty_ends_the_run(settings):
    silent = changed(measure=lambda config, context: (), predict=lambda config: ())
    with pytest.raises(MissingCurvesError, match="claim positive reads p"):
        run_experiment(silent, settings(), preset="quick")


def test_a_curve_of_no_panel_of_its_part_ends_the_run(settings):
    misspelt = changed(panels=lambda config: [Panel(Panels.Q, "toy", "x", "y")])
    with pytest.raises(ContractError, match="part one of toy has no panel 'p'"):
        run_experiment(misspelt, settings(), preset="quick")


def test_two_units_of_one_name_in_a_part_are_refused(settings):
    def twice(config, context):
        for _ in range(2):
            context.unit("same", lambda: {"y": np.zeros(1)})
        return ()

    with pytest.raises(RuntimeError, match="two units of work are called 'same'"):
        run_experiment(changed(measure=twice), settings(), preset="quick")


def settings_root(settings):
    return Path(settings().runs_dir)
