"""Do errors of models that were not trained here say so?"""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from solv.experiments.best_of_k.language.judged_errors import ITSELF, JudgedErrors


def test_models_that_were_not_trained_here_have_no_target():
    found = JudgedErrors({"judge": ITSELF}, np.zeros((2, 3)))
    assert found.target is None
    assert found.reached is None
    with pytest.raises(FrozenInstanceError):
        found.target = 0.5
