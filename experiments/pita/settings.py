"""What can be set in pita? Sizes and axes of its parts; the defaults are the quick preset."""

from solv.harness.settings import Group, RunSettings, group, integer, integers, real, text, texts

SPLITS = ("full", "imply", "or", "php")
BROAD, DEEP = "broad", "deep"  # the roles of a split: what language models are asked of
ROLES = (BROAD, DEEP)


class Broad(Group):
    """Statements of a broad, shallow split."""

    split: str = text("full", "split that is broad and shallow", choices=SPLITS)
    leaves: tuple[int, ...] = integers(
        [3, 4], "sizes of the statements of the broad split (or: atoms of the tree; php has none)", least=1
    )
    threshold: int = integer(4, "longest trace of the broad split that is trained on", least=1)
    lengths: tuple[int, ...] = integers(
        [2, 3, 4, 6, 8], "longest traces of the bins that are asked of the broad split", least=1
    )


class Deep(Group):
    """Statements of a narrow, deep split."""

    split: str = text("or", "split that is narrow and deep", choices=SPLITS)
    leaves: tuple[int, ...] = integers(
        [2, 3, 4], "sizes of the statements of the deep split (or: atoms of the tree; php has none)", least=1
    )
    threshold: int = integer(6, "longest trace of the deep split that is trained on", least=1)
    lengths: tuple[int, ...] = integers(
        [4, 6, 8], "longest traces of the bins that are asked of the deep split", least=1
    )
    statements: int = integer(
        0, "most statements of the deep split to train on, half of them provable; 0: as of the broad one", least=0
    )
    searched: int = integer(
        0, "most statements of each size of the deep split that are proved in search; 0: as of the broad one", least=0
    )
    steps: int = integer(0, "training steps of a language model on the deep split; 0: as on the broad one", least=0)
    repeats: int = integer(
        0, "independent sets of statements of the deep split, with models of their own; 0: as of the broad one", least=0
    )


class SmallDecoder(Group):
    """The decoder that is trained from scratch."""

    width: int = integer(64, "width of the decoder", least=4)
    layers: int = integer(1, "layers of the decoder", least=1)
    heads: int = integer(4, "attention heads of the decoder", least=1)
    positions: str = text("rotary", "how the decoder knows positions", choices=("rotary", "learned", "none"))


class Pretrained(Group):
    """A causal language model in Hugging Face's format (extra `hf`), fine-tuned instead."""

    model: str | None = text(None, "folder or hub name of a language model; null: train small decoders from scratch")
    adapter: str = text(
        "full",
        "what is trained of a pretrained model: all weights, low-rank adapters, or these with the model in four bits",
        choices=("full", "lora", "qlora"),
    )
    rank: int = integer(16, "rank of the low-rank adapters of a pretrained model", least=1)
    alpha: float = real(32.0, "low-rank adapters count alpha / rank", above=0)
    dropout: float = real(0.05, "dropout before low-rank adapters", least=0, below=1)
    rows: int = integer(
        16, "sequences that go through a pretrained model at once when it answers", least=1, scientific=False
    )


class LanguageTraining(Group):
    """How a language model is trained, with a trace or without."""

    statements: int = integer(4000, "most statements to train a language model on, half of them provable", least=2)
    steps: int = integer(120, "training steps of a language model", least=1)
    batch: int = integer(16, "statements in a training step of a language model", least=1)
    learning_rate: float = real(
        5e-3, "learning rate of AdamW; rises for a tenth of the steps, then falls to 0", above=0
    )
    save_every: int = integer(
        500, "training steps between two checkpoints of a language model", least=1, scientific=False
    )


class LanguageSettings(Group):
    """Language models that prove or answer (E2)."""

    repeats: int = integer(2, "independent sets of statements, each with language models of its own", least=2)
    tests: int = integer(24, "most statements asked of a bin of lengths, half of them provable", least=2)
    searched: int = integer(
        4000, "most statements of each size that are proved in search of those to train on and to ask", least=2
    )
    names: int = integer(10, "names that the atoms of or are drawn from; more than its leaves", least=3)
    new_tokens: int = integer(250, "longest trace that a model may write, in tokens", least=1)
    equal_tokens: tuple[str, ...] = texts(
        list(ROLES),
        "splits on which models that answer directly are trained on as many tokens as those with a trace, too",
        choices=ROLES,
        empty=True,
    )
    broad: Broad = group(Broad, "statements of a broad, shallow split")
    deep: Deep = group(Deep, "statements of a narrow, deep split")
    decoder: SmallDecoder = group(SmallDecoder, "decoder trained from scratch")
    pretrained: Pretrained = group(Pretrained, "language model to fine-tune in place of the decoder")
    training: LanguageTraining = group(LanguageTraining, "how language models are trained")


ATTENTIONS = ("softmax", "linear", "uniform")
#: Nodes that a trace of the chain task writes; inverted: a quarter of the questions are the wrong way round.
TRACES = ("start", "arm", "short", "inverted")


