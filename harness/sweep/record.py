"""How does a sweep reach W&B as a whole? What all its points say together is a record beside theirs, in their group."""

from typing import Any

from solv.harness.contract import Experiment
from solv.harness.sweep.aggregate import Aggregate
from solv.tracking.dashboard import Identity, open_dashboard
from solv.tracking.provenance import git_commit, versions
from solv.tracking.sweeps import SweepDirectory
from solv.tracking.wandb_mode import Decision


def record_aggregate(
    experiment: Experiment[Any], directory: SweepDirectory, result: Aggregate, recorded: Decision
) -> str | None:
    """Record on W&B what all points of a sweep say together; return one line if anything went wrong, else None.

    Args:
        experiment: what was swept.
        directory: where the sweep is; its figure has been drawn.
        result: of all points.
        recorded: how the points were recorded.
    """
    entry, described = experiment.entry, directory.description()
    tags = (entry.name, f"arxiv:{entry.paper.arxiv}", directory.preset)
    about = {"experiment": entry.name, "preset": directory.preset, "key": directory.key, "commit": git_commit()}
    swept = {"axes": described.get("axes"), "points": result.total}
    config = {**described.get("base", {}), **swept, **about, "versions": versions()}
    identity = Identity(directory.group, tags, "aggregate", directory.group)
    dashboard = open_dashboard(recorded, directory.path, directory.store.root, identity, config)
    figure = directory.path / "figure.png"
    highlights = experiment.headline
    dashboard.results(result.curves, result.panels, result.findings, highlights, figure if figure.is_file() else None)
    return dashboard.close(finished=True)
