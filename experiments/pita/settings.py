"""What can be set in pita? Sizes and axes of its parts; the defaults are the quick preset."""

from dataclasses import dataclass

from solv.experiments.pita.language_settings import SPLITS, LanguageSettings
from solv.harness.settings import RunSettings, group, integer, integers, real, text, texts

ATTENTIONS = ("softmax", "linear", "uniform")


@dataclass(frozen=True)
class Proofs:
    """Statements and their proofs (E1)."""

    splits: tuple[str, ...] = texts(list(SPLITS), "splits of the data set", choices=SPLITS)
    leaves: int = integer(4, "largest statements of full and implies", least=1, most=8)
    most: int = integer(
        100_000, "statements of one size that are proved and checked: all, or a sample of so many", least=1
    )
    sample: int = integer(150, "statements of or and php that are proved and checked", least=2)
    state_limit: int = integer(10_000, "states after which a search is given up", least=1)


@dataclass(frozen=True)
class Training:
    """How every copy of the chain model is trained and tested."""

    seeds: int = integer(3, "independent embeddings, initial weights and questions", least=2)
    steps: int = integer(400, "training steps", least=1)
    batch: int = integer(256, "most positions a step and copy", least=2)
    batch_per_node: int = integer(4, "positions a step and copy for every node of the task, up to the most", least=1)
    learning_rate: float = real(0.4, "of Adam, times 1 / width; down to 0 by a half cosine", above=0)
    momentum: float = real(0.8, "beta1 of Adam", least=0, below=1)
    memory: float = real(0.9, "beta2 of Adam", least=0, below=1)
    answers: float = real(0.7, "part of a trace model's positions that are answers", above=0, below=1)
    tests: int = integer(200, "test questions of one number of hops and copy", least=2)
    attention: str = text("softmax", "of all models", choices=ATTENTIONS)


@dataclass(frozen=True)
class TraceWidths:
    """Critical widths of models that write a trace (E3)."""

    depth: tuple[int, ...] = integers([4, 6, 8], "levels D", least=2)
    depth_arms: int = integer(8, "arms A while the depth varies", least=2)
    arms: tuple[int, ...] = integers([4, 8, 16], "arms A", least=2)
    arms_depth: int = integer(4, "levels D while the arms vary", least=2)
    widths: tuple[int, ...] = integers([10, 22, 48], "widths d", least=2)


@dataclass(frozen=True)
class DirectWidths:
    """Critical widths of models that answer directly (E3)."""

    depth: tuple[int, ...] = integers([8, 12, 16], "levels D", least=2)
    depth_arms: int = integer(8, "arms A while the depth varies", least=2)
    arms: tuple[int, ...] = integers([8, 16, 32], "arms A", least=2)
    arms_depth: int = integer(8, "levels D while the arms vary", least=2)
    widths: tuple[int, ...] = integers([6, 14, 36], "widths d", least=2)


@dataclass(frozen=True)
class Widths:
    """Critical widths (E3)."""

    hops: float = real(0.5, "part of the levels that training and test questions span", above=0, below=1)
    threshold: float = real(0.75, "accuracy at the critical width", above=0.5, below=1)
    trace: TraceWidths = group(TraceWidths, "models that write a trace")
    direct: DirectWidths = group(DirectWidths, "models that answer directly")


@dataclass(frozen=True)
class Generalisation:
    """Longer questions than those of the training (E4, E5)."""

    depth: tuple[int, ...] = integers([4, 8, 24], "levels D", least=4)
    arms: tuple[int, ...] = integers([2, 8], "arms A", least=2)
    nodes: int = integer(64, "tasks of more nodes A D are left out", least=8)
    trace_seeds: int = integer(6, "in place of training.seeds, of models that write a trace", least=2)
    direct_seeds: int = integer(10, "the same of direct ones, which generalise well or not at all", least=2)
    tests: int = integer(80, "in place of training.tests", least=2)
    hops: float = real(0.375, "part of the levels that training questions span", above=0, below=1)
    width: int = integer(48, "of all models", least=2)


@dataclass(frozen=True)
class PitaConfig(RunSettings):
    """Settings of pita; the defaults are the quick preset."""

    proofs: Proofs = group(Proofs, "statements and their proofs")
    training: Training = group(Training, "how chain models are trained and tested")
    widths: Widths = group(Widths, "critical widths of chain models")
    generalisation: Generalisation = group(Generalisation, "chain models on longer questions")
    language: LanguageSettings = group(LanguageSettings, "language models that prove or answer")
