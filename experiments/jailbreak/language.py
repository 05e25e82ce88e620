"""Does a language model's attack success cross over from a power of k to an exponential? Part E4 of jailbreak.

By default a small decoder learns prompts with mixtures of modes, some forbidden, and a trigger of L tokens that raises
them (`data/jailbreak/mode_mixtures.py`); then it is aligned on prompts without trigger. Or the user brings causal
language models in Hugging Face's format with prompts and prefixes, or verdicts alone. What is measured is in
`experiments/jailbreak/language_measurements.py`.
"""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solv.experiments.jailbreak.settings import LanguageSettings, TrainedHere
from solv.harness.contract import Context
from solv.theory.jailbreak.clusters import MOST_FIELD, asr_gap
from solv.tracking.claims import Claim, all_of, exceeds, not_measured
from solv.tracking.curves import Curves, curve, select
from solv.tracking.figures import Panel

NAME = "jailbreak"
CLAIM = "language-model-crossover"
LEARNED, ALIGNED, RATE, HISTOGRAM, OWN = (
    "language",
    "language aligned",
    "language rate",
    "language edge",
    "language own",
)
BEFORE, AFTER = "before alignment", "after alignment"
GAP, SAMPLES = "chance that no answer is unsafe", "samples k"


def language_panels(settings: LanguageSettings) -> list[Panel]:
    """Return the panels of the language model."""
    log = partial(Panel, x_scale="log", y_scale="log", ordered=True, y_limits=(1e-4, 1.2))
    if uses_own(settings):
        return [log(OWN, "E4 Your models or verdicts", SAMPLES, GAP)]
    task = f"{settings.trained.prompts} prompts, x = {settings.trained.x:g}, m = {settings.trained.m}"
    return [
        log(LEARNED, f"E4 Language model behind a trigger of L tokens\n({task})", SAMPLES, GAP),
        log(ALIGNED, "E4 The same after alignment without trigger", SAMPLES, GAP),
        Panel(
            RATE, "E4 Fitted rate μ of the language model", "trigger length L", "μ", note="theory: the training data"
        ),
        Panel(
            HISTOGRAM,
            "E4 Safe chance of single prompts",
            "safe chance",
            "share of prompts",
            ordered=True,
            note="before alignment; steps of 0.05",
        ),
    ]


def uses_own(settings: LanguageSettings) -> bool:
    """Return whether the user's models or verdicts take the place of the model trained here."""
    return settings.pretrained.generator is not None or settings.pretrained.verdicts is not None


def predict_language(settings: LanguageSettings) -> Iterator[Curves]:
    """Yield what the training data say, averaged over mixtures: the prompts of a run are a sample of them."""
    if uses_own(settings):
        return
    trained, k = settings.trained, np.unique(settings.k)
    for trigger in sorted(set(trained.triggers)):
        if trained.field * trigger > MOST_FIELD:
            continue
        gaps = np.exp(-k * rate(trained, trigger)) * asr_gap(trained.x, trained.m, trained.field * trigger, k)
        place = LEARNED, trigger_series(trigger), "theory"
        yield language_points(*place, "k", k, "gap", gaps, params={"trigger": trigger})
    triggers = np.array(sorted(set(trained.triggers)))
    rates = [rate(trained, trigger) for trigger in triggers]
    yield language_points(RATE, BEFORE, "theory", "trigger", triggers, "mu", rates)


def rate(trained: TrainedHere, trigger: int) -> float:
    """Return mu of the training data behind a trigger: -L log(1 - drive)."""
    return trigger * math.log(1 / (1 - trained.drive))


def trigger_series(trigger: int) -> str:
    """Return the name of the series of one trigger length."""
    return f"L={trigger}"


def measure_language(settings: LanguageSettings, context: Context) -> Curves:
    """Return the measured curves of the language model, source `trained`."""
    from solv.experiments.jailbreak.language_measurements import measure

    return measure(settings, context)


def language_claim(curves: Curves) -> Claim:
    """Judge the crossover by the fitted rates: of the longest trigger against none, before and after alignment."""
    statement = "The longer the trigger, the larger the exponential rate of the language model's attack success."
    rows = select(curves, panel=RATE, source="trained")
    needs = "language.trained.triggers with 0 and a longer one, language.trained.steps >= 1500"
    if rows.empty or rows["x"].nunique() < 2 or rows["x"].min() > 0:
        return not_measured(CLAIM, statement, needs)
    verdicts, said = [], []
    for series, line in rows.groupby("series", sort=False):
        slope, error, start = _line(line["x"].to_numpy(), line["y"].to_numpy(), line["y_err"].to_numpy())
        verdicts.append(exceeds(slope, 0, 1.5 * error))
        said.append(f"{slope:.3f} ± {error:.3f} from {start:.3f} {series}")
    expected = select(curves, panel=RATE, source="theory")
    return Claim(
        CLAIM,
        statement,
        predicted=f"{np.polyfit(expected['x'], expected['y'], 1)[0]:.3f} from 0 in the training data",
        measured="μ grows with L by " + "; ".join(said),
        verdict=all_of(verdicts),
        tolerance="growth by 3 s.e., from a line through all L",
        needs=needs,
    )


def _line(x: np.ndarray, y: np.ndarray, y_err: np.ndarray) -> tuple[float, float, float]:
    """Return the slope of the weighted line, its error (with what the line leaves over), and its start."""
    weights = 1 / np.maximum(y_err, 1e-6)
    design = np.stack([x, np.ones(len(x))], axis=1) * weights[:, None]
    covariance = np.linalg.pinv(design.T @ design)
    slope, start = covariance @ design.T @ (y * weights)
    left = np.sum(((y - slope * x - start) * weights) ** 2) / max(len(x) - 2, 1)
    return float(slope), float(np.sqrt(covariance[0, 0] * max(left, 1.0))), float(start)


def language_points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve; `rest` as in `solv.tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )
