"""Which statements are the language models of pita trained on, and which are they asked?"""

from collections.abc import Mapping
from functools import partial

import numpy as np

from solv.data.pita.by_length import ByLength, rows_by_length, write_examples
from solv.data.pita.splits import SplitSpec
from solv.experiments.pita.settings import BROAD, ROLES, Broad, Deep, LanguageSettings
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError


def statements(settings: LanguageSettings, role: str) -> Broad | Deep:
    """Return the settings of the split that is broad and shallow, or of that which is narrow and deep."""
    return settings.broad if role == BROAD else settings.deep


def effort(settings: LanguageSettings, role: str) -> tuple[int, int, int]:
    """Return the most statements to train on, the most proved of each size in their search, and the training steps.

    Those of the deep split need more of all to be learned: right or wrong is told by every name there.
    """
    shared = settings.training.statements, settings.searched, settings.training.steps
    if role == BROAD:
        return shared
    deep = settings.deep
    return deep.statements or shared[0], deep.searched or shared[1], deep.steps or shared[2]


def repeats(settings: LanguageSettings, role: str) -> int:
    """Return the number of independent sets of statements of a split."""
    return settings.repeats if role == BROAD else settings.deep.repeats or settings.repeats


def split_sizes(settings: LanguageSettings, role: str) -> list[SplitSpec]:
    """Return the split of every size.

    Raises:
        ConfigurationError: no statement has that size.
    """
    chosen = statements(settings, role)
    try:
        if chosen.split == "php":
            return [SplitSpec("php", canonical=True)]
        if chosen.split == "or":  # up to names, it has a handful of statements of a size
            return [SplitSpec("or", size, settings.names) for size in sorted(chosen.leaves)]
        return [SplitSpec(chosen.split, size, canonical=True) for size in sorted(chosen.leaves)]
    except ValueError as error:
        raise ConfigurationError(f"language.{role}: {error}") from None


def rows(settings: LanguageSettings, context: Context) -> dict[tuple[str, int], dict[str, np.ndarray]]:
    """Return by role and repeat the rows of the statements to train on and to ask, as `rows_by_length` has them.

    Every set is proved once, whatever models learn it.
    """

    def prove(role: str, repeat: int) -> dict[str, np.ndarray]:
        chosen = statements(settings, role)
        training, searched, _ = effort(settings, role)
        return rows_by_length(
            split_sizes(settings, role),
            _key(context, role, repeat),
            threshold=chosen.threshold,
            training=training,
            bins=sorted(chosen.lengths),
            tests=settings.tests,
            rows=searched,
        )

    sets = {
        f"language statements {role} {repeat}": (role, repeat)
        for role in ROLES
        for repeat in range(repeats(settings, role))
    }
    with context.progress.task("sort statements by the length of their proofs", len(sets)) as step:
        found = context.units(
            {name: partial(prove, *each) for name, each in sets.items()},
            lambda name: step.advance(note=statements(settings, sets[name][0]).split),
        )
    return {each: found[name] for name, each in sets.items()}


def _key(context: Context, role: str, repeat: int) -> int:
    return context.seeds.integer("language", "statements", role, repeat)


def examples(
    settings: LanguageSettings, role: str, repeat: int, found: Mapping[str, np.ndarray], context: Context
) -> ByLength:
    """Return the statements of one repeat: with short traces to train on, and by the length of their trace to ask.

    Args:
        settings: of the language models.
        role, repeat: which set.
        found: its rows.
        context: of the run.

    Raises:
        ConfigurationError: none is left to train on, or no bin of lengths has statements of both verdicts.
    """
    chosen = statements(settings, role)
    drawn = write_examples(split_sizes(settings, role), _key(context, role, repeat), found)
    if not drawn.training:
        raise ConfigurationError(
            f"language.{role}.threshold = {chosen.threshold} leaves no statement of {chosen.split} to train on; "
            f"give a larger one"
        )
    if all(len({each.provable for each in asked}) < 2 for asked in drawn.tests):
        raise ConfigurationError(
            f"language.{role}.lengths = {list(chosen.lengths)} leave no bin with provable and unprovable statements "
            f"of {chosen.split}; give others, or a larger language.searched"
        )
    return drawn
