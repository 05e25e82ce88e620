"""Which language models are trained, and which of them are compared?

The rules that choose read losses alone: a cosine is chosen for each horizon by itself; of the anytime runs the one,
with one average, whose largest gap to those cosines is least.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float

from solv.experiments.anytime.settings import LanguageSettings
from solv.harness.settings import ConfigurationError
from solv.tracking.curves import Params

COSINE, CONSTANT, OFFSET, WSD = "cosine", "constant", "inverse sqrt", "WSD"
EMA, LAST = "EMA", "last"  # the weights that are read
TUNED: Params = {"schedule": COSINE, "tuned": "each horizon", "weights": LAST}
ANYTIME: dict[str, Params] = {
    "constant": {"schedule": CONSTANT, "weights": EMA},
    "offset": {"schedule": OFFSET, "weights": EMA},
    "wsd": {"schedule": WSD, "weights": LAST},
}
CONSTANT_LAST: Params = {"schedule": CONSTANT, "weights": LAST}

Losses: TypeAlias = Float[np.ndarray, "seeds horizons"]


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


@dataclass(frozen=True)
class Anytime:
    """The run that stands for its schedule.

    Attributes:
        run: its hyperparameters.
        weights: "wsd", or the EMA label as it was asked for.
        losses: through those weights, shape (seeds, horizons).
    """

    run: Training
    weights: str
    losses: Losses


@dataclass(frozen=True)
class Chosen:
    """The runs that are compared.

    Attributes:
        horizons: increasing steps, shape (horizons,).
        cosines: the best cosine of each horizon.
        envelope: the losses with which they end, shape (seeds, horizons).
        anytime: "constant", "offset" and "wsd" -> the run that stands for it.
        losses: of all runs, by run and weights.
    """

    horizons: np.ndarray
    cosines: Sequence[Training]
    envelope: Losses
    anytime: Mapping[str, Anytime]
    losses: Mapping[tuple[Training, str], Losses]


def choose(settings: LanguageSettings, losses: Mapping[tuple[Training, str], Losses]) -> Chosen:
    """Return the runs that are compared.

    Args:
        settings: of the language models.
        losses: nan where a run is not read, by run and by the weights read: "last", an EMA label or "wsd".
    """
    horizons = np.array(sorted(settings.horizons))
    cosines = [best_cosine(losses, index, int(horizon)) for index, horizon in enumerate(horizons)]
    envelope = np.stack([losses[run, LAST][:, index] for index, run in enumerate(cosines)], axis=1)
    return Chosen(
        horizons,
        cosines,
        envelope,
        {kind: best_anytime(losses, kind, envelope) for kind in ANYTIME},
        losses,
    )


def best_cosine(losses: Mapping[tuple[Training, str], Losses], index: int, horizon: int) -> Training:
    """Return the cosine run of a horizon that ends lowest, on average over seeds."""
    runs = [run for run, _ in losses if run.schedule == "cosine" and run.along == horizon]
    return min(runs, key=lambda run: _finite(losses[run, LAST][:, index].mean()))


def best_anytime(losses: Mapping[tuple[Training, str], Losses], kind: str, envelope: Losses) -> Anytime:
    """Return the one run and label (or the decays of one constant run) whose largest gap to the envelope is least."""
    candidates = {
        "constant": [key for key in losses if key[0].schedule == "constant" and key[1] not in (LAST, "wsd")],
        "offset": [key for key in losses if key[0].schedule == "offset" and key[1] != LAST],
        "wsd": [key for key in losses if key[1] == "wsd"],
    }
    best = min(candidates[kind], key=lambda key: _finite((losses[key] - envelope).mean(axis=0).max()))
    return Anytime(*best, losses[best])


def _finite(value: float) -> float:
    """A run that diverged is never chosen."""
    return value if np.isfinite(value) else np.inf


def curve_name(params: Params) -> str:
    """Return how the curve of a schedule and its weights is called."""
    schedule = str(params["schedule"])
    if schedule == COSINE:
        return "cosine, tuned for each horizon" if "tuned" in params else f"cosine of {params['horizon']} steps"
    if schedule == WSD:
        return schedule
    return f"{schedule} + EMA" if params["weights"] == EMA else f"{schedule}, last weights"
