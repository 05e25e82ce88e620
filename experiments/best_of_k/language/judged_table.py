"""What do answers say that were sampled and judged elsewhere? A table of the user's; repeats are questions."""

import numpy as np

from solv.data.best_of_k.judged_samples import JudgedSamples, JudgedSamplesError, read_judged_samples
from solv.experiments.best_of_k.language.answers import blurred, selected_errors
from solv.experiments.best_of_k.language.judged_errors import JudgedErrors
from solv.experiments.best_of_k.settings import LanguageSettings
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.language.judging import HIGHEST


def read_table(settings: LanguageSettings) -> list[JudgedSamples]:
    """Return the judged answers of every question of `language.table`.

    Raises:
        ConfigurationError: a table that cannot be read, a question with fewer answers than the largest k, or noise on
            scores that are not from 0 to 10.
    """
    try:
        questions, _ = read_judged_samples(str(settings.table), skip_bad=settings.skip_bad)
    except JudgedSamplesError as error:
        raise ConfigurationError(f"language.table: {error}") from None
    most, fewest = max(*settings.k, settings.fixed_k), min(len(each.scores) for each in questions)
    if fewest < most:
        raise ConfigurationError(
            f"language.table {settings.table}: a question has {fewest} answers, fewer than the largest k, {most}; give "
            "smaller language.k and language.fixed_k"
        )
    scores = np.concatenate([each.scores for each in questions])
    if settings.judge.epsilon > 0 and not (scores.min() >= 0 and scores.max() <= HIGHEST):
        raise ConfigurationError(
            f"language.judge.epsilon = {settings.judge.epsilon} blurs scores from 0 to 10; those of language.table are "
            f"from {scores.min():g} to {scores.max():g}"
        )
    return questions


def select_from_table(settings: LanguageSettings, context: Context) -> list[JudgedErrors]:
    """Return the errors of the answers that the table's scores select; of each question all answers are used."""
    questions = read_table(settings)

    def compute() -> dict[str, np.ndarray]:
        errors = []
        for place, each in enumerate(questions):
            name = f"table {place}"
            scores = blurred(each.scores[None], settings.judge.epsilon, context, name)
            errors.append(selected_errors(settings, context, name, scores, ~each.correct[None])[0])
        return {"errors": np.array(errors)}

    found = context.unit("language table", compute)["errors"]
    who = {"table": str(settings.table), "judge": "table", "epsilon": settings.judge.epsilon}
    return [JudgedErrors(who, found)]
