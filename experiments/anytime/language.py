"""Do anytime schedules match a cosine that is retuned for each horizon, on a language model? Settings, panels, theory.

Part S4 and S5 of anytime: a decoder-only transformer learns a generated language of known entropy, a text of the
user's, or token shards (the paper: C4). Constant and inverse-square-root rates are one run each, read at every horizon
through averages of the weights kept online; cosine is a run for every horizon; warmup-stable-decay branches from the
constant run. What is trained is in `experiments/anytime/language_measurements.py`, the claims in
`experiments/anytime/language_claims.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from solv.experiments.anytime.published import ARXIV, COSINE, PUBLISHED
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError, flag, group, integer, integers, real, reals, text, texts
from solv.tracking.curves import Curves, curve
from solv.tracking.figures import Panel

NAME = "anytime"
LOSS, LONG, GAP, GAIN = "language loss", "language long cosine", "language gap", "language averaging"
ENVELOPE, CONSTANT, OFFSET, WSD = "cosine, tuned for each horizon", "constant + EMA", "inverse sqrt + EMA", "WSD"
LAST, LONG_COSINE = "constant, last weights", "longest cosine, read early"
RATE, FIRST_ORDER = "entropy rate", "entropy, one symbol known"
AUTHORS = "authors: "


@dataclass(frozen=True)
class LanguageModel:
    """The decoder: layer norm with a gain and no bias, GELU, untied, matrices N(0, 0.02^2)."""

    layers: int = integer(1, "blocks", least=1)
    width: int = integer(32, "of the residual stream", least=1)
    heads: int = integer(2, "attention heads", least=1)
    context: int = integer(16, "tokens of a sequence", least=1)
    positions: str = text("learned", "learned or rotary", choices=("learned", "rotary"))
    qk_norm: bool = flag(False, "whether queries and keys are normed")


@dataclass(frozen=True)
class LanguageSettings:
    """The language model of anytime (S4; S5 in the paper preset)."""

    data: str = text(
        "character",
        "character: generated, entropy known; text: local; shards: of `solv data text make`; none: nothing is trained",
        choices=("character", "text", "shards", "none"),
    )
    folder: str | None = text(
        None, "data=text: a file or folder, null: Python's standard library; data=shards: the folder of the shards"
    )
    symbols: int = integer(600_000, "with data=character or text: symbols of the text at most", least=1000)
    validation: int = integer(12_000, "validation tokens, at most", least=1)
    horizons: tuple[int, ...] = integers([100, 200, 400, 800], "steps at which losses are read", least=2)
    warmup: int = integer(20, "steps of the linear warm-up; less than 0.9 of the shortest horizon", least=0)
    batch: int = integer(8, "sequences a step", least=1)
    cosine_rates: tuple[float, ...] = reals([2.5e-3, 5e-3, 1e-2], "learning rates that cosine is tuned over", above=0)
    constant_rates: tuple[float, ...] = reals([5e-3], "learning rates of the constant runs", above=0)
    offset_rates: tuple[float, ...] = reals([5e-3], "learning rates of the inverse-sqrt runs", above=0)
    offsets: tuple[int, ...] = integers([300], "alpha of sqrt(alpha / (t + alpha)), in steps", least=1)
    beta2: tuple[float, ...] = reals([0.99], "of AdamW, tuned with the learning rate", above=0, below=1)
    labels: tuple[float, ...] = reals([6.25, 12.5, 25], "EMA labels f: half-life t/f steps", above=0)
    cosine_final: float = real(0.1, "fraction of the rate at which a cosine ends", least=0, most=1)
    stable: float = real(0.9, "fraction of the horizon at which WSD begins to decay", above=0, below=1)
    wsd_final: float = real(0.1, "fraction of the rate at which WSD ends", least=0, most=1)
    seeds: int = integer(3, "independent trainings of everything: other texts, batches and first weights", least=1)
    published: tuple[str, ...] = texts(
        ["150M", "300M"], "models whose published losses are drawn", choices=("150M", "300M")
    )
    accumulation: int = integer(1, "parts of a batch: less memory, the same gradient", least=1, scientific=False)
    bfloat16: bool = flag(False, "compute products in bfloat16")
    compiled: bool = flag(False, "compile the model", scientific=False)
    parallel: str = text(
        "ddp", "over several processes: ddp keeps whole models, fsdp shards", choices=("ddp", "fsdp"), scientific=False
    )
    save_every: int = integer(1000, "steps between two saves of a training's state", least=1, scientific=False)
    model: LanguageModel = group(LanguageModel, "the decoder")


@dataclass(frozen=True)
class Training:
    """The hyperparameters of one run.

    Attributes:
        schedule: "constant", "offset" or "cosine".
        rate, beta2: of AdamW.
        along: alpha of an offset, the horizon of a cosine, 0 of a constant rate.
    """

    schedule: Literal["constant", "offset", "cosine"]
    rate: float
    beta2: float
    along: int = 0

    @property
    def label(self) -> str:
        """A name that tells it from the others."""
        return f"{self.schedule} {self.along or ''} rate={self.rate:g} beta2={self.beta2:g}".replace("  ", " ")

    @property
    def parameters(self) -> dict[str, object]:
        """What `params` of its curves say."""
        named = {"constant": {}, "offset": {"alpha": self.along}, "cosine": {"horizon": self.along}}[self.schedule]
        return {"rate": self.rate, "beta2": self.beta2, **named}


def trainings(settings: LanguageSettings) -> list[Training]:
    """Return every run of one seed: constant, offset, then cosine by horizon."""
    betas = settings.beta2
    return [
        *(Training("constant", rate, beta) for rate in settings.constant_rates for beta in betas),
        *(
            Training("offset", rate, beta, alpha)
            for alpha in settings.offsets
            for rate in settings.offset_rates
            for beta in betas
        ),
        *(
            Training("cosine", rate, beta, horizon)
            for horizon in sorted(settings.horizons)
            for rate in settings.cosine_rates
            for beta in betas
        ),
    ]


def language_panels(settings: LanguageSettings) -> list[Panel]:
    """Return the panels of the language model, and of what the authors published."""
    panels = []
    if settings.data != "none":
        task = {"character": "generated characters", "text": settings.folder or "Python's library", "shards": "shards"}
        log = partial(Panel, x_label="steps", x_scale="log")
        seeds = f"mean over {settings.seeds} seeds, errors paired" if settings.seeds > 1 else "one seed"
        panels = [
            log(LOSS, f"Language model ({task[settings.data]})", y_label="validation loss (nats)"),
            log(LONG, "Language model: long cosines read early", y_label="validation loss (nats)", ordered=True),
            log(
                GAP,
                "Language model: loss above the tuned cosine",
                y_label="nats",
                note=f"below 0: better; {seeds}",
                y_limits=(-0.02, 0.06) if settings.data == "character" else (None, None),
            ),
            log(GAIN, "Language model: what averaging takes off", y_label="nats", note=seeds),
        ]
    source = "lines: the authors' numbers, not measured here"
    drawn = partial(Panel, x_label="tokens", x_scale="log")
    if settings.data == "shards":
        panels += [
            drawn(
                published_panel(model),
                f"{model} on C4: loss\n({source})",
                y_label="validation loss (nats)",
            )
            for model in settings.published
        ]
    for model in settings.published:
        title = f"{model} on C4: loss above the tuned cosine\n({source})"
        panels.append(drawn(published_gap_panel(model), title, y_label="nats"))
    return panels


def published_panel(model: str) -> str:
    """Return the name of the panel of a model's published losses."""
    return f"published {model}"


