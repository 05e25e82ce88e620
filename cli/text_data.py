"""`solv data text`: make token shards out of a text, check them, count them, look at a document."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solv.cli.arguments import Debug, Out, finish

if TYPE_CHECKING:
    from solv.data.text.token_shards import TokenShards
    from solv.data.text.tokenization import Tokenization

text = typer.Typer(help="Text to train language models on, as token shards.", no_args_is_help=True)


class Source(StrEnum):
    """Where documents come from."""

    LIBRARY = "library"
    FOLDER = "folder"
    HF = "hf"


class Errors(StrEnum):
    """What becomes of a file that is not UTF-8."""

    STRICT = "strict"
    REPLACE = "replace"


Folder = Annotated[Path, typer.Argument(help="Folder of finished shards.")]


@text.command()
def make(
    out: Out,
    source: Annotated[Source, typer.Option(help="Python's standard library, a file or folder, a Hugging Face set.")],
    place: Annotated[
        str | None, typer.Option("--from", help="The file or folder; or a set's folder or name, e.g. allenai/c4.")
    ] = None,
    pattern: Annotated[str, typer.Option(help="Which files of a folder.")] = "*",
    config: Annotated[str | None, typer.Option(help="Subset of a Hugging Face set, e.g. en.")] = None,
    column: Annotated[str, typer.Option(help="Column of a Hugging Face set that holds the text.")] = "text",
    validation: Annotated[
        float | None,
        typer.Option(help="Fraction held apart (default: 0.01; a Hugging Face set: its own validation split)."),
    ] = None,
    tokenizer: Annotated[str, typer.Option(help="bytes, a tokenizer.json or its folder, or a name on the hub.")] = (
        "bytes"
    ),
    end: Annotated[str | None, typer.Option(help="Token after a document (default: what is usual).")] = None,
    shard_documents: Annotated[int, typer.Option(help="Documents of a shard; they are held in memory.")] = 50_000,
    most_tokens: Annotated[float | None, typer.Option(help="Stop when training has so many, e.g. 1e9.")] = None,
    errors: Annotated[
        Errors, typer.Option(help="A file that is not UTF-8, with a tokenizer: an error, or characters replaced.")
    ] = Errors.STRICT,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out files that are not UTF-8.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on in a folder that was begun.")] = False,
    debug: Debug = False,
) -> None:
    """Write a text's tokens as shards, training and validation apart."""

    def body() -> None:
        from solv.data.text.token_shards import SPLITS, TOKENIZER, Plan, TokenShards, write_shards
        from solv.data.text.tokenization import open_tokenizer

        if most_tokens is not None and not most_tokens.is_integer():
            raise ValueError(f"most_tokens = {most_tokens} is no whole number; valid: an integer >= 1")
        opened = open_tokenizer(tokenizer, end)
        bad = "skip" if skip_bad else "replace" if errors is Errors.REPLACE else "bytes" if tokenizer == "bytes" else ""
        text_of = _Text(source, place, pattern, config, column, validation, out, bad or "strict")
        about, documents = text_of.documents()
        most = None if most_tokens is None else int(most_tokens)
        plan = Plan(about, opened.identity, opened.vocabulary, opened.end, shard_documents, most)

        def told(documents: int, tokens: int) -> None:
            typer.echo(f"{documents} documents, {tokens} tokens", err=True)

        needed = SPLITS if validation != 0 else SPLITS[:1]
        made = write_shards(plan, out, documents, opened.encode, resume=resume, told=told, needed=needed)
        for note in text_of.notes:
            typer.echo(note, err=True)
        if opened.content is not None:
            partial = out / f".{TOKENIZER}"
            partial.write_text(opened.content)
            partial.replace(out / TOKENIZER)
        typer.echo(f"{_summary(TokenShards(out))} ({made} groups made now): {out}")

    finish(body, debug, again="the same command with --resume")


@text.command()
def check(folder: Folder, debug: Debug = False) -> None:
    """Read every token and compare digests and counts with the manifest."""

    def body() -> None:
        from solv.data.text.token_shards import TokenShards

        typer.echo(f"all as written: {TokenShards(folder).check()}")

    finish(body, debug)


@text.command()
def stats(folder: Folder, debug: Debug = False) -> None:
    """Count documents, bytes and tokens, and how much the single tokens say."""

    def body() -> None:
        import numpy as np

        from solv.data.text.token_shards import SPLITS, TokenShards

        shards = TokenShards(folder)
        typer.echo(f"source {_spelled(shards.manifest['source'])}; tokenizer {_spelled(shards.manifest['tokenizer'])}")
        typer.echo("split       documents        tokens  bytes/token  tokens used  entropy (nats)")
        for name, split in zip(SPLITS, (shards.train, shards.validation), strict=True):
            counts = np.zeros(shards.vocabulary, dtype=np.int64)
            for shard in split.tokens.shards():
                counts += np.bincount(shard, minlength=shards.vocabulary)
            if not counts.any():
                typer.echo(f"{name:10}{0:11}{0:14}{'-':>13}{0:13}{'-':>16}")
                continue
            chances = counts[counts > 0] / counts.sum()
            size = sum(group[name]["bytes"] for group in shards.manifest["groups"] if name in group)
            typer.echo(
                f"{name:10}{split.documents:11}{len(split.tokens):14}{size / len(split.tokens):13.2f}"
                f"{len(chances):13}{-np.sum(chances * np.log(chances)):16.3f}"
            )

    finish(body, debug)


