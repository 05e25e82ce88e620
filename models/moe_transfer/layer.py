"""What does a mixture-of-experts layer do with a token? Sigmoid or softmax gates, top-K routing, dropless dispatch.

    r_e = w_e . h;  selected: the K largest of sigmoid(r_e) + b_e;  gate g_e = c sigmoid(r_e), c = 1 or 2
    output = (1/K) sum_{e selected} g_e (W2_e phi(W1_e h + b1_e) + b2_e)

arXiv:2601.20205, equation 2, where c = 1; in our model c = 2, and the experts have no biases b1, b2. With softmax
gates, over the selected, the K sum to 1 and are not divided by K. The balance bias b steers the selection alone and has
no gradient; after a step b_e <- b_e + eta_b (kappa - load_e). It may be added to the logit r instead: while all are 0
that is the same, but near r = 0 the gate moves by a quarter of the logit, and a saturated one can be overruled by b of
order 1. Everything has a leading axis of copies.

| symbol | name | shape |
|---|---|---|
| h | tokens | (copies, tokens, width) |
| W1, W2 | up, down | (copies, experts, width, hidden), (copies, experts, hidden, width) |
| w | router | (copies, width, experts) |
| b | balance bias | (copies, experts) |
| b1, b2 | up and down bias | (copies, experts, hidden), (copies, experts, width) |
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

Gate: TypeAlias = Literal["sigmoid", "softmax"]
Select: TypeAlias = Literal["gate", "logit"]
Biases: TypeAlias = tuple[Tensor, Tensor]
Activation: TypeAlias = Callable[[Tensor], Tensor]
ROWS = 64  # per group, from which on one product per group is as fast as a batched one, and needs no padding
PADDING = 1.5  # padded products are used up to this ratio of padded to routed rows; beyond it one product per group


@dataclass(frozen=True)
class Routing:
    """Which experts each token goes to, and with which weight.

    chosen: shape (copies, tokens, K); gates: weights of the sum, the same shape; loads: fraction of the tokens that
    each expert got, shape (copies, experts), mean K / experts, no gradient.
    """

    chosen: Int[Tensor, "copies tokens k"]
    gates: Float[Tensor, "copies tokens k"]
    loads: Float[Tensor, "copies experts"]


def route(
    logits: Float[Tensor, "copies tokens experts"],
    bias: Float[Tensor, "copies experts"],
    active: int,
    gate: Gate = "sigmoid",
    select: Select = "gate",
    scale: float = 2.0,
) -> Routing:
    """Select experts and weigh them, in float32.

    Args:
        logits: router logits r.
        bias: balance bias b; ties are broken by the expert's index.
        active: number K of experts a token goes to, from 1 to experts.
        gate: "sigmoid" or "softmax" (over the selected).
        select: what the bias is added to: the "gate" (a softmax gate: that over all experts), or its "logit".
        scale: c, of sigmoid gates.

    Raises:
        ValueError: active out of range, another gate, or another way to select.
    """
    experts = logits.shape[-1]
    if not 1 <= active <= experts:
        raise ValueError(f"active = {active} is out of range; valid: from 1 to experts = {experts}")
    if gate not in ("sigmoid", "softmax"):
        raise ValueError(f"gate = {gate!r}; valid: sigmoid, softmax")
    if select not in ("gate", "logit"):
        raise ValueError(f"select = {select!r}; valid: gate, logit")
    logits = logits.float()
    with torch.no_grad():
        keys = logits
        if select == "gate":
            keys = logits.softmax(-1) if gate == "softmax" else logits.sigmoid()
        chosen = (keys + bias[:, None]).topk(active, dim=-1).indices
        loads = functional.one_hot(chosen, experts).sum(2).float().mean(1)
    selected = logits.gather(-1, chosen)
    gates = selected.softmax(-1) if gate == "softmax" else scale * selected.sigmoid() / active
    return Routing(chosen, gates, loads)


def mix_experts(
    tokens: Float[Tensor, "copies tokens width"],
    up: Float[Tensor, "copies experts width hidden"],
    down: Float[Tensor, "copies experts hidden width"],
    routing: Routing,
    activation: Activation = functional.gelu,
    biases: Biases | None = None,
) -> Float[Tensor, "copies tokens width"]:
    """Return the gated sum over the selected experts of every token; no token is dropped.

    Token-expert pairs are sorted by copy and expert. Balanced groups are padded to the largest and go through one
    batched product; unbalanced ones through one product each.

    Cost: 4 K tokens width hidden multiplications a copy, times at most the padding.
    """
    copies, count, width = tokens.shape
    experts, active = up.shape[1], routing.chosen.shape[-1]
    group = routing.chosen + experts * torch.arange(copies, device=tokens.device)[:, None, None]
    order = group.flatten().argsort(stable=True)
    inverse = torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))
    sizes = torch.bincount(group.flatten(), minlength=copies * experts)
    rows = _dispatched(tokens.flatten(0, 1), order, inverse.view(-1, active))
    first, second = up.flatten(0, 1), down.flatten(0, 1)
    inner, outer = (None, None) if biases is None else (each.flatten(0, 1) for each in biases)
    largest = int(sizes.max())
    if len(order) < ROWS * len(sizes) and largest * len(sizes) <= PADDING * len(order):
        start = sizes.cumsum(0) - sizes
        slot = torch.arange(len(order), device=tokens.device) - start.repeat_interleave(sizes)
        place = torch.repeat_interleave(torch.arange(len(sizes), device=tokens.device), sizes) * largest + slot
        padded = rows.new_zeros(len(sizes) * largest, width).index_copy(0, place, rows).view(len(sizes), largest, width)
        hidden = activation(_plus(torch.bmm(padded, first), inner))
        out = _plus(torch.bmm(hidden, second), outer).flatten(0, 1)[place]
    else:
        hidden = activation(_plus(_grouped(rows, first, sizes), inner, sizes))
        out = _plus(_grouped(hidden, second, sizes), outer, sizes)
    gates = routing.gates.reshape(copies * count, active).to(out.dtype)
    return _combined(out, gates, order, inverse).view(copies, count, width)


def _plus(product: Tensor, bias: Tensor | None, sizes: Tensor | None = None) -> Tensor:
    """Return padded products, or those of groups of these sizes, with the bias of their experts, if they have one."""
    if bias is None:
        return product
    return product + (bias[:, None] if sizes is None else bias.repeat_interleave(sizes, dim=0))


def _grouped(rows: Tensor, weights: Tensor, sizes: Tensor) -> Tensor:
    found: Tensor = _Grouped.apply(rows, weights, sizes.tolist())  # type: ignore[no-untyped-call]
    return found


class _Grouped(torch.autograd.Function):
    """One product for each group of rows, written side by side: taken apart and joined, rows would be copied twice."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weights: Tensor, sizes: list[int]) -> Tensor:
        ctx.save_for_backward(rows, weights)
        ctx.sizes = sizes
        out = rows.new_empty(len(rows), weights.shape[-1])
        for part, group, into in zip(torch.split(out, sizes), torch.split(rows, sizes), weights, strict=True):
            torch.mm(group, into, out=part)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        rows, weights = ctx.saved_tensors
        of_rows, of_weights = torch.empty_like(rows), torch.empty_like(weights)
        parts = (torch.split(each, ctx.sizes) for each in (rows, gradients[0], of_rows))
        for place, (group, gradient, into) in enumerate(zip(*parts, strict=True)):
            torch.mm(gradient, weights[place].T, out=into)
            torch.mm(group.T, gradient, out=of_weights[place])
        return of_rows, of_weights, None


