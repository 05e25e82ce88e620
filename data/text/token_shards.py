"""How does a text of any size get onto the disk as tokens, and back? In shards that are memory-mapped, with a manifest.

A group of `shard_documents` documents makes one `.npy` file of uint16 (uint32 where the vocabulary needs it) for each
split that it touches; an end token follows every document. A file appears under its name by a rename once it is whole,
and joins `manifest.json` after that, so that a killed run loses the group it was at. The manifest holds settings,
counts and SHA-256; a shard is compared with its digest when it is first read.
"""

import hashlib
import json
import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import accumulate, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Integer

#: Changes whenever the same settings would give other files.
VERSION = 1
MANIFEST, TOKENIZER = "manifest.json", "tokenizer.json"
SPLITS = ("train", "validation")
Encode = Callable[[Sequence[bytes]], Sequence[Sequence[int]]]


class ShardsError(ValueError):
    """Shards are missing, cut or changed; the message is one line that names the file and what to do."""


@dataclass(frozen=True)
class Plan:
    """What a set of shards consists of; equal plans with equal documents give equal files.

    Attributes:
        source: where the documents come from, JSON-ready.
        tokenizer: its name and digest, JSON-ready.
        vocabulary: number of tokens, the end token included, 2 to 2^32.
        end: the token after every document.
        shard_documents: documents of a group, >= 1; a group is held in memory.
        most_tokens: stop after the group with which the training split has this many; None: all documents.
    """

    source: Mapping[str, Any]
    tokenizer: Mapping[str, Any]
    vocabulary: int
    end: int
    shard_documents: int = 50_000
    most_tokens: int | None = None

    def __post_init__(self) -> None:
        if not 2 <= self.vocabulary <= 2**32:
            raise ValueError(f"vocabulary = {self.vocabulary} is out of range; valid: 2 to 2^32")
        if not 0 <= self.end < self.vocabulary:
            raise ValueError(f"end = {self.end} is out of range; valid: 0 to {self.vocabulary - 1}")
        for name in ("shard_documents", "most_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} = {value} is out of range; valid: an integer >= 1")

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the tokens on the disk."""
        return np.dtype("<u2" if self.vocabulary <= 2**16 else "<u4")

    def as_dict(self) -> dict[str, Any]:
        """Return the plan and the version, as a manifest holds them."""
        return {"version": VERSION, "dtype": self.dtype.name, **json.loads(json.dumps(asdict(self)))}


@dataclass(frozen=True)
class Split:
    """One split of finished shards.

    Attributes:
        tokens: the text, memory-mapped, documents one after the other.
        documents: how many it holds.
    """

    tokens: "ShardedTokens"
    documents: int


def write_shards(
    plan: Plan,
    folder: Path,
    documents: Iterable[tuple[str, bytes]],
    encode: Encode,
    *,
    resume: bool = False,
    told: Callable[[int, int], None] = lambda documents, tokens: None,
    needed: Sequence[str] = SPLITS,
) -> int:
    """Write the shards and return how many groups were made now.

    Args:
        plan: settings, for the manifest.
        folder: where to write.
        documents: (split, content) in an order that is the same at every call; those done before are passed over.
        encode: maps contents to tokens below `plan.vocabulary`; an end token within a document (a text may spell it) is
            left out.
        resume: go on in a folder that was begun.
        told: called after every group with the documents and tokens done.
        needed: splits that may not be empty.

    Raises:
        ValueError: the folder is not empty (without `resume`) or was begun with other settings.
        ShardsError: a document of an unknown split, a token outside the vocabulary, or a split without a token.
    """
    folder.mkdir(parents=True, exist_ok=True)
    groups: list[dict[str, Any]] = []
    if any(not path.name.startswith(".") for path in folder.iterdir()):
        if not resume:
            raise ValueError(f"out = {folder} is not empty; valid: an empty folder, or --resume to go on there")
        begun = read_manifest(folder)
        if {key: begun.get(key) for key in plan.as_dict()} != plan.as_dict():
            raise ValueError(f"out = {folder} was begun with other settings; valid: the same settings")
        groups = _whole_groups(folder, begun)
        if begun["finished"] and len(groups) == len(begun["groups"]):
            return 0
    else:
        _write_manifest(folder, plan, groups, finished=False)
    done, made = sum(group["documents"] for group in groups), 0
    stream = islice(iter(documents), done, None)
    while not _enough(plan, groups) and (group := list(islice(stream, plan.shard_documents))):
        groups.append(_write_group(plan, folder, len(groups), group, encode))
        _write_manifest(folder, plan, groups, finished=False)
        made += 1
        done += len(group)
        told(done, sum(_tokens(groups, split) for split in SPLITS))
    for split in needed:
        if not _tokens(groups, split):
            none = ", or --validation 0 for none" if split == "validation" else ""
            raise ShardsError(
                f"{folder}: {done} documents leave nothing for {split}; give more documents or another fraction{none}"
            )
    _write_manifest(folder, plan, groups, finished=True)
    return made


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder, finished or not.

    Raises:
        ShardsError: there is none, or it is of another version.
    """
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        raise ShardsError(f"{folder} holds no token shards; `solv data text make --out {folder}` writes them") from None
    if not isinstance(found, dict) or found.get("version") != VERSION or "groups" not in found:
        raise ShardsError(f"{path} is not of version {VERSION}; make the shards again")
    return found


