"""Does a model in Hugging Face's format learn completions by the one trainer? A tiny one with random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

from solv.models.language.huggingface import ModelError
from solv.models.language.training import Trainer, TrainingSettings
from solv.models.pita.completion import completion_loss
from solv.models.pita.hf_completion import Adapter, HuggingFaceCompleter
from tests.models.language.test_huggingface import save_model

PAIRS = [("p1 → p1|", "<success />"), ("p1|", "<failure />"), ("False → p2 ∧ p3|", "<tactic>intro h1</tactic>")]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("hub") / "tiny-llama")


@pytest.fixture(scope="module")
def trained(saved: Path) -> HuggingFaceCompleter:
    made = HuggingFaceCompleter(str(saved), rows=2)
    sequences = [made.sequence(*pair) for pair in PAIRS]
    longest = max(len(tokens) for tokens, _ in sequences)
    tokens = torch.tensor([line + [1] * (longest - len(line)) for line, _ in sequences])
    counted = torch.tensor([[start <= at < len(line) for at in range(longest)] for line, start in sequences])
    trainer = Trainer(made.module, TrainingSettings(1e-2), loss=completion_loss)
    trainer.train(lambda step: (tokens, counted), 120)
    return made


def test_what_was_learned_is_written_in_the_tokenizers_own_tokens(trained: HuggingFaceCompleter) -> None:
    prompts, completions = zip(*PAIRS, strict=True)
    assert trained.complete(prompts, 40) == list(completions)
    assert trained.complete(prompts[1:2], 3) == ["<fa"]


def test_the_log_likelihood_is_that_of_the_completion_and_its_end(saved: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    found = HuggingFaceCompleter(str(saved), rows=2).log_likelihoods(*zip(*PAIRS, strict=True))
    model, tokenizer = AutoModelForCausalLM.from_pretrained(saved), AutoTokenizer.from_pretrained(saved)
    expected = []
    for prompt, completion in PAIRS:
        before = tokenizer(prompt)["input_ids"]
        both = torch.tensor([before + tokenizer(completion, add_special_tokens=False)["input_ids"] + [1]])
        with torch.no_grad():
            logits = model(both).logits[0].log_softmax(-1)
        expected.append(sum(float(logits[at - 1, both[0, at]]) for at in range(len(before), both.shape[1])))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        HuggingFaceCompleter(str(tmp_path / "none"))


@pytest.fixture
def peft() -> None:
    pytest.importorskip("peft", reason="the extra hf, as it is since adapters are trained")


def test_adapters_alone_are_trained_and_learn(saved: Path, peft: None) -> None:
    made = HuggingFaceCompleter(str(saved), rows=2, adapter=Adapter(rank=8, dropout=0.0), seed=1)
    names = [name for name, value in made.module.named_parameters() if value.requires_grad]
    assert names
    assert all("lora" in name for name in names)
    fixed = {name: each.clone() for name, each in made.module.named_parameters() if not each.requires_grad}
    sequences = [made.sequence(*pair) for pair in PAIRS[:2]]
    longest = max(len(tokens) for tokens, _ in sequences)
    tokens = torch.tensor([line + [1] * (longest - len(line)) for line, _ in sequences])
    counted = torch.tensor([[start <= at < len(line) for at in range(longest)] for line, start in sequences])
    before = float(completion_loss(made.module, (tokens, counted))[0].detach())
    Trainer(made.module, TrainingSettings(1e-2), loss=completion_loss).train(lambda step: (tokens, counted), 60)
    assert float(completion_loss(made.module, (tokens, counted))[0].detach()) < before / 2
    assert all(torch.equal(each, fixed[name]) for name, each in made.module.named_parameters() if name in fixed)
    assert len(made.complete([PAIRS[0][0]], 3)) == 1


def test_adapters_start_as_the_model_and_are_drawn_from_their_seed(saved: Path, peft: None) -> None:
    plain = HuggingFaceCompleter(str(saved), rows=2).log_likelihoods(*zip(*PAIRS, strict=True))
    one, other = (HuggingFaceCompleter(str(saved), rows=2, adapter=Adapter(), seed=seed) for seed in (1, 1))
    np.testing.assert_allclose(one.log_likelihoods(*zip(*PAIRS, strict=True)), plain, rtol=1e-5)
    drawn = [dict(made.module.named_parameters()) for made in (one, other)]
    assert all(torch.equal(value, drawn[1][name]) for name, value in drawn[0].items())


def test_four_bits_need_a_gpu(saved: Path) -> None:
    with pytest.raises(ModelError, match="four bits need an NVIDIA GPU; valid on cpu: lora, full"):
        HuggingFaceCompleter(str(saved), adapter=Adapter(four_bit=True))
