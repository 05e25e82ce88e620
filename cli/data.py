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
data.add_typer(image_sets.commands("cifar100", "CIFAR-100"), name="cifar100")
data.add_typer(image_sets.commands("tiny-imagenet", "Tiny ImageNet"), name="tiny-imagenet")

SplitName = Annotated[str, typer.Option("--split", help="full, imply, or, php.")]
Leaves = Annotated[int | None, typer.Option(help="Leaves of a statement (or: atoms of the tree).")]
Atoms = Annotated[int | None, typer.Option(help="Distinct atoms (full, imply: 3); names of or (100 000).")]
OmissionSeed = Annotated[int | None, typer.Option(help="What the larger cases of php leave out [default: 0].")]
Canonical = Annotated[bool, typer.Option("--canonical", help="Statements up to the names of their atoms.")]
Folder = Annotated[Path, typer.Argument(help="Folder of a finished data set.")]
Simplest = Annotated[bool, typer.Option("--simplest", help="Only the successful path of a proof.")]
StateLimit = Annotated[int, typer.Option(help="States after which a search is given up.")]
SearchName = Annotated[str, typer.Option("--search", help="paper, or pruned: shorter where something fails.")]
Processes = Annotated[int, typer.Option(help="Processes at a time.")]
Launcher = Annotated[str, typer.Option(help="local, or ray: the cluster of $RAY_ADDRESS, or one of our own.")]


@pita.command()
def make(
    out: Out,
    split: Annotated[
        str, typer.Option("--split", help="full, imply, or, php; paper: all four, as they are published.")
    ] = "full",
    leaves: Leaves = None,
    atoms: Atoms = None,
    omission_seed: OmissionSeed = None,
    canonical: Canonical = False,
    count: Annotated[
        float | None, typer.Option(help="How many statements, e.g. 1e6 [default: 1000; paper: all of them].")
    ] = None,
    seed: Annotated[int, typer.Option(help="Selects the statements and their order.")] = 0,
    shard_rows: Annotated[int, typer.Option(help="Rows of a shard.")] = 10_000,
    state_limit: StateLimit = 10_000,
    simplest: Simplest = False,
    search: SearchName = "paper",
    processes: Processes = 1,
    launcher: Launcher = "local",
    resume: Annotated[bool, typer.Option("--resume", help="Go on in a folder that was begun.")] = False,
    debug: Debug = False,
) -> None:
    """Write statements with their proofs as parquet shards."""

    def body() -> None:
        from solv.data.pita.mixture import mixture
        from solv.data.pita.splits import SplitSpec
        from solv.data.pita.spread import Workers
        from solv.data.pita.writer import Plan, write
        from solv.tracking.progress import reporter_for

        if count is not None and not count.is_integer():
            raise ValueError(f"count = {count} is no whole number; valid: an integer >= 1")
        workers = Workers(processes, launcher)
        if split == "paper":
            for name, value in (("leaves", leaves), ("atoms", atoms), ("omission-seed", omission_seed)):
                if value is not None:
                    raise ValueError(f"{name} = {value} does not apply to split paper; valid: leave it out")
            counts = mixture(None if count is None else int(count))
            selected = {out / name: SplitSpec(name, canonical=canonical, published=True) for name in counts}
        else:
            selected = {out: SplitSpec(split, leaves, atoms, omission_seed, canonical)}
            counts = {split: 1000 if count is None else int(count)}
        plans = {
            folder: Plan(spec, counts[spec.name], seed, shard_rows, state_limit, simplest, search)
            for folder, spec in selected.items()
        }
        total = sum(plan.count for plan in plans.values())
        made = 0
        with reporter_for(sys.stderr.isatty()) as shown, shown.task("statements", total) as task:
            for folder, plan in plans.items():
                made += write(plan, folder, workers=workers, resume=resume, after_shard=task.advance)
        shards = sum(plan.shards for plan in plans.values())
        typer.echo(f"{total} statements in {shards} shards ({made} made now): {out}")

    finish(body, debug, again="the same command with --resume")


