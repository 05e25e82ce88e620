"""How does a student of a softmax teacher learn by gradient descent? Many targets, teachers and rules as one batch.

The toy model of the softmax-law spec, section 1: x ~ N(0, I_d), teacher logits W* x with entries of W* ~ N(0, 1/d),
target softmax(beta W* x) (beta = inf: one-hot at the largest), student logits W x from W = 0, loss the mean divergence.
All students see the same inputs: their weights, of any number of classes V, are the rows of one matrix for each repeat,
and a step is two batched matrix products. The gradient (1/N) (P - Q) X^T is written out: no graph is kept. Logits have
the shape (..., V, inputs), since a softmax over the last axis is up to seven times slower for a few classes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

Rule = Literal["descent", "normalised", "adam", "squared"]
Targets = tuple[Tensor, Tensor, Tensor]
AT_ONCE = 2**18  # logits on a CPU: 1 MiB stays in the cache and in the allocator, which gives larger pieces back


@dataclass(frozen=True, eq=False)
class Student:
    """One student of the teachers of every repeat.

    weights: W* of its teachers, shape (repeats, V, d), V >= 2; only the part that is centred over classes counts.
        Students of equal teachers share the logits of these.
    beta: inverse temperature of the target, > 0; inf: one-hot.
    rates: learning rate of each step.
    read_at: numbers of steps, increasing, after which it is measured; it is trained up to the last, at most len(rates).
    rule: "descent"; "normalised": the gradient over its norm; "adam"; "squared": descent on half the squared error of
        the logits (beta must be finite) in place of the divergence.
    memory: beta1 and beta2 of Adam.

    Raises:
        ValueError: a value out of range.
    """

    weights: Float[Tensor, "repeats classes d"]
    beta: float
    rates: Sequence[float]
    read_at: Sequence[int]
    rule: Rule = "descent"
    memory: tuple[float, float] = (0.9, 0.999)

    def __post_init__(self) -> None:
        """Check the values."""
        if self.weights.ndim != 3 or self.weights.shape[1] < 2:
            raise ValueError(f"weights of shape {tuple(self.weights.shape)}; valid: (repeats, V >= 2, d)")
        if self.beta <= 0 or math.isnan(self.beta) or (self.rule == "squared" and math.isinf(self.beta)):
            raise ValueError(f"beta = {self.beta} is out of range; valid: > 0, and finite for the squared loss")
        times = list(self.read_at)
        if times != sorted(set(times)) or not times or times[0] < 0 or times[-1] > len(self.rates):
            raise ValueError(f"read_at = {times} is out of range; valid: increasing, at most {len(self.rates)} steps")
        if not all(math.isfinite(rate) and rate > 0 for rate in self.rates):
            raise ValueError("rates hold values out of range; valid: finite, > 0")


@dataclass(frozen=True)
class Descent:
    """What was measured along the training of one student, each of shape (repeats, times), in float64.

    loss: divergence from the target; norm: Frobenius norm of W; gradient: Frobenius norm of the gradient.
    """

    loss: Float[Tensor, "repeats times"]
    norm: Float[Tensor, "repeats times"]
    gradient: Float[Tensor, "repeats times"]


def draw_inputs(streams: Sequence[torch.Generator], samples: int, d: int) -> Float[Tensor, "repeats samples d"]:
    """Draw the inputs of each repeat from its own stream, in float32."""
    drawn = [torch.randn(samples, d, generator=stream, device=stream.device) for stream in streams]
    return torch.stack(drawn)


def descend(
    students: Sequence[Student],
    x: Float[Tensor, "repeats samples d"],
    *,
    streams: Sequence[torch.Generator] = (),
    batch: int = 2048,
    told: Callable[[int, int], None] = lambda step, training: None,
    saved: Mapping[str, Any] | None = None,
    save: Callable[[Mapping[str, Any]], None] | None = None,
    save_every: int = 200,
) -> list[Descent]:
    """Train all students together, on fresh batches or on the inputs `x`.

    Args:
        students: what to train; those whose last reading is done leave the batch.
        x: inputs on which the students are measured, float32.
        streams: one stream per repeat, from which each step draws the fresh batch of all; none: descend on `x`.
        batch: size of a fresh batch, >= 1.
        told: told each step (counted from 1) and how many students take part in it.
        saved: a state that `save` was given; the training goes on from there, with the same bits on a CPU. The
            students, inputs and streams must be the same.
        save: given the state of weights, moments, streams and readings.
        save_every: steps between saves.

    Returns:
        The measures of each student at each time of its `read_at`.

    Raises:
        ValueError: no students, teachers that do not fit the inputs, not one stream per repeat, or batch < 1.

    Cost: O(repeats batch d) times the sum of the students' V per step (samples in place of batch without streams).
    """
    repeats, _, d = x.shape
    unfit = [
        tuple(each.weights.shape) for each in students if (len(each.weights), each.weights.shape[2]) != (repeats, d)
    ]
    if not students or unfit or batch < 1 or (streams and len(streams) != repeats):
        raise ValueError(
            f"{len(students)} students, teachers of shape {unfit or 'as the inputs'}, batch = {batch}, "
            f"{len(streams)} streams; valid: at least one student, ({repeats}, V, {d}), >= 1, one stream per repeat"
        )
    training = _Training(students, x, streams, batch)
    if saved is not None:
        training.load_state_dict(saved)
    steps = max(student.read_at[-1] for student in students)
    while True:
        training.read()
        if training.step == steps:
            return training.measured()
        count = training.advance()
        told(training.step, count)
        if save is not None and training.step % save_every == 0 and training.step < steps:
            save(training.state_dict())


@dataclass
class _Learner:
    """One student with what changes along its training; `weights` is a view of the rows that all of them share."""

    student: Student
    true: Tensor
    weights: Tensor
    first: Tensor
    second: Tensor
    aim: tuple[Tensor, Tensor]
    readings: list[Tensor] = field(default_factory=list)


class _Block:
    """Students of one teacher that lie side by side: finite targets, one-hot ones, and squared losses."""

    def __init__(self, learners: Sequence[_Learner], start: int) -> None:
        squared = [each for each in learners if each.student.rule == "squared"]
        one_hot = [each for each in learners if math.isinf(each.student.beta)]
        finite = [each for each in learners if each.student.rule != "squared" and math.isfinite(each.student.beta)]
        self.learners = [*finite, *one_hot, *squared]
        self._finite, self._softmax = len(finite), len(finite) + len(one_hot)
        self._true = learners[0].true
        self._classes = self._true.shape[1]
        self.rows = [slice(at := start + i * self._classes, at + self._classes) for i in range(len(self.learners))]
        betas = [[each.student.beta for each in group] for group in (finite, squared)]
        self._betas = [torch.tensor(group).to(self._true)[:, None, None] for group in betas]

    def targets(self, x: Float[Tensor, "repeats inputs d"]) -> Targets:
        """Return finite targets Q, the one-hot one, and target logits, each (repeats, students, V, inputs)."""
        logits = (self._true @ x.mT)[:, None]
        peak = logits == logits.amax(2, keepdim=True)
        return (self._betas[0] * logits).softmax(2), peak.to(x.dtype), self._betas[1] * logits

    def residual(
        self, logits: Float[Tensor, "repeats rows inputs"], targets: Targets
    ) -> Float[Tensor, "repeats rows inputs"]:
        """Return P - Q (differences of logits for the squared loss) of this block's rows."""
        finite, peak, squared = targets
        own = logits[:, self.rows[0].start : self.rows[-1].stop]
        z = own.view(len(own), len(self.learners), self._classes, -1)
        found: Tensor = z[:, : self._softmax].softmax(2)
        found[:, : self._finite] -= finite
        found[:, self._finite :] -= peak
        if self._softmax < len(self.learners):
            found = torch.cat([found, z[:, self._softmax :] - squared], dim=1)
        return found.flatten(1, 2)


