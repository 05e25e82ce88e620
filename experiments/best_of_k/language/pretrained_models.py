"""What do models and questions of the user need, and how are they asked? Repeats are questions."""

from solv.data.best_of_k.questions import Question, QuestionsError, read_questions, stated_number
from solv.experiments.best_of_k.language.answers import UNSCORED, UNSTATED, answer
from solv.experiments.best_of_k.language.judged_errors import ITSELF, JudgedErrors
from solv.experiments.best_of_k.settings import LanguageSettings, Pretrained
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.language.answering import Judge
from solv.models.language.huggingface import HuggingFaceAnswering, ModelError, require_folder
from solv.models.language.judging import ProcessReward, WrittenScore

STATED, LIKELIHOOD = "stated", "log-likelihood"


def asked_questions(settings: LanguageSettings) -> list[Question]:
    """Return the questions that models of the user are asked.

    Raises:
        ConfigurationError: no file, a line that cannot be read, or a folder of a model that is not there.
    """
    chosen = settings.pretrained
    if settings.judge.epsilon > 0 and settings.judge.kind == LIKELIHOOD:
        raise ConfigurationError(
            f"language.judge.epsilon = {settings.judge.epsilon} blurs scores from 0 to 10; a log-likelihood is none"
        )
    if settings.judge.kind != LIKELIHOOD and chosen.judge is None:
        raise ConfigurationError(f"language.judge.kind = {settings.judge.kind} needs language.pretrained.judge")
    if chosen.questions is None:
        raise ConfigurationError("language.pretrained.questions is not set; give a JSONL file of questions")
    try:
        questions, _ = read_questions(chosen.questions, skip_bad=chosen.skip_bad)
        for path in (chosen.generator, chosen.judge):
            if path is not None:
                require_folder(path)
    except (QuestionsError, ModelError) as error:
        raise ConfigurationError(f"language.pretrained: {error}") from None
    return questions[: settings.questions]


def ask_pretrained(settings: LanguageSettings, context: Context) -> list[JudgedErrors]:
    """Return the errors of the answers that the user's judge, and the generator itself, select.

    Raises:
        ConfigurationError: a model or a file of questions that cannot be used.
    """
    chosen, asked = settings.pretrained, asked_questions(settings)
    kind = settings.judge.kind
    try:
        generator = _answering(chosen, str(chosen.generator), context)
        judges: dict[str, Judge] = {} if chosen.judge is None else {"judge": _judge(settings, chosen.judge, context)}
    except ModelError as error:
        raise ConfigurationError(f"language.pretrained: {error}") from None
    found = context.unit(
        "language pretrained",
        lambda: answer(
            settings,
            context,
            "pretrained",
            generator,
            judges,
            [each.question for each in asked],
            [each.answer for each in asked],
            stated=chosen.answer == STATED,
            scores=kind != LIKELIHOOD,
        ),
    )
    who = {"generator": str(chosen.generator), "questions": str(chosen.questions), "answer": chosen.answer}
    named = {"judge": {"judge": str(chosen.judge), "kind": kind, "epsilon": settings.judge.epsilon}}
    named[ITSELF] = {"judge": ITSELF}
    left_out = {name: found[name] for name in (UNSTATED, UNSCORED) if name in found}
    return [
        JudgedErrors({**who, **named[judge]}, values, left_out=left_out if judge == "judge" or not judges else {})
        for judge, values in found.items()
        if judge in named
    ]


def _answering(chosen: Pretrained, path: str, context: Context) -> HuggingFaceAnswering:
    return HuggingFaceAnswering(
        path,
        device=context.device,
        template=chosen.template,
        new_tokens=chosen.new_tokens,
        temperature=chosen.temperature,
        per_token=chosen.per_token,
        rows=chosen.rows,
    )


def _judge(settings: LanguageSettings, path: str, context: Context) -> Judge:
    own, rows = settings.judge, settings.pretrained.rows
    if own.kind == "score":
        return WrittenScore(
            path, _final, device=context.device, template=own.template, new_tokens=own.new_tokens, rows=rows
        )
    if own.kind == "process-reward":
        return ProcessReward(path, device=context.device, step_end=own.step_end, rows=rows)
    return _answering(settings.pretrained, path, context)


def _final(text: str) -> str:
    """Return the answer that a text states, as the judge is shown it."""
    number = stated_number(text)
    return "" if number is None else f"{number:g}"
