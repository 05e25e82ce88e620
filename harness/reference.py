"""What did a long run find, once and for all? The reference results that are shipped, read as the runs they are."""

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from solv.harness.archive import panels_of, settings_of
from solv.harness.catalog import entry, load
from solv.harness.contract import flat
from solv.harness.cost import LEAST
from solv.harness.drawing import write_pictures
from solv.harness.runner import config_yaml, run_key
from solv.harness.settings import replace, scientific
from solv.harness.times import cpu_seconds
from solv.tracking.claims import Finding, Verdict
from solv.tracking.curves import Curves, agreement
from solv.tracking.files import restored, write_text
from solv.tracking.runs import RunDirectory, RunDirectoryError, RunStore

PRESET = "reference"
_KEPT = ("config.yaml", "started.json", "curves.parquet", "claims.json", "agreement.csv", "figure.png", "manifest.json")
MOST = 1_000_000  # bytes of one experiment's results
_HEAD = """# What the reference runs found

Every claim, as the shipped runs of the preset `reference` judged it: their sizes are those from which on a CPU decides.
`solv reference NAME` prints the same with the agreement of the curves, `solv run NAME --preset reference` makes it
anew. In italics: how far measured may lie from predicted. This page is written by `python -m benchmarks.keep_reference`
from the files of the runs, and a test compares the two."""


def shipped() -> RunStore:
    """Return the folder of the results that come with this version."""
    return RunStore(Path(str(resources.files("solv.results"))))


def reference(name: str, store: RunStore | None = None) -> RunDirectory:
    """Return the reference run of an experiment.

    Args:
        name: the experiment.
        store: where the results are; those that are shipped by default.

    Raises:
        UnknownExperimentError: there is no such experiment.
        RunDirectoryError: none is shipped.
    """
    found = (store or shipped()).finished(entry(name).name)
    if not found:
        made = f"`solv run {name} --preset {PRESET}` makes it"
        raise RunDirectoryError(f"no reference run of {name} is shipped with this version; {made}")
    return found[0]


def keep(run: RunDirectory, store: RunStore) -> RunDirectory:
    """Copy a finished run into the folder of the results, in the place of the one that is there; return the copy.

    Raises:
        RunDirectoryError: the run cannot be read, is not of the preset `reference`, or is too large to be shipped.
    """
    if fault := run.fault():
        raise RunDirectoryError(fault)
    if run.preset != PRESET:
        raise RunDirectoryError(f"{run.path} is of the preset {run.preset}, not {PRESET}")
    files = [run.path / name for name in _KEPT if (run.path / name).is_file()]
    if (size := sum(path.stat().st_size for path in files)) > MOST:
        raise RunDirectoryError(f"{run.path} holds {size} bytes of results; what is shipped has at most {MOST}")
    earlier = store.runs(run.experiment)
    target = store.root / run.experiment / run.path.name
    target.mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copyfile(path, target / path.name)
    _name_no_folder(target)
    _drop(earlier, target)
    return RunDirectory(target)