class Proofs(Group):
    """Statements and their proofs (E1)."""

    splits: tuple[str, ...] = texts(list(SPLITS), "splits of the data set that are proved and checked", choices=SPLITS)
    leaves: int = integer(4, "leaves of the largest statements of full and imply", least=1, most=8)
    most: int = integer(
        100_000, "statements of one size that are proved and checked: all, or a sample of so many", least=1
    )
    sample: int = integer(150, "statements of or and php that are proved and checked", least=2)
    state_limit: int = integer(10_000, "states after which a search is given up", least=1)


class Training(Group):
    """How every copy of the chain model is trained and tested."""

    seeds: int = integer(3, "independent embeddings, initial weights and questions of a chain model", least=2)
    steps: int = integer(400, "training steps of a chain model", least=1)
    batch: int = integer(256, "most positions in a training step of one copy", least=2)
    batch_per_node: int = integer(
        4, "positions in a training step of one copy for every node of the task, up to the most", least=1
    )
    learning_rate: float = real(0.4, "learning rate of Adam, times 1 / width; down to 0 by a half cosine", above=0)
    momentum: float = real(0.8, "beta1 of Adam (momentum)", least=0, below=1)
    memory: float = real(0.9, "beta2 of Adam (memory of squared gradients)", least=0, below=1)
    answers: float = real(0.7, "part of the positions a trace model is trained on that are answers", above=0, below=1)
    tests: int = integer(200, "test questions of one number of hops and copy", least=2)
    attention: str = text("softmax", "attention of all chain models", choices=ATTENTIONS)
    trace: str = text("start", "kind of traces and questions of the chain task", choices=TRACES)


class TraceWidths(Group):
    """Critical widths of models that write a trace (E3)."""

    depth: tuple[int, ...] = integers([4, 6, 8], "levels D along which models that write a trace are trained", least=2)
    depth_arms: int = integer(8, "arms A of models that write a trace while the levels vary", least=2)
    arms: tuple[int, ...] = integers([4, 8, 16], "arms A along which models that write a trace are trained", least=2)
    arms_depth: int = integer(4, "levels D of models that write a trace while the arms vary", least=2)
    widths: tuple[int, ...] = integers([10, 22, 48], "widths d of models that write a trace", least=2)


class DirectWidths(Group):
    """Critical widths of models that answer directly (E3)."""

    depth: tuple[int, ...] = integers(
        [8, 12, 16], "levels D along which models that answer directly are trained", least=2
    )
    depth_arms: int = integer(8, "arms A of models that answer directly while the levels vary", least=2)
    arms: tuple[int, ...] = integers([8, 16, 32], "arms A along which models that answer directly are trained", least=2)
    arms_depth: int = integer(8, "levels D of models that answer directly while the arms vary", least=2)
    widths: tuple[int, ...] = integers([6, 14, 36], "widths d of models that answer directly", least=2)


class Widths(Group):
    """Critical widths of chain models (E3)."""

    hops: float = real(0.5, "part of the levels that questions span in the search of critical widths", above=0, below=1)
    threshold: float = real(0.75, "accuracy at which a width is critical", above=0.5, below=1)
    seeds: int = integer(3, "independent models of one task and width, in place of training.seeds", least=2)
    trace: TraceWidths = group(TraceWidths, "models that write a trace")
    direct: DirectWidths = group(DirectWidths, "models that answer directly")


class ReducedModel(Group):
    """Learned against uniform attention."""

    arms: int = integer(10, "arms A of the task on which attention is looked at", least=2)
    depth: int = integer(8, "levels D of the task on which attention is looked at", least=2)
    widths: tuple[int, ...] = integers([12, 36], "widths d of the models whose attention is looked at", least=2)


class Generalisation(Group):
    """Longer questions than those of the training (E4, E5)."""

    depth: tuple[int, ...] = integers([4, 8, 24], "levels D of the tasks with longer questions", least=4)
    arms: tuple[int, ...] = integers([2, 8], "arms A of the tasks with longer questions", least=2)
    nodes: int = integer(64, "most nodes A D of a task; larger ones are left out", least=8)
    trace_seeds: int = integer(6, "independent models that write a trace, in place of training.seeds", least=2)
    direct_seeds: int = integer(
        10, "independent models that answer directly, which generalise well or not at all", least=2
    )
    tests: int = integer(80, "test questions of one number of hops and copy, in place of training.tests", least=2)
    hops: float = real(0.375, "part of the levels that training questions span; tests span up to all", above=0, below=1)
    width: int = integer(48, "width of all models that are asked longer questions", least=2)


class PitaConfig(RunSettings):
    """Settings of pita; the defaults are the quick preset."""

    proofs: Proofs = group(Proofs, "statements and their proofs")
    training: Training = group(Training, "how chain models are trained and tested")
    widths: Widths = group(Widths, "critical widths of chain models")
    attention: ReducedModel = group(ReducedModel, "learned against uniform attention")
    generalisation: Generalisation = group(Generalisation, "chain models on longer questions")
    language: LanguageSettings = group(LanguageSettings, "language models that prove or answer")
