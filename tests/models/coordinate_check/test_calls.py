"""Is a learned part the output minus that of the initial parameters on the same input, whatever the model does?

The parameters of a model are moved by known amounts, and each part is compared with plain torch.
"""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from solv.models.coordinate_check.calls import observe, parts_of

X = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))


def moved(model, run, seed=0):
    """Move all parameters; return the model as it was, and what was observed, root mean squares by name."""
    before = copy.deepcopy(model)
    parts = parts_of(model)
    start = {id(each): each.detach().clone() for each in parts.parameters.values()}
    generator = torch.Generator().manual_seed(seed)
    for each in parts.parameters.values():
        each.data += 0.1 * torch.randn(each.shape, generator=generator).to(each.dtype)
    values = {name: each.detach().clone() for name, each in parts.parameters.items()}
    found = observe(model, parts, lambda: run(model), start)
    for name, each in parts.parameters.items():
        assert torch.equal(each, values[name]), f"{name} was not put back"
    both = {**found.modules, **found.parameters}
    return before, {name: (seen.squares / seen.values) ** 0.5 for name, seen in both.items() if seen.values}


def size(value):
    return float(value.detach().double().square().mean().sqrt())


def test_a_linear_layer():
    model = nn.Linear(4, 3)
    before, found = moved(model, lambda model: model(X))
    assert found[""] == pytest.approx(size(model(X) - before(X)), rel=1e-6)


class Overwriting(nn.Module):
    """Everything that overwrites what it was given, or what came out."""

    def __init__(self, how):
        super().__init__()
        self.first, self.second, self.how = nn.Linear(4, 4), nn.Linear(4, 4), how

    def forward(self, x):
        x = x.clone()
        y = self.first(x)
        if self.how == "residual":
            x += y
        elif self.how == "relu":
            x = functional.relu_(y)
        elif self.how == "zero":
            x.zero_()
            x = x + y
        elif self.how == "slice":
            x[:, :2] = y[:, :2]
        elif self.how == "masked":
            x.masked_fill_(x > 0, 1.0)
            x = x + y
        elif self.how == "out":
            torch.add(x, y, out=x)
        else:
            x = y.mul_(0.5).clamp_(min=-1)
        return self.second(x)


@pytest.mark.parametrize("how", ["residual", "relu", "zero", "slice", "masked", "out", "scaled"])
def test_overwriting_inputs_or_outputs_changes_nothing(how):
    model = Overwriting(how)
    given = []
    model.second.register_forward_pre_hook(lambda _, args: given.append(args[0].detach().clone()))
    before, found = moved(model, lambda model: torch.no_grad()(model)(X))
    assert found["first"] == pytest.approx(size(model.first(X) - before.first(X)), rel=1e-5)
    h = given[0]
    assert found["second"] == pytest.approx(size(model.second(h) - before.second(h)), rel=1e-5)


class Own(nn.Module):
    def __init__(self, layer, forward):
        super().__init__()
        self.layer, self._forward = layer, forward

    def forward(self, x):
        return self._forward(self.layer, x)


@pytest.mark.parametrize(
    ("layer", "forward"),
    [
        (nn.Linear(4, 3), lambda layer, x: layer(input=x)),
        (nn.Linear(4, 3), lambda layer, x: torch.cat([layer(x[:3]), layer(x[3:])])),
        (nn.Conv1d(4, 3, 1), lambda layer, x: layer(x[:, :, None])),
        (nn.LSTM(4, 3, num_layers=2, dropout=0.5), lambda layer, x: layer(x[:, None])[0]),
        (nn.GRU(4, 3, bidirectional=True), lambda layer, x: layer(x[:, None], hx=None)[0]),
        (nn.Bilinear(4, 4, 3), lambda layer, x: layer(x, x)),
        (nn.LayerNorm(4), lambda layer, x: layer(x)),
        (nn.BatchNorm1d(4), lambda layer, x: layer(x)),
        (nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), lambda layer, x: layer(x)),
        (nn.utils.parametrizations.orthogonal(nn.Linear(4, 4)), lambda layer, x: layer(x)),
    ],
)
def test_layers_called_by_keyword_twice_or_with_tuples_buffers_and_dropout(layer, forward):
    model = Own(layer, forward)

    def run(model):
        torch.manual_seed(5)
        return model(X)

    before, found = moved(model, run)
    outputs = []
    for each in (model, before):
        torch.manual_seed(5)
        each.layer.register_forward_hook(lambda _, args, out: outputs.append(out))
        each(X)
    half = len(outputs) // 2
    numbers = [[tensor for out in part for tensor in _flat(out)] for part in (outputs[:half], outputs[half:])]
    squares = sum(float((a - b).detach().double().square().sum()) for a, b in zip(*numbers, strict=True))
    assert found["layer"] == pytest.approx((squares / sum(each.numel() for each in numbers[0])) ** 0.5, rel=1e-4)


