"""How do many students of wide teachers learn at once, each with a temperature, rate, start and decay of its own?

The paper's toy model (2602.03685): x ~ N(0, I_m) scaled to |x|^2 = m, target softmax(W* x / T), student softmax(W x),
loss KL(target || student), a fresh batch each step. All students see the same inputs, and those with the same teacher
and temperature the same target; their weights are stacked along a first axis and take one optimiser step together. The
gradient (P - Q)^T x / batch is written out: no graph is kept.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from solv.models.ensemble import Ensemble, Optimizer, Schedule

AT_ONCE = 2**17  # logits on a CPU: what a student of the paper has at once, and stays in the cache
QUANTITIES = ("loss", "gradient", "norm", "scale", "alignment")


@dataclass(frozen=True, eq=False)
class GridStudent:
    """One student.

    Attributes:
        teacher: W* at temperature 1, shape (classes, inputs). Students with the very same tensor share its logits.
        temperature: T > 0; the target is softmax(W* x / T).
        rate: peak learning rate, > 0.
        start: W(0), shape (classes, inputs); None: 0.
        decay: decoupled weight decay, >= 0.

    Raises:
        ValueError: a value out of range, or shapes that differ.
    """

    teacher: Float[Tensor, "classes inputs"]
    temperature: float
    rate: float
    start: Float[Tensor, "classes inputs"] | None = None
    decay: float = 0.0

    def __post_init__(self) -> None:
        """Check the values."""
        for name, value in (("temperature", self.temperature), ("rate", self.rate)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} = {value} is out of range; valid: finite, > 0")
        if not (math.isfinite(self.decay) and self.decay >= 0):
            raise ValueError(f"decay = {self.decay} is out of range; valid: finite, >= 0")
        if self.teacher.ndim != 2 or (self.start is not None and self.start.shape != self.teacher.shape):
            shapes = [tuple(each.shape) for each in (self.teacher, self.start) if each is not None]
            raise ValueError(f"teacher and start have shapes {shapes}; valid: (classes, inputs) both")


def normalised_inputs(samples: int, inputs: int, stream: torch.Generator) -> Float[Tensor, "samples inputs"]:
    """Return Gaussian inputs scaled to |x|^2 = inputs, in float32."""
    drawn = torch.randn(samples, inputs, generator=stream, device=stream.device)
    found: Tensor = drawn * (math.sqrt(inputs) / drawn.norm(dim=-1, keepdim=True))
    return found


def train_grid(
    students: Sequence[GridStudent],
    shown: Float[Tensor, "samples inputs"],
    read_at: Sequence[int],
    stream: torch.Generator,
    *,
    batch: int,
    rule: Literal["adam", "sgd"] = "adam",
    schedule: Schedule = lambda step: 1.0,
    told: Callable[[int], None] = lambda step: None,
    also: Callable[[Float[Tensor, "students classes inputs"]], Mapping[str, Tensor]] | None = None,
    saved: Mapping[str, Any] | None = None,
    save: Callable[[Mapping[str, Any]], None] | None = None,
    save_every: int = 500,
) -> dict[str, Float[Tensor, "students times ..."]]:
    """Train all students on the same fresh batches, and read them at the times asked for.

    Args:
        students: at least one, of equal shapes.
        shown: inputs on which they are read.
        read_at: numbers of steps, increasing, >= 0; the last ends the training.
        stream: draws the batches.
        batch: inputs a step, >= 1.
        rule: "adam" (AdamW with betas .9 and .999) or "sgd".
        schedule: factor of the learning rate at each step, counted from 0.
        told: told each step, counted from 1.
        also: further numbers of the weights of all students, read at the same times, each (students, ...).
        saved: a state that `save` was given: the training goes on from there with the same bits.
        save: given the state every `save_every` steps.
        save_every: steps between saves.

    Returns:
        Each of shape (students, times), in float64: loss, the mean divergence from the target; gradient, norm of its
        gradient; norm, that of W less its mean over classes; scale, standard deviation of the logits over classes, mean
        over the inputs; alignment, cosine between centred W and W*; and what `also` returns.

    Raises:
        ValueError: no students, shapes that differ, batch < 1, or times that do not increase.

    Cost: students x batch x classes x (4 inputs + some 10) operations a step.
    """
    times = list(read_at)
    if not students or len({each.teacher.shape for each in students}) != 1 or batch < 1:
        raise ValueError(f"{len(students)} students, batch = {batch}; valid: at least one, of one shape, batch >= 1")
    if not times or times[0] < 0 or times != sorted(set(times)):
        raise ValueError(f"read_at = {times} is out of range; valid: increasing, >= 0")
    grid = _Grid(students, shown, batch, rule, schedule)
    readings: list[dict[str, Tensor]] = []
    if saved is not None:
        grid.ensemble.load_state_dict(saved["ensemble"])
        stream.set_state(saved["stream"])
        readings = list(saved["readings"])
    while True:
        if grid.ensemble.step == times[len(readings)]:
            found = grid.read()
            readings.append({**found, **(also(grid.weights) if also else {})})
        if grid.ensemble.step == times[-1]:
            return {name: torch.stack([each[name].double() for each in readings], 1) for name in readings[0]}
        grid.advance(normalised_inputs(batch, shown.shape[1], stream))
        told(grid.ensemble.step)
        if save is not None and grid.ensemble.step % save_every == 0 and grid.ensemble.step < times[-1]:
            state = {"ensemble": grid.ensemble.state_dict(), "stream": stream.get_state(), "readings": list(readings)}
            save(state)


class _Grid:
    """All students at one step; those of one teacher and temperature stand side by side while they are trained."""

    def __init__(
        self,
        students: Sequence[GridStudent],
        shown: Tensor,
        batch: int,
        rule: Literal["adam", "sgd"],
        schedule: Schedule,
    ) -> None:
        self._shown, self._batch = shown.double(), batch
        together: dict[tuple[int, float], list[int]] = {}
        for place, each in enumerate(students):
            together.setdefault((id(each.teacher), each.temperature), []).append(place)
        order = [place for members in together.values() for place in members]
        self._back = torch.tensor(order).argsort()
        ordered = [students[place] for place in order]
        self._groups, start = [], 0
        for members in together.values():
            self._groups.append(slice(start, start + len(members)))
            start += len(members)
        self._leaders = [ordered[group.start] for group in self._groups]
        starts = [torch.zeros_like(each.teacher) if each.start is None else each.start for each in ordered]
        rates, decays = (torch.tensor([getattr(each, name) for each in ordered]) for name in ("rate", "decay"))
        optimizer = Optimizer(rule, rates.to(shown), decays.to(shown), schedule=schedule)
        self.ensemble = Ensemble({"weights": torch.stack(starts).to(shown)}, optimizer)
        self._classes, self._inputs = students[0].teacher.shape

    @property
    def weights(self) -> Float[Tensor, "students classes inputs"]:
        """Weights in the order in which the students were given."""
        return self.ensemble.parameters["weights"].detach()[self._back]

    @torch.no_grad()
    def advance(self, x: Float[Tensor, "batch inputs"]) -> None:
        """Take one step of every student."""
        weights = self.ensemble.parameters["weights"].detach()
        gradient = torch.empty_like(weights)
        at_once = len(weights) if x.is_cuda else max(AT_ONCE // (len(x) * self._classes), 1)
        logits: dict[int, Tensor] = {}
        for group, leader in zip(self._groups, self._leaders, strict=True):
            if id(leader.teacher) not in logits:
                logits[id(leader.teacher)] = x @ leader.teacher.to(x).mT
            target = (logits[id(leader.teacher)] / leader.temperature).softmax(-1)
            for first in range(group.start, group.stop, at_once):
                some = slice(first, min(first + at_once, group.stop))
                residual = torch.matmul(x, weights[some].mT).softmax(-1).sub_(target)
                torch.matmul(residual.mT, x, out=gradient[some])
        self.ensemble.apply({"weights": gradient.div_(len(x))})

    @torch.no_grad()
    def read(self) -> dict[str, Float[Tensor, "students"]]:
        """Return what is read of every student, in the order in which they were given."""
        weights, x = self.ensemble.parameters["weights"].detach().double(), self._shown
        rows = []
        for group, leader in zip(self._groups, self._leaders, strict=True):
            teacher = leader.teacher.to(x)
            true = teacher - teacher.mean(0)
            log_target = (x @ teacher.mT / leader.temperature).log_softmax(-1)
            target = log_target.exp()
            negative_entropy = torch.special.xlogy(target, target).sum(-1)
            for own in weights[group]:
                logits = x @ own.mT
                log_own = logits.log_softmax(-1)
                # sums of q log q and of q z apart, so that q = 0 counts 0 and not 0 times infinity
                loss = (negative_entropy - (target * log_own).sum(-1)).mean()
                gradient = (log_own.exp() - target).mT @ x / len(x)
                centred = own - own.mean(0)
                norm = centred.norm()
                cosine = (centred * true).sum() / (norm * true.norm()).clamp(min=1e-300)
                rows.append(torch.stack([loss, gradient.norm(), norm, logits.std(-1, correction=0).mean(), cosine]))
        found = torch.stack(rows)[self._back]
        return dict(zip(QUANTITIES, found.unbind(1), strict=True))


# -- curvature -----------------------------------------------------------------------------------------------------


def curvature(
    weights: Float[Tensor, "classes inputs"], shown: Float[Tensor, "samples inputs"], *, largest: int = 3
) -> tuple[Float[Tensor, "largest"], float]:
    """Return the largest eigenvalues of the loss's Hessian in W, decreasing, and its trace.

    H = E (diag p - p p^T) (x) x x^T does not depend on the target. Eigenvalues by Lanczos (scipy's ARPACK) on products
    with H, to a relative 1e-3; the trace is E |x|^2 (1 - sum p^2), exactly.

    Raises:
        ValueError: largest < 1, or not below the number of weights.
    """
    from scipy.sparse.linalg import LinearOperator, eigsh

    if not 1 <= largest < weights.numel():
        raise ValueError(f"largest = {largest} is out of range; valid: 1 to {weights.numel() - 1}")
    own = (shown @ weights.to(shown).mT).softmax(-1)
    trace = float((shown.square().sum(-1) * (1 - own.square().sum(-1))).mean())

    def product(vector: Any) -> Any:
        shift = shown @ torch.as_tensor(vector).to(shown).view_as(weights).mT
        moved = own * (shift - (own * shift).sum(-1, keepdim=True))
        return (moved.mT @ shown / len(shown)).flatten().double().cpu().numpy()

    size = weights.numel()
    operator = LinearOperator((size, size), matvec=product, dtype="float64")
    start = torch.ones(size, dtype=torch.float64).numpy()  # ARPACK's own start would be random
    start[::2] = -0.5
    values = eigsh(operator, k=largest, which="LA", v0=start, tol=1e-3, return_eigenvectors=False)
    return torch.from_numpy(values[::-1].copy()), trace
