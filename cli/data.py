"""`solv data pita`: make a data set of propositional proofs, check it, count it, look at it, hand it to Lean."""

import sys
from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from pathlib import Path
from typing import Annotated

import typer

from solv.cli import image_sets
from solv.cli.arguments import Debug, Out, finish
from solv.cli.text_data import text

data = typer.Typer(help="Data sets that stand on their own.", no_args_is_help=True)
pita = typer.Typer(help="Propositional statements with checked proofs.", no_args_is_help=True)
data.add_typer(pita, name="pita")
data.add_typer(text, name="text")
data.add_typer(image_sets.commands("cifar10", "CIFAR-10"), name="cifar10")
data.add_typer(image_sets.commands("tiny-imagenet", "Tiny ImageNet"), name="tiny-imagenet")

SplitName = Annotated[str, typer.Option("--split", help="full, implies, or, php.")]
Leaves = Annotated[int | None, typer.Option(help="Leaves of a statement (or: atoms of the tree).")]
Atoms = Annotated[int | None, typer.Option(help="Distinct atoms (full, implies: 3); names of or (100 000).")]
OmissionSeed = Annotated[int | None, typer.Option(help="What the larger cases of php leave out [default: 0].")]
Canonical = Annotated[bool, typer.Option("--canonical", help="Statements up to the names of their atoms.")]
Folder = Annotated[Path, typer.Argument(help="Folder of a finished data set.")]
Simplest = Annotated[bool, typer.Option("--simplest", help="Only the successful path of a proof.")]
StateLimit = Annotated[int, typer.Option(help="States after which a search is given up.")]
Processes = Annotated[int, typer.Option(help="Processes at a time.")]
Launcher = Annotated[str, typer.Option(help="local, or ray: the cluster of $RAY_ADDRESS, or one of our own.")]


@pita.command()
def make(
    out: Out,
    split: SplitName = "full",
    leaves: Leaves = None,
    atoms: Atoms = None,
    omission_seed: OmissionSeed = None,
    canonical: Canonical = False,
    count: Annotated[float, typer.Option(help="How many statements, e.g. 1e6.")] = 1000,
    seed: Annotated[int, typer.Option(help="Selects the statements and their order.")] = 0,
    shard_rows: Annotated[int, typer.Option(help="Rows of a shard.")] = 10_000,
    state_limit: StateLimit = 10_000,
    simplest: Simplest = False,
    processes: Processes = 1,
    launcher: Launcher = "local",
    resume: Annotated[bool, typer.Option("--resume", help="Go on in a folder that was begun.")] = False,
    debug: Debug = False,
) -> None:
    """Write statements with their proofs as parquet shards."""

    def body() -> None:
        from solv.data.pita.splits import SplitSpec
        from solv.data.pita.spread import Workers
        from solv.data.pita.writer import Plan, write
        from solv.tracking.progress import reporter_for

        if not count.is_integer():
            raise ValueError(f"count = {count} is no whole number; valid: an integer >= 1")
        selected = SplitSpec(split, leaves, atoms, omission_seed, canonical)
        plan = Plan(selected, int(count), seed, shard_rows, state_limit, simplest)
        workers = Workers(processes, launcher)
        with reporter_for(sys.stderr.isatty()) as shown, shown.task("statements", plan.count) as task:
            made = write(plan, out, workers=workers, resume=resume, after_shard=task.advance)
        typer.echo(f"{plan.count} statements in {plan.shards} shards ({made} made now): {out}")

    finish(body, debug, again="the same command with --resume")