@pita.command()
def check(folder: Folder, processes: Processes = 1, launcher: Launcher = "local", debug: Debug = False) -> None:
    """Replay every trace, decide every statement by a second calculus, and look for counter-models."""

    def body() -> None:
        from solv.data.pita.audit import GIVEN_UP, MODELLED, PROVED, REFUTED, check_all
        from solv.data.pita.published import ALIKE, DIFFERING, check_published, is_published, row_count
        from solv.data.pita.shards import data_sets, read_manifest
        from solv.data.pita.spread import Workers
        from solv.tracking.progress import reporter_for

        workers = Workers(processes, launcher)
        if is_published(folder):
            total = row_count(folder)
            with reporter_for(sys.stderr.isatty()) as shown, shown.task("statements", total) as task:
                counts = check_published(folder, workers=workers, after_file=task.advance)
            typer.echo(
                f"all checked: {counts[PROVED]} proved, {counts[REFUTED]} refuted ({counts[MODELLED]} {MODELLED} as "
                f"well); as long as our own search: {counts[ALIKE]} of {total}; {counts[DIFFERING]} states "
                "differ behind a block that was given up"
            )
            return
        found = data_sets(folder)
        total = sum(read_manifest(each)["count"] for each in found)
        with reporter_for(sys.stderr.isatty()) as shown, shown.task("statements", total) as task:
            counts = sum((check_all(each, workers=workers, after_shard=task.advance) for each in found), Counter())
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
        from solv.data.pita.published import count_published, is_published
        from solv.data.pita.shards import data_sets
        from solv.data.pita.spread import Workers

        workers = Workers(processes, launcher)
        if is_published(folder):
            counts = count_published(folder, workers=workers)
        else:
            counts = sum((count_all(each, workers=workers) for each in data_sets(folder)), Counter())
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
    search: SearchName = "paper",
    debug: Debug = False,
) -> None:
    """Show a statement and its search, one step a line, and a counter-model where there is one."""

    def body() -> None:
        from solv.data.pita.countermodels import counter_model
        from solv.data.pita.records import record
        from solv.data.pita.search import SEARCHES
        from solv.data.pita.splits import SplitSpec, open_split

        opened = open_split(SplitSpec(split, leaves, atoms, omission_seed, canonical))
        if search not in SEARCHES:
            raise ValueError(f"search = {search!r} is unknown; valid: {', '.join(SEARCHES)}")
        row = record(opened, index, state_limit, simplest=simplest, pruned=search == "pruned")
        typer.echo(row["prompt"])
        typer.echo((row["completion"] or "given up").replace("</state>", "</state>\n"))
        if row["is_true"] is False and (model := counter_model(opened[index])):
            typer.echo(f"fails in: {model}")

    finish(body, debug)


@pita.command()
def prove(
    statement: Annotated[str, typer.Argument(help='Such as "((p -> q) -> p) -> p", or the head of a Lean theorem.')],
    lean: Annotated[
        bool, typer.Option("--lean", help="Print the proof as a Lean 4 theorem, and nothing else.")
    ] = False,
    state_limit: Annotated[int, typer.Option(help="States after which the search is given up.")] = 100_000,
    debug: Debug = False,
) -> None:
    """Decide a statement of intuitionistic logic: its proof step by step, or a model in which it fails."""

    def body() -> None:
        from solv.data.pita.questions import answer, read

        question = read(statement)
        found = answer(question, state_limit)
        if lean and not found.proved:
            raise ValueError(f"{question} is not provable; valid: a theorem (without --lean: why it is none)")
        if lean:
            typer.echo(found.lean, nl=False)
            return
        typer.echo(f"{'provable' if found.proved else 'not provable'}: {question}")
        width = max((2 * step.depth + len(step.tactic) for step in found.steps), default=0)
        for number, step in enumerate(found.steps, start=1):
            shown = f"{', '.join(step.hypotheses)} ⊢ {step.goal}" if step.goal else "done"
            typer.echo(f"{number:3}  {'  ' * step.depth + step.tactic:{width}}  {shown}")
        if found.proved:
            return
        if found.model is None:
            typer.echo("no model of up to four worlds refutes it; two calculi have searched it in vain")
            return
        typer.echo(f"fails in: {question.said(str(found.model))}")
        if found.model.worlds > 1:
            typer.echo("It holds in classical logic.")

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
                    file.write(theorem(f"statement_{row['index']}", parse(row["statement"]), row["completion"]))
                    written += 1
        typer.echo(f"{written} theorems: {lean}")

    finish(body, debug)
