"""How must a model of one's own with experts be drawn and trained, given a smaller one whose settings are known?

`parameterize` compares each parameter of a model with that of the same name in the base model, whose hyperparameters
were tuned, and says by a table of powers (`solv.theory.moe_transfer.parameter_tables`, arXiv:2601.20205) what its
initial deviation, Adam's rate and epsilon and the weight decay become. Which parameter is of which group is said by a
layout: that of the models with experts of `transformers` (Mixtral, OLMoE, Qwen-MoE, DeepSeek-MoE) is known, another is
a list of rules.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod, sqrt
from typing import TYPE_CHECKING, Any

import pandas as pd

from solv.theory.moe_transfer.parameter_tables import GROUPS, MATRICES, TABLES, UNDECAYED, Powers, Table

if TYPE_CHECKING:
    import torch
    from torch import nn

ACTIVE = ("num_experts_per_tok", "num_experts_per_token", "moe_topk", "top_k", "active")
EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "experts")


@dataclass(frozen=True)
class Layout:
    """What the parameters and modules of a model are called.

    Attributes:
        rules: pairs of a regular expression and a group; of a parameter's name the first that is found in it counts.
        branches: regular expression of the names of modules whose output is added to the residual stream.
        head: regular expression of the name of the module that makes the logits.
        axis: of a matrix, along which the inputs lie; -1 as in `torch.nn.Linear`.
    """

    rules: tuple[tuple[str, str], ...]
    branches: str
    head: str
    axis: int = -1

    def group_of(self, name: str) -> str:
        """Return the group of a parameter.

        Raises:
            ValueError: no rule finds it, or the group is none.
        """
        group = next((group for pattern, group in self.rules if re.search(pattern, name)), "")
        if not group:
            raise ValueError(f"no rule says of which group the parameter {name} is; valid groups: {', '.join(GROUPS)}")
        if group not in GROUPS:
            raise ValueError(f"group {group!r} of the parameter {name}; valid: {', '.join(GROUPS)}")
        return group


TRANSFORMERS = Layout(
    rules=(
        (r"(^|\.)embed_tokens\.weight$", "embedding"),
        (r"(^|\.)lm_head\.weight$", "unembedding"),
        (r"norm\d?\.(weight|bias)$", "norm"),
        (r"\.bias$", "bias"),
        (r"\.(q_proj|k_proj|q_a_proj|q_b_proj|kv_a_proj_with_mqa)\.weight$", "query_key"),
        (r"\.(v_proj|kv_b_proj)\.weight$", "value"),
        (r"\.o_proj\.weight$", "output"),
        (r"\.(gate|router|shared_expert_gate)\.weight$", "router"),
        (r"\.(gate_up_proj|gate_proj|up_proj|w1|w3)(\.weight)?$", "up"),
        (r"\.(down_proj|w2)(\.weight)?$", "down"),
    ),
    branches=r"\.layers\.\d+\.(self_attn|mlp|block_sparse_moe)$",
    head=r"^lm_head$",
)


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters for which everything goes by the same factors.

    Attributes:
        group: of `GROUPS`.
        names: of the parameters.
        count: of their numbers.
        deviation, rate, epsilon, decay: factors of the initial standard deviation, of Adam's rate and epsilon and of a
            decoupled weight decay, to the base's. deviation is 1 for norms and biases, which are not random.
    """

    group: str
    names: tuple[str, ...]
    count: int
    deviation: float
    rate: float
    epsilon: float
    decay: float


