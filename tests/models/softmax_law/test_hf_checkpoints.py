"""Checkpoints in Pythia's layout: tiny GPT-NeoX models with random weights, saved under the names of their steps."""

import shutil
import sys
from pathlib import Path

import pytest
import torch

from solv.models.language.huggingface import ModelError
from solv.models.softmax_law.hf_checkpoints import Checkpoint, checkpoint_statistics, find_checkpoints
from solv.models.softmax_law.prediction_statistics import prediction_statistics

TEXT = "for step in range(10):\n    print(step)\n" * 4


def save_checkpoint(folder: Path, seed: int) -> Path:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = {token: place for place, token in enumerate(["<|endoftext|>", *letters])}
    bytes_only = Tokenizer(models.BPE(vocab=tokens, merges=[]))
    bytes_only.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_only.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytes_only, eos_token="<|endoftext|>")
    torch.manual_seed(seed)
    config = GPTNeoXConfig(
        vocab_size=264,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=32,
        initializer_range=0.1 * seed,
    )
    GPTNeoXForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny-pythia")
    for seed, step in ((1, 1), (2, 64), (3, 1000)):
        save_checkpoint(folder / f"step{step}", seed)
    (folder / "notes").mkdir()
    return folder


def test_a_checkpoint_is_read_as_the_model_itself_reads_the_text(saved: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    checkpoint = find_checkpoints(str(saved), ["step64"], ())[0]
    found = checkpoint_statistics(checkpoint, TEXT, context=16, sequences=5, rows=2)
    model, tokenizer = (kind.from_pretrained(saved / "step64") for kind in (AutoModelForCausalLM, AutoTokenizer))
    tokens = torch.tensor(tokenizer(TEXT)["input_ids"])
    rows = torch.stack([tokens[16 * at : 16 * at + 17] for at in range(5)])
    expected = prediction_statistics(lambda read: model(input_ids=read).logits, [rows])
    assert found.tokens == 80
    assert found.loss == pytest.approx(expected.loss, rel=1e-5)
    assert found.scale == pytest.approx(expected.scale, rel=1e-5)
    assert found.entropy == pytest.approx(expected.entropy, rel=1e-5)


def test_too_short_a_text_or_too_long_a_context_is_one_clear_line(saved: Path) -> None:
    checkpoint = find_checkpoints(str(saved), ["step1"], ())[0]
    with pytest.raises(ModelError, match="the text has 2 tokens; valid: more than context = 16"):
        checkpoint_statistics(checkpoint, "ab", context=16, sequences=1)
    with pytest.raises(ModelError, match="at most 32 tokens, fewer than context = 64"):
        checkpoint_statistics(checkpoint, TEXT, context=64, sequences=1)


def test_a_folder_without_weights_is_one_clear_line(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved / "step1", tmp_path / "step1", ignore=shutil.ignore_patterns("*.safetensors"))
    with pytest.raises(ModelError, match="step1: no causal language model can be read") as fault:
        checkpoint_statistics(find_checkpoints(str(tmp_path), None, ())[0], TEXT, context=8, sequences=1)
    assert "\n" not in str(fault.value)


def test_all_checkpoints_of_a_folder_come_in_the_order_of_their_steps_without_the_untrained_one(tmp_path: Path) -> None:
    for name in ("step1000", "step0", "step64", "step8", "logs"):
        (tmp_path / name).mkdir()
    found = find_checkpoints(str(tmp_path), None, ["step1"])
    assert [each.step for each in found] == [8, 64, 1000]
    assert found[0] == Checkpoint(str(tmp_path / "step8"), "main", 8)


def test_a_hub_name_has_its_revisions_asked_for() -> None:
    assert find_checkpoints("owner/model", None, ["step2", "step1"]) == [
        Checkpoint("owner/model", "step1", 1),
        Checkpoint("owner/model", "step2", 2),
    ]
    assert find_checkpoints("owner/model", ["step512"], ["step1"])[0].revision == "step512"
    olmo = find_checkpoints("owner/model", ["stage1-step150-tokens1B", "stage1-step90000-tokens378B"], ())
    assert [each.step for each in olmo] == [150, 90_000]


def test_what_is_missing_is_named_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        find_checkpoints(str(tmp_path / "nowhere"), None, ())
    with pytest.raises(ModelError, match="no sub-folder called stepN; there: nothing"):
        find_checkpoints(str(tmp_path), None, ())
    for step in range(1, 12):
        (tmp_path / f"step{step}").mkdir()
    with pytest.raises(ModelError, match=r"no sub-folder step99; there: step1, step2.*and 3 more"):
        find_checkpoints(str(tmp_path), ["step1", "step99"], ())
    with pytest.raises(ModelError, match="checkpoint final is not called stepN"):
        find_checkpoints("owner/model", ["final"], ())


def test_without_transformers_the_message_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)  # importing it then fails as if it were not installed
    (tmp_path / "step1").mkdir()
    with pytest.raises(ModelError, match="extra `hf`"):
        checkpoint_statistics(find_checkpoints(str(tmp_path), None, ())[0], TEXT, context=8, sequences=1)