@pita.command()
def check(folder: Folder, processes: Processes = 1, launcher: Launcher = "local", debug: Debug = False) -> None:
    """Replay every trace, decide every statement by a second calculus, and look for counter-models."""

    def body() -> None:
        from solv.data.pita.audit import GIVEN_UP, MODELLED, PROVED, REFUTED, check_all
        from solv.data.pita.shards import read_manifest
        from solv.data.pita.spread import Workers
        from solv.tracking.progress import reporter_for

        workers = Workers(processes, launcher)
        total = read_manifest(folder)["count"]
        with reporter_for(sys.stderr.isatty()) as shown, shown.task("statements", total) as task:
            counts = check_all(folder, workers=workers, after_shard=task.advance)
        typer.echo(
            f"all checked: {counts[PROVED]} proved, {counts[REFUTED]} refuted ({counts[MODELLED]} {MODELLED} as well), "
            f"{counts[GIVEN_UP]} {GIVEN_UP}"
        )

    finish(body, debug)


@pita.command()
def stats(folder: Folder, processes: Processes = 1, launcher: Launcher = "local", debug: Debug = False) -> None:
    """Count statements, true ones and proof lengths."""

    def body() -> None:
        from solv.data.pita.audit import count_all
        from solv.data.pita.spread import Workers

        counts = count_all(folder, workers=Workers(processes, launcher))
        verdicts: Counter[bool | None] = Counter()
        lengths: Counter[int] = Counter()
        true_at: Counter[int] = Counter()
        for (_, verdict, length), number in counts.items():
            verdicts[verdict] += number
            if verdict is not None:
                lengths[length] += number
                true_at[length] += number * verdict
        decided = verdicts[True] + verdicts[False]
        typer.echo(f"{decided + verdicts[None]} statements, {verdicts[None]} given up")
        if decided:
            ranked = list(accumulate(lengths[length] for length in sorted(lengths)))
            median, most = (sorted(lengths)[bisect_left(ranked, part * decided)] for part in (0.5, 0.9))
            typer.echo(f"true: {verdicts[True] / decided:.4f} of {decided} decided")
            typer.echo(f"length: median {median}, 90th percentile {most}, longest {max(lengths)}")
        typer.echo("length  statements  true")
        for length, number in sorted(lengths.items()):
            typer.echo(f"{length:6}  {number:10}  {true_at[length] / number:.4f}")

    finish(body, debug)


@pita.command()
def show(
    index: Annotated[int, typer.Argument(help="Number of the statement in its split.")],
    split: SplitName = "full",
    leaves: Leaves = None,
    atoms: Atoms = None,
    omission_seed: OmissionSeed = None,
    canonical: Canonical = False,
    state_limit: StateLimit = 10_000,
    simplest: Simplest = False,
    debug: Debug = False,
) -> None:
    """Show a statement and its search, one step a line, and a counter-model where there is one."""

    def body() -> None:
        from solv.data.pita.countermodels import counter_model
        from solv.data.pita.records import record
        from solv.data.pita.splits import SplitSpec, open_split

        opened = open_split(SplitSpec(split, leaves, atoms, omission_seed, canonical))
        row = record(opened, index, state_limit, simplest=simplest)
        typer.echo(row["input"])
        typer.echo((row["proof"] or "given up").replace("</state>", "</state>\n"))
        if row["is_true"] is False and (model := counter_model(opened[index])):
            typer.echo(f"fails in: {model}")

    finish(body, debug)


@pita.command()
def export(
    folder: Folder,
    lean: Annotated[Path, typer.Option("--lean", help="Lean 4 file to write: the proofs, none of the failures.")],
    debug: Debug = False,
) -> None:
    """Write the proofs of a data set as Lean 4 theorems."""

    def body() -> None:
        from solv.data.pita.formulas import parse
        from solv.data.pita.lean import theorem
        from solv.data.pita.shards import rows
        from solv.tracking.files import replacing

        written = 0
        with replacing(lean) as partial, partial.open("w", encoding="utf-8") as file:
            for row in rows(folder):
                if row["is_true"]:
                    file.write("\n" * bool(written))
                    file.write(theorem(f"statement_{row['index']}", parse(row["statement"]), row["proof"]))
                    written += 1
        typer.echo(f"{written} theorems: {lean}")

    finish(body, debug)
