"""How far had a pretrained language model come at each checkpoint of its training? From a local folder or the hub.

Needs the extra `hf`. The layout is that of Pythia: every checkpoint is called stepN, on the hub a revision of the model
and in a local folder a sub-folder that `save_pretrained` wrote, with its tokenizer. So are OLMo-2's, whose names say
more: stage1-stepN-tokensMB.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from solv.models.language.huggingface import ModelError, load_pretrained
from solv.models.softmax_law.prediction_statistics import PredictionStatistics, prediction_statistics

SHOWN = 8  # names that an error message lists at most


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint: what to load, and the training steps taken before it."""

    path: str
    revision: str
    step: int


def find_checkpoints(place: str, revisions: Sequence[str] | None, on_the_hub: Sequence[str]) -> list[Checkpoint]:
    """Return the checkpoints of a place in the order of their steps; step 0, if there is one, is left out.

    Args:
        place: a folder with a sub-folder for each checkpoint, or a name on the hub.
        revisions: names stepN of those wanted; None: of a folder all that are there, of the hub `on_the_hub`.
        on_the_hub: names asked for on the hub if no others are.

    Raises:
        ModelError: there is no such folder, it lacks one that is wanted, or a name is not stepN.
    """
    folder = Path(place).expanduser()
    if not folder.is_dir():
        if place.startswith((".", "/", "~")) or place.count("/") > 1:
            raise ModelError(f"{place}: no such folder; give one with sub-folders stepN, or a hub name OWNER/MODEL")
        return _ordered((place, name, name) for name in (on_the_hub if revisions is None else revisions))
    there = sorted((each.name for each in folder.iterdir() if each.is_dir()), key=lambda name: (len(name), name))
    steps = [name for name in there if _step(name) is not None]
    wanted = steps if revisions is None else list(revisions)
    missing = [name for name in wanted if name not in there]
    if missing or not wanted:
        shown = ", ".join(there[:SHOWN]) + (f" and {len(there) - SHOWN} more" if len(there) > SHOWN else "")
        lacks = f"no sub-folder {', '.join(missing)}" if missing else "no sub-folder called stepN"
        raise ModelError(f"{place}: {lacks}; there: {shown or 'nothing'}")
    return _ordered((str(folder / name), "main", name) for name in wanted)


def checkpoint_statistics(
    checkpoint: Checkpoint, text: str, *, context: int, sequences: int, rows: int = 8, device: str = "cpu"
) -> PredictionStatistics:
    """Return loss, logit scale and entropy of a checkpoint on the first sequences of a text.

    Args:
        checkpoint: what to load.
        text: is cut, after tokenisation, into sequences of `context` + 1 tokens, the rest left out.
        context: tokens that the model reads, >= 1.
        sequences: most sequences read, >= 1.
        rows: sequences that go through the model at once.
        device: torch device.

    Raises:
        ModelError: transformers is not installed, the checkpoint cannot be read, its context is shorter than asked, or
            the text is.
    """
    model, tokenizer = load_pretrained(checkpoint.path, device, checkpoint.revision)
    longest = getattr(model.config, "max_position_embeddings", context)
    if context > longest:
        raise ModelError(f"{checkpoint.path}: reads at most {longest} tokens, fewer than context = {context}")
    tokens = torch.tensor(tokenizer(text, add_special_tokens=False)["input_ids"], dtype=torch.long)
    count = min(sequences, (len(tokens) - 1) // context)
    if count < 1:
        raise ModelError(f"the text has {len(tokens)} tokens; valid: more than context = {context}")
    cut = torch.stack([tokens[at * context : (at + 1) * context + 1] for at in range(count)]).to(device)
    return prediction_statistics(lambda read: model(input_ids=read).logits, torch.split(cut, rows))


def _step(name: str) -> int | None:
    found = re.fullmatch(r"(?:stage1-)?step(\d+)(?:-tokens\d+B)?", name)
    return int(found[1]) if found else None


def _ordered(named: Iterable[tuple[str, str, str]]) -> list[Checkpoint]:
    found = []
    for path, revision, name in named:
        step = _step(name)
        if step is None:
            raise ModelError(f"checkpoint {name} is not called stepN, with its number of steps")
        if step > 0:
            found.append(Checkpoint(path, revision, step))
    return sorted(found, key=lambda checkpoint: checkpoint.step)
