"""How much work are the models of the part `language`, their answers, and the selections? Counted from the settings."""

import math

from solv.experiments.best_of_k.counted_work import DRAW, EXPONENTIAL, PASS, WORD
from solv.experiments.best_of_k.settings import LanguageSettings
from solv.harness.work import Work
from solv.models.language.decoder_size import DecoderSize

VALIDATION = 200  # as in `trained_models.py`, which needs torch
OF_ANSWER, OF_JUDGEMENT = 5, 2  # steps of Python: to write, read and check an answer, and to have it judged
TEXT = 200  # bytes of an answer and its question in lists of Python


def of_models_trained_here(settings: LanguageSettings) -> Work:
    """Return the work of training all models as one batch, of looking at their accuracy, and of all pairs."""
    trained = settings.trained
    size = _decoder(settings)
    tokens = trained.models * trained.batch * size.length
    held = trained.models * size.trained_bytes + size.token_bytes * tokens
    learned = Work(3 * size.operations * tokens * trained.steps, size.step_calls * trained.steps, held)
    looks = trained.models * (trained.steps / trained.look)
    held_out = round(trained.held_out * trained.modulus**trained.terms)
    questions, judges = max(0, min(settings.questions, held_out - VALIDATION)), len(trained.judge_accuracy)
    pair = _asked(settings, questions, judges) + of_selections(settings, questions, judges)
    return learned + looks * _forwards(size, VALIDATION) + trained.models * pair


def of_selections(settings: LanguageSettings, questions: int, judges: int) -> Work:
    """Return the work of selecting by every judge and by the generator itself, and of texts and tables of answers."""
    exponents = len(settings.temperature) * settings.fixed_k  # running sums of exponentials: ten of them a number
    running = 10 * (max(settings.k) * (EXPONENTIAL if settings.fixed_temperature > 0 else PASS))
    of_order = 2 * settings.samples * DRAW + running + 10 * EXPONENTIAL * exponents
    of_question = settings.orders * (1 + judges) * of_order
    answers = questions * settings.samples
    memory = answers * (TEXT + WORD * (len(settings.temperature) + len(settings.k) + 4))
    return Work(questions * of_question, answers * (OF_ANSWER + OF_JUDGEMENT * judges), memory)


def _asked(settings: LanguageSettings, questions: int, judges: int) -> Work:
    """Return the work of sampling answers, and of judging those that differ: at most every number once a question."""
    size, batches = _decoder(settings), math.ceil(questions / settings.batch)
    at_once = min(settings.batch, questions)
    different = at_once * min(settings.samples, settings.trained.modulus)
    sampled = Work(5 * PASS * at_once * settings.samples * size.vocabulary)
    return batches * (_forwards(size, at_once) + sampled + judges * _forwards(size, different))


def _forwards(size: DecoderSize, sequences: int) -> Work:
    tokens = sequences * size.length
    return Work(size.operations * tokens, size.calls, size.token_bytes * tokens)


def _decoder(settings: LanguageSettings) -> DecoderSize:
    trained = settings.trained
    vocabulary, length = trained.modulus + 2, 2 * trained.terms  # as in `data/best_of_k/modular_arithmetic.py`
    return DecoderSize(trained.width, trained.layers, trained.heads, vocabulary, length)