class TokenShards:
    """Finished shards, opened for reading: sizes are compared at once, digests when a shard is first read."""

    def __init__(self, folder: Path | str) -> None:
        """Open a folder.

        Raises:
            ShardsError: no shards, unfinished ones, or a file that is missing or cut.
        """
        self.folder = Path(folder).expanduser()
        self.manifest = read_manifest(self.folder)
        if not self.manifest["finished"]:
            raise ShardsError(f"{self.folder} is unfinished; the command that began it, with --resume, goes on")
        self.vocabulary: int = self.manifest["vocabulary"]
        self.end: int = self.manifest["end"]
        self.train, self.validation = (self._split(name) for name in SPLITS)

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest's content: equal digests mean equal tokens."""
        return hashlib.sha256(json.dumps(self.manifest, sort_keys=True).encode()).hexdigest()

    def check(self) -> str:
        """Read every shard and return a line about the set.

        Raises:
            ShardsError: a digest, a count or a token is not as the manifest says.
        """
        said = []
        for name, split in zip(SPLITS, (self.train, self.validation), strict=True):
            documents = 0
            for shard in split.tokens.shards():
                if shard.max() >= self.vocabulary:
                    raise ShardsError(f"{self.folder}: token {shard.max()} in {name}; valid: below {self.vocabulary}")
                documents += int(np.count_nonzero(shard == self.end))
            if documents != split.documents:
                raise ShardsError(f"{self.folder}: {documents} end tokens in {name}; valid: {split.documents}")
            said.append(f"{len(split.tokens)} tokens of {documents} documents for {name}")
        return ", ".join(said) + f"; vocabulary {self.vocabulary}"

    def document(self, split: str, index: int) -> Integer[np.ndarray, "tokens"]:
        """Return the tokens of a document without its end; reads up to there.

        Raises:
            ValueError: no such split or document.
        """
        if split not in SPLITS:
            raise ValueError(f"split = {split!r} is unknown; valid: {', '.join(SPLITS)}")
        part = self.train if split == "train" else self.validation
        if not 0 <= index < part.documents:
            raise ValueError(f"document = {index} is out of range; valid: 0 to {part.documents - 1}")
        for shard in part.tokens.shards():
            ends = np.flatnonzero(shard == self.end)
            if index < len(ends):
                return np.array(shard[ends[index - 1] + 1 if index else 0 : ends[index]])
            index -= len(ends)
        raise ShardsError(f"{self.folder}: fewer documents in {split} than its manifest says")

    def _split(self, name: str) -> Split:
        shards = [group[name] for group in self.manifest["groups"] if name in group]
        tokens = ShardedTokens(self.folder, shards, np.dtype(self.manifest["dtype"]))
        return Split(tokens, sum(shard["documents"] for shard in shards))


