"""How often is the answer wrong that a judge selects, at every number of samples and every temperature?"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from solv.data.best_of_k.questions import is_correct, stated_number
from solv.experiments.best_of_k.language.judged_errors import ITSELF
from solv.experiments.best_of_k.settings import LanguageSettings
from solv.harness.contract import Context
from solv.models.best_of_k.answer_selection import selection_errors
from solv.models.language.answering import Answers, Generator, Judge, sample_all, score_all
from solv.models.language.judging import HIGHEST, NO_SCORE

UNSTATED, UNSCORED = "answers without a stated number", "answers without a score"


def answer(
    settings: LanguageSettings,
    context: Context,
    name: str,
    generator: Generator,
    judges: Mapping[str, Judge],
    questions: Sequence[str],
    truths: Sequence[str],
    *,
    stated: bool = False,
    scores: bool = False,
) -> dict[str, np.ndarray]:
    """Return the errors of the answers that each judge, and `ITSELF`, selects, shape (questions, ks + temperatures).

    First at every k with the fixed temperature, then at every temperature with the fixed k. Answers and rewards are
    kept on disk. What has no number is counted: `UNSTATED` and `UNSCORED`, fractions of each question, (questions,).

    Args:
        settings: how many samples, in how many orders, are selected from; the noise of scores.
        context: of the run.
        name: names the random streams.
        generator: samples the answers.
        judges: by what they are called in the result.
        questions, truths: what is asked, and the right answers.
        stated: whether an answer has to state its number.
        scores: whether the judges' rewards are scores from 0 to 10, which `judge.epsilon` blurs; no score counts as 0.
    """
    cache = Path(settings.cache) if settings.cache else context.checkpoint("language answers").path.with_suffix("")
    seed = context.seeds.integer("language", "answers", name)
    made: Answers = sample_all(generator, questions, settings.samples, seed, batch=settings.batch, cache=cache)
    wrong = np.array(
        [
            [not is_correct(text, truth, stated=stated) for text in texts]
            for texts, truth in zip(made.texts, truths, strict=True)
        ]
    )
    counted = {UNSTATED: np.array([[stated_number(text) is None for text in texts] for texts in made.texts]).mean(1)}
    rewards = {}
    for judge, scorer in judges.items():
        found = score_all(scorer, questions, made.texts, batch=settings.batch, cache=cache)
        if scores:
            counted[UNSCORED] = (found == NO_SCORE).mean(1)
            found = blurred(np.maximum(found, 0.0), settings.judge.epsilon, context, name)
        rewards[judge] = found
    rewards[ITSELF] = made.log_probabilities
    selected = {judge: selected_errors(settings, context, name, reward, wrong) for judge, reward in rewards.items()}
    return {**selected, **(counted if stated or scores else {})}


def selected_errors(
    settings: LanguageSettings,
    context: Context,
    name: str,
    reward: Float[np.ndarray, "questions n"],
    wrong: Bool[np.ndarray, "questions n"],
) -> Float[np.ndarray, "questions ks+temperatures"]:
    """Return the error of the answer that softmax(reward / T) selects: 1 minus the softmax-weighted accuracy.

    First at every k with the fixed temperature, then at every temperature with the fixed k. Orders are the same for all
    judges of one `name`: their differences are paired.
    """

    def errors(k: Sequence[int], temperatures: Sequence[float]) -> np.ndarray:
        orders = context.seeds.numpy("language", "orders", name)
        selected = selection_errors(reward, wrong, k, temperatures, orders=settings.orders, generator=orders)
        return selected.reshape(len(reward), -1)

    by_k = errors(settings.k, [settings.fixed_temperature])
    return np.hstack([by_k, errors([settings.fixed_k], settings.temperature)])


def blurred(
    scores: Float[np.ndarray, "questions n"], epsilon: float, context: Context, name: str
) -> Float[np.ndarray, "questions n"]:
    """Return scores from 0 to 10 with the noise 10 epsilon N(0, 1), clamped: the paper's knob of a judge's quality."""
    if epsilon == 0:
        return scores
    noise = context.seeds.numpy("language", "judge noise", name).standard_normal(scores.shape)
    return np.clip(scores + HIGHEST * epsilon * noise, 0.0, HIGHEST)
