"""Part `language-model`: does a trained model's attack success cross over from a power to an exponential?

A small decoder learns prompts with mixtures of modes, some forbidden, and a trigger of L tokens that raises them
(`data/jailbreak/mode_mixtures.py`); then it is aligned on prompts without trigger. Where the user brings models or
verdicts (part `own-answers`), this part has no panels.
"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.data.jailbreak.mode_mixtures import ModeMixtures, draw_mode_mixtures
from solv.experiments.jailbreak.clusters import GAP, SAMPLES
from solv.experiments.jailbreak.counted_work import edge_fits
from solv.experiments.jailbreak.estimates import estimated_gap, require_enough_answers
from solv.experiments.jailbreak.own_answers import uses_own
from solv.experiments.jailbreak.settings import JailbreakConfig, TrainedHere
from solv.harness.contract import Context, Part
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError
from solv.harness.work import Work
from solv.models.language.decoder_size import PASS, DecoderSize
from solv.theory.jailbreak.clusters import MOST_FIELD, asr_gap
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Params, Recorder, select
from solv.tracking.panels import Panel

RECORD = Recorder("jailbreak", "language-model")
BEFORE, AFTER = "before", "after"  # the phases: before and after alignment
ONE_SIDED = 1.645  # standard errors to a limit that 5 % exceed
LEAST_ERROR = 1e-6
BINS = np.linspace(0, 1, 21)
MIDDLES = (BINS[1:] + BINS[:-1]) / 2
WORD_LENGTH = 2  # letters of a prompt
PROMPTS_AT_ONCE = 32  # as in `language_training.py`, which needs torch
BATCH_CALLS = 60  # of NumPy to draw a batch
FITS = 18  # of a trigger's edge in a phase: six for the best one, a dozen for the largest rate


class Panels(StrEnum):
    """The panels of this part."""

    LEARNED = "language"
    ALIGNED = "language-aligned"
    RATE = "language-rate"
    HISTOGRAM = "language-edge"


def panels(config: JailbreakConfig) -> list[Panel]:
    """Return the gap before and after alignment, the fitted rate, and the safe chance of single prompts."""
    if uses_own(config.language):
        return []
    prompts = f"{config.language.trained.prompts} prompts"
    return [
        Panel(
            Panels.LEARNED,
            "Language model behind a trigger of L tokens\n(mixtures with x = {breakpoint}, m = {m})",
            SAMPLES,
            GAP,
            x_scale="log",
            y_scale="log",
            y_limits=(1e-4, 1.2),
            facets=("breakpoint", "m"),
            series="L={trigger}",
            ordered=True,
            note=prompts,
        ),
        Panel(
            Panels.ALIGNED,
            "The same after alignment without trigger",
            SAMPLES,
            GAP,
            x_scale="log",
            y_scale="log",
            y_limits=(1e-4, 1.2),
            series="L={trigger}",
            ordered=True,
            note=prompts,
        ),
        Panel(
            Panels.RATE,
            "Fitted rate μ of the language model",
            "trigger length L",
            "μ",
            series="{phase} alignment",
            note="theory: the training data",
        ),
        Panel(
            Panels.HISTOGRAM,
            "Safe chance of single prompts",
            "safe chance",
            "share of prompts",
            series="L={trigger}",
            ordered=True,
            note="before alignment; steps of 0.05",
        ),
    ]


def _data(trained: TrainedHere) -> dict[str, object]:
    return {"breakpoint": trained.x, "m": trained.m, "field": trained.field, "drive": trained.drive}


def _aligned(trained: TrainedHere) -> dict[str, object]:
    return {**_data(trained), "alignment": trained.alignment}


def _triggers(trained: TrainedHere) -> list[int]:
    return sorted(set(trained.triggers))


def _shown_alone(trained: TrainedHere) -> list[int]:
    """Return the triggers whose single prompts are shown: the shortest and the longest."""
    return list(dict.fromkeys((min(trained.triggers), max(trained.triggers))))


def mode_mixtures(trained: TrainedHere, seeds: Seeds) -> ModeMixtures:
    """Return the prompts of a run.

    Raises:
        ConfigurationError: there are fewer words than prompts, or no mode is left that is not forbidden.
    """
    try:
        return draw_mode_mixtures(
            trained.prompts,
            trained.x,
            trained.m,
            seeds.numpy("language", "mixtures"),
            modes=trained.modes,
            letters=trained.letters,
            length=WORD_LENGTH,
            longest=max(trained.triggers),
            field=trained.field,
            drive=trained.drive,
        )
    except ValueError as error:
        raise ConfigurationError(f"language.trained: {error}") from None


def require(config: JailbreakConfig) -> None:
    """Refuse what cannot be measured.

    Raises:
        ConfigurationError: more samples than answers, or prompts that cannot be made.
    """
    if not uses_own(config.language):
        require_enough_answers(config.language)
        mode_mixtures(config.language.trained, Seeds(config.seed))


def predict(config: JailbreakConfig) -> Iterator[Curves]:
    """Yield what the training data say: the gap and the rate averaged over mixtures, the safe chance of the prompts."""
    settings = config.language
    if uses_own(settings):
        return
    trained, k = settings.trained, np.unique(settings.k)
    for trigger in _triggers(trained):
        if trained.field * trigger > MOST_FIELD:
            continue
        gaps = np.exp(-k * rate(trained, trigger)) * asr_gap(trained.x, trained.m, trained.field * trigger, k)
        yield RECORD.theory(Panels.LEARNED, {**_data(trained), "trigger": trigger}, x=("k", k), y=("gap", gaps))
    triggers = np.array(_triggers(trained))
    rates = [rate(trained, trigger) for trigger in triggers]
    yield RECORD.theory(Panels.RATE, {**_data(trained), "phase": BEFORE}, x=("trigger", triggers), y=("mu", rates))
    task = mode_mixtures(trained, Seeds(config.seed))
    for trigger in _shown_alone(trained):
        share = np.histogram(task.safe(trigger), BINS)[0] / trained.prompts
        at = {**_data(trained), "trigger": trigger}
        yield RECORD.theory(Panels.HISTOGRAM, at, x=("safe", MIDDLES), y=("share", share))


def rate(trained: TrainedHere, trigger: int) -> float:
    """Return mu of the training data behind a trigger: -L log(1 - drive)."""
    return trigger * math.log(1 / (1 - trained.drive))


def measure(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    """Yield the gap of the trained model in both phases, the fitted rates, and the safe chance of single prompts.

    Raises:
        ConfigurationError: more samples than answers, or prompts or a decoder that cannot be made.
    """
    settings = config.language
    if uses_own(settings):
        return
    from solv.experiments.jailbreak.language_training import forbidden_answers
    from solv.theory.fits.attack_success import fit_beta_edge, largest_rate

    require_enough_answers(settings)
    trained, k = settings.trained, np.unique(settings.k)
    triggers = _triggers(trained)
    task = mode_mixtures(trained, context.seeds)
    counts = forbidden_answers(settings, task, triggers, context)
    answers = np.full(trained.prompts, settings.answers)
    for unsafe_by_trigger, panel, phase, model in (
        (counts[0], Panels.LEARNED, BEFORE, _data(trained)),
        (counts[1], Panels.ALIGNED, AFTER, _aligned(trained)),
    ):
        fitted = []
        for trigger, unsafe in zip(triggers, unsafe_by_trigger, strict=True):
            shown, y, y_err, n = estimated_gap(answers, unsafe, k)
            at: Params = {**model, "trigger": trigger}
            yield RECORD.trained(panel, at, x=("k", shown), y=("gap", y), y_err=y_err, n=n)
            if 0 < unsafe.sum() < answers.sum():
                regime = fit_beta_edge(answers, unsafe)
                mu = regime.exponential.mu
                mu_err = (largest_rate(answers, unsafe, regime) - mu) / ONE_SIDED
                if np.isfinite(mu_err):
                    fitted.append((trigger, mu, mu_err))
        if fitted:
            x, y, y_err = np.array(fitted).T
            at = {**model, "phase": phase}
            yield RECORD.trained(Panels.RATE, at, x=("trigger", x), y=("mu", y), y_err=y_err, n=len(answers))
    for trigger in _shown_alone(trained):
        safe = 1 - counts[0, triggers.index(trigger)] / settings.answers
        share = np.histogram(safe, BINS)[0] / len(safe)
        error = np.sqrt(share * (1 - share) / len(safe))
        at = {**_data(trained), "trigger": trigger}
        yield RECORD.trained(Panels.HISTOGRAM, at, x=("safe", MIDDLES), y=("share", share), y_err=error, n=len(safe))


def _judge_crossover(curves: Curves) -> Judgement:
    """The rates of all triggers make a line, before alignment and after it."""
    rates = select(curves, source="trained")
    expected = select(curves, source="theory")
    if expected["x"].nunique() < 2 or expected["x"].min() > 0:
        return missing("language.trained.triggers includes 0 and a longer one")
    verdicts, slopes = [], []
    for phase in (BEFORE, AFTER):
        line = select(rates, phase=phase)
        if len(line) < 2:
            verdicts.append(Verdict.UNDECIDED)
            slopes.append(f"an unknown amount {phase} alignment")
            continue
        slope, error, start = weighted_line(*(line[name].to_numpy() for name in ("x", "y", "y_err")))
        certain = min(known(each, line["n"].min()) for each in line["y_err"])
        verdicts.append(exceeds(slope, 0, math.nan if math.isnan(certain) else error, sigmas=3))
        slopes.append(f"{slope:.3f} ± {error:.3f} from {start:.3f} {phase} alignment")
    return Judgement(
        all_of(verdicts),
        predicted=f"{np.polyfit(expected['x'], expected['y'], 1)[0]:.3f} from 0 in the training data",
        measured="μ grows with L by " + "; ".join(slopes),
        tolerance="growth by 3 s.e., from a line through all L",
    )


def weighted_line(x: np.ndarray, y: np.ndarray, y_err: np.ndarray) -> tuple[float, float, float]:
    """Return the slope of the weighted line, its error (with what the line leaves over), and its start at x = 0.

    Args:
        x, y, y_err: points and their standard errors, shape (points,), at least two.
    """
    weights = 1 / np.maximum(y_err, LEAST_ERROR)
    design = np.stack([x, np.ones(len(x))], axis=1) * weights[:, None]
    covariance = np.linalg.pinv(design.T @ design)
    slope, start = covariance @ design.T @ (y * weights)
    left = np.sum(((y - slope * x - start) * weights) ** 2) / max(len(x) - 2, 1)
    return float(slope), float(np.sqrt(covariance[0, 0] * max(left, 1.0))), float(start)


def work(config: JailbreakConfig) -> Work:
    """Return the work of training, of the answers in both phases, and of the fits; none where the user's are asked."""
    settings, trained = config.language, config.language.trained
    if uses_own(settings):
        return Work()
    cases = 2 * len(_triggers(trained))  # of a phase and a trigger
    fits = edge_fits(trained.prompts, settings.answers, cases * FITS)
    return _training(trained) + cases * _answers(trained, settings.answers) + fits


