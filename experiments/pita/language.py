"""Part `language`: do language models that write a proof generalise to longer proofs? (E2)

On a broad, shallow split and on a narrow, deep one, a model is trained on statements with short traces, once to write
the trace and twice to answer directly: on as many statements, and on as many tokens. All are asked for statements with
traces of any length. Tests hold as many provable as unprovable statements: guessing is right half of the time.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from solv.experiments.pita.answers import ANSWERS, DIRECT, MATCHED, TRACE
from solv.experiments.pita.language_statements import effort, examples, repeats, rows, split_sizes, statements
from solv.experiments.pita.language_work import language_work
from solv.experiments.pita.settings import BROAD, DEEP, ROLES, LanguageSettings, PitaConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing
from solv.tracking.confidence import STUDENT, exceeds
from solv.tracking.curves import Curves, Params, Recorder, parameter, select, standard_error
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from solv.data.pita.by_length import ByLength

RECORD = Recorder("pita", "language")
RIGHT, VALID = "right answers", "valid traces"  # what is counted; a valid trace ends in the right answer
ALWAYS_FALSE = "always failure"  # the baseline: most statements are not provable
TRAINED, LONGER = "as trained", "longer"
LEARNED = 0.95  # accuracy at trained lengths from which a comparison beyond them means something


class Panels(StrEnum):
    """The panels of this part."""

    BROAD = "language-broad"
    DEEP = "language-deep"
    WRONG_REASON = "wrong-reason"
    NONE = "no-answer"
    NATURAL = "natural-classes"
    DIFFERENCE = "trace-minus-direct"


ACCURACY = {BROAD: Panels.BROAD, DEEP: Panels.DEEP}


def panels(config: PitaConfig) -> list[Panel]:
    """Return the accuracy against the length of the trace, what is wrong with traces, and the difference."""
    whole = (-0.05, 1.05)
    accuracies = [
        Panel(
            ACCURACY[role],
            "Language models on {split}, trained up to {threshold}",
            "length of the trace",
            "balanced accuracy (guessing: 0.5)",
            y_limits=whole,
            facets=("split", "threshold"),
            series=_answer_label,
            verticals={statements(config.language, role).threshold + 0.5: "longest trained"},
        )
        for role in ROLES
    ]
    return [
        *accuracies,
        Panel(
            Panels.WRONG_REASON,
            "Right answers, wrong traces",
            "length of the trace",
            "fraction",
            y_limits=whole,
            series="{role}: {split}",
        ),
        Panel(
            Panels.NONE,
            "Traces without an answer",
            "length of the trace",
            "fraction",
            y_limits=whole,
            series="{role}: {split}",
        ),
        Panel(
            Panels.NATURAL,
            "With the classes as they are, {split}",
            "length of the trace",
            "accuracy",
            y_limits=whole,
            facets=("role", "split"),
            series="{answer}",
            drawn=False,
        ),
        Panel(
            Panels.DIFFERENCE,
            "Trace minus direct, paired over repeats",
            "length of the trace",
            "difference of accuracies",
            series="{role}: {split}, minus {against}",
            category=("lengths",),
        ),
    ]


def _answer_label(params: Params) -> str:
    return "with a valid trace" if params["counted"] == VALID else str(params["answer"])


def predict(config: PitaConfig) -> Iterator[Curves]:
    """Yield nothing: no theory says what a language model learns."""
    yield from ()


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield what models of both roles and both answers do in every bin of lengths.

    Raises:
        ConfigurationError: sizes that no statement has, or a model that cannot be used.
    """
    from solv.experiments.pita.language_training import require_model, train_and_ask

    settings = config.language
    for role in ROLES:  # say what cannot work now, not after half of the work
        split_sizes(settings, role)
    require_model(settings, context)
    answers = {role: (*ANSWERS, MATCHED) if role in settings.equal_tokens else ANSWERS for role in ROLES}
    jobs = {
        f"language {role} {repeat} {answer}": (role, repeat, answer)
        for role in ROLES
        for repeat in range(repeats(settings, role))
        for answer in answers[role]
    }
    results: dict[tuple[str, str], list[dict[str, np.ndarray]]] = {}
    found = rows(settings, context)
    data: dict[tuple[str, int], ByLength] = {}
    with context.progress.task("train language models on proofs", len(jobs)) as step:

        def compute(name: str) -> dict[str, np.ndarray]:
            role, repeat, answer = jobs[name]
            if (role, repeat) not in data:
                data.clear()
                data[role, repeat] = examples(settings, role, repeat, found[role, repeat], context)
            return train_and_ask(settings, data[role, repeat], name, answer, effort(settings, role)[2], context)

        def tell(name: str) -> None:
            role, _, answer = jobs[name]
            step.advance(note=f"{statements(settings, role).split}, {answer}")

        for name, arrays in context.units({name: partial(compute, name) for name in jobs}, tell).items():
            role, _, answer = jobs[name]
            results.setdefault((role, answer), []).append(arrays)
    for role in ROLES:
        stacked = {
            answer: {key: np.stack([each[key] for each in results[role, answer]]) for key in results[role, answer][0]}
            for answer in answers[role]
        }
        yield from _curves(settings, role, stacked)


