"""Which runs do the tests of the commands read? Finished and unfinished ones, made in no time from theory alone."""

from datetime import datetime
from functools import cache

import numpy as np

from solv.harness.compose import settings_for
from solv.harness.runner import run_key
from solv.harness.settings import as_dictionary, scientific
from solv.tracking.claims import Finding, Verdict
from solv.tracking.curves import join_curves
from solv.tracking.runs import RunStore

# The smoke preset's panels with fewer points.
THIN = ("alpha=4", "tau=[1.5,3]", "phase={columns:3,rows:3,max_depth:12}", "phase.alpha=4", "fates.max_depth=60")
THIN = (*THIN, "endless.alpha=[1]", "depth=[0,1,2,4,8]", "endless.max_depth=30")
CLAIMS = (
    Finding("first", "The <b>first</b> & foremost.", Verdict.HOLDS, 0.5, 0.51, error=0.01, tolerance="0.1"),
    Finding("second", "The second.", Verdict.FAILS, 1.0, 2.0, tolerance="0.1"),
    Finding("third", "The third.", Verdict.UNDECIDED, "a rise", "a fall", needs="simulation.repeats >= 99"),
)


def make_run(root, *overrides, preset="smoke", at="20260102-030405", claims=CLAIMS, finished=True, scale=1.02):
    """Return the directory of a run whose simulation is theory times `scale` and whose networks lie a little higher."""
    settings, theory = _predicted(preset, overrides)
    run = RunStore(root).new("cot-depth", run_key(_experiment(), settings), datetime.strptime(at, "%Y%m%d-%H%M%S"))
    config = {**as_dictionary(settings), "runs_dir": str(root)}
    run.begin(_yaml(config), {"settings": scientific(settings)})
    if finished:
        simulated = theory[np.isfinite(theory["y"]) & ~theory["panel"].isin(["radius"])]
        simulated = simulated.assign(y_err=0.05 * simulated["y"].abs(), n=4)
        parts = [simulated.assign(source="simulation", y=scale * simulated["y"])]
        parts += [simulated.assign(source="trained", y=1.1 * simulated["y"])]
        run.write_curves(join_curves([theory, *parts]))
        run.write_findings(list(claims))
        run.finish({
            "experiment": "cot-depth", "key": run.key, "preset": preset, "seed": settings.seed, "device": "cpu",
            "threads": 1, "commit": "0123456789ab", "code": "fedcba987654", "versions": {"numpy": "2.0"},
            "seconds": {"measure": 1.5}, "claims": {claim.id: claim.verdict.value for claim in claims},
        })  # fmt: skip
    return run


@cache
def _predicted(preset, overrides):
    experiment, settings = settings_for("cot-depth", preset, [*THIN, *overrides])
    theory = experiment.predict(settings)
    return settings, theory[~theory["params"].str.contains('"rho": 0.1')]


@cache
def _experiment():
    return settings_for("cot-depth", "smoke", [])[0]


def _yaml(config):
    from omegaconf import OmegaConf

    return OmegaConf.to_yaml(OmegaConf.create(config))
