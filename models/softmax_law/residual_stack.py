"""How do stacks of residual blocks learn a deeper one? Students of one depth, at all temperatures, as one batch.

The generalised toy model of 2602.03685, App. D.6: x is normalised to a root mean square of 1; each block adds an MLP
with squared rectified units of the normalised stream; a last linear map of the normalised stream gives the logits,
which the teacher divides by its temperature. Students begin with maps that add nothing and with logits of 0.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from solv.models.ensemble import Ensemble, Optimizer, Parameters

EXPANSION = 4  # hidden units of a block for each of the stream, as in the paper
EPSILON = 1e-7  # beside a mean square
AHEAD = 20  # steps whose inputs the teacher sees at once: it does not change, and products of few rows are slow


def draw_stack(stream: torch.Generator, *, layers: int, width: int, classes: int) -> Parameters:
    """Draw a stack as `nn.Linear` draws weights, a copy axis of one in front.

    Args:
        stream: what draws.
        layers: blocks, >= 1.
        width: of the residual stream, >= 1.
        classes: logits, >= 2.

    Raises:
        ValueError: a size out of range.
    """
    if layers < 1 or width < 1 or classes < 2:
        raise ValueError(f"layers = {layers}, width = {width}, classes = {classes}; valid: >= 1, >= 1, >= 2")
    hidden = EXPANSION * width

    def uniform(inputs: int, *shape: int) -> Tensor:
        drawn = torch.rand(1, *shape, generator=stream, device=stream.device)
        return (2 * drawn - 1) / math.sqrt(inputs)

    return {
        "into": uniform(width, layers, hidden, width),
        "bias": uniform(width, layers, hidden),
        "out": uniform(hidden, layers, width, hidden),
        "head": uniform(width, classes, width),
    }


def as_teacher(drawn: Parameters) -> Parameters:
    """Return a stack whose blocks add together what one would: their outputs over the root of their number."""
    return {**drawn, "out": drawn["out"] / math.sqrt(drawn["out"].shape[1])}


def stack_logits(
    parameters: Parameters, x: Float[Tensor, "copies samples width"]
) -> Float[Tensor, "copies samples classes"]:
    """Return the logits at temperature 1 of stacks with a copy axis; inputs of one copy are shown to all."""
    # Taken apart at once: the gradient of one block's share alone would be written into zeros of the size of all.
    blocks = [parameters[name].unbind(1) for name in ("into", "bias", "out")]
    stream = _normalised(x.expand(len(parameters["head"]), -1, -1))
    for into, bias, out in zip(*blocks, strict=True):
        inner = torch.baddbmm(bias[:, None], _normalised(stream), into.mT)
        stream = torch.baddbmm(stream, torch.relu(inner).square(), out.mT)
    found: Tensor = _normalised(stream) @ parameters["head"].mT
    return found


@torch.no_grad()
def divergence_and_gradient(
    parameters: Parameters,
    x: Float[Tensor, "1 samples width"],
    target: Float[Tensor, "copies samples classes"],
    chances: Float[Tensor, "copies samples classes"],
) -> tuple[Float[Tensor, "copies"], Parameters]:
    """Return the divergence of students from their teacher, and its gradient in each student's own parameters.

    Written out: with arrays as small as these `torch.autograd` takes 1.35 times as long for a whole step.

    Args:
        parameters: stacks with a copy axis.
        x: inputs, shown to all.
        target: logarithms of the teacher's probabilities.
        chances: these probabilities.

    Returns:
        Mean over the inputs of sum_k p_k log(p_k / q_k), q of the student; gradients as the parameters.
    """
    head = parameters["head"]
    into, bias, out = (parameters[name].unbind(1) for name in ("into", "bias", "out"))
    stream = _normalised(x.expand(len(head), -1, -1))
    kept: list[tuple[Tensor, ...]] = []
    for block in range(len(into)):
        scale = _inverse_scale(stream)
        normal = stream * scale
        active = torch.baddbmm(bias[block][:, None], normal, into[block].mT).relu_()
        hidden = active.square()
        stream = torch.baddbmm(stream, hidden, out[block].mT)
        kept.append((normal, scale, active, hidden))
    scale = _inverse_scale(stream)
    normal = stream * scale
    found = (normal @ head.mT).log_softmax(-1)
    losses = (chances * (target - found)).sum(-1).mean(-1)
    above = found.exp_().sub_(chances).div_(x.shape[1])  # of the logits: probabilities sum to 1
    gradient = {name: torch.empty_like(value) for name, value in parameters.items()}
    torch.bmm(above.mT, normal, out=gradient["head"])
    below = _through_norm(above @ head, normal, scale)
    slots = [gradient[name].unbind(1) for name in ("into", "bias", "out")]
    for block in reversed(range(len(into))):
        normal, scale, active, hidden = kept[block]
        torch.bmm(below.mT, hidden, out=slots[2][block])
        inner = torch.bmm(below, out[block]).mul_(active).mul_(2)
        torch.bmm(inner.mT, normal, out=slots[0][block])
        torch.sum(inner, 1, out=slots[1][block])
        below.add_(_through_norm(inner @ into[block], normal, scale))
    return losses, gradient


def _inverse_scale(x: Float[Tensor, "copies samples width"]) -> Float[Tensor, "copies samples 1"]:
    """Return one over the root mean square."""
    found: Tensor = (torch.linalg.vector_norm(x, dim=-1, keepdim=True).square() / x.shape[-1] + EPSILON).rsqrt()
    return found


def _through_norm(
    above: Float[Tensor, "copies samples width"],
    normal: Float[Tensor, "copies samples width"],
    scale: Float[Tensor, "copies samples 1"],
) -> Float[Tensor, "copies samples width"]:
    """Return the gradient below a normalisation, which has none along its own output."""
    along = (above * normal).mean(-1, keepdim=True)
    return torch.addcmul(above, normal, along, value=-1).mul_(scale)


def train_stacks(
    teacher: Parameters,
    temperatures: Sequence[float],
    students: Mapping[int, Parameters],
    read_at: Sequence[int],
    stream: torch.Generator,
    *,
    rate: float,
    batch: int,
    told: Callable[[int], None] = lambda step: None,
    saved: Mapping[str, Any] | None = None,
    save: Callable[[Mapping[str, Any]], None] | None = None,
    save_every: int = 200,
) -> dict[int, dict[str, Float[Tensor, "temperatures times"]]]:
    """Train students of every depth at every temperature by Adam on the same fresh inputs, which the teacher sees once.

    Args:
        teacher: of `as_teacher`, one copy.
        temperatures: of the teacher, > 0: one student of each depth for each.
        students: what the students of each number of blocks start from, one copy; their blocks add nothing at first.
        read_at: numbers of steps, increasing, >= 1, after which they are read; the last ends the training.
        stream: draws the inputs.
        rate: learning rate, > 0.
        batch: fresh Gaussian inputs a step, >= 1.
        told: told each step, counted from 1.
        saved: of `save`, to go on from.
        save: keeps the state, every `save_every` steps.
        save_every: steps between two states.

    Returns:
        By the number of blocks: loss, the divergence of the student from the teacher, a mean over the inputs of all
        steps since the reading before, as they were before each step; scale, the standard deviation of the logits over
        classes, mean over the last inputs; each of shape (temperatures, times).

    Raises:
        ValueError: an argument out of range.
    """
    times = list(read_at)
    if (
        not temperatures
        or min(temperatures) <= 0
        or not students
        or not rate > 0
        or batch < 1
        or not times
        or times[0] < 1
        or times != sorted(set(times))
    ):
        raise ValueError(
            f"temperatures = {list(temperatures)}, rate = {rate}, batch = {batch}, read_at = {times}, "
            f"{len(students)} depths; valid: > 0, > 0, >= 1, increasing numbers of steps >= 1, at least one"
        )
    copies = len(temperatures)
    inverse = teacher["head"].new_tensor([1 / each for each in temperatures])[:, None, None]
    ensembles = {
        depth: Ensemble(
            {
                name: torch.zeros_like(value) if name in ("out", "head") else value
                for name, value in ((name, value.expand(copies, *value.shape[1:])) for name, value in drawn.items())
            },
            Optimizer("adam", rate),
        )
        for depth, drawn in students.items()
    }
    step, sums = 0, {depth: inverse.new_zeros(copies, dtype=torch.float64) for depth in students}
    read: dict[int, list[Tensor]] = {depth: [] for depth in students}
    if saved is not None:
        step, sums, read = saved["step"], saved["sums"], saved["read"]
        stream.set_state(saved["stream"])
        for depth, ensemble in ensembles.items():
            ensemble.load_state_dict(saved["ensembles"][depth])
    shown: list[tuple[Tensor, Tensor, Tensor]] = []  # of the steps to come: inputs, what the teacher says of them
    while step < times[-1]:
        if not shown:  # a state that is saved has seen none of the steps to come
            shown = _shown(
                teacher, inverse, min(AHEAD, times[-1] - step, save_every - step % save_every), batch, stream
            )
        x, target, chances = shown.pop(0)
        step += 1
        for depth, ensemble in ensembles.items():
            losses, gradient = divergence_and_gradient(ensemble.parameters, x, target, chances)
            ensemble.apply(gradient)
            sums[depth] += losses
            if step in times:
                with torch.no_grad():
                    scale = stack_logits(ensemble.parameters, x).std(-1, correction=0).mean(-1).double()
                place = times.index(step)
                read[depth].append(torch.stack([sums[depth] / (step - (times[place - 1] if place else 0)), scale]))
                sums[depth] = torch.zeros_like(sums[depth])
        told(step)
        if save is not None and step % save_every == 0 and step < times[-1]:
            states = {depth: ensemble.state_dict() for depth, ensemble in ensembles.items()}
            save({"step": step, "sums": sums, "read": read, "stream": stream.get_state(), "ensembles": states})
    return {
        depth: dict(zip(("loss", "scale"), torch.stack(readings, -1), strict=True)) for depth, readings in read.items()
    }


def _shown(
    teacher: Parameters, inverse: Float[Tensor, "copies 1 1"], steps: int, batch: int, stream: torch.Generator
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Draw the inputs of some steps; return those of each, logarithms of the teacher's probabilities, and these."""
    width = teacher["head"].shape[2]
    drawn = [torch.randn(batch, width, generator=stream, device=stream.device) for _ in range(steps)]
    with torch.no_grad():
        target = (stack_logits(teacher, torch.cat(drawn)[None]) * inverse).log_softmax(-1)
        chances = target.exp()
    by_step = (values.view(len(inverse), steps, batch, -1).unbind(1) for values in (target, chances))
    return [(x[None], *values) for x, *values in zip(drawn, *by_step, strict=True)]


def _normalised(x: Float[Tensor, "copies samples width"]) -> Float[Tensor, "copies samples width"]:
    return x * _inverse_scale(x)
