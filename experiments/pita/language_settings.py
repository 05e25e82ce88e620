"""What can be set for the language models of pita (E2)? The defaults are the quick preset."""

from dataclasses import dataclass

from solv.harness.settings import group, integer, integers, real, text

SPLITS = ("full", "implies", "or", "php")


@dataclass(frozen=True)
class Broad:
    """Statements of a broad, shallow split."""

    split: str = text("full", "split of the data set", choices=SPLITS)
    leaves: tuple[int, ...] = integers([3, 4], "sizes of statements (or: atoms of the tree; php has none)", least=1)
    threshold: int = integer(4, "longest trace that is trained on", least=1)
    lengths: tuple[int, ...] = integers([2, 3, 4, 6, 8], "longest traces of the bins that are tested", least=1)


@dataclass(frozen=True)
class Deep:
    """Statements of a narrow, deep split."""

    split: str = text("or", "split of the data set", choices=SPLITS)
    leaves: tuple[int, ...] = integers([2, 3, 4], "as of the broad split", least=1)
    threshold: int = integer(6, "longest trace that is trained on", least=1)
    lengths: tuple[int, ...] = integers([4, 6, 8], "longest traces of the bins that are tested", least=1)


@dataclass(frozen=True)
class SmallDecoder:
    """The decoder that is trained from scratch."""

    width: int = integer(64, "of the decoder", least=4)
    layers: int = integer(1, "of the decoder", least=1)
    heads: int = integer(4, "of the decoder", least=1)
    positions: str = text("rotary", "positions of the decoder", choices=("rotary", "learned", "none"))


@dataclass(frozen=True)
class Pretrained:
    """A causal language model in Hugging Face's format (extra `hf`), fine-tuned instead."""

    model: str | None = text(None, "folder or hub name; null: train small decoders from scratch")
    rows: int = integer(16, "sequences that go through it at once when it answers", least=1, scientific=False)


@dataclass(frozen=True)
class LanguageTraining:
    """How a language model is trained, with a trace or without."""

    statements: int = integer(4000, "most statements, half of them provable", least=2)
    steps: int = integer(120, "training steps", least=1)
    batch: int = integer(16, "statements a step", least=1)
    learning_rate: float = real(5e-3, "of AdamW; rises for a tenth of the steps, then falls to 0", above=0)
    save_every: int = integer(500, "steps between checkpoints", least=1, scientific=False)


@dataclass(frozen=True)
class LanguageSettings:
    """Language models that prove or answer (E2)."""

    repeats: int = integer(2, "independent statements and models", least=2)
    tests: int = integer(24, "most statements of a bin of lengths, half of them provable", least=2)
    searched: int = integer(4000, "most statements of each size that are proved to find them", least=2)
    names: int = integer(10, "names that the atoms of or are drawn from; more than its leaves", least=3)
    new_tokens: int = integer(250, "longest trace that a model may write, in tokens", least=1)
    broad: Broad = group(Broad, "broad, shallow split")
    deep: Deep = group(Deep, "narrow, deep split")
    decoder: SmallDecoder = group(SmallDecoder, "decoder trained from scratch")
    pretrained: Pretrained = group(Pretrained, "a model of the user's instead")
    training: LanguageTraining = group(LanguageTraining, "how models are trained")
