"""How is one language model trained? The loop for a model too large to be one of a batch of models.

A step reads a batch that is a pure function of the step's number, adds up the gradients of its parts, divides by the
number of tokens that count, clips, and takes one step of AdamW or SGD at a rate that is a pure function of the step.
Averages of the weights are kept online. Everything that the next step depends on is in `state_dict`: a training that
was killed goes on with the same bits on a CPU, on any number of processes.

Under `torchrun`, with `parallel`, each process takes its own rows of every batch; without, each trains by itself.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from solv.models.language.rules import Members, UpdateRule
from solv.models.language.sharding import (
    Parallel,
    Place,
    full,
    gradients_stay_here,
    like,
    local,
    place,
    release,
    spread,
    total,
)
from solv.models.language.weight_average import Averaging, WeightAverages

Batch: TypeAlias = Any  # a tensor, or a tuple, list or dict of them, all with the sequences as first axis
Loss: TypeAlias = Callable[[Callable[..., Any], Batch], tuple[Tensor, Tensor]]
Schedule: TypeAlias = Callable[[int], float]


@dataclass(frozen=True)
class Group:
    """Parameters with settings of their own.

    Attributes:
        pattern: of their names, as a shell has it: "*.norm.weight", "embedding.*".
        rate: factor of the learning rate, >= 0.
        weight_decay: theirs; None: the common one.
    """

    pattern: str
    rate: float = 1.0
    weight_decay: float | None = None


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    Attributes:
        learning_rate: at the schedule's factor 1, > 0.
        rule: "adamw" or "sgd".
        betas, epsilon: of AdamW.
        momentum: of SGD, in [0, 1).
        weight_decay: decoupled in AdamW, >= 0.
        clip: largest norm of the whole gradient, > 0; None leaves it alone.
        schedule: factor of the learning rate, as a pure function of the number of steps taken before.
        groups: a parameter belongs to the first whose pattern its name matches; to none: the common settings.
        accumulation: parts into which a process cuts its rows of a batch, >= 1: less memory, the same gradient.
        bfloat16: whether products are computed in bfloat16; parameters, gradients and averages stay in float32.
        compiled: whether the model is compiled (`torch.compile`).
        averages: averages of the weights, by label.
        parallel: "ddp" or "fsdp" under `torchrun`; None: one process.
    """

    learning_rate: float
    rule: Literal["adamw", "sgd"] = "adamw"
    betas: tuple[float, float] = (0.9, 0.99)
    epsilon: float = 1e-8
    momentum: float = 0.0
    weight_decay: float = 0.0
    clip: float | None = 1.0
    schedule: Schedule = lambda step: 1.0
    groups: tuple[Group, ...] = ()
    accumulation: int = 1
    bfloat16: bool = False
    compiled: bool = False
    averages: Mapping[str, Averaging] = field(default_factory=dict)
    parallel: Parallel | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise ValueError(f"learning_rate = {self.learning_rate}; valid: finite, > 0")
        if self.clip is not None and not self.clip > 0:
            raise ValueError(f"clip = {self.clip}; valid: > 0, or None")
        if self.accumulation < 1:
            raise ValueError(f"accumulation = {self.accumulation}; valid: at least 1")


@dataclass(frozen=True)
class Pace:
    """How fast a training was, since it was begun or resumed.

    Attributes:
        steps, tokens: taken and counted, over all processes.
        seconds: of wall time.
    """

    steps: int
    tokens: float
    seconds: float

    @property
    def tokens_per_second(self) -> float:
        """Tokens over time; nan before the first step."""
        return self.tokens / self.seconds if self.seconds else math.nan