def published_gap_panel(model: str) -> str:
    """Return the name of the panel of a model's published losses above the cosine."""
    return f"published gap {model}"


def predict_language(settings: LanguageSettings) -> Iterator[Curves]:
    """Yield the entropies of the generated language and the authors' published losses."""
    if settings.data == "character":
        from solv.data.anytime.character_language import CharacterLanguage

        language, horizons = CharacterLanguage(), sorted(settings.horizons)
        for series, floor in ((RATE, language.entropy_rate), (FIRST_ORDER, language.first_order_entropy)):
            yield language_points(LOSS, series, "theory", "steps", horizons, "loss", np.full(len(horizons), floor))
    for model in settings.published:
        table = PUBLISHED[model]
        said = {"published": f"arXiv:{ARXIV}", "model": model}
        for name, losses in table.losses.items():
            place = "theory", "tokens", table.tokens, "loss"
            if settings.data == "shards":
                yield language_points(published_panel(model), AUTHORS + name, *place, losses, params=said)
            if name != COSINE:
                gap = np.array(losses) - np.array(table.losses[COSINE])
                yield language_points(published_gap_panel(model), AUTHORS + name, *place, gap, params=said)


def require_text(settings: LanguageSettings) -> None:
    """Refuse what cannot be trained on, before anything else of the run is computed.

    Raises:
        ConfigurationError: no folder of shards, or horizons that are no longer than the warm-up.
    """
    if settings.data == "none":
        return
    if settings.warmup >= int(settings.stable * min(settings.horizons)):
        raise ConfigurationError(
            f"language.warmup = {settings.warmup} is out of range; valid: less than language.stable of the shortest "
            f"horizon, {int(settings.stable * min(settings.horizons))}"
        )
    if settings.data == "shards" and not (settings.folder and Path(settings.folder).expanduser().is_dir()):
        raise ConfigurationError(
            f"language.folder = {settings.folder or 'null'} holds no token shards; make them with `solv data text make "
            "--source hf --from allenai/c4 --config en --tokenizer t5-base --out FOLDER` and set "
            "language.folder=FOLDER, or train on local text with language.data=text"
        )


def measure_language(settings: LanguageSettings, context: Context) -> Curves:
    """Return the measured curves of the language model, source `trained`."""
    from solv.experiments.anytime.language_measurements import measure

    return measure(settings, context)


def language_points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve; `rest` as in `solv.tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )
