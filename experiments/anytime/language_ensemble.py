"""How are all language models of a run trained as one batch? For models so small that a step waits for its calls.

A member is one run of one seed; every member sees the batches of its seed and has its own learning rate at every step.
Where a decay branches from a constant run, that member is taken twice, with its optimiser's state; where a run ends it
is left out. Readings are units of work, as in `language_training.py`, from which weights, batches and rates are taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from solv.experiments.anytime.language_runs import Losses, Training, require_text, trainings
from solv.experiments.anytime.language_training import LOOKS, Laboratory, train_all
from solv.experiments.anytime.settings import LanguageSettings
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.ensemble import Ensemble, Optimizer, Parameters, stack, train, vmapped_loss
from solv.models.language.training import next_token_loss
from solv.models.language.weight_average import Averaging
from solv.models.threads import one_thread
from solv.theory import schedules
from solv.tracking.progress import Step


@dataclass(frozen=True)
class Member:
    """One run of one seed.

    Attributes:
        run: its hyperparameters.
        seed: of its text, batches and first weights.
        stop: its last step.
        start: the step at which it branches from the constant run of `run`; 0: it trains from the first weights.
    """

    run: Training
    seed: int
    stop: int
    start: int = 0

    @property
    def averaged(self) -> bool:
        """Whether averages of its weights are kept."""
        return self.run.schedule != "cosine" and not self.start


def train_models(settings: LanguageSettings, context: Context) -> dict[tuple[Training, str], Losses]:
    """Return the losses of `train_together` or of `language_training.train_all`, as the settings ask.

    Raises:
        ConfigurationError: no folder of shards, horizons within the warm-up, too little text, or settings that only
            trainings one by one know.
    """
    if not settings.together:
        return train_all(settings, context)
    require_text(settings)
    with one_thread(context.device):
        return train_together(settings, context)


def train_together(settings: LanguageSettings, context: Context) -> dict[tuple[Training, str], Losses]:
    """Return losses, nan where a run is not read, by run and by the weights read: "last", an EMA label or "wsd".

    Raises:
        ConfigurationError: settings that only trainings one by one know, or too little text.
    """
    for name, value, needed in (
        ("accumulation", settings.accumulation, 1),
        ("bfloat16", settings.bfloat16, False),
        ("compiled", settings.compiled, False),
        ("processes", context.processes, 1),
    ):
        if value != needed:
            raise ConfigurationError(f"language.together trains with {name} = {needed}; set language.together=false")
    losses: dict[tuple[Training, str], Losses] = {}
    horizons = sorted(settings.horizons)
    steps = sum(member.stop - member.start for member in _members(settings, settings.beta2))
    with context.progress.task("train language models", steps) as step:
        laboratories = [Laboratory(settings, context, seed, step) for seed in range(settings.seeds)]
        for beta2 in settings.beta2:
            together = _Together(settings, context, laboratories, beta2, step)
            for column, horizon in enumerate(horizons):
                for member, weights, loss in together.read(horizon):
                    empty = np.full((settings.seeds, len(horizons)), np.nan)
                    losses.setdefault((member.run, weights), empty)[member.seed, column] = loss
            together.finish()
    return losses


def _members(settings: LanguageSettings, betas: Sequence[float]) -> list[Member]:
    """Return all runs of all seeds: those with averages first."""
    horizons, seeds = sorted(settings.horizons), range(settings.seeds)
    runs = [run for run in trainings(settings) if run.beta2 in betas]
    whole = [
        Member(run, seed, run.along if run.schedule == "cosine" else horizons[-1]) for run in runs for seed in seeds
    ]
    branches = [
        Member(run, seed, horizon, int(settings.stable * horizon))
        for run in runs
        if run.schedule == "constant"
        for horizon in horizons
        for seed in seeds
    ]
    return sorted([*whole, *branches], key=lambda member: not member.averaged)


class _Together:
    """The batch of all members of one beta2, begun or taken up when a reading first needs it."""

    def __init__(
        self, settings: LanguageSettings, context: Context, laboratories: list[Laboratory], beta2: float, step: Step
    ) -> None:
        self.settings, self.context, self.laboratories = settings, context, laboratories
        self._members = _members(settings, [beta2])
        self._beta2, self._step = beta2, step
        self._name = f"{laboratories[0].name} together beta2={beta2:g}"
        self._checkpoint = context.checkpoint(self._name)
        self._averaged = sum(member.averaged for member in self._members)
        self._rates = np.stack([self._rate(member) for member in self._members])
        self._rules = {f"{label:g}": Averaging("ema", label) for label in settings.labels}
        self._summed = vmapped_loss(laboratories[0].model(), lambda model, batch: next_token_loss(model, batch)[0])
        self._ensemble: Ensemble | None = None
        self._going: list[Member] = []
        self._averages: dict[str, Parameters] = {}

    def read(self, horizon: int) -> Iterator[tuple[Member, str, float]]:
        """Yield what is read at a horizon: member, weights, loss."""
        found = self.context.unit(f"{self._name} read {horizon}", partial(self._losses, horizon))
        read = [member for member in self._members if self._reads(member, horizon)]
        for weights in ("last", *self._rules):
            for member, loss in zip(read, found[weights], strict=False):  # averages are of the first members
                yield member, "wsd" if member.start else weights, float(loss)

    def finish(self) -> None:
        """Let go of the state: all that was read is on disk."""
        self._ensemble, self._averages = None, {}
        self._checkpoint.path.unlink(missing_ok=True)

    def _reads(self, member: Member, horizon: int) -> bool:
        """Return whether a member is read there: a branch at its end, others at every horizon up to it."""
        return member.stop == horizon if member.start else member.stop >= horizon

    def _losses(self, horizon: int) -> dict[str, np.ndarray]:
        ensemble = self._to(horizon)
        places = [place for place, member in enumerate(self._going) if self._reads(member, horizon)]
        chosen = {name: value.detach()[places] for name, value in ensemble.parameters.items()}
        seeds = [self._going[place].seed for place in places]
        return {
            "last": self._evaluate(chosen, seeds),
            **{label: self._evaluate(copies, seeds[: self._averaged]) for label, copies in self._averages.items()},
        }

    @torch.no_grad()
    def _evaluate(self, parameters: Parameters, seeds: list[int]) -> Float[np.ndarray, "members"]:
        """Return the mean loss of each set of weights over the validation text of its seed, in nats a token."""
        summed, count = torch.zeros(len(seeds), dtype=torch.float64), 0
        for batches in zip(*(laboratory.held() for laboratory in self.laboratories), strict=True):
            tokens = torch.stack(batches)[seeds].to(self.context.device)
            with sdpa_kernel(SDPBackend.MATH):
                summed += self._summed(parameters, tokens).double().cpu()
            count += tokens[0, :, 1:].numel()
        return (summed / count).numpy()

    def _to(self, horizon: int) -> Ensemble:
        """Train until a horizon; on the way decays branch off, and runs that have ended are left out."""
        ensemble = self._ensemble or self._begun(horizon)
        ends = sorted({step for member in self._members for step in (member.start, member.stop) if step <= horizon})
        while ensemble.step < horizon:
            due = self._due(ensemble.step)
            if due != self._going:
                parents = {member.run: member for member in self._going if member.averaged and member.seed == 0}
                origins = [
                    member if member in self._going else replace(parents[member.run], seed=member.seed)
                    for member in due
                ]
                ensemble = ensemble.select([self._going.index(each) for each in origins], self._optimizer(due))
                self._going = due
            self._train(ensemble, next(step for step in ends if step > ensemble.step))
        self._ensemble = ensemble
        return ensemble

    def _due(self, step: int) -> list[Member]:
        """Return the members that take the step after this one."""
        return [member for member in self._members if member.start <= step < member.stop]

    def _begun(self, horizon: int) -> Ensemble:
        """Return the batch at the last state that was saved before the horizon, or at its start."""
        state = self._checkpoint.load()
        if state is not None and state["step"] >= horizon:
            state = None
        self._going = self._due(0 if state is None else state["step"])
        first = stack([laboratory.model() for laboratory in self.laboratories])
        seeds = [member.seed for member in self._going]
        parameters = {name: value[seeds].to(self.context.device) for name, value in first.items()}
        ensemble = Ensemble(parameters, self._optimizer(self._going))
        self._averages = {
            label: {name: value[: self._averaged].clone() for name, value in parameters.items()}
            for label in self._rules
        }
        if state is not None:
            ensemble.load_state_dict(state)
            for label, copies in self._averages.items():
                for name, copy in copies.items():
                    copy.copy_(state["averages"][label][name])
        return ensemble

    def _train(self, ensemble: Ensemble, until: int) -> None:
        seeds = [member.seed for member in self._going]
        every = max(1, max(self.settings.horizons) // LOOKS)

        def batch(step: int) -> Int[Tensor, "members rows tokens"]:
            of_seeds = torch.stack([laboratory.batches(step) for laboratory in self.laboratories])
            return of_seeds[seeds].to(self.context.device)

        def mean_loss(parameters: Parameters, tokens: Int[Tensor, "members rows tokens"]) -> Float[Tensor, "members"]:
            return self._summed(parameters, tokens) / tokens[0, :, 1:].numel()

        @torch.no_grad()
        def after(step: int, losses: Float[Tensor, "members"]) -> None:
            for label, copies in self._averages.items():
                for name, copy in copies.items():
                    copy.lerp_(ensemble.parameters[name][: self._averaged], self._rules[label].newest(step))
            self._step.advance(len(self._going), note=f"{len(self._going)} models, loss {float(losses.mean()):.3f}")
            if step % every == 0:
                for member, loss in zip(self._going, losses.tolist(), strict=True):
                    if not member.start:
                        task = f"language {member.run.label} {member.seed}"
                        self.context.log_metrics(task, step, {"loss": loss})

        with sdpa_kernel(SDPBackend.MATH):
            train(
                ensemble,
                mean_loss,
                batch,
                until,
                after_step=after,
                save=lambda state: self._checkpoint.save({**state, "averages": self._averages}),
                save_every=self.settings.save_every,
            )

    def _optimizer(self, members: list[Member]) -> Optimizer:
        places = [self._members.index(member) for member in members]
        rates = torch.tensor(self._rates[places].T.copy(), dtype=torch.float32, device=self.context.device)
        return Optimizer(learning_rate=1.0, betas=(0.9, self._beta2), clip=1.0, schedule=lambda step: rates[step])

    def _rate(self, member: Member) -> Float[np.ndarray, "steps"]:
        """Return the learning rates of all steps, 0 after the member's last."""
        settings, run = self.settings, member.run
        steps = np.arange(1, member.stop + 1)
        if member.start:
            factors = schedules.warmup_stable_decay(
                steps, member.stop, settings.stable, settings.wsd_final, settings.warmup
            )
        elif run.schedule == "constant":
            factors = schedules.constant(steps, settings.warmup)
        elif run.schedule == "offset":
            factors = schedules.inverse_sqrt(steps, run.along, settings.warmup)
        else:
            factors = schedules.cosine(steps, run.along, settings.cosine_final, settings.warmup)
        return np.pad(run.rate * factors, (0, max(settings.horizons) - member.stop))
