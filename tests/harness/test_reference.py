"""Is a reference run kept as it is shipped, and found where it is?"""

import json
import shutil
from dataclasses import replace

import pytest

from solv.harness.compose import settings_for
from solv.harness.contract import flat
from solv.harness.reference import (
    MOST,
    PRESET,
    in_words,
    judge_again,
    judged,
    keep,
    note_quick,
    reference,
    refresh,
    shipped,
    verdicts_page,
)
from solv.harness.settings import scientific
from solv.tracking.claims import Finding, Verdict
from solv.tracking.files import restored
from solv.tracking.runs import RunDirectory, RunDirectoryError, RunStore
from tests.end_to_end.cli.made_runs import make_run

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


@pytest.fixture
def made(tmp_path):
    """A finished run of the preset `reference`."""
    return make_run(tmp_path / "runs", preset="smoke"), tmp_path


def as_reference(run):
    path = run.path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "preset": PRESET}))
    return run


def test_a_run_is_kept_without_its_checkpoints_and_read_as_the_run_it_is(made):
    run, folder = made
    (run.path / "checkpoints").mkdir(exist_ok=True)
    results = RunStore(folder / "results")
    kept = keep(as_reference(run), results)
    assert not (kept.path / "checkpoints").exists()
    assert reference("cot-depth", results).curves().equals(run.curves())
    assert reference("cot-depth", results).findings() == run.findings()


def test_a_newer_one_takes_the_place_of_the_one_that_is_there(made):
    run, folder = made
    results = RunStore(folder / "results")
    keep(as_reference(run), results)
    newer = as_reference(make_run(folder / "runs", "seed=3", at="20270102-030405"))
    keep(newer, results)
    assert [each.path.name for each in results.runs()] == [newer.path.name]
    keep(newer, results)
    assert len(results.runs()) == 1


def test_a_run_of_another_preset_or_a_large_one_is_not_kept(made):
    run, folder = made
    results = RunStore(folder / "results")
    with pytest.raises(RunDirectoryError, match="of the preset smoke, not reference"):
        keep(run, results)
    (as_reference(run).path / "figure.png").write_bytes(bytes(MOST))
    with pytest.raises(RunDirectoryError, match="at most"):
        keep(run, results)


def test_where_none_is_shipped_the_command_that_makes_it_is_named(tmp_path):
    with pytest.raises(RunDirectoryError, match="solv run cot-depth --preset reference"):
        reference("cot-depth", RunStore(tmp_path))


def test_curves_that_are_kept_are_judged_again(tmp_path):
    kept = RunDirectory(tmp_path / "jailbreak" / reference("jailbreak").path.name)
    shutil.copytree(reference("jailbreak").path, kept.path)
    said = {each.id: each.verdict for each in kept.findings()}
    kept.write_findings([replace(each, verdict=Verdict.FAILS) for each in kept.findings()])
    (kept.path / "figure.png").unlink()
    judge_again(kept)
    assert {each.id: each.verdict for each in kept.findings()} == said
    assert kept.manifest()["claims"] == {name: verdict.value for name, verdict in said.items()}
    assert kept.fault() is None
    assert {path.name for path in kept.path.iterdir()} == {path.name for path in reference("jailbreak").path.iterdir()}


@pytest.fixture
def with_part(tmp_path):
    """A kept reference run, and a function that returns a run of one of its parts, measured with other values."""
    return kept_with_part("jailbreak", tmp_path)


def kept_with_part(experiment, tmp_path):
    source = reference(experiment)
    kept = RunDirectory(tmp_path / "results" / experiment / source.path.name)
    shutil.copytree(source.path, kept.path)

    def part(name, change):
        run = RunDirectory(tmp_path / "runs" / experiment / f"20270102-030405-{'0' * 12}")
        shutil.copytree(source.path, run.path, dirs_exist_ok=True)
        curves = source.curves()
        run.write_curves(change(curves[curves["part"] == name]))
        manifest = {key: value for key, value in source.manifest().items() if key != "made"}  # made of one run
        run.finish({**manifest, "parts": {name: manifest["parts"][name]}, "commit": "new", "finished": "now"})
        return run

    return kept, part, RunStore(tmp_path / "results")


def test_a_part_that_is_made_anew_takes_its_place_among_the_others(with_part):
    kept, part, results = with_part
    before, name = kept.curves(), kept.curves()["part"].iloc[-1]
    found = refresh(part(name, lambda rows: rows.assign(n=rows["n"] + 7)), results)
    assert [run.path for run in results.runs()] == [found.path]
    after = found.curves()
    assert len(after) == len(before)
    same = after["part"] != name
    assert after[same].reset_index(drop=True).equals(before[before["part"] != name].reset_index(drop=True))
    assert (after[~same]["n"].to_numpy() == before[before["part"] == name]["n"].to_numpy() + 7).all()
    manifest = found.manifest()
    assert set(manifest["parts"]) == set(kept_parts := manifest["made"])
    assert {each for each, made in kept_parts.items() if made["commit"] == "new"} == {name}
    assert found.fault() is None
    assert {path.name for path in found.path.iterdir()} == {path.name for path in reference("jailbreak").path.iterdir()}
    again = refresh(part(before["part"].iloc[0], lambda rows: rows), results)
    assert {made["commit"] for made in again.manifest()["made"].values()} > {"new"}


