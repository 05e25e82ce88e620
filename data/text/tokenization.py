"""How do documents become tokens? As bytes, or by a Hugging Face tokenizer (extra `hf`, imported when it is asked for).

A byte is a token, and 256 ends a document. Of a tokenizer of the user's no special tokens are added but the end.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_ENDS = ("</s>", "<|endoftext|>", "<|end_of_text|>", "<eos>", "[SEP]")


class TokenizerError(ValueError):
    """A tokenizer cannot be used; the message is one line that names it and what to do."""


@dataclass(frozen=True)
class Tokenization:
    """A tokenizer.

    Attributes:
        identity: name and digest, JSON-ready; equal identities give equal tokens.
        vocabulary: number of tokens, the end included.
        end: the token after a document.
        encode: documents to tokens.
        decode: tokens to text.
        content: what `open_tokenizer` can read it back from (the text of a tokenizer.json); None: bytes.
    """

    identity: Mapping[str, Any]
    vocabulary: int
    end: int
    encode: Callable[[Sequence[bytes]], Sequence[Sequence[int]]]
    decode: Callable[[Sequence[int]], str]
    content: str | None = None


def open_tokenizer(name: str = "bytes", end: str | None = None) -> Tokenization:
    """Return a tokenizer.

    Args:
        name: "bytes", a tokenizer.json, a folder that holds one, or a name on the hub.
        end: text of the token after a document; None: the first of a few usual ones that the vocabulary has.

    Raises:
        TokenizerError: the extra is not installed, there is no such tokenizer, or it has no such end.
    """
    if name == "bytes":
        if end is not None:
            raise TokenizerError(f"--end {end}: of bytes the end is token 256; give it with a tokenizer of your own")
        return Tokenization({"name": "bytes"}, 257, 256, _encode_bytes, _decode_bytes)
    backend = _load(name)
    known = [each for each in ((end,) if end else _ENDS) if backend.token_to_id(each) is not None]
    if not known:
        asked = end or f"none of {', '.join(_ENDS)}"
        raise TokenizerError(f"tokenizer {name} has no token {asked}; name its end of a document with --end TOKEN")
    backend.no_truncation()
    backend.no_padding()
    content = backend.to_str()
    identity = {"name": name, "end": known[0], "sha256": hashlib.sha256(content.encode()).hexdigest()}

    def encode(documents: Sequence[bytes]) -> Sequence[Sequence[int]]:
        try:
            texts = [document.decode() for document in documents]
        except UnicodeDecodeError as error:
            raise TokenizerError(
                f"a document is not UTF-8 ({error}); choose files with --pattern, or --tokenizer bytes"
            ) from None
        return [each.ids for each in backend.encode_batch(texts, add_special_tokens=False)]

    def decode(tokens: Sequence[int]) -> str:
        text: str = backend.decode(list(map(int, tokens)), skip_special_tokens=False)
        return text

    vocabulary = backend.get_vocab_size(with_added_tokens=True)
    return Tokenization(identity, vocabulary, backend.token_to_id(known[0]), encode, decode, content)


def _load(name: str) -> Any:
    """Return a `tokenizers.Tokenizer`."""
    path = Path(name).expanduser()
    file = path / "tokenizer.json" if path.is_dir() else path
    try:
        if file.is_file():
            from tokenizers import Tokenizer

            return Tokenizer.from_file(str(file))
        if path.is_absolute() or name.startswith(".") or name.endswith(".json"):
            raise FileNotFoundError("no such file or folder")
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(name, use_fast=True).backend_tokenizer
    except ImportError:
        raise TokenizerError(
            f"tokenizer {name} needs the extra `hf`, `solv doctor` says how to install it; or use bytes"
        ) from None
    except Exception as error:  # the hub's client raises errors of many libraries
        reason = (" ".join(str(error).split()) or type(error).__name__)[:120]
        raise TokenizerError(
            f"tokenizer {name} cannot be loaded ({reason}); valid: a tokenizer.json, its folder, a name on the hub "
            "(with a network), or bytes"
        ) from None


def _encode_bytes(documents: Sequence[bytes]) -> Sequence[Any]:
    return [np.frombuffer(document, dtype=np.uint8) for document in documents]


def _decode_bytes(tokens: Sequence[int]) -> str:
    return bytes(int(token) for token in tokens if token < 256).decode(errors="replace")