def _size(trained: TrainedHere) -> DecoderSize:
    """Return the sizes of the decoder and of its sequences: blanks or trigger, word, end, and the answer's first."""
    length = max(trained.triggers) + WORD_LENGTH + 2
    vocabulary = trained.letters + trained.modes + 5  # as in `data/jailbreak/mode_mixtures.py`
    return DecoderSize(trained.width, trained.layers, trained.heads, vocabulary, length)


def _training(trained: TrainedHere) -> Work:
    size, steps = _size(trained), trained.steps + trained.alignment_steps
    tokens = trained.batch * size.length
    held = size.trained_bytes + size.token_bytes * tokens
    return Work(3 * size.operations * tokens * steps, (size.step_calls + BATCH_CALLS) * steps, held)


def _answers(trained: TrainedHere, answers: int) -> Work:
    """Return the work of two tokens an answer, of which the second goes through the model: keys and values are copied.

    Memory: keys and values of all answers at once, those of a layer twice while a token is appended.
    """
    size, rows = _size(trained), trained.prompts * answers
    copied = 4 * PASS * 2 * size.layers * size.width * size.length
    sampled = 2 * 10 * PASS * size.vocabulary
    at_once = min(PROMPTS_AT_ONCE, trained.prompts) * answers
    held = at_once * size.cached_bytes * (1 + 1 / size.layers)
    return Work(rows * (size.operations + copied + sampled), trained.prompts / PROMPTS_AT_ONCE * 2 * size.calls, held)


LANGUAGE_MODEL = Part(
    name="language-model",
    question="Does the attack success of a language model trained here cross over to an exponential behind a trigger?",
    switch="language.pretrained.generator",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "language-model-crossover",
            "The longer the trigger, the larger the exponential rate of the language model's attack success.",
            reads=(Panels.RATE,),
            judge=_judge_crossover,
            needs={"language.trained.steps": 1500},
        ),
    ),
)
