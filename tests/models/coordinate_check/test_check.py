"""Does the coordinate check tell a parameterization that transfers from one that does not, on any module?"""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from solv.models.coordinate_check import FactoryError, Subject, check_coordinates
from solv.models.coordinate_check.check import row_names

sys.path.insert(0, str(Path(__file__).parents[3] / "docs" / "examples"))
import two_perceptrons

WIDTHS = [64, 128, 256, 512]


def by_module(found):
    return {each.module: each for each in found.modules}


def test_standard_parameterization_grows_and_the_transferring_one_stays():
    standard = by_module(check_coordinates(two_perceptrons.standard, WIDTHS, seeds=16))
    transferring = by_module(check_coordinates(two_perceptrons.transferring, WIDTHS, seeds=16))
    assert standard["2"].verdict == "grows"
    assert standard["2"].slope == pytest.approx(1, abs=0.2)
    assert transferring["2"].verdict == "order one"
    assert standard["0"].verdict == transferring["0"].verdict == "order one"


def test_the_learned_part_of_a_linear_layer_is_its_input_times_what_its_weights_gained():
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(1))
    made = {}

    def build(width):
        model = nn.Linear(3, width, bias=False)
        made[width] = model, model.weight.detach().clone()
        return Subject(model, torch.optim.SGD(model.parameters(), 0.1), lambda step: model(x).square().mean())

    [found] = check_coordinates(build, [4, 8], steps=3, seeds=1).modules
    for column, width in enumerate([4, 8]):
        model, start = made[width]
        expected = float((x @ (model.weight.detach() - start).T).square().mean().sqrt())
        assert found.learned[0, column] == pytest.approx(expected, rel=1e-5)
        assert found.change[0, column] == pytest.approx(expected, rel=1e-5)  # the input does not change
    assert math.isnan(found.error)
    assert found.verdict == "undecided"


def test_a_frozen_module_does_not_learn_and_an_embedding_does():
    tokens = torch.arange(5)

    def build(width):
        model = nn.Sequential(nn.Embedding(5, width), nn.LayerNorm(width), nn.Linear(width, 2))
        model[2].requires_grad_(False)
        trained = [*model[0].parameters(), *model[1].parameters()]
        return Subject(model, torch.optim.Adam(trained, 0.01), lambda step: model(tokens).square().mean())

    found = by_module(check_coordinates(build, [8, 16], seeds=2))
    assert found["2"].verdict == "does not learn"
    assert np.isfinite(found["0"].slope)
    assert np.isfinite(found["1"].slope)


@pytest.mark.parametrize(
    ("sizes", "rest"), [([4], {}), ([4, 4], {}), ([0, 4], {}), ([4, 8], {"steps": 0}), ([4, 8], {"seeds": 0})]
)
def test_wrong_numbers_are_named(sizes, rest):
    with pytest.raises(ValueError, match="valid"):
        check_coordinates(two_perceptrons.standard, sizes, **rest)


def test_a_factory_of_something_else_is_named():
    with pytest.raises(TypeError, match="Linear"):
        check_coordinates(lambda width: nn.Linear(1, width), [4, 8])


X = torch.randn(32, 8, generator=torch.Generator().manual_seed(3))


def trained(model, loss, lr=1e-2):
    return Subject(model, torch.optim.Adam(model.parameters(), lr), loss)