def next_token_loss(
    model: Callable[..., Any], tokens: Int[Tensor, "batch longer"]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Return the sum of the cross-entropies of every token after the first, in nats, and their number.

    Args:
        model: maps tokens (batch, time) to logits (batch, time, vocabulary).
        tokens: sequences of time + 1 tokens.
    """
    logits = model(tokens[:, :-1])
    wanted = tokens[:, 1:]
    summed = functional.cross_entropy(logits.flatten(0, 1).float(), wanted.flatten().long(), reduction="sum")
    return summed, torch.tensor(float(wanted.numel()), device=summed.device)


class Trainer:
    """One model in training."""

    def __init__(
        self, model: nn.Module, settings: TrainingSettings, *, loss: Loss = next_token_loss, device: str = "cpu"
    ) -> None:
        """Begin with the model as it is; it is moved to the device and trained in place.

        Args:
            model: with float32 or float64 parameters, equal in all processes.
            settings: how to train.
            loss: maps the model and a batch to the sum of the losses and the number of tokens that count.
            device: torch device of this process.

        Raises:
            ValueError: a group that no parameter belongs to; `parallel` without a process group.
        """
        self.model = model.to(device)
        self.settings = settings
        self.step = 0
        self._loss = loss
        self._device = torch.device(device)
        self._place = Place() if settings.parallel is None else place()
        called: nn.Module = self.model
        if settings.parallel is not None:
            called = spread(self.model, settings.parallel, bfloat16=settings.bfloat16)
        self._spread = called
        self._called: Callable[..., Any] = torch.compile(called) if settings.compiled else called
        self._parameters = {name: each for name, each in self.model.named_parameters() if each.requires_grad}
        self._rule = self._make_rule()
        self.averages = WeightAverages(self._parameters, settings.averages)
        self._tokens = torch.zeros((), dtype=torch.float64, device=_counting(self._device))
        self._started = time.perf_counter()
        self._first = 0

    def update(self, batch: Batch) -> Float[Tensor, ""]:
        """Take one step along the gradient of the whole batch; return its mean loss before the step, in nats a token.

        Raises:
            ValueError: the batch cannot be cut evenly into processes and parts.
        """
        self.model.train()
        parts = list(self._parts(batch))
        summed = torch.zeros((), device=self._device)
        count = torch.zeros((), device=self._device)
        for index, part in enumerate(parts):
            with gradients_stay_here(self._spread, index + 1 < len(parts)):
                loss, tokens = self._sum(part)
                loss.backward()  # type: ignore[no-untyped-call]
            summed, count = summed + loss.detach(), count + tokens
        summed, count = self._total(torch.stack([summed, count])).unbind()
        self._scale(self._place.world / count)  # the group averages gradients over processes
        self._rule.step(self.settings.schedule(self.step))
        self.step += 1
        self.averages.update(self.step)
        self._tokens += count
        return summed / count

    def train(
        self,
        batches: Callable[[int], Batch],
        until: int,
        *,
        after_step: Callable[[int, Float[Tensor, ""]], None] = lambda step, loss: None,
        save: Callable[[Mapping[str, Any]], None] | None = None,
        save_every: int = 1000,
    ) -> None:
        """Train until `until` steps have been taken, going on from the trainer's own step.

        Args:
            batches: the batch of a step, counted from 0, the same in all processes.
            until: total number of steps.
            after_step: told each step, counted from 1, with its loss (a tensor: reading it waits for the device).
            save: given the state every `save_every` steps, but not after the last.
            save_every: steps between saves.
        """
        self._started, self._first = time.perf_counter(), self.step
        self._tokens.zero_()
        for step in range(self.step, until):
            loss = self.update(batches(step))
            after_step(self.step, loss)
            if save is not None and self.step % save_every == 0 and self.step < until:
                save(self.state_dict())

    @torch.no_grad()
    def evaluate(self, batches: Iterable[Batch], average: str | None = None) -> float:
        """Return the mean loss over batches, in nats a token.

        Args:
            batches: the same in all processes, each cut as a training batch is.
            average: label of the average whose weights are read; None: the weights themselves.
        """
        self.model.eval()
        if average is not None:
            with self.averages.swapped(average):
                return self.evaluate(batches)
        sums = torch.zeros(2, dtype=torch.float64, device=_counting(self._device))
        for batch in batches:
            for part in self._parts(batch):
                sums += torch.stack(self._sum(part)).to(sums)
        release(self.model)
        summed, count = self._total(sums).tolist()
        return float(summed / count)

    def pace(self) -> Pace:
        """Return how fast the last call of `train` has been so far; waits for the device."""
        tokens = float(self._tokens)
        return Pace(self.step - self._first, tokens, time.perf_counter() - self._started)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next step depends on, whole and by parameter; all processes have to ask."""
        return {
            "step": self.step,
            "parameters": {name: full(value) for name, value in self._parameters.items()},
            "moments": {
                name: {kind: full(value) for kind, value in self._rule.state[parameter].items()}
                for name, parameter in self._parameters.items()
                if parameter in self._rule.state
            },
            "averages": self.averages.state_dict(),
            "random": torch.get_rng_state(),
        }

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to a saved state, of any number of processes.

        Raises:
            KeyError: the state is that of another model, rule or set of averages.
        """
        for name, value in self._parameters.items():
            local(value).copy_(local(like(state["parameters"][name], value)))
            moments = state["moments"].get(name)
            if moments is not None:
                self._rule.state[value] = {
                    kind: (moment.to(self._device) if moment.dim() == 0 else like(moment, value)).clone()
                    for kind, moment in moments.items()
                }
        self.averages.load_state_dict(state["averages"])
        torch.set_rng_state(state["random"])
        self.step = int(state["step"])

    def _sum(self, part: Batch) -> tuple[Tensor, Tensor]:
        """Return the sum of the losses of a part and the number of its tokens."""
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self.settings.bfloat16):
            summed, count = self._loss(self._called, _moved(part, self._device))
        return summed, count

    def _total(self, sums: Tensor) -> Tensor:
        """Return sums over all processes that train together."""
        return sums if self.settings.parallel is None else total(sums)

    def _parts(self, batch: Batch) -> Iterator[Batch]:
        rows, cuts = len(_first_tensor(batch)), self._place.world * self.settings.accumulation
        if rows % cuts:
            raise ValueError(
                f"a batch of {rows} sequences is not cut evenly by {self._place.world} processes x "
                f"{self.settings.accumulation} parts"
            )
        size = rows // cuts
        for index in range(self.settings.accumulation):
            start = (self._place.rank * self.settings.accumulation + index) * size
            yield _rows(batch, start, start + size)

    def _scale(self, factor: Tensor) -> None:
        """Multiply all gradients, and shorten them if they are longer than allowed."""
        gradients = [local(value.grad) for value in self._parameters.values() if value.grad is not None]
        if self.settings.clip is not None:
            squares = torch.stack(torch._foreach_norm(gradients)).square().sum()
            if self.settings.parallel == "fsdp":  # each process has the gradients of its shards alone
                squares = total(squares)
            norm = squares.sqrt() * factor
            factor = factor * (self.settings.clip / norm.clamp(min=1e-30)).clamp(max=1.0)
        torch._foreach_mul_(gradients, factor)

    def _make_rule(self) -> UpdateRule:
        settings = self.settings
        common = Group("*")
        members: dict[Group, list[nn.Parameter]] = {group: [] for group in (*settings.groups, common)}
        for name, value in self._parameters.items():
            group = next((each for each in settings.groups if fnmatchcase(name, each.pattern)), common)
            members[group].append(value)
        empty = next((group for group in settings.groups if not members[group]), None)
        if empty is not None:
            raise ValueError(f"group {empty.pattern!r} has no parameter; there are: {', '.join(self._parameters)}")
        return UpdateRule(
            [
                Members(
                    values,
                    settings.learning_rate * group.rate,
                    settings.weight_decay if group.weight_decay is None else group.weight_decay,
                )
                for group, values in members.items()
                if values
            ],
            rule=settings.rule,
            betas=settings.betas,
            epsilon=settings.epsilon,
            momentum=settings.momentum,
        )


def _counting(device: torch.device) -> torch.device:
    """Return where sums in float64 are kept: on the device, unless it has no float64."""
    return torch.device("cpu") if device.type == "mps" else device


def _first_tensor(batch: Batch) -> Tensor:
    if isinstance(batch, Tensor):
        return batch
    first: Tensor = next(iter(batch.values())) if isinstance(batch, Mapping) else batch[0]
    return first


def _rows(batch: Batch, start: int, end: int) -> Batch:
    return _each(batch, lambda tensor: tensor[start:end])


def _moved(batch: Batch, device: torch.device) -> Batch:
    return _each(batch, lambda tensor: tensor.to(device, non_blocking=True))


def _each(batch: Batch, change: Callable[[Tensor], Tensor]) -> Batch:
    if isinstance(batch, Tensor):
        return change(batch)
    if isinstance(batch, Mapping):
        return {name: change(tensor) for name, tensor in batch.items()}
    return tuple(change(tensor) for tensor in batch)
