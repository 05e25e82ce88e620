"""Are the parameters of known and of own layouts grouped, scaled and trained as the table says?"""

import importlib.util

import pytest
import torch
from torch import nn

import solv
from solv.harness.moe_parameters import Layout, parameterize
from solv.models.coordinate_check import Subject

HAS_TRANSFORMERS = importlib.util.find_spec("transformers") is not None
needs_transformers = pytest.mark.skipif(not HAS_TRANSFORMERS, reason="needs transformers")
COMMON = {"num_attention_heads": 4, "vocab_size": 40, "max_position_embeddings": 32, "eos_token_id": None}
SHARED = {"moe_intermediate_size": "hidden", "first_k_dense_replace": 1, "n_shared_experts": 1}
LATENT = {
    **SHARED, "kv_lora_rank": 16, "qk_rope_head_dim": 4, "qk_nope_head_dim": 8, "v_head_dim": 8, "n_group": 1,
    "topk_group": 1,
}  # fmt: skip
FAMILIES = {
    "mixtral": ("MixtralConfig", {"intermediate_size": "hidden", "num_local_experts": 4}, 2),
    "olmoe": ("OlmoeConfig", {"intermediate_size": "hidden", "num_experts": 4}, 2),
    "qwen2_moe": (
        "Qwen2MoeConfig",
        {"moe_intermediate_size": "hidden", "shared_expert_intermediate_size": 16, "num_experts": 4},
        2,
    ),
    "qwen3_moe": ("Qwen3MoeConfig", {"moe_intermediate_size": "hidden", "head_dim": 8, "num_experts": 4}, 2),
    "deepseek_v2": ("DeepseekV2Config", {**LATENT, "q_lora_rank": None, "n_routed_experts": 4}, 4),
    "deepseek_v3": ("DeepseekV3Config", {**LATENT, "q_lora_rank": 12, "n_routed_experts": 4}, 4),
}


def language_model(family, width=32, layers=2, hidden=24, device="cpu", **more):
    import transformers

    kind, own, heads = FAMILIES[family]
    own = {name: hidden if value == "hidden" else value for name, value in own.items()}
    config = {**COMMON, "num_key_value_heads": heads, "num_experts_per_tok": 2, **own, **more}
    made = getattr(transformers, kind)(hidden_size=width, num_hidden_layers=layers, **config)
    made._attn_implementation = "eager"
    with torch.device(device):
        return transformers.AutoModelForCausalLM.from_config(made)


@needs_transformers
@pytest.mark.parametrize("family", FAMILIES)
def test_every_parameter_of_a_known_layout_has_a_group_and_a_factor(family):
    model, base = language_model(family, 64, 4, 48, device="meta"), language_model(family, device="meta")
    found = parameterize(model, base)
    names = [name for each in found.groups for name in each.names]
    assert sorted(names) == sorted(name for name, _ in model.named_parameters())
    assert (found.branch, found.logits) == (0.5, 0.5)
    by_group = {each.group: each for each in found.groups if any("experts" in name for name in each.names)}
    assert by_group["up"].rate == 0.5
    assert by_group["down"].deviation == pytest.approx(2**-0.5)  # sqrt(N)/H, both doubled
    router = next(each for each in found.groups if each.group == "router")
    assert (router.deviation, router.rate) == (0.5, 0.5)
    assert found.parameters == sum(each.numel() for each in model.parameters())
    assert found.active is not None
    assert found.active < found.parameters
    assert {each.decay for each in found.groups if each.group in ("norm", "bias")} == {0.0}


@needs_transformers
def test_the_base_itself_has_the_factor_one_everywhere():
    base = language_model("mixtral", device="meta")
    found = parameterize(base, base)
    assert {(each.deviation, each.rate, each.epsilon) for each in found.groups} == {(1.0, 1.0, 1.0)}
    assert found.warnings == ()


@needs_transformers
def test_what_must_not_change_is_said():
    base = language_model("mixtral", device="meta")
    sparser = language_model("mixtral", device="meta", num_local_experts=8)
    [said] = parameterize(sparser, base).warnings
    assert "2/8, in the base 2/4" in said
    [said] = parameterize(language_model("mixtral", 64, device="meta"), base).warnings
    assert "16 coordinates, in the base 8" in said


@needs_transformers
def test_active_parameters_leave_out_the_idle_experts_alone():
    found = parameterize(*[language_model("qwen2_moe", device="meta")] * 2)
    assert found.parameters - found.active == 2 * 2 * 3 * 32 * 24  # layers, idle experts, matrices


class Network(nn.Module):
    """Matrices as their own code has them: inputs along the first axis."""

    def __init__(self, width, hidden, layers=2):
        super().__init__()
        self.table = nn.Parameter(torch.randn(10, width))
        self.blocks = nn.ModuleList(Block(width, hidden) for _ in range(layers))
        self.head = nn.Linear(width, 10, bias=False)

    def forward(self, tokens):
        stream = self.table[tokens]
        for block in self.blocks:
            stream = stream + block(stream)
        return self.head(stream)


