"""Does the plan for a larger mixture of experts say what the paper's table does, and refuse what it cannot read?"""

import importlib.util
import json

import pytest

from solv.harness.plans.experts import plan_experts
from solv.harness.settings import ConfigurationError

BASE = "width: 512\nlayers: 8\nhidden: 512\nexperts: 4\nactive: 1\n"
LARGE = "width: 1024\nlayers: 16\nhidden: 4096\nexperts: 8\nactive: 2\n"
needs_transformers = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="builds models of transformers"
)


@pytest.fixture
def file(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_factors_are_those_of_the_papers_table(file):
    plan = plan_experts(file("base.yaml", BASE), file("large.yaml", LARGE))
    rows = {row[0]: row[2:] for row in plan.rows}
    assert rows["query_key"] == ("x 0.7071", "x 0.5", "x 0.25", "x 2")
    assert rows["router"] == ("x 0.5", "x 0.5", "x 0.25", "x 2")
    assert rows["down"] == ("x 0.1768", "x 0.125", "x 0.01562", "x 8")
    assert rows["norm"] == ("-", "x 1", "x 1", "x 0")
    assert rows["embedding"] == ("x 1", "x 1", "x 0.5", "x 1")
    assert plan.decision[0].startswith(
        "multiply what each branch adds by 0.5 of the base's factor, and the logits by 0.5"
    )
    assert "51504672 (51.5 M), active 38897184 (38.9 M)" in plan.decision[1]
    assert plan.decision[2].startswith("the active fraction")
    json.dumps(plan.as_dictionary(), allow_nan=False)


def test_values_are_shown_where_the_base_has_them(file):
    base = file("base.yaml", BASE + "deviation: 0.015625\nrate: 0.0625\n")
    rows = {row[0]: row[2:] for row in plan_experts(base, file("large.yaml", LARGE), "transfer").rows}
    assert rows["up"][:2] == (pytest.approx(0.015625 * 2**-0.5), 0.03125)
    assert rows["down"][0] == pytest.approx(0.015625 * 8**-0.5)
    assert rows["up"][2].startswith("x ")


def test_what_must_not_change_is_said(file):
    sparse = file("sparse.yaml", LARGE.replace("experts: 8", "experts: 16") + "head_width: 128\n")
    said = plan_experts(file("base.yaml", BASE), sparse).decision[2:]
    assert said == (
        "this does not transfer: active fraction K/E is 0.125, in the base 0.25",
        "this does not transfer: coordinates of a head is 128, in the base 64",
    )


@pytest.mark.parametrize(
    ("base", "target", "said"),
    [
        (BASE.replace("width: 512\n", ""), LARGE, "base.yaml: width is missing"),
        (BASE + "depth: 3\n", LARGE, "unknown depth; valid: width"),
        (BASE, LARGE + "rate: 0.1\n", "rate belong to the base"),
        (BASE + "rate: 0\n", LARGE, "rate = 0; valid: a number > 0"),
        (BASE, LARGE.replace("active: 2", "active: 9"), "active = 9 is more than experts = 8"),
        (BASE, "- 1\n", "holds no keys"),
        (BASE, "a: [", "neither YAML nor JSON"),
        (BASE, '{"model_type": "mixtral"}', "two configurations of transformers"),
    ],
)
def test_what_cannot_be_planned_is_one_line(file, base, target, said):
    with pytest.raises(ConfigurationError, match=said.replace("(", "\\(")):
        plan_experts(file("base.yaml", base), file("large.yaml", target))


def test_a_file_that_is_not_there_and_a_table_that_is_none_are_named(file, tmp_path):
    with pytest.raises(ConfigurationError, match=r"nothing\.yaml"):
        plan_experts(tmp_path / "nothing.yaml", file("large.yaml", LARGE))
    with pytest.raises(ConfigurationError, match="valid: standard, transfer, paper"):
        plan_experts(file("base.yaml", BASE), file("large.yaml", LARGE), "sp")


@needs_transformers
def test_configurations_of_transformers_are_built_without_weights(file):
    small = {
        "model_type": "mixtral", "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 4, "num_local_experts": 4, "num_experts_per_tok": 1,
        "vocab_size": 100,
    }  # fmt: skip
    large = {
        **small,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_attention_heads": 256,
        "num_hidden_layers": 8,
    }
    plan = plan_experts(file("base.json", json.dumps(small)), file("large.json", json.dumps(large)))
    rows = {row[0]: row for row in plan.rows}
    assert rows["down"][1] == 8 * 4 * 4096 * 14336
    assert rows["down"][3] == "x 0.004464"  # 64 / 14336
    assert "multiply what each branch adds by 0.25" in plan.decision[0]
    with pytest.raises(ConfigurationError, match="base"):
        plan_experts(file("base.json", '{"model_type": "no-such"}'), file("large.json", json.dumps(large)))
