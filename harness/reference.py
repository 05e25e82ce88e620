"""What did a long run find, once and for all? The reference results that are shipped, read as the runs they are."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from solv.harness.archive import panels_of, settings_of
from solv.harness.catalog import entry, load
from solv.harness.drawing import write_pictures
from solv.tracking.claims import Finding, Verdict
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
    for old in earlier:
        if old.path.resolve() != target.resolve():
            shutil.rmtree(old.path)
    return RunDirectory(target)


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
        seconds, threads = sum(manifest["seconds"].values()), manifest["threads"]
        lines += [
            f"\n## {run.experiment}\n",
            f"[{entry(run.experiment).paper.title}](experiments/{run.experiment}.md): {in_words(run.findings())}. "
            f"{run.started:%Y-%m-%d}, seed {manifest['seed']}, {seconds / 60:.0f} minutes on "
            f"{threads} core{'s' * (threads != 1)} of a CPU.\n",
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


def _escaped(value: float | str) -> str:
    """Return a number or a text as Markdown shows it as it is, within a table."""
    if not isinstance(value, str):
        return f"{value:.4g}"
    return escape(value, quote=False).translate({ord(sign): f"&#{ord(sign)};" for sign in "|*_`[]"})