def refresh(run: RunDirectory, store: RunStore, changed: Sequence[str] = ()) -> RunDirectory:
    """Put the parts of a finished run in the place of those of the kept run, and judge all together; return the result.

    The other parts stay as they were measured; the manifest says of each when and from which commit.

    Args:
        run: of the preset `reference`, of some parts.
        store: the folder of the results.
        changed: settings that may differ from those of the kept run, since no part that stays reads them.

    Raises:
        UnknownExperimentError, ConfigurationError: the experiment, or a key of the kept run, no longer exists.
        RunDirectoryError: the run cannot be read or is not of the preset `reference`; none is kept; other settings
            differ from those of the kept run; or what another part predicts has changed, which must be run as well.
    """
    if fault := run.fault():
        raise RunDirectoryError(fault)
    if run.preset != PRESET:
        raise RunDirectoryError(f"{run.path} is of the preset {run.preset}, not {PRESET}")
    kept, experiment = reference(run.experiment, store), load(run.experiment)
    settings = replace(settings_of(run), parts=(), runs_dir=experiment.Config().runs_dir)
    new: Mapping[str, Any] = run.manifest()
    old: Mapping[str, Any] = kept.manifest()
    if others := _differing(restored(old["settings"]), scientific(settings)) - set(changed):
        raise RunDirectoryError(
            f"{', '.join(sorted(others))} differ{'s' if len(others) == 1 else ''} from the kept run: run every part, "
            f"or name what no part that stays reads as changed"
        )
    chosen: list[tuple[str, Curves, Mapping[str, Any]]] = []
    made_anew, as_kept = run.curves(), kept.curves()
    for part in experiment.parts:
        theirs = part.name in new["parts"]
        curves = made_anew if theirs else as_kept
        own = curves[curves["part"] == part.name]
        if not theirs and not _same(experiment.predict_part(part, settings), own[own["source"] == "theory"]):
            raise RunDirectoryError(f"{part.name} does not predict what the kept run has of it: run it, too")
        chosen.append((part.name, own, new if theirs else old))
    joined = pd.concat([own for _, own, _ in chosen])
    joined = joined.iloc[np.argsort(joined["source"] != "theory", kind="stable")].reset_index(drop=True)  # as in a run
    parts = {name: manifest["parts"].get(name, {}) for name, _, manifest in chosen}
    made = {name: manifest.get("made", {}).get(name) or _made(manifest) for name, _, manifest in chosen}
    target = RunDirectory(store.root / run.experiment / f"{run.started:%Y%m%d-%H%M%S}-{run_key(experiment, settings)}")
    provenance = {**run.provenance(), "settings": scientific(settings)}
    target.begin(config_yaml(experiment, settings, PRESET), provenance)
    target.write_curves(joined)
    write_text(target.path / "agreement.csv", agreement(joined).to_csv(index=False))
    seconds = {kind: round(sum(each.get(kind, 0.0) for each in parts.values()), 3) for kind in ("theory", "measure")}
    target.finish(
        {
            **new,
            **provenance,
            "key": target.key,
            "settings_key": target.key,
            "parts": parts,
            "made": made,
            "seconds": {**seconds, "record": new["seconds"]["record"]},
        }
    )
    judge_again(target)
    shutil.rmtree(target.path / "checkpoints")
    _drop(store.runs(run.experiment), target.path)
    return target


def note_quick(run: RunDirectory, seconds: Mapping[str, float]) -> None:
    """Write into the manifest of a kept run what the preset `quick` of its parts takes on the machine that made it.

    Args:
        run: as `keep` or `refresh` returned it.
        seconds: CPU seconds by part; cores differ, and what a part takes at other sizes is told from these.
    """
    manifest: Mapping[str, Any] = run.manifest()
    made = manifest.get("made") or {name: _made(manifest) for name in manifest["parts"]}
    noted = {name: {**each, "quick_cpu": seconds[name]} if name in seconds else each for name, each in made.items()}
    run.finish({**manifest, "made": noted})


def usual_seconds(run: RunDirectory) -> dict[str, float]:
    """Return the CPU seconds that the parts of a kept run would have taken on the machine of `results/times.json`.

    Each is scaled by what the preset `quick` of the part takes there and took where it was made, or by that of all
    parts together where it is too short to tell; where nothing is known a part counts as it is.
    """
    manifest: Mapping[str, Any] = run.manifest()
    usual, made = cpu_seconds(run.experiment, "quick"), manifest.get("made", {})
    quick = {part: made.get(part, {}).get("quick_cpu", 0.0) for part in manifest["parts"]}
    told = [part for part, seconds in quick.items() if min(seconds, usual.get(part, 0.0)) >= LEAST]
    of_all = sum(quick[part] for part in told) / sum(usual[part] for part in told) if told else 1.0
    found = {}
    for part, seconds in manifest["parts"].items():
        slower = quick[part] / usual[part] if part in told else of_all if quick[part] else 1.0
        found[part] = seconds.get("cpu", 0.0) / slower
    return found


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    """Return the names of the settings that are not the same, or are only in one of the two."""
    ours, theirs = flat(one), flat(other)
    missing = object()
    return {name for name in {*ours, *theirs} if ours.get(name, missing) != theirs.get(name, missing)}


