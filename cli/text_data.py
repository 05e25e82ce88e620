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
    resume: Annotated[bool, typer.Option("--resume", help="Go on in a folder that was begun.")] = False,
    debug: Debug = False,
) -> None:
    """Write a text's tokens as shards, training and validation apart."""

    def body() -> None:
        from solv.data.text.token_shards import TOKENIZER, Plan, TokenShards, write_shards
        from solv.data.text.tokenization import open_tokenizer

        if most_tokens is not None and not most_tokens.is_integer():
            raise ValueError(f"most_tokens = {most_tokens} is no whole number; valid: an integer >= 1")
        opened = open_tokenizer(tokenizer, end)
        about, documents = _documents(source, place, pattern, config, column, validation)
        most = None if most_tokens is None else int(most_tokens)
        plan = Plan(about, opened.identity, opened.vocabulary, opened.end, shard_documents, most)

        def told(documents: int, tokens: int) -> None:
            typer.echo(f"{documents} documents, {tokens} tokens", err=True)

        made = write_shards(plan, out, documents, opened.encode, resume=resume, told=told)
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


def _documents(
    source: Source, place: str | None, pattern: str, config: str | None, column: str, validation: float | None
) -> tuple[dict[str, Any], Iterator[tuple[str, bytes]]]:
    """Return a description of the source for the manifest, and its documents with their splits."""
    from solv.data.text.huggingface import hf_documents
    from solv.data.text.sources import TRAIN, VALIDATION, split_document, text_files

    if (place is None) != (source is Source.LIBRARY):
        raise ValueError(f"--source {source} takes {'no --from' if place else '--from PATH or NAME'}")
    about = {"kind": source.value, "place": place, "validation": validation}
    if source is Source.HF:
        assert place is not None

        def of(split: str) -> Iterator[bytes]:
            return hf_documents(place, config=config, split=split, column=column)

        about |= {"config": config, "column": column}
        if validation is None:
            opened = [(split, of(split)) for split in (VALIDATION, TRAIN)]  # both at once: a missing one is told now
            return about, ((split, each) for split, documents in opened for each in documents)
        return about, (part for each in of(TRAIN) for part in split_document(each, validation))
    files = text_files(place, pattern)
    fraction = 0.01 if validation is None else validation
    stream = (part for file in files for part in split_document(file.read_bytes(), fraction, alone=len(files) == 1))
    return {**about, "pattern": pattern, "validation": fraction, "sha256": _fingerprint(files)}, stream


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