def _dispatched(tokens: Tensor, order: Tensor, places: Tensor) -> Tensor:
    rows: Tensor = _Dispatched.apply(tokens, order, places)  # type: ignore[no-untyped-call]
    return rows


class _Dispatched(torch.autograd.Function):
    """Each token to every expert that it chose: the rows by expert; `places` (tokens, K) says where they are."""

    @staticmethod
    def forward(ctx: Any, tokens: Tensor, order: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        return tokens.index_select(0, order // places.shape[1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (places,) = ctx.saved_tensors
        return functional.embedding_bag(places, gradients[0], mode="sum"), None, None


def _combined(rows: Tensor, gates: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
    tokens: Tensor = _Combined.apply(rows, gates, order, inverse)  # type: ignore[no-untyped-call]
    return tokens


class _Combined(torch.autograd.Function):
    """The gated sum of each token's rows, gathered as it is summed: put in order first, they would be written twice."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, gates: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(rows, gates, order, inverse)
        return functional.embedding_bag(inverse.view_as(gates), rows, mode="sum", per_sample_weights=gates)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        rows, gates, order, inverse = ctx.saved_tensors
        of_rows = gradients[0].index_select(0, order // gates.shape[1])
        of_gates = torch.linalg.vecdot(rows, of_rows).index_select(0, inverse).view_as(gates)
        return of_rows.mul_(gates.flatten().index_select(0, order)[:, None]), of_gates, None, None


def mix_experts_densely(
    tokens: Float[Tensor, "copies tokens width"],
    up: Float[Tensor, "copies experts width hidden"],
    down: Float[Tensor, "copies experts hidden width"],
    routing: Routing,
    activation: Activation = functional.gelu,
    biases: Biases | None = None,
) -> Float[Tensor, "copies tokens width"]:
    """Return the same sum by running every expert on every token: the reference, experts / K times the work."""
    inner, outer = (0.0, 0.0) if biases is None else (biases[0][:, :, None], biases[1].mT[:, None])
    hidden = activation(torch.einsum("ctn,cenh->ceth", tokens, up) + inner)
    everything = torch.einsum("ceth,cehn->ctne", hidden, down) + outer
    weights = tokens.new_zeros(*tokens.shape[:2], up.shape[1]).scatter(
        -1, routing.chosen, routing.gates.to(tokens.dtype)
    )
    return (everything * weights[:, :, None]).sum(-1)


def balanced(
    bias: Float[Tensor, "copies experts"], loads: Float[Tensor, "copies experts"], rate: float
) -> Float[Tensor, "copies experts"]:
    """Return the balance bias after one step: b_e + rate (mean load - load_e)."""
    return bias + rate * (loads.mean(-1, keepdim=True) - loads)
