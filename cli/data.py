"""`solv data pita`: make a data set of propositional proofs, check it, count it, look at it, hand it to Lean."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from cli import image_sets
from cli.arguments import Debug, finish
from cli.text_data import text

data = typer.Typer(help="Data sets that stand on their own.", no_args_is_help=True)
pita = typer.Typer(help="Propositional statements with checked proofs.", no_args_is_help=True)
data.add_typer(pita, name="pita")
data.add_typer(text, name="text")
data.add_typer(image_sets.commands("cifar10", "CIFAR-10"), name="cifar10")
data.add_typer(image_sets.commands("tiny-imagenet", "Tiny ImageNet"), name="tiny-imagenet")

SplitName = Annotated[str, typer.Option("--split", help="full, implies, or, php.")]
Leaves = Annotated[int | None, typer.Option(help="Leaves of a statement (or: atoms of the tree).")]
Folder = Annotated[Path, typer.Argument(help="Folder of a finished data set.")]
Simplest = Annotated[bool, typer.Option("--simplest", help="Only the successful path of a proof.")]
StateLimit = Annotated[int, typer.Option(help="States after which a search is given up.")]


@pita.command()
def make(
    out: Annotated[Path, typer.Option(help="Where to write.")],
    split: SplitName = "full",
    leaves: Leaves = None,
    count: Annotated[float, typer.Option(help="How many statements, e.g. 1e6.")] = 1000,
    seed: Annotated[int, typer.Option(help="Selects the statements and their order.")] = 0,
    shard_rows: Annotated[int, typer.Option(help="Rows of a shard.")] = 10_000,
    state_limit: StateLimit = 10_000,
    simplest: Simplest = False,
    processes: Annotated[int, typer.Option(help="Processes.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on in a folder that was begun.")] = False,
    debug: Debug = False,
) -> None:
    """Write statements with their proofs as parquet shards."""

    def body() -> None:
        from data.pita.splits import SplitSpec
        from data.pita.writer import Plan, write

        if not count.is_integer():
            raise ValueError(f"count = {count} is no whole number; valid: an integer >= 1")
        plan = Plan(SplitSpec(split, leaves), int(count), seed, shard_rows, state_limit, simplest)
        made = write(plan, out, processes=processes, resume=resume)
        typer.echo(f"{plan.count} statements in {plan.shards} shards ({made} made now): {out}")

    finish(body, debug)


@pita.command()
def check(folder: Folder, debug: Debug = False) -> None:
    """Replay every trace and decide every statement by a second calculus."""

    def body() -> None:
        from data.pita.writer import check_all

        counts = check_all(folder)
        typer.echo("all checked: " + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))

    finish(body, debug)


@pita.command()
def stats(folder: Folder, debug: Debug = False) -> None:
    """Count statements, true ones and proof lengths."""

    def body() -> None:
        from data.pita.writer import rows

        verdicts: Counter[bool | None] = Counter()
        lengths: Counter[int] = Counter()
        for row in rows(folder):
            verdicts[row["is_true"]] += 1
            if row["length"] is not None:
                lengths[row["length"]] += 1
        decided = verdicts[True] + verdicts[False]
        typer.echo(f"{decided + verdicts[None]} statements, {verdicts[None]} given up")
        if decided:
            typer.echo(f"true: {verdicts[True] / decided:.4f} of {decided} decided")
        typer.echo("length  statements")
        for length, number in sorted(lengths.items()):
            typer.echo(f"{length:6}  {number}")

    finish(body, debug)


@pita.command()
def show(
    index: Annotated[int, typer.Argument(help="Number of the statement in its split.")],
    split: SplitName = "full",
    leaves: Leaves = None,
    state_limit: StateLimit = 10_000,
    simplest: Simplest = False,
    debug: Debug = False,
) -> None:
    """Show a statement and its search, one step a line."""

    def body() -> None:
        from data.pita.records import record
        from data.pita.splits import SplitSpec, open_split

        row = record(open_split(SplitSpec(split, leaves)), index, state_limit, simplest=simplest)
        typer.echo(row["input"])
        typer.echo((row["proof"] or "given up").replace("</state>", "</state>\n"))

    finish(body, debug)


@pita.command()
def export(
    folder: Folder,
    lean: Annotated[Path, typer.Option("--lean", help="Lean 4 file to write: the proofs, none of the failures.")],
    debug: Debug = False,
) -> None:
    """Write the proofs of a data set made with --simplest as Lean 4 theorems."""

    def body() -> None:
        from data.pita.formulas import parse
        from data.pita.lean import theorem
        from data.pita.writer import rows

        proved = [row for row in rows(folder) if row["is_true"]]
        lean.write_text(
            "\n".join(theorem(f"statement_{row['index']}", parse(row["statement"]), row["proof"]) for row in proved)
        )
        typer.echo(f"{len(proved)} theorems: {lean}")

    finish(body, debug)