@dataclass(frozen=True)
class Parameterized:
    """What a table says of a model.

    Attributes:
        groups: in the order of the tables.
        branch, logits: multipliers, to the base's, of what a branch adds and of the logits.
        parameters, active: how many there are, and how many act on a token; active is None where it is not known.
        warnings: what differs from the base and must not.
    """

    groups: tuple[ParameterGroup, ...]
    branch: float
    logits: float
    parameters: int
    active: int | None
    warnings: tuple[str, ...] = ()
    _model: Any = field(default=None, repr=False, compare=False)
    _layout: Layout = field(default=TRANSFORMERS, repr=False, compare=False)

    def frame(self) -> pd.DataFrame:
        """Return a row a group: its parameters, and by what its deviation, rate, epsilon and weight decay go."""
        columns = ("group", "count", "deviation", "rate", "epsilon", "decay")
        rows = [{**{name: getattr(each, name) for name in columns}, "first": each.names[0]} for each in self.groups]
        return pd.DataFrame(rows)

    def optimizer_groups(
        self, rate: float | Mapping[str, float], epsilon: float = 1e-8, weight_decay: float = 0.0
    ) -> list[dict[str, Any]]:
        """Return parameter groups for `torch.optim.Adam` or `AdamW`.

        Args:
            rate: of the base, one number or one a group, > 0.
            epsilon, weight_decay: of the base.

        Raises:
            ValueError: a group has no rate.
        """
        own = dict(self._model.named_parameters())
        found = []
        for each in self.groups:
            base = rate.get(each.group) if isinstance(rate, Mapping) else rate
            if base is None or not base > 0:
                raise ValueError(f"rate of the group {each.group} is {base}; valid: > 0")
            found.append(
                {
                    "name": each.group,
                    "params": [own[name] for name in each.names],
                    "lr": base * each.rate,
                    "eps": epsilon * each.epsilon,
                    "weight_decay": weight_decay * each.decay,
                }
            )
        return found

    def initialize(self, deviation: float | Mapping[str, float], generator: "torch.Generator | None" = None) -> None:
        """Draw all matrices and embeddings anew, normal, and set biases to 0; norms are left as they are.

        Args:
            deviation: standard deviation in the base, one number or one a group, >= 0.
            generator: of the random numbers; None: torch's own.
        """
        import torch

        own = dict(self._model.named_parameters())
        with torch.no_grad():
            for each in self.groups:
                if each.group == "norm":
                    continue
                base = deviation[each.group] if isinstance(deviation, Mapping) and each.group != "bias" else deviation
                std = 0.0 if each.group == "bias" else float(base) * each.deviation  # type: ignore[arg-type]
                for name in each.names:
                    own[name].normal_(0.0, std, generator=generator) if std else own[name].zero_()

    def apply_multipliers(self) -> "list[Any]":
        """Multiply what branches add, and the logits, whenever the model runs; return the hooks' handles.

        Raises:
            ValueError: no module is called as the layout says.
        """
        handles = []
        for pattern, factor in ((self._layout.branches, self.branch), (self._layout.head, self.logits)):
            modules = [module for name, module in self._model.named_modules() if re.search(pattern, name)]
            if not modules:
                raise ValueError(f"no module of the model is called {pattern}")
            handles += [module.register_forward_hook(_multiplied_by(factor)) for module in modules]
        return handles


def parameterize(
    model: "nn.Module",
    base: "nn.Module",
    layout: Layout = TRANSFORMERS,
    table: str = "paper",
    *,
    active: tuple[int, int] | None = None,
) -> Parameterized:
    """Compare a model with its base, and say how it must be drawn and trained.

    Args:
        model: the model that is to be trained; parameters on the device "meta" are enough to look at the table.
        base: the same architecture at the size at which the hyperparameters were tuned; "meta" is enough, too.
        layout: what parameters and modules are called.
        table: "paper" (arXiv:2601.20205) or "transfer" (W2 by fan-in).
        active: experts that act on a token, of the model and of the base; None: as their `config` says.

    Raises:
        ValueError: a parameter of no group, or that the base has not; another table.
    """
    if table not in TABLES:
        raise ValueError(f"table = {table!r}; valid: {', '.join(TABLES)}")
    own, known = dict(model.named_parameters()), dict(base.named_parameters())
    shapes = {_anonymous(name): tuple(each.shape) for name, each in known.items()}
    layers = _layers(own) / _layers(known)
    pairs = active or (_configured(model, ACTIVE), _configured(base, ACTIVE))
    actives = pairs[0] / pairs[1] if pairs[0] and pairs[1] else 1.0
    found: dict[tuple[Any, ...], list[str]] = {}
    widths = []
    for name, each in own.items():
        group = layout.group_of(name)
        other = shapes.get(_anonymous(name))
        if other is None or len(other) != each.dim():
            raise ValueError(f"the base has no parameter like {name} {tuple(each.shape)}")
        ratios = {**_ratios(group, tuple(each.shape), other, layout), "L": layers, "K": actives}
        if group == "embedding":
            widths.append(ratios["N"])
        found.setdefault((group, *_factors(TABLES[table], group, ratios)), []).append(name)
    if not widths:
        raise ValueError("no parameter is of the group embedding")
    groups = [
        ParameterGroup(key[0], tuple(names), sum(own[name].numel() for name in names), *key[1:])
        for key, names in sorted(found.items(), key=lambda item: GROUPS.index(item[0][0]))
    ]
    return Parameterized(
        tuple(groups),
        branch=_power(TABLES[table].branch, {"L": layers}),
        logits=_power(TABLES[table].logit, {"N": widths[0]}),
        parameters=sum(each.numel() for each in own.values()),
        active=_acting(own, layout, pairs[0], _configured(model, EXPERTS)),
        warnings=tuple(_warnings(model, base, pairs)),
        _model=model,
        _layout=layout,
    )