def _curves(
    settings: LanguageSettings, role: str, found: Mapping[str, Mapping[str, Float[np.ndarray, "repeats bins"]]]
) -> Iterator[Curves]:
    """Yield the curves of one role from the fractions of every kind of answer, by repeat and bin."""
    chosen = statements(settings, role)
    bins = np.array(sorted(chosen.lengths), dtype=float)
    middle = (np.concatenate([[0.0], bins[:-1]]) + 1 + bins) / 2
    at = {"role": role, "split": chosen.split, "threshold": chosen.threshold}
    trace = found[TRACE]
    part = np.nan_to_num(trace["provable"])
    natural = {
        answer: part * values["right_provable"] + (1 - part) * values["right_unprovable"]
        for answer, values in found.items()
    }
    shown: list[tuple[Panels, Params, np.ndarray]] = [
        (ACCURACY[role], {"answer": TRACE, "counted": VALID}, trace["valid"]),
        *((ACCURACY[role], {"answer": answer, "counted": RIGHT}, values["right"]) for answer, values in found.items()),
        (Panels.WRONG_REASON, {}, trace["right"] - trace["valid"]),
        (Panels.NONE, {}, trace["none"]),
        *((Panels.NATURAL, {"answer": answer}, values) for answer, values in natural.items()),
        (Panels.NATURAL, {"answer": ALWAYS_FALSE}, np.where(np.isfinite(trace["right"]), 1 - part, np.nan)),
    ]
    for panel, kind, values in shown:
        tested = np.isfinite(values).all(axis=0)
        if tested.any():
            y, y_err, n = standard_error(values[:, tested])
            x = ("length", middle[tested])
            yield RECORD.trained(panel, {**at, **kind}, x=x, y=("fraction", y), y_err=y_err, n=n)
    for against in found:
        differences = trace["right"] - found[against]["right"]
        tested = np.isfinite(differences).all(axis=0)
        for lengths, those in ((TRAINED, bins <= chosen.threshold), (LONGER, bins > chosen.threshold)):
            if against != TRACE and (those & tested).any():
                y, y_err, n = standard_error(differences[:, those & tested].mean(axis=1, keepdims=True))
                own = {**at, "lengths": lengths, "against": against}
                yield RECORD.trained(Panels.DIFFERENCE, own, x=("lengths", 0.0), y=("difference", y), y_err=y_err, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_winner(curves: Curves, role: str, winner: str) -> Judgement:
    rows = select(curves, panel=Panels.DIFFERENCE, role=role, against=DIRECT)
    longer, trained = (select(rows, lengths=lengths) for lengths in (LONGER, TRAINED))
    if longer.empty or trained.empty:
        return missing(f"language.{role}.lengths with statements to ask on both sides of language.{role}.threshold")
    points = select(curves, panel=ACCURACY[role], counted=RIGHT)
    points = points[points["x"] <= parameter(points, "threshold").astype(float)]
    learned = {answer: float(select(points, answer=answer)["y"].mean()) for answer in ANSWERS}
    sign = 1.0 if winner == TRACE else -1.0
    gain, error, number = sign * float(longer["y"].iloc[0]), float(longer["y_err"].iloc[0]), int(longer["n"].iloc[0])
    comparable = min(learned.values()) >= LEARNED
    return Judgement(
        exceeds(gain, 0.0, error, number) if comparable else Verdict.UNDECIDED,
        predicted="> 0",
        measured=(
            f"{gain:+.3f} ± {error:.3f} on longer ones; on trained lengths the trace is right {learned[TRACE]:.2f} of "
            f"the time, the direct answer {learned[DIRECT]:.2f}"
        ),
        tolerance=f"{STUDENT}; both right {LEARNED:g} of the time on trained lengths",
    )


def _judge_tokens(curves: Curves) -> Judgement:
    """A winner that is not clear against either kind of direct answers says nothing of the other."""
    rows = select(curves, panel=Panels.DIFFERENCE, lengths=LONGER)
    if select(rows, against=MATCHED).empty:
        return missing("language.equal_tokens=[broad,deep], and lengths beyond the threshold with statements to ask")
    verdicts, said = [], []
    for role in ROLES:
        of_role = select(rows, role=role)
        statements_, tokens = (select(of_role, against=against) for against in (DIRECT, MATCHED))
        if statements_.empty or tokens.empty:
            verdicts.append(Verdict.UNDECIDED)
            said.append(f"{role}: not asked (language.equal_tokens=[{','.join(ROLES)}])")
            continue
        gains = [float(each["y"].iloc[0]) for each in (statements_, tokens)]
        errors = [float(each["y_err"].iloc[0]) for each in (statements_, tokens)]
        said.append(f"{role}: {gains[0]:+.3f} ± {errors[0]:.3f} and {gains[1]:+.3f} ± {errors[1]:.3f}")
        repeats_ = int(of_role["n"].min())
        clear = [
            exceeds(abs(gain), 0.0, error, repeats_) is Verdict.HOLDS for gain, error in zip(gains, errors, strict=True)
        ]
        if not all(clear):
            verdicts.append(Verdict.UNDECIDED)
        else:
            verdicts.append(Verdict.HOLDS if gains[0] * gains[1] > 0 else Verdict.FAILS)
    return Judgement(
        all_of(verdicts),
        predicted="the same winner",
        measured="trace minus direct, as many statements and as many tokens: " + "; ".join(said),
        tolerance=f"each of the four, {STUDENT}",
    )


NEEDS = {
    "language.decoder.layers": 2,
    "language.training.steps": 2000,
    "language.training.batch": 32,
    "language.training.statements": 20_000,
    "language.searched": 40_000,
    "language.repeats": 4,
}
DEEP_NEEDS = {
    "language.decoder.layers": 2,
    "language.deep.steps": 3500,
    "language.deep.statements": 80_000,
    "language.deep.searched": 400_000,
    "language.deep.repeats": 24,  # three scatter by 0.05 each, about a lead of 0.03
}


def work(config: PitaConfig) -> Work:
    """Return the work of both roles' statements and models."""
    return language_work(config.language)


LANGUAGE = Part(
    name="language",
    question="Do language models that write a proof generalise to longer proofs better than those that answer at once?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "language-rt-wins-broad",
            "On longer proofs of a broad, shallow split, a model that writes the trace is right more often than one "
            "that answers directly.",
            reads=(Panels.DIFFERENCE, Panels.BROAD),
            judge=partial(_judge_winner, role=BROAD, winner=TRACE),
            needs=NEEDS,
        ),
        Claim(
            "language-dp-wins-deep",
            "On longer proofs of a narrow, deep split, one that answers directly is right more often than a model "
            "that writes the trace.",
            reads=(Panels.DIFFERENCE, Panels.DEEP),
            judge=partial(_judge_winner, role=DEEP, winner=DIRECT),
            needs=DEEP_NEEDS,
        ),
        Claim(
            "language-winner-keeps-at-equal-tokens",
            "Which of the two is right more often on longer proofs stays the same where both train on as many tokens.",
            reads=(Panels.DIFFERENCE,),
            judge=_judge_tokens,
            figure="appendix: equal tokens",
            needs=DEEP_NEEDS,
        ),
    ),
)