def test_the_experts_of_a_mixture_see_other_tokens_after_training_and_are_judged_all_the_same():
    class Mixture(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.embed, self.router = nn.Linear(8, width), nn.Linear(width, 4, bias=False)
            self.experts, self.head = nn.ModuleList(nn.Linear(width, width) for _ in range(4)), nn.Linear(width, 1)

        def forward(self, x):
            hidden = torch.relu(self.embed(x))
            weight, chosen = torch.softmax(self.router(hidden), dim=-1).max(dim=-1)
            out = torch.zeros_like(hidden)
            for number, expert in enumerate(self.experts):
                mine = chosen == number
                if mine.any():
                    out[mine] = weight[mine, None] * expert(hidden[mine])
            return self.head(hidden + out)

    def build(width):
        model = Mixture(width)
        return trained(model, lambda step: (model(X).squeeze(-1) - X.sum(dim=1)).square().mean(), 1e-3)

    found = by_module(check_coordinates(build, [32, 64, 128], seeds=4))
    assert list(found) == ["embed", "router", *(f"experts.{number}" for number in range(4)), "head"]
    for name in ("router", "head"):
        assert found[name].verdict == "grows"
    for number in range(4):
        expert = found[f"experts.{number}"]
        assert expert.verdict in ("grows", "undecided", "not measured")
        assert ("called on nothing" in expert.note) == bool(np.isnan(expert.learned).any())
    assert any(np.isnan(found[f"experts.{number}"].change_slope) for number in range(4))


def overflowing(width):
    model = nn.Sequential(nn.Linear(width, 1, bias=False))
    nn.init.zeros_(model[0].weight)
    x = torch.ones(1, width)
    return Subject(model, torch.optim.SGD(model.parameters(), 1e3), lambda step: (model(x) - 1).square().mean() / 2)


@pytest.mark.parametrize("steps", [7, 8])  # infinite, not a number
def test_a_model_that_overflows_at_one_width_diverges_there_and_is_judged_at_the_others(steps):
    [found] = check_coordinates(overflowing, [8, 64, 1024], steps=steps, seeds=2).modules
    assert found.verdict == "diverges"
    assert found.note == "not finite at 1024"
    assert found.slope == pytest.approx(steps, rel=0.01)  # the error is multiplied by about 1000 n a step
    assert np.isfinite(found.learned[:, :2]).all()


def test_what_nothing_is_known_of_is_listed_with_its_size():
    class Partly(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.used, self.spare = nn.Linear(8, width), nn.Linear(width, 3)
            self.lonely = nn.Parameter(torch.ones(width))

        def forward(self, x):
            return self.used(x)

    def build(width):
        model = Partly(width)
        return trained(model, lambda step: model(X).square().mean())

    found = check_coordinates(build, [16, 32], seeds=2)
    assert [(each.module, each.parameters) for each in found.not_measured] == [
        ("(model)", ("lonely",)),
        ("spare", ("weight", "bias")),
    ]
    assert (found.tensors_left_out, found.tensors) == (3, 5)
    assert (found.values_left_out, found.values) == (32 + 32 * 3 + 3, 32 + 32 * 3 + 3 + 32 * 9)


def test_bare_parameters_are_measured_one_by_one():
    class Bare(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.table = nn.Parameter(torch.randn(5, width))
            self.layers = nn.ParameterList([nn.Parameter(torch.randn(width, width) / width**0.5) for _ in range(2)])
            self.out = nn.Linear(width, 1)

        def forward(self, ids):
            h = self.table[ids]
            for layer in self.layers:
                h = torch.tanh(h @ layer)
            return self.out(h)

    def build(width):
        model = Bare(width)
        return trained(model, lambda step: (model(torch.arange(5)) - 1).square().mean(), 1e-4)

    found = check_coordinates(build, [16, 64, 256], seeds=4)
    assert not found.not_measured
    rows = by_module(found)
    assert list(rows) == ["table", "layers.0", "layers.1", "out"]
    assert rows["table"].verdict == "order one"
    assert rows["layers.0"].verdict == rows["layers.1"].verdict == "grows"


def test_layers_of_a_deeper_model_share_a_row_and_so_do_more_experts():
    def build(depth):
        layers = [layer for _ in range(depth) for layer in (nn.Linear(16, 16), nn.ReLU())]
        model = nn.ModuleDict({"embed": nn.Linear(8, 16), "layers": nn.Sequential(*layers), "head": nn.Linear(16, 1)})
        return trained(model, lambda step: model["head"](model["layers"](model["embed"](X))).square().mean())

    found = check_coordinates(build, [2, 4], seeds=2)
    assert [each.module for each in found.modules] == ["embed", "layers.*", "head"]
    assert not found.not_measured


def test_a_model_of_which_nothing_can_be_measured_is_refused_with_the_reason():
    def build(width):
        model = nn.Linear(8, width)
        return trained(model, lambda step: torch.func.vmap(model)(X).square().mean())

    with pytest.raises(ValueError, match=r"\(model\): it is called inside a transform such as vmap"):
        check_coordinates(build, [8, 16], seeds=2)


def test_rows_are_told_apart_by_shape_where_a_pattern_has_several():
    small = {"0": ((4, 8),), "1": ((4, 4),), "2": ((1, 4),)}
    large = {"0": ((4, 8),), "1": ((4, 4),), "2": ((4, 4),), "3": ((1, 4),)}
    rows = row_names([small, large])
    assert rows[0] == {"0": "* (4 x 8)", "1": "* (4 x 4)", "2": "* (1 x 4)"}
    assert rows[1] == {"0": "* (4 x 8)", "1": "* (4 x 4)", "2": "* (4 x 4)", "3": "* (1 x 4)"}
    assert row_names([small, small])[0] == {"0": "0", "1": "1", "2": "2"}


def test_a_factory_that_seeds_itself_or_ignores_the_size_is_noted():
    def seeded(width):
        torch.manual_seed(0)
        model = nn.Linear(8, width)
        return trained(model, lambda step: model(X).square().mean())

    def ignoring(width):
        model = nn.Linear(8, 4)
        return trained(model, lambda step: model(X).square().mean())

    found = check_coordinates(seeded, [8, 16], seeds=3)
    assert found.modules[0].verdict == "undecided"
    assert "all 3 seeds gave the same numbers" in found.notes[0]
    assert "does the factory use it" in check_coordinates(ignoring, [8, 16], seeds=2).notes[0]
    assert "one seed" in check_coordinates(ignoring, [8, 16], seeds=1).notes[0]


def test_a_model_that_is_returned_twice_and_one_without_parameters_are_refused():
    model = nn.Linear(8, 2)
    with pytest.raises(FactoryError, match="same model again"):
        check_coordinates(lambda width: trained(model, lambda step: model(X).square().mean()), [8, 16])
    empty = nn.ReLU()
    other = [torch.optim.SGD([nn.Parameter(torch.ones(1))], 1)]
    with pytest.raises(FactoryError, match="no parameters"):
        check_coordinates(lambda width: Subject(empty, other, lambda step: empty(X).mean()), [8, 16])


def language_model(name, **config):
    """A tiny random model of transformers, whose loss is its whole output."""
    transformers = pytest.importorskip("transformers")
    transformers.logging.set_verbosity_error()

    def build(width):
        sizes = {"n_embd": width} if name == "GPT2" else {"hidden_size": width, "intermediate_size": 2 * width}
        common = {"vocab_size": 16, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
        settings = getattr(transformers, f"{name}Config")(**{**common, **sizes, **config})
        model = getattr(transformers, f"{name}{'LMHeadModel' if name == 'GPT2' else 'ForCausalLM'}")(settings)

        def loss(step):
            ids = torch.randint(0, 16, (4, 8), generator=torch.Generator().manual_seed(step))
            return model(input_ids=ids, labels=ids)

        return trained(model, loss, 1e-3)

    return build


HEADS = {"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 16}
LAYOUTS = [
    ("GPT2", {"n_layer": 1, "n_head": 2, "n_positions": 16}, ("transformer.h.0.attn.c_attn", "lm_head")),
    ("Llama", HEADS, ("model.layers.0.self_attn.o_proj", "lm_head")),
    ("Mixtral", {**HEADS, "num_local_experts": 4, "num_experts_per_tok": 2}, ("model.layers.0.mlp.experts", "lm_head")),
    ("Olmoe", {**HEADS, "num_experts": 4, "num_experts_per_tok": 2}, ("model.layers.0.mlp.experts", "lm_head")),
]


@pytest.mark.parametrize(("name", "config", "parts"), LAYOUTS, ids=[layout[0] for layout in LAYOUTS])
def test_models_of_transformers_are_measured_to_their_last_parameter(name, config, parts):
    found = check_coordinates(language_model(name, **config), [16, 64], steps=3, seeds=2)
    assert not found.not_measured
    rows = by_module(found)
    for part in parts:
        growing = [row for row in rows.values() if row.module.startswith(part)]
        assert growing
        assert all(row.slope > 0.4 for row in growing)
    embedding = "transformer.wte" if name == "GPT2" else "model.embed_tokens"
    assert abs(rows[embedding].slope) < 0.15


def test_batches_from_a_generator_and_models_in_half_precision():
    def build(width, dtype=torch.bfloat16):
        model = nn.Sequential(nn.Linear(8, width), nn.Tanh(), nn.Linear(width, 1)).to(dtype)
        batches = (X[place % 16 : place % 16 + 16].to(dtype) for place in range(100))
        return trained(model, lambda: model(next(batches)).float().square().mean())

    half = by_module(check_coordinates(build, [16, 64, 256], seeds=3))
    single = by_module(check_coordinates(lambda width: build(width, torch.float32), [16, 64, 256], seeds=3))
    assert half["2"].slope == pytest.approx(single["2"].slope, abs=0.1)
    assert half["0"].slope == pytest.approx(single["0"].slope, abs=0.1)


def test_a_learning_rate_of_zero_is_the_reason_that_nothing_is_learned():
    def build(width):
        model = nn.Linear(8, width)
        return trained(model, lambda step: model(X).square().mean(), 0.0)

    [found] = check_coordinates(build, [8, 16]).modules
    assert (found.verdict, found.note) == ("does not learn", "its learning rate is 0")