def _ratios(group: str, own: Sequence[int], other: Sequence[int], layout: Layout) -> dict[str, float]:
    """Return N and H of one parameter: its own fan-in where that is the width, its hidden units where it has any."""
    if group in ("norm", "bias") or len(own) < 2:
        ratio = own[-1] / other[-1]
        return {"N": ratio, "H": ratio}
    outputs = -2 if layout.axis == -1 else -1
    inward, outward = own[layout.axis] / other[layout.axis], own[outputs] / other[outputs]
    if group == "embedding":  # one row a token, whatever the axis of matrices is
        return {"N": own[-1] / other[-1], "H": 1.0}
    if group == "down":
        return {"N": outward, "H": inward}
    return {"N": inward, "H": outward if group == "up" else 1.0}


def _factors(table: Table, group: str, ratios: Mapping[str, float]) -> tuple[float, float, float, float]:
    row = table.groups[group]
    rate = _power(row.rate, ratios)
    random = group in (*MATRICES, "embedding", "unembedding")
    deviation = sqrt(_power(row.variance, ratios)) if random else 1.0
    return deviation, rate, _power(row.epsilon, ratios), 0.0 if group in UNDECAYED else 1 / rate


def _power(powers: Powers, ratios: Mapping[str, float]) -> float:
    return float(prod(ratios[name] ** power for name, power in powers.items()))


def _anonymous(name: str) -> str:
    """Return a name without the numbers of layers and experts."""
    return re.sub(r"(?<=\.)\d+(?=\.)", "*", name)


def _layers(names: Mapping[str, Any]) -> int:
    """Return how many blocks there are: the most numbers that stand at the first place of a number."""
    blocks: dict[str, set[str]] = {}
    for name in names:
        found = re.search(r"^(.*?\.)(\d+)\.", name)
        if found:
            blocks.setdefault(found[1], set()).add(found[2])
    return max(map(len, blocks.values()), default=1)


def _configured(model: "nn.Module", names: Sequence[str]) -> int:
    config = getattr(model, "config", None)
    return next((int(getattr(config, name)) for name in names if getattr(config, name, None)), 0)


def _acting(own: "Mapping[str, torch.Tensor]", layout: Layout, active: int, experts: int) -> int | None:
    """Return how many parameters act on a token: all, but those of experts that it does not go to."""
    if not (active and experts):
        return None
    total = sum(each.numel() for each in own.values())
    routed = 0
    for name, each in own.items():
        if layout.group_of(name) in ("up", "down") and "shared" not in name:
            stacked = each.dim() == 3 and each.shape[0] == experts
            if stacked or re.search(r"experts\.\d+\.", name):
                routed += each.numel()
    return total - routed + routed * active // experts


def _warnings(model: "nn.Module", base: "nn.Module", active: tuple[int, int]) -> Iterator[str]:
    experts = _configured(model, EXPERTS), _configured(base, EXPERTS)
    if all(experts) and all(active) and active[0] * experts[1] != active[1] * experts[0]:
        yield (
            f"the active fraction is {active[0]}/{experts[0]}, in the base {active[1]}/{experts[1]}: hyperparameters "
            "are not expected to transfer"
        )
    heads = [
        _configured(each, ("head_dim", "qk_head_dim", "v_head_dim")) or _head_width(each) for each in (model, base)
    ]
    if all(heads) and heads[0] != heads[1]:
        yield f"an attention head has {heads[0]} coordinates, in the base {heads[1]}: keep it, and add heads"


def _head_width(model: "nn.Module") -> int:
    width, heads = _configured(model, ("hidden_size",)), _configured(model, ("num_attention_heads",))
    return width // heads if width and heads else 0


def _multiplied_by(factor: float) -> Callable[..., Any]:
    def hook(module: Any, inputs: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            return (output[0] * factor, *output[1:])
        return output * factor

    return hook