class Block(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.inward = nn.Parameter(torch.randn(3, width, hidden))
        self.outward = nn.Parameter(torch.randn(3, hidden, width))
        self.shift = nn.Parameter(torch.ones(width))

    def forward(self, stream):
        return (stream @ self.inward[0]).relu() @ self.outward[0] + self.shift


OWN = Layout(
    rules=(("table", "embedding"), ("inward", "up"), ("outward", "down"), ("shift", "bias"), ("head", "unembedding")),
    branches=r"^blocks\.\d+$",
    head=r"^head$",
    axis=-2,
)


def test_a_layout_of_ones_own_is_a_list_of_rules():
    found = parameterize(Network(16, 64, 4), Network(8, 8), OWN)
    factors = {each.group: (each.deviation, each.rate) for each in found.groups}
    assert factors["up"] == (2**-0.5, 0.5)
    assert factors["down"] == (pytest.approx(2**0.5 / 8), 1 / 8)
    assert factors["embedding"] == factors["bias"] == (1, 1)
    assert (found.branch, found.logits, found.active) == (0.5, 0.5, None)
    by_fan_in = parameterize(Network(16, 64, 4), Network(8, 8), OWN, "transfer")
    assert {each.group: each.deviation for each in by_fan_in.groups}["down"] == pytest.approx(8**-0.5)
    assert list(found.frame()["group"]) == ["embedding", "up", "down", "bias", "unembedding"]


def test_groups_go_to_an_optimizer_and_are_drawn_with_their_deviation():
    model = Network(64, 256)
    found = parameterize(model, Network(32, 32), OWN)
    groups = found.optimizer_groups(0.1, 1e-8, 0.01)
    torch.optim.AdamW(groups)
    rates = {each["name"]: each["lr"] for each in groups}
    assert rates == pytest.approx({"embedding": 0.1, "up": 0.05, "down": 0.1 / 8, "bias": 0.1, "unembedding": 0.1})
    decays = {each["name"]: each["weight_decay"] for each in groups}
    assert decays["down"] * rates["down"] == pytest.approx(decays["embedding"] * rates["embedding"])
    assert decays["bias"] == 0
    found.initialize(0.1, torch.Generator().manual_seed(0))
    assert float(model.blocks[0].outward.detach().std()) == pytest.approx(0.1 * 2**0.5 / 8, rel=0.02)
    assert float(model.blocks[0].inward.detach().std()) == pytest.approx(0.1 * 2**-0.5, rel=0.02)
    assert float(model.blocks[1].shift.detach().abs().max()) == 0
    with pytest.raises(ValueError, match="rate of the group"):
        found.optimizer_groups({"up": 0.1})


def test_multipliers_act_on_what_branches_add_and_on_logits():
    model = Network(8, 8)
    tokens = torch.tensor([1, 2])
    stream = model.table[tokens]
    expected = stream + 0.5 * model.blocks[0](stream)
    expected = 0.25 * model.head(expected + 0.5 * model.blocks[1](expected))
    found = parameterize(model, Network(2, 2, layers=1), OWN)
    handles = found.apply_multipliers()
    torch.testing.assert_close(model(tokens), expected)
    for handle in handles:
        handle.remove()
    assert not torch.allclose(model(tokens), expected)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: parameterize(Network(8, 8), Network(8, 8)), "no rule says"),
        (lambda: parameterize(Network(8, 8), Network(8, 8), OWN, "none"), "table"),
        (lambda: parameterize(Network(8, 8), nn.Linear(2, 2), OWN), "the base has no parameter like"),
        (lambda: parameterize(Network(8, 8), Network(8, 8), Layout((("", "x"),), "", "")), "group 'x'"),
    ],
)
def test_what_cannot_be_compared_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@needs_transformers
def test_under_our_groups_no_part_of_a_mixtral_learns_faster_as_it_widens():
    """The coordinate check of a model of `transformers`: with one rate for all, read-out and router do."""
    base = language_model("mixtral", 32, 2, 32, device="meta", num_attention_heads=2, head_dim=16)

    def build(scaled):
        def of(width):
            heads = {"num_attention_heads": width // 16, "num_key_value_heads": width // 16, "head_dim": 16}
            model = language_model("mixtral", width, 2, width, **heads)
            groups = model.parameters()
            if scaled:
                found = parameterize(model, base)
                found.initialize(0.1)
                found.apply_multipliers()
                groups = found.optimizer_groups(2.0**-7, 1e-12)
            optimizer = torch.optim.Adam(groups, lr=2.0**-9, betas=(0.9, 0.95), eps=1e-12)

            def loss(step):
                tokens = torch.randint(6, (2, 8), generator=torch.Generator().manual_seed(0))
                return model(tokens, labels=tokens).loss

            return Subject(model, optimizer, loss)

        return of

    slopes = {}
    for scaled in (True, False):
        check = solv.coordinate_check(build(scaled), [32, 64, 128], steps=4, seeds=2, size="width")
        slopes[scaled] = {each.module: each.slope for each in check}
    assert slopes[False]["lm_head"] > 0.4
    assert slopes[False]["model.layers.0.mlp.experts.down_proj"] > 1
    assert max(slopes[True].values()) < 0.3
