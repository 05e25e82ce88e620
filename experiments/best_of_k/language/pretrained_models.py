"""What do models and questions of the user need, and how are they asked? Repeats are questions."""

from solv.data.best_of_k.questions import Question, QuestionsError, read_questions
from solv.experiments.best_of_k.language.answers import answer
from solv.experiments.best_of_k.language.judged_errors import ITSELF, JudgedErrors
from solv.experiments.best_of_k.settings import LanguageSettings
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.language.huggingface import HuggingFaceAnswering, ModelError, require_folder


def asked_questions(settings: LanguageSettings) -> list[Question]:
    """Return the questions that models of the user are asked.

    Raises:
        ConfigurationError: no file, a line that cannot be read, or a folder of a model that is not there.
    """
    chosen = settings.pretrained
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
    try:
        generator, *judges = [
            HuggingFaceAnswering(
                path,
                device=context.device,
                template=chosen.template,
                new_tokens=chosen.new_tokens,
                temperature=chosen.temperature,
                per_token=chosen.per_token,
                rows=chosen.rows,
            )
            for path in (chosen.generator, chosen.judge)
            if path is not None
        ]
    except ModelError as error:
        raise ConfigurationError(f"language.pretrained: {error}") from None
    errors = context.unit(
        "language pretrained",
        lambda: answer(
            settings,
            context,
            "pretrained",
            generator,
            dict(zip(["judge"], judges, strict=False)),
            [each.question for each in asked],
            [each.answer for each in asked],
        ),
    )
    who = {"generator": str(chosen.generator), "questions": str(chosen.questions)}
    named = {"judge": str(chosen.judge), ITSELF: ITSELF}
    return [JudgedErrors({**who, "judge": named[judge]}, values) for judge, values in errors.items()]