@text.command()
def show(
    folder: Folder,
    document: Annotated[int, typer.Argument(help="Number of the document in its split.")] = 0,
    split: Annotated[str, typer.Option(help="train or validation.")] = "train",
    tokens: Annotated[bool, typer.Option("--tokens", help="Its tokens, not its text.")] = False,
    debug: Debug = False,
) -> None:
    """Show a document as it can be read back from its tokens."""

    def body() -> None:
        from solv.data.text.token_shards import TokenShards

        shards = TokenShards(folder)
        found = shards.document(split, document)
        typer.echo(" ".join(map(str, found)) if tokens else _tokenizer_of(shards).decode(found.tolist()))

    finish(body, debug)


class _Text:
    """The documents of a source, and what was noticed on the way."""

    def __init__(
        self,
        source: Source,
        place: str | None,
        pattern: str,
        config: str | None,
        column: str,
        validation: float | None,
        out: Path,
        errors: str,
    ) -> None:
        if (place is None) != (source is Source.LIBRARY):
            raise ValueError(f"--source {source} takes {'no --from' if place else '--from PATH or NAME'}")
        self.source, self.place, self.pattern, self.config, self.column = source, place, pattern, config, column
        self.validation, self.out, self.errors = validation, out, errors
        self.links: list[str] = []
        self.not_utf8: list[str] = []

    @property
    def notes(self) -> list[str]:
        """What was noticed: complete once all documents have been read."""
        from solv.data.text.sources import NAMED

        said = list(self.links)
        if self.not_utf8:
            more = f" and {len(self.not_utf8) - NAMED} more" if len(self.not_utf8) > NAMED else ""
            become = {"bytes": "their bytes go in as they are", "skip": "left out", "replace": "characters replaced"}
            names = ", ".join(self.not_utf8[:NAMED]) + more
            count = len(self.not_utf8)
            said.append(f"{count} {'file is' if count == 1 else 'files are'} not UTF-8, {become[self.errors]}: {names}")
        return said

    def documents(self) -> tuple[dict[str, Any], Iterator[tuple[str, bytes]]]:
        """Return a description of the source for the manifest, and its documents with their splits."""
        from solv.data.text.sources import find_files, readable, split_document

        about = {"kind": self.source.value, "place": self.place, "validation": self.validation}
        if self.source is Source.HF:
            return self._of_hugging_face(about)
        found = find_files(self.place, self.pattern, without=self.out)
        self.links = found.notes
        fraction = 0.01 if self.validation is None else self.validation
        alone = len(found.files) == 1

        def told(path: Path) -> None:
            self.not_utf8.append(path.name)

        contents = readable(found.files, self.errors, told)  # type: ignore[arg-type]
        stream = (part for content in contents for part in split_document(content, fraction, alone=alone))
        about |= {"pattern": self.pattern, "validation": fraction, "sha256": _fingerprint(list(found.files))}
        if self.errors in ("skip", "replace"):
            about["errors"] = self.errors
        if alone:
            about["cut"] = "near"  # sets that were begun with another cut are not gone on with
        return about, stream

    def _of_hugging_face(self, about: dict[str, Any]) -> tuple[dict[str, Any], Iterator[tuple[str, bytes]]]:
        from solv.data.text.huggingface import hf_documents
        from solv.data.text.sources import TRAIN, VALIDATION, split_document

        assert self.place is not None
        place = self.place

        def of(split: str) -> Iterator[bytes]:
            return hf_documents(place, config=self.config, split=split, column=self.column)

        about |= {"config": self.config, "column": self.column}
        if self.validation is None:
            opened = [(split, of(split)) for split in (VALIDATION, TRAIN)]  # both at once: a missing one is told now
            return about, ((split, each) for split, documents in opened for each in documents)
        fraction = self.validation
        return about, (part for each in of(TRAIN) for part in split_document(each, fraction))


def _fingerprint(files: list[Path]) -> str:
    """Return the digest of all contents, so that a folder that changed is not gone on with."""
    import hashlib

    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _tokenizer_of(shards: "TokenShards") -> "Tokenization":
    from solv.data.text.token_shards import TOKENIZER
    from solv.data.text.tokenization import open_tokenizer

    said = shards.manifest["tokenizer"]
    return (
        open_tokenizer("bytes")
        if said["name"] == "bytes"
        else open_tokenizer(str(shards.folder / TOKENIZER), said["end"])
    )


def _summary(shards: "TokenShards") -> str:
    return (
        f"{len(shards.train.tokens)} tokens for training, {len(shards.validation.tokens)} for validation, "
        f"vocabulary {shards.vocabulary}"
    )


def _spelled(said: dict[str, Any]) -> str:
    return ", ".join(f"{key} {str(value)[:16]}" for key, value in said.items() if value is not None)