def test_what_quick_takes_on_the_machine_that_made_a_part_is_noted_beside_it(with_part):
    kept, part, results = with_part
    name = kept.curves()["part"].iloc[-1]

    def quick(run):
        made = run.manifest().get("made", {})
        return {each: values["quick_cpu"] for each, values in made.items() if "quick_cpu" in values}

    before = quick(kept)
    found = refresh(part(name, lambda rows: rows), results)
    note_quick(found, {name: 2.5})
    noted = found.manifest()["made"]
    assert quick(found) == before | {name: 2.5}
    assert noted[name]["commit"] == "new"
    whole = {key: value for key, value in found.manifest().items() if key != "made"}  # made in one go
    found.finish(whole)
    note_quick(found, dict.fromkeys(whole["parts"], 1.5))
    assert {values["quick_cpu"] for values in found.manifest()["made"].values()} == {1.5}
    assert found.fault() is None


def test_a_part_whose_theory_has_changed_must_be_made_anew_as_well(with_part):
    kept, part, results = with_part
    run = part(kept.curves()["part"].iloc[-1], lambda rows: rows)
    curves = kept.curves()
    first = curves["part"].iloc[0]
    other = (curves["part"] == first) & (curves["source"] == "theory")
    kept.write_curves(curves.assign(y=curves["y"].where(~other, 1.1 * curves["y"])))
    with pytest.raises(RunDirectoryError, match=f"{first} does not predict what the kept run has of it"):
        refresh(run, results)


def test_a_setting_that_differs_from_the_kept_run_must_be_named(with_part):
    kept, part, results = with_part
    manifest = kept.manifest()
    settings = {**manifest["settings"], "seed": 7, "gone": {"key": 1}}
    (kept.path / "manifest.json").write_text(json.dumps({**manifest, "settings": settings}))
    run = part(kept.curves()["part"].iloc[-1], lambda rows: rows)
    with pytest.raises(RunDirectoryError, match="seed differs from the kept run: run every part"):
        refresh(run, results, ["gone.key"])
    assert [each.path for each in results.runs()] == [kept.path]
    assert refresh(run, results, ["gone.key", "seed"]).fault() is None


def test_an_infinite_setting_is_no_other_than_it_was(tmp_path):
    """It is written as a text, since JSON has no such number."""
    kept, part, results = kept_with_part("cot-depth", tmp_path)
    assert "inf" in kept.manifest()["settings"]["tau"]
    assert refresh(part(kept.curves()["part"].iloc[-1], lambda rows: rows), results).fault() is None


def test_what_is_kept_names_no_folder_of_whoever_made_it(made):
    run, folder = made
    kept = keep(as_reference(run), RunStore(folder / "results"))
    assert kept.config()["runs_dir"] == "runs"
    assert {run.config()["runs_dir"] for run in shipped().runs()} == {"runs"}


@pytest.mark.parametrize("run", shipped().finished(), ids=lambda run: run.experiment)
def test_what_is_shipped_has_the_settings_of_the_preset(run):
    """Of a setting that came later, the run had what is the default now."""
    experiment, settings = settings_for(run.experiment, PRESET, [])
    had, usual = (flat(each) for each in (restored(run.manifest()["settings"]), scientific(experiment.Config())))
    for name, value in flat(scientific(settings)).items():
        assert value == had.get(name, usual[name]), name


@pytest.mark.parametrize("run", shipped().finished(), ids=lambda run: run.experiment)
def test_verdicts_that_are_shipped_are_those_of_todays_judges(run):
    """If a judge has changed: `python -m benchmarks.keep_reference --judge NAME`."""
    assert {each.id: each.verdict for each in judged(run)} == {each.id: each.verdict for each in run.findings()}


def test_what_is_shipped_is_sound_and_of_the_preset():
    for run in shipped().runs():
        assert run.fault() is None
        assert run.preset == PRESET
        assert sum(path.stat().st_size for path in run.path.iterdir()) <= MOST


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ([HOLDS] * 3, "all 3 hold"),
        ([HOLDS, FAILS, UNDECIDED], "1 of 3 hold, 1 fails, 1 is undecided"),
        ([HOLDS, *[FAILS] * 2, *[UNDECIDED] * 2], "1 of 5 hold, 2 fail, 2 are undecided"),
    ],
)
def test_verdicts_in_words(verdicts, words):
    assert in_words([Finding("c", "C.", verdict, 0.0, 1.0, needs="more") for verdict in verdicts]) == words


def test_the_page_has_every_claim_of_every_reference_run(made):
    run, folder = made
    results = RunStore(folder / "results")
    keep(as_reference(run), results)
    page = verdicts_page(results)
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) == len(run.findings())
    assert all(line.replace(" | ", "").count("|") == 2 for line in rows)  # no cell is cut by what is written in it
    assert "## cot-depth" in page