def _made(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return where the parts of a run come from."""
    return {name: manifest[name] for name in ("commit", "code", "finished")}


def _same(one: Curves, other: Curves) -> bool:
    """Return whether two tables of theory say the same, up to rounding."""
    keys = ["panel", "params", "x_name", "y_name"]
    if len(one) != len(other) or not (one[keys].to_numpy() == other[keys].to_numpy()).all():
        return False
    return all(np.allclose(one[name], other[name], rtol=1e-6, equal_nan=True) for name in ("x", "y"))


def _name_no_folder(target: Path) -> None:
    """Let the settings that are kept name the usual folder of runs, not that of whoever made them."""
    path = target / "config.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"^runs_dir: .*$", "runs_dir: runs", text, flags=re.MULTILINE), encoding="utf-8")


def _drop(earlier: Iterable[RunDirectory], target: Path) -> None:
    for old in earlier:
        if old.path.resolve() != target.resolve():
            shutil.rmtree(old.path)


def judged(run: RunDirectory) -> list[Finding]:
    """Return what today's judges say of a finished run's curves; a claim that reads what it lacks is not run.

    Raises:
        UnknownExperimentError, ConfigurationError: the experiment, or a key of the run's settings, no longer exists.
        RunDirectoryError: the run cannot be read.
    """
    curves = run.curves()
    return load(run.experiment).judge(curves, settings_of(run), set(curves["panel"]))


def judge_again(run: RunDirectory) -> None:
    """Write today's verdicts of a kept run's curves, and draw its headline with them.

    Raises:
        UnknownExperimentError, ConfigurationError: the experiment, or a key of the run's settings, no longer exists.
        RunDirectoryError: the run cannot be read.
    """
    findings = judged(run)
    run.write_findings(findings)
    run.finish({**run.manifest(), "claims": {finding.id: finding.verdict.value for finding in findings}})
    write_pictures(load(run.experiment), panels_of(run), run.curves(), findings, run.path, every=False)
    (run.path / "figure.svg").unlink()  # not among what is kept


def in_words(findings: Sequence[Finding]) -> str:
    """Return how many claims have which verdict, e.g. "18 of 20 hold, 1 fails, 1 is undecided"."""
    counts = Counter(each.verdict for each in findings)
    holds, fails, undecided = (counts[verdict] for verdict in (Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED))
    others = [
        f"{fails} {'fails' if fails == 1 else 'fail'}" if fails else "",
        f"{undecided} {'is' if undecided == 1 else 'are'} undecided" if undecided else "",
    ]
    every = f"all {holds} hold" if holds == len(findings) else f"{holds} of {len(findings)} hold"
    return ", ".join(filter(None, [every, *others]))


def verdicts_page(store: RunStore | None = None) -> str:
    """Return the Markdown page of what the reference runs found of every claim."""
    every = sorted((store or shipped()).finished(), key=lambda run: run.experiment)
    lines = [_HEAD]
    for run in every:
        manifest: Mapping[str, Any] = run.manifest()
        seconds, cores = _cpu_seconds(manifest), manifest["threads"] * manifest.get("processes", 1)
        lines += [
            f"\n## {run.experiment}\n",
            f"[{entry(run.experiment).paper.title}](experiments/{run.experiment}.md): {in_words(run.findings())}. "
            f"{run.started:%Y-%m-%d}, seed {manifest['seed']}, {seconds / 60:.0f} CPU minutes on "
            f"{cores} core{'s' * (cores != 1)}.\n",
            "| claim | verdict | predicted | measured |",
            "| --- | --- | --- | --- |",
        ]
        for each in run.findings():
            figure = f" *({_escaped(each.figure)})*" if each.figure else ""
            error = f" ± {each.error:.2g}" if each.error is not None and not isinstance(each.measured, str) else ""
            undecided = f" To decide: {_escaped(each.needs)}." if each.verdict is Verdict.UNDECIDED else ""
            cells = [
                f"`{each.id}`<br>{_escaped(each.statement)}{figure}",
                f"**{each.verdict.value}**" if each.verdict is Verdict.FAILS else each.verdict.value,
                _escaped(each.predicted),
                f"{_escaped(each.measured)}{error}<br>*{_escaped(each.tolerance or 'exact')}*{undecided}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cpu_seconds(manifest: Mapping[str, Any]) -> float:
    """Return what the parts of a run cost, whatever else the machine did meanwhile."""
    parts: Mapping[str, Mapping[str, float]] = manifest.get("parts", {})
    return sum((part.get("cpu", 0.0) for part in parts.values()), 0.0)


def _escaped(value: float | str) -> str:
    """Return a number or a text as Markdown shows it as it is, within a table."""
    if not isinstance(value, str):
        return f"{value:.4g}"
    return escape(value, quote=False).translate({ord(sign): f"&#{ord(sign)};" for sign in "|*_`[]"})