def _flat(out):
    return [out] if isinstance(out, torch.Tensor) else [tensor for part in out for tensor in _flat(part)]


def test_buffers_are_as_before_the_call():
    model = nn.BatchNorm1d(4)
    found = moved(model, lambda model: model(X))[1]
    assert model.num_batches_tracked == 1
    assert found[""] > 0


def test_a_module_under_two_names_and_tied_weights_are_known():
    shared = nn.Linear(4, 4)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    assert list(parts_of(model).modules) == ["0"]
    tied = nn.ModuleDict({"embed": nn.Embedding(5, 4), "head": nn.Linear(4, 5, bias=False)})
    tied["head"].weight = tied["embed"].weight
    ids = torch.arange(5)
    before, found = moved(tied, lambda model: model["head"](model["embed"](ids)))
    gained = tied["embed"].weight - before["embed"].weight
    assert found["embed"] == pytest.approx(size(gained), rel=1e-5)
    assert found["head"] == pytest.approx(size(tied["embed"].weight @ gained.T), rel=1e-5)
    assert parts_of(tied).names_of("head") == {"embed.weight"}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
def test_the_attention_of_torch_is_seen_by_its_projections_in_eval_too(training, batch_first):
    model = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=batch_first).train(training)
    x = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(2))

    def run(model):
        with torch.no_grad():  # where torch would take its fused path
            return model(x)

    before, found = moved(model, run)
    names = {"self_attn.in_proj_weight", "self_attn.out_proj.weight", "linear1", "linear2", "norm1", "norm2"}
    assert set(found) == names
    attention, old = model.self_attn, before.self_attn
    now = functional.linear(x, attention.in_proj_weight, attention.in_proj_bias)
    then = functional.linear(x, old.in_proj_weight, old.in_proj_bias)
    assert found["self_attn.in_proj_weight"] == pytest.approx(size(now - then), rel=1e-5)
    with torch.no_grad():
        attention.out_proj.weight.copy_(torch.eye(8))
        attention.out_proj.bias.zero_()
    heads = attention(x, x, x)[0]
    moved_weight = moved(copy.deepcopy(before), run)[0]  # the same moves again
    again = copy.deepcopy(moved_weight)
    parts_again = copy.deepcopy(before)
    moved(parts_again, run)
    projected = parts_again.self_attn.out_proj
    learned = functional.linear(heads, projected.weight - again.self_attn.out_proj.weight) + (
        projected.bias - again.self_attn.out_proj.bias
    )
    assert found["self_attn.out_proj.weight"] == pytest.approx(size(learned), rel=1e-4)


def test_attention_over_other_keys_has_a_projection_each():
    model = nn.MultiheadAttention(8, 2, kdim=4, vdim=4)
    query, key = torch.randn(3, 1, 8), torch.randn(5, 1, 4)
    found = moved(model, lambda model: model(query, key, key))[1]
    assert {"q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight"} <= set(found)


def test_a_compiled_model_is_measured_as_it_is_written_and_keeps_its_names():
    plain = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    compiled = torch.compile(copy.deepcopy(plain))
    assert list(parts_of(compiled).modules) == ["0", "2"]
    assert moved(compiled, lambda model: model(X))[1] == moved(plain, lambda model: model(X))[1]