class _Training:
    """All students at one step; those that still learn share `_weights`."""

    def __init__(self, students: Sequence[Student], x: Tensor, streams: Sequence[torch.Generator], batch: int) -> None:
        self.step = 0
        self._x, self._exact = x, x.double()  # a divergence below 1e-6 is rounding in float32
        self._streams, self._batch = streams, batch
        teachers: list[tuple[Tensor, Tensor]] = []  # as given, and centred over classes
        self._learners = []
        for student in students:
            teacher = next((true for given, true in teachers if torch.equal(given, student.weights)), None)
            if teacher is None:
                teacher = student.weights.to(x) - student.weights.to(x).mean(dim=1, keepdim=True)
                teachers.append((student.weights, teacher))
            start, first, second = (torch.zeros_like(teacher) for _ in range(3))
            aim = _aim(teacher.double(), student.beta, self._exact)
            self._learners.append(_Learner(student, teacher, start, first, second, aim))
        self._group()

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next step depends on, and what was read."""
        return {
            "step": self.step,
            "streams": [stream.get_state() for stream in self._streams],
            "tensors": [[each.weights.clone(), each.first.clone(), each.second.clone()] for each in self._learners],
            "readings": [list(each.readings) for each in self._learners],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to a saved state."""
        self.step = int(state["step"])
        for stream, position in zip(self._streams, state["streams"], strict=True):
            stream.set_state(position)
        for learner, tensors, readings in zip(self._learners, state["tensors"], state["readings"], strict=True):
            learner.weights, learner.first, learner.second = (tensor.to(self._x) for tensor in tensors)
            learner.readings = [reading.to(self._x.device) for reading in readings]
        self._group()

    def read(self) -> None:
        """Measure the students whose reading is due; those for which it is the last leave."""
        due = [each for block in self._blocks for each in block.learners if self.step in each.student.read_at]
        for learner in due:
            learner.readings.append(_read(learner, self._exact))
        if any(learner.student.read_at[-1] == self.step for learner in due):
            self._group()

    def advance(self) -> int:
        """Take one step of the students that still learn, and return how many these are."""
        x = draw_inputs(self._streams, self._batch, self._x.shape[2]) if self._streams else self._x
        gradient = torch.zeros_like(self._weights)
        for start in range(0, x.shape[1], self._at_once):
            part = x[:, start : start + self._at_once]
            targets = self._targets(part, start)
            logits = self._weights @ part.mT
            parts = [block.residual(logits, wanted) for block, wanted in zip(self._blocks, targets, strict=True)]
            gradient += torch.cat(parts, dim=1) @ part
        gradient /= x.shape[1]
        for block in self._blocks:
            for learner, rows in zip(block.learners, block.rows, strict=True):
                if learner.student.rule in ("normalised", "adam"):
                    gradient[:, rows] = _direction(learner, gradient[:, rows], self.step)
        self._weights.sub_(self._rates[self.step - self._since] * gradient)
        self.step += 1
        return sum(len(block.learners) for block in self._blocks)

    def measured(self) -> list[Descent]:
        """Return what was read of each student."""
        return [Descent(*torch.stack(each.readings, dim=-1)) for each in self._learners]

    def _targets(self, x: Tensor, start: int) -> list[Targets]:
        """Return the targets of each block; those of fixed inputs, named by the first, are kept."""
        if self._streams:
            return [block.targets(x) for block in self._blocks]
        if start not in self._kept:
            self._kept[start] = [block.targets(x) for block in self._blocks]
        return self._kept[start]

    def _group(self) -> None:
        """Put together the students that have readings to come."""
        learning = [each for each in self._learners if len(each.readings) < len(each.student.read_at)]
        self._blocks: list[_Block] = []
        start = 0
        for true in {id(each.true): each.true for each in learning}.values():
            self._blocks.append(_Block([each for each in learning if each.true is true], start))
            start = self._blocks[-1].rows[-1].stop
        if not learning:
            return
        self._kept: dict[int, list[Targets]] = {}
        ordered = [each for block in self._blocks for each in block.learners]
        self._weights = torch.cat([each.weights for each in ordered], dim=1)
        most = max(self._x.shape[1], self._batch)
        self._at_once = most if self._x.is_cuda else max(AT_ONCE // self._weights[..., 0].numel(), 64)
        for block in self._blocks:
            for learner, rows in zip(block.learners, block.rows, strict=True):
                learner.weights = self._weights[:, rows]
        self._since, until = self.step, min(each.student.read_at[-1] for each in ordered)  # the next to leave
        rates = [list(each.student.rates[self.step : until]) for each in ordered for _ in range(each.true.shape[1])]
        self._rates = torch.tensor(rates).to(self._x).T[:, :, None]


def _direction(learner: _Learner, gradient: Tensor, step: int) -> Tensor:
    """Return the step per unit of learning rate of a student that does not follow the gradient itself."""
    if learner.student.rule == "normalised":
        norm: Tensor = gradient.norm(dim=(1, 2), keepdim=True)
        return gradient / norm
    memory = learner.student.memory
    learner.first.lerp_(gradient, 1 - memory[0])
    learner.second.lerp_(gradient.square(), 1 - memory[1])
    bias = [1 - beta ** (step + 1) for beta in memory]
    found: Tensor = (learner.first / bias[0]) / ((learner.second / bias[1]).sqrt() + 1e-12)
    return found


def _aim(true: Tensor, beta: float, x: Float[Tensor, "repeats inputs d"]) -> tuple[Tensor, Tensor]:
    """Return all that a reading needs of Q: the means of sum_v Q log Q, (repeats,), and of Q x^T, (repeats, V, d)."""
    logits = true @ x.mT
    if math.isinf(beta):
        target = (logits == logits.amax(1, keepdim=True)).to(x.dtype)
        return x.new_zeros(len(x)), target @ x / x.shape[1]
    log_target = (beta * logits).log_softmax(1)
    target = log_target.exp()
    return log_target.mul_(target).sum(1).mean(1), target @ x / x.shape[1]


def _read(learner: _Learner, x: Float[Tensor, "repeats inputs d"]) -> Float[Tensor, "3 repeats"]:
    """Return loss, norm of the weights and norm of the gradient, all in float64."""
    weights = learner.weights.double()
    if learner.student.rule == "squared":
        off = weights - learner.student.beta * learner.true.double()
        gradient = off @ (x.mT @ x / x.shape[1])
        loss = (gradient * off).sum((1, 2)) / 2
    else:
        negative_entropy, mean = learner.aim
        logits = weights @ x.mT
        peak = logits.amax(1, keepdim=True)
        odds = logits.sub_(peak).exp_()
        total = odds.sum(1, keepdim=True)
        loss = negative_entropy - (weights * mean).sum((1, 2)) + (peak + total.log()).mean((1, 2))
        gradient = odds.div_(total) @ x / x.shape[1] - mean
    return torch.stack([loss, weights.norm(dim=(1, 2)), gradient.norm(dim=(1, 2))])
