"""How do many small models train as one? Their parameters stacked along a first axis, one optimiser step for all.

A *copy* is one model of the ensemble: its own parameters, data, learning rate and random streams, but the architecture
of all. Stacked parameters have shape (copies, ...). A loss maps them to one number a copy; since no copy enters the
loss of another, the gradient of the sum is the gradient of each, and a copy that diverges leaves the others alone.

The loss may be written with a leading copy axis throughout (batched matrix products: the fastest on small models), or
made from any `torch.nn.Module` by `vmapped_loss`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim.adamw import adamw

Parameters: TypeAlias = dict[str, Tensor]
Loss: TypeAlias = Callable[[Parameters, Any], Tensor]
Schedule: TypeAlias = Callable[[int], float]


@dataclass(frozen=True)
class Optimizer:
    """The update rule of every copy.

    Attributes:
        rule: "sgd" (with momentum if > 0), or "adam": AdamW, decoupled weight decay.
        learning_rate: one number, or one a copy, shape (copies,); > 0.
        weight_decay: decoupled, one number or one a copy; >= 0.
        momentum: of SGD, in [0, 1).
        betas, epsilon: of Adam.
        clip: largest gradient norm of a copy over all its parameters; None leaves gradients alone.
        schedule: factor of the learning rate as a pure function of the step, counted from 0: one number, or one a copy.
        factors: learning-rate factors of single parameters by name, one number or one a copy; absent: 1. Weight decay
            keeps to the common rate, so that what a factor scales decays as before.
    """

    rule: Literal["sgd", "adam"] = "adam"
    learning_rate: float | Float[Tensor, "copies"] = 1e-3
    weight_decay: float | Float[Tensor, "copies"] = 0.0
    momentum: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    clip: float | None = None
    schedule: Callable[[int], float | Tensor] = lambda step: 1.0
    factors: Mapping[str, float | Float[Tensor, "copies"]] = field(default_factory=dict)


def stack(modules: Sequence[nn.Module]) -> Parameters:
    """Return the parameters of equally shaped modules stacked along a first axis, detached from the modules.

    Raises:
        ValueError: no module is given.
    """
    if not modules:
        raise ValueError("modules is empty; valid: at least one")
    by_copy = [dict(module.named_parameters()) for module in modules]
    return {name: torch.stack([copy[name].detach() for copy in by_copy]) for name in by_copy[0]}


def vmapped_loss(
    module: nn.Module, loss: Callable[[Callable[..., Tensor], Any], Tensor], *, shared: bool = False
) -> Loss:
    """Return the ensemble's loss for any module.

    Args:
        module: the architecture; its own parameters are not used.
        loss: `loss(model, batch) -> scalar`, where `model(*inputs)` runs the module with one copy's parameters.
        shared: whether all copies see the same batch; otherwise every tensor of the batch has a leading copy axis.
    """

    def of_one_copy(parameters: Parameters, batch: Any) -> Tensor:
        return loss(lambda *inputs: torch.func.functional_call(module, parameters, inputs), batch)

    return torch.func.vmap(of_one_copy, in_dims=(0, None if shared else 0), randomness="different")


class Ensemble:
    """Stacked parameters with the state of their optimiser: trains, and is saved and restored bit for bit."""

    def __init__(self, parameters: Mapping[str, Float[Tensor, "copies ..."]], optimizer: Optimizer) -> None:
        """Start from stacked parameters, which are copied.

        Raises:
            ValueError: the parameters do not share their first axis.
        """
        sizes = {len(value) for value in parameters.values()}
        if len(sizes) != 1:
            raise ValueError(f"parameters have first axes {sorted(sizes)}; valid: one number of copies")
        self.copies = sizes.pop()
        self.step = 0
        self.parameters = {name: _own(value).requires_grad_() for name, value in parameters.items()}
        self._optimizer = optimizer
        moments = {"adam": ("first", "second"), "sgd": ("first",) if optimizer.momentum else ()}[optimizer.rule]
        self._moments = {
            kind: {name: torch.zeros_like(value, requires_grad=False) for name, value in self.parameters.items()}
            for kind in moments
        }

    def update(self, loss: Loss, batch: Any) -> Float[Tensor, "copies"]:
        """Take one step of every copy and return the losses before it, detached, shape (copies,)."""
        losses = loss(self.parameters, batch)
        names = list(self.parameters)
        gradients = torch.autograd.grad(losses.sum(), [self.parameters[name] for name in names], allow_unused=True)
        self.apply({name: gradient for name, gradient in zip(names, gradients, strict=True) if gradient is not None})
        return losses.detach()

    @torch.no_grad()
    def apply(self, gradients: Parameters) -> None:
        """Take one step of every copy along gradients that were found elsewhere; parameters without one stay."""
        self._apply(self._clipped(gradients))
        self.step += 1

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next step depends on."""
        return {
            "step": self.step,
            "parameters": {name: value.detach().clone() for name, value in self.parameters.items()},
            "moments": {kind: {n: v.clone() for n, v in group.items()} for kind, group in self._moments.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to a saved state.

        Raises:
            KeyError: the state is that of another architecture or rule.
        """
        with torch.no_grad():
            for name, value in self.parameters.items():
                value.copy_(state["parameters"][name])
            for kind, group in self._moments.items():
                for name, value in group.items():
                    value.copy_(state["moments"][kind][name])
        self.step = int(state["step"])

    def select(self, copies: Sequence[int], optimizer: Optimizer) -> "Ensemble":
        """Return an ensemble of these copies, in this order, that goes on from the same step with the same moments.

        A copy may be left out, or taken twice: it then goes on along two schedules.

        Args:
            copies: numbers of copies, at least one.
            optimizer: of the new ensemble; its rule is that of this one.

        Raises:
            IndexError: there is no such copy.
        """
        chosen = torch.tensor(list(copies), device=next(iter(self.parameters.values())).device)
        branched = Ensemble({name: value.detach()[chosen] for name, value in self.parameters.items()}, optimizer)
        for kind, group in self._moments.items():
            for name, value in group.items():
                branched._moments[kind][name].copy_(value[chosen])
        branched.step = self.step
        return branched

    def _clipped(self, gradients: Parameters) -> Parameters:
        if self._optimizer.clip is None:
            return gradients
        squares = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients.values()]).sum(0)
        factor = (self._optimizer.clip / squares.sqrt().clamp(min=1e-30)).clamp(max=1.0)
        return {name: gradient * _column(factor, gradient) for name, gradient in gradients.items()}

    def _apply(self, gradients: Parameters) -> None:
        rule = self._optimizer
        factor = rule.schedule(self.step)
        for name, gradient in gradients.items():
            value = self.parameters[name]
            rate = _column(rule.learning_rate, value) * _column(factor, value)
            if isinstance(rule.weight_decay, Tensor) or rule.weight_decay:
                value.mul_(1 - rate * _column(rule.weight_decay, value))
            rate = rate * _column(rule.factors.get(name, 1.0), value)
            if rule.rule == "adam":
                self._move_by_adam(name, gradient, rate)
            elif rule.momentum:
                first = self._moments["first"][name]
                value.sub_(rate * first.mul_(rule.momentum).add_(gradient))
            else:
                value.sub_(rate * gradient)

    def _move_by_adam(self, name: str, gradient: Tensor, rate: float | Tensor) -> None:
        """Take a step of Adam along one gradient: one pass over the memory, which is what a step of Adam costs.

        torch's fused step knows one rate: where each copy has its own, it finds the move at a rate of 1.
        """
        rule, value = self._optimizer, self.parameters[name]
        moved = torch.zeros_like(value) if isinstance(rate, Tensor) else value
        adamw(
            [moved],
            [gradient.contiguous()],
            [self._moments["first"][name]],
            [self._moments["second"][name]],
            [],
            [torch.full((), float(self.step), device=value.device)],
            fused=True,
            amsgrad=False,
            beta1=rule.betas[0],
            beta2=rule.betas[1],
            lr=1.0 if isinstance(rate, Tensor) else rate,
            weight_decay=0.0,  # taken before, at the common rate
            eps=rule.epsilon,
            maximize=False,
        )
        if isinstance(rate, Tensor):
            value.addcmul_(moved, rate)


def train(
    ensemble: Ensemble,
    loss: Loss,
    batches: Callable[[int], Any],
    steps: int,
    *,
    after_step: Callable[[int, Float[Tensor, "copies"]], None] = lambda step, losses: None,
    save: Callable[[Mapping[str, Any]], None] | None = None,
    save_every: int = 1000,
) -> None:
    """Train until `steps` steps have been taken, going on from the ensemble's own step.

    Args:
        ensemble: what to train, in place; restore its state first to resume.
        loss: maps stacked parameters and a batch to one number a copy.
        batches: the batch as a pure function of the step, so that a resumed training sees the same data.
        steps: total number of steps.
        after_step: told each step (counted from 1) with its losses.
        save: given the state every `save_every` steps, but not after the last.
        save_every: steps between saves.
    """
    for step in range(ensemble.step, steps):
        losses = ensemble.update(loss, batches(step))
        after_step(step + 1, losses)
        if save is not None and (step + 1) % save_every == 0 and step + 1 < steps:
            save(ensemble.state_dict())


def cosine_decay(steps: int, final: float = 0.0) -> Schedule:
    """Return the factor that falls from 1 to `final` along half a cosine over `steps` steps."""
    return lambda step: final + (1 - final) * 0.5 * (1 + math.cos(math.pi * min(step / steps, 1.0)))


def _own(value: Tensor) -> Tensor:
    return value.detach().clone(memory_format=torch.contiguous_format)


def _column(value: float | Tensor, like: Tensor) -> float | Tensor:
    """Return a per-copy value shaped to multiply a stacked tensor."""
    return value.view(-1, *[1] * (like.dim() - 1)) if isinstance(value, Tensor) else value