class ShardedTokens:
    """The tokens of a split as one long text, of which any slice of step 1 can be read."""

    def __init__(self, folder: Path, shards: Sequence[Mapping[str, Any]], dtype: np.dtype[Any]) -> None:
        """Map the shards that a manifest lists.

        Raises:
            ShardsError: a shard is missing, or its size or type is not as listed.
        """
        self._shards = [_Shard.map(folder / each["name"], each["tokens"], each["sha256"], dtype) for each in shards]
        self._starts = [0, *accumulate(each["tokens"] for each in shards)]
        self._dtype = dtype

    def __len__(self) -> int:
        length: int = self._starts[-1]
        return length

    def __getitem__(self, place: slice) -> Integer[np.ndarray, "tokens"]:
        """Return the tokens of a slice, joined where it crosses shards."""
        first, last, step = place.indices(len(self))
        if step != 1:
            raise ValueError(f"step = {step} of a slice; valid: 1")
        parts = []
        while first < last:
            number = bisect_right(self._starts, first) - 1
            start, end = self._starts[number : number + 2]
            parts.append(self._shards[number].read()[first - start : last - start])
            first = min(last, end)
        return np.concatenate(parts) if parts else np.empty(0, self._dtype)

    def shards(self) -> Iterator[Integer[np.ndarray, "tokens"]]:
        """Yield the shards in order."""
        for shard in self._shards:
            yield shard.read()


@dataclass
class _Shard:
    path: Path
    mapped: np.ndarray
    sha256: str
    trusted: bool = field(default=False)

    @classmethod
    def map(cls, path: Path, tokens: int, sha256: str, dtype: np.dtype[Any]) -> "_Shard":
        try:
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            raise ShardsError(f"{path} is missing or cut; {_REPAIR}") from None
        if mapped.shape != (tokens,) or mapped.dtype != dtype:
            raise ShardsError(
                f"{path} holds {mapped.dtype} of shape {mapped.shape}; valid: {tokens} {dtype}; {_REPAIR}"
            )
        return cls(path, mapped, sha256)

    def read(self) -> np.ndarray:
        if not self.trusted:
            if _digest(self.path) != self.sha256:
                raise ShardsError(f"{self.path} was changed after it was written; {_REPAIR}")
            self.trusted = True
        return self.mapped


_REPAIR = "the command that made the shards, with --resume, writes it again"


def _write_group(
    plan: Plan, folder: Path, number: int, documents: Sequence[tuple[str, bytes]], encode: Encode
) -> dict[str, Any]:
    """Write the shards of a group and return its entry in the manifest."""
    entry: dict[str, Any] = {"documents": len(documents)}
    if unknown := {split for split, _ in documents} - set(SPLITS):
        raise ShardsError(f"split = {sorted(unknown)[0]!r} of a document is unknown; valid: {', '.join(SPLITS)}")
    for split in SPLITS:
        contents = [content for its, content in documents if its == split]
        if not contents:
            continue
        encoded = [ids[ids != plan.end] for ids in (np.asarray(each, dtype=np.int64) for each in encode(contents))]
        bounds = [0, *accumulate(len(each) + 1 for each in encoded)]
        tokens = np.full(bounds[-1], plan.end, dtype=np.int64)
        for (start, end), each in zip(pairwise(bounds), encoded, strict=True):
            tokens[start : end - 1] = each
        if not 0 <= tokens.min() <= tokens.max() < plan.vocabulary:
            raise ShardsError(f"token {tokens.max()} of the tokenizer lies outside its vocabulary {plan.vocabulary}")
        path = folder / f"{split}-{number:06}.npy"
        _replace(path, lambda partial, tokens=tokens: np.save(partial, tokens.astype(plan.dtype)))  # type: ignore[misc]
        entry[split] = {
            "name": path.name,
            "tokens": len(tokens),
            "documents": len(contents),
            "bytes": sum(map(len, contents)),
            "sha256": _digest(path),
        }
    return entry


def _whole_groups(folder: Path, manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the groups up to the first that is not as the manifest says: what follows is made again."""
    groups = []
    for group in manifest["groups"]:
        shards = [group[split] for split in SPLITS if split in group]
        if not all((folder / s["name"]).is_file() and _digest(folder / s["name"]) == s["sha256"] for s in shards):
            break
        groups.append(group)
    return groups


def _enough(plan: Plan, groups: Sequence[Mapping[str, Any]]) -> bool:
    return plan.most_tokens is not None and _tokens(groups, "train") >= plan.most_tokens


def _tokens(groups: Sequence[Mapping[str, Any]], split: str) -> int:
    return sum(group[split]["tokens"] for group in groups if split in group)


def _write_manifest(folder: Path, plan: Plan, groups: Sequence[Mapping[str, Any]], *, finished: bool) -> None:
    content = {**plan.as_dict(), "finished": finished, "groups": list(groups)}
    _replace(folder / MANIFEST, lambda partial: partial.write_text(json.dumps(content, indent=1)))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside, flush to the disk, rename: a kill leaves the old file or the new one."""
    partial = path.with_name(f".{path.name}")
    write(partial)
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
