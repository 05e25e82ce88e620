"""How much work are the language models of pita? Counted from the settings, without statements and without torch."""

from solv.data.pita.splits import SplitSpec
from solv.data.pita.tokens import VOCABULARY
from solv.experiments.pita.chain_work import FLOAT, PASS
from solv.experiments.pita.language_statements import effort, repeats, split_sizes, statements
from solv.experiments.pita.settings import ROLES, LanguageSettings
from solv.experiments.pita.statements import LEAF_STEPS, MEAN_LEAVES
from solv.harness.work import Work, training

PROMPT, STATE = 4, 5  # tokens of a prompt, and of one state of a trace, for every leaf of the statement; measured
USUAL = 2 / 3  # length of a trace that is trained on, of the longest; measured
PASSES = 80  # over a layer's width, for every token: norms, rotations, sums and GELU, forwards and backwards
KEPT = 30  # numbers that a layer keeps of a token for the way back, of its width
LAYER_CALLS, STEP_CALLS = 100, 60  # kernels of a training step, for every layer and besides; forwards 40 % of them
FORWARD = 0.4


def language_work(settings: LanguageSettings) -> Work:
    """Return the work of all language models: search, training, and the traces that they write, at their longest.

    The size of a pretrained model is not known from the settings: its own work is left out.
    """
    return sum((_one_repeat(settings, role) * repeats(settings, role) for role in ROLES), Work())


def _one_repeat(settings: LanguageSettings, role: str) -> Work:
    """Return the work of one set of statements of a split, and of the models that learn it."""
    searched = _searching(settings, role)
    if settings.pretrained.model is not None:
        return searched
    return searched + _learning(settings, role) + _asking(settings) * len(statements(settings, role).lengths)


def _leaves(spec: SplitSpec) -> int:
    """Return the leaves of a statement of that size; of `or` there is the target, too."""
    if spec.name == "or":
        return (spec.leaves or 0) + 1
    return spec.leaves or MEAN_LEAVES[spec.name]


def _searching(settings: LanguageSettings, role: str) -> Work:
    """Return the work of proving the most statements that the settings allow."""
    _, searched, _ = effort(settings, role)
    return Work(calls=LEAF_STEPS / 2 * searched * sum(map(_leaves, split_sizes(settings, role))))


def _learning(settings: LanguageSettings, role: str) -> Work:
    """Return the work of training with a trace, directly, and directly on as many tokens."""
    threshold, (_, _, steps) = statements(settings, role).threshold, effort(settings, role)
    sizes = [_leaves(spec) for spec in split_sizes(settings, role)]
    # an unprovable statement of `or` has two states a leaf, less three: larger ones are too long to be trained on
    learned = [m for m in sizes if 2 * m - 3 <= threshold or statements(settings, role).split != "or"] or [min(sizes)]
    leaves = sum(learned) / len(learned)
    direct, traced = PROMPT * leaves, (PROMPT + STATE * USUAL * threshold) * leaves
    longest = (PROMPT + STATE * threshold) * leaves
    matched = traced / direct if role in settings.equal_tokens else 0
    with_trace = _training(settings, traced, longest, steps)
    return with_trace + _training(settings, direct, direct, steps * (1 + matched))


def _training(settings: LanguageSettings, tokens: float, longest: float, steps: float) -> Work:
    """Return the work of one decoder's training on sequences of so many tokens, and at most so many."""
    width, layers, batch = settings.decoder.width, settings.decoder.layers, settings.training.batch
    weights = (
        layers * (12 * width**2 + width * tokens) + len(VOCABULARY) * width
    )  # attention to half of the tokens before
    calls = LAYER_CALLS * layers + STEP_CALLS + 2 * batch  # a row of a batch is filled in by two calls
    work = training(weights, batch * tokens, steps, calls=calls)
    kept = FLOAT * batch * longest * (KEPT * layers * width + 3 * len(VOCABULARY))
    passes = PASS * PASSES * layers * width * batch * tokens * steps
    return Work(work.flops + passes, work.calls, work.memory + kept)


def _asking(settings: LanguageSettings) -> Work:
    """Return the work of one bin's traces, written token by token, with keys and values that are copied each time."""
    width, layers = settings.decoder.width, settings.decoder.layers
    rows, tokens = settings.tests, settings.new_tokens
    weights, cache = 12 * layers * width**2, 2 * layers * width * rows * tokens
    calls = FORWARD * (LAYER_CALLS * layers + STEP_CALLS)
    return Work(tokens * (2 * weights * rows + PASS * cache / 2), calls * tokens, FLOAT * cache)