class Routed(nn.Module):
    """Mixture of experts with a capacity: a token that finds its expert full goes nowhere."""

    def __init__(self):
        super().__init__()
        self.router = nn.Linear(4, 3, bias=False)
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, x):
        chosen = self.router(x).argmax(dim=1)
        chosen[0] = 1
        chosen[chosen == 2] = 1  # the last expert gets nothing
        out = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            mine = (chosen == number).nonzero()[:2, 0]
            out[mine] = expert(x[mine])
        return out


def test_an_expert_is_compared_on_its_own_tokens_and_one_without_any_has_learned_nothing_that_is_known():
    model = Routed()
    tokens = []
    model.experts[1].register_forward_pre_hook(lambda _, args: tokens.append(args[0].detach().clone()))
    before, found = moved(model, lambda model: model(X))
    [*_, mine] = tokens
    assert found["experts.1"] == pytest.approx(size(model.experts[1](mine) - before.experts[1](mine)), rel=1e-5)
    assert "experts.2" not in found


class Cut(nn.Module):
    """How much it returns depends on its weights."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.full((4,), -1.0))

    def forward(self, x):
        scores = x.abs() @ self.weight
        return scores[scores > -0.5 + 0 * scores.detach()] if float(self.weight.sum()) < -4 else scores


def test_an_output_whose_shape_depends_on_the_weights_is_named():
    model = Cut()
    parts = parts_of(model)
    start = {id(model.weight): torch.full((4,), -1.5)}
    found = observe(model, parts, lambda: model(X), start)
    assert found.refused == {"": "the shape of the output depends on the weights"}
    assert not found.modules[""].values


def test_autocast_does_not_hide_what_was_learned():
    model = nn.Linear(4, 3)

    def run(model):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model(X)

    before, found = moved(model, run)
    assert found[""] == pytest.approx(size(model(X) - before(X)), rel=1e-3)


class Holder:
    def __init__(self, h):
        self.h, self.me = h, self


class Steps(nn.Module):
    """Works on an object of one's own, and returns nothing."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, state):
        state.h = state.h @ self.weight


def test_an_object_that_a_module_changes_is_changed_once_and_its_parameter_followed():
    model = nn.ModuleDict({"steps": Steps(), "head": nn.Linear(4, 2)})

    def run(model):
        state = Holder(X)
        model["steps"](state)
        return model["head"](state.h)

    before, found = moved(model, run)
    assert found["steps.weight"] == pytest.approx(size(X @ (model["steps"].weight - before["steps"].weight)), rel=1e-5)
    h = X @ model["steps"].weight
    assert found["head"] == pytest.approx(size(model["head"](h) - before["head"](h)), rel=1e-5)


def test_what_is_called_inside_a_transform_is_named():
    model = nn.Linear(4, 3)
    parts = parts_of(model)
    start = {id(each): each.detach().clone() for each in parts.parameters.values()}
    found = observe(model, parts, lambda: torch.func.vmap(model)(X), start)
    assert found.refused == {"": "it is called inside a transform such as vmap"}


def test_a_module_of_torchscript_takes_no_hooks_and_is_no_part():
    with pytest.warns(DeprecationWarning, match="script"):
        scripted = torch.jit.script(nn.Linear(4, 3))
    assert list(parts_of(nn.ModuleList([scripted, nn.Linear(3, 2)])).modules) == ["1"]


class Once(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight, self.calls = nn.Parameter(torch.ones(4)), 0

    def forward(self, x):
        self.calls += 1
        if self.calls > 1:
            raise ValueError("only once")
        return x.numpy().sum() * self.weight


def test_a_call_that_cannot_be_repeated_is_named_and_is_no_fault_of_theirs():
    model = Once()
    parts = parts_of(model)
    found = observe(model, parts, lambda: model(X), {id(model.weight): torch.zeros(4)})
    assert found.refused == {"": "its call cannot be repeated (ValueError)"}
