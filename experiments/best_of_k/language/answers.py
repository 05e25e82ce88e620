"""How often is the answer wrong that a judge selects, at every number of samples and every temperature?"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from solv.data.best_of_k.questions import is_correct
from solv.experiments.best_of_k.language.judged_errors import ITSELF
from solv.experiments.best_of_k.settings import LanguageSettings
from solv.harness.contract import Context
from solv.models.best_of_k.answer_selection import selection_errors
from solv.models.language.answering import Answers, Generator, Judge, sample_all, score_all


def answer(
    settings: LanguageSettings,
    context: Context,
    name: str,
    generator: Generator,
    judges: Mapping[str, Judge],
    questions: Sequence[str],
    truths: Sequence[str],
) -> dict[str, np.ndarray]:
    """Return the errors of the answers that each judge, and `ITSELF`, selects, shape (questions, ks + temperatures).

    First at every k with T = 0, then at every temperature with the fixed k. Answers and rewards are kept on disk.

    Args:
        settings: how many samples, in how many orders, are selected from.
        context: of the run.
        name: names the random streams.
        generator: samples the answers.
        judges: by what they are called in the result.
        questions, truths: what is asked, and the right answers.
    """
    cache = Path(settings.cache) if settings.cache else context.checkpoint("language answers").path.with_suffix("")
    seed = context.seeds.integer("language", "answers", name)
    made: Answers = sample_all(generator, questions, settings.samples, seed, batch=settings.batch, cache=cache)
    wrong = np.array(
        [[not is_correct(text, truth) for text in texts] for texts, truth in zip(made.texts, truths, strict=True)]
    )
    rewards = {
        judge: score_all(scorer, questions, made.texts, batch=settings.batch, cache=cache)
        for judge, scorer in judges.items()
    }
    rewards[ITSELF] = made.log_probabilities

    def errors(reward: np.ndarray, k: Sequence[int], temperatures: Sequence[float]) -> np.ndarray:
        orders = context.seeds.numpy("language", "orders", name)  # the same for all judges: differences are paired
        selected = selection_errors(reward, wrong, k, temperatures, orders=settings.orders, generator=orders)
        return selected.reshape(len(reward), -1)

    return {
        judge: np.hstack([errors(reward, settings.k, [0.0]), errors(reward, [settings.fixed_k], settings.temperature)])
        for judge, reward in rewards.items()
    }
