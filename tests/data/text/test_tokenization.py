"""Do bytes and tokenizers of the user's give their tokens and the text back, and name what is missing?"""

import sys

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from solv.data.text.tokenization import TokenizerError, open_tokenizer


@pytest.fixture
def tokenizer(tmp_path):
    """A byte-pair tokenizer of 300 tokens, trained here, saved as its library does."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(["the cat sat on the mat and the dog sat on the cat"] * 20, trainer)
    made.decoder = decoders.ByteLevel()
    path = tmp_path / "tokenizer.json"
    made.save(str(path))
    return path


def test_a_tokenizer_gives_its_tokens_and_the_text_back(tokenizer):
    opened = open_tokenizer(str(tokenizer))
    assert opened.vocabulary == Tokenizer.from_file(str(tokenizer)).get_vocab_size()
    ids = opened.encode([b"the cat sat", "Grüße".encode()])
    assert [opened.decode(each) for each in ids] == ["the cat sat", "Grüße"]
    assert len(ids[0]) < len(b"the cat sat")
    assert opened.end == 0
    folder = open_tokenizer(str(tokenizer.parent))
    assert folder.identity["sha256"] == opened.identity["sha256"]


def test_bytes_are_tokens():
    opened = open_tokenizer("bytes")
    ids = opened.encode([b"\x00ab", b""])
    assert [list(each) for each in ids] == [[0, 97, 98], []]
    assert opened.decode([*"Grüße".encode(), opened.end]) == "Grüße"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("bytes", "x"), "token 256"), (("{}", "<none>"), "no token <none>"), (("{}/missing",), "cannot be loaded")],
)
def test_a_tokenizer_that_cannot_be_used_is_named(tokenizer, arguments, said):
    with pytest.raises(TokenizerError, match=said):
        open_tokenizer(*(each.format(tokenizer) for each in arguments))


def test_a_text_of_other_encoding_is_named(tokenizer):
    with pytest.raises(TokenizerError, match="not UTF-8"):
        open_tokenizer(str(tokenizer)).encode([b"\xff\xfe"])


def test_without_the_extra_the_installation_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(TokenizerError, match="extra `hf`"):
        open_tokenizer(__file__)


def test_a_tokenizer_opened_from_its_content_is_the_same(tokenizer, tmp_path):
    opened = open_tokenizer(str(tokenizer))
    again = tmp_path / "again.json"
    again.write_text(opened.content)
    reopened = open_tokenizer(str(again))
    assert reopened.identity == {**opened.identity, "name": str(again)}
    assert reopened.encode([b"the dog"]) == opened.encode([b"the dog"])
    assert open_tokenizer("bytes").content is None
