"""Which finished runs do the commands read here? Small ones, of a made-up part, without composing any settings."""

from datetime import datetime

import pytest

from solv.tracking.claims import Finding, Verdict
from solv.tracking.runs import RunStore
from tests.made_curves import points

CLAIMS = (
    Finding("one", "The first.", Verdict.HOLDS, 0.5, 0.51, error=0.01, tolerance="0.1"),
    Finding("two", "The second.", Verdict.UNDECIDED, "a rise", "a fall", needs="size >= 9"),
)


@pytest.fixture
def store(tmp_path):
    """An empty folder of runs."""
    return RunStore(tmp_path / "runs")


@pytest.fixture
def run_of(store):
    """Make a run of an experiment, by its key, day, preset and claims."""

    def make(experiment="dmft", key="0123456789ab", day=1, preset="quick", claims=CLAIMS, finished=True):
        run = store.new(experiment, key, datetime(2026, 1, day, 3, 4, 5))
        run.begin("seed: 0\n", {})
        if finished:
            run.write_curves(points("theory", [1.0, 2.0]))
            run.write_findings(list(claims))
            run.finish({
                "experiment": experiment, "key": key, "preset": preset, "seed": 0, "device": "cpu", "threads": 2,
                "commit": "", "code": "fedcba", "versions": {"numpy": "2.0"}, "seconds": {"one": 1.5},
                "claims": {claim.id: claim.verdict.value for claim in claims},
            })  # fmt: skip
        return run

    return make
