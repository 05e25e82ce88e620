"""Are the sums of the settings a task, and numbers that make none refused before anything is trained?"""

import pytest

from solv.experiments.best_of_k.language.trained_models import VALIDATION, prepare
from solv.harness.settings import ConfigurationError, replace
from tests.experiments.scaffold import preset_of


def settings(**changes):
    base = preset_of("best-of-k", "smoke").language
    return replace(base, trained=replace(base.trained, **changes))


def test_the_decoder_reads_a_whole_sum():
    task, architecture = prepare(settings())
    assert architecture.vocabulary == task.vocabulary
    assert architecture.context == task.prompt_length + 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"modulus": 3, "terms": 2}, f"more than {VALIDATION} needed"),
        ({"heads": 7}, r"language\.trained: "),
    ],
)
def test_numbers_that_make_no_task_are_named(change, said):
    with pytest.raises(ConfigurationError, match=said):
        prepare(settings(**change))
