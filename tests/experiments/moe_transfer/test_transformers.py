"""Is each model trained once, on batches that are the same for all, and too short a text refused?"""

import numpy as np
import pytest
import torch

from solv.experiments.moe_transfer.optima import optimum_of
from solv.experiments.moe_transfer.settings import TransferSettings
from solv.experiments.moe_transfer.sizes import models, rates_of
from solv.experiments.moe_transfer.transformers import Laboratory
from solv.harness.settings import replace
from tests.experiments.scaffold import Units, context

SETTINGS = TransferSettings(
    width=[16], depth=[1], experts=[4], alpha=[1], rates=[-7, -5], knob_powers=[-1, 0, 1], seeds=2, steps=20,
    batch=2, context=8, scored=5, extend=0, head_width=8, text_bytes=5000,
)  # fmt: skip
[MODEL] = models(SETTINGS, "width")


def test_batches_are_those_of_their_step_whatever_was_asked_before(tmp_path):
    one, other = Laboratory(SETTINGS, context(tmp_path)), Laboratory(SETTINGS, context(tmp_path))
    first, later = one.batches()(0), one.batches()(7)
    again = other.batches()(7)
    assert torch.equal(later[0], again[0])
    assert not torch.equal(first[0], later[0])
    assert not torch.equal(one.batches(1)(7)[0], later[0])
    assert torch.equal(later[0][:, 1:], later[1][:, :-1])  # targets are the next tokens


def test_a_model_is_trained_once_and_scored_by_its_last_steps(tmp_path):
    units = Units()
    laboratory = Laboratory(SETTINGS, context(tmp_path, unit=units))
    found = laboratory.losses("transfer", MODEL, SETTINGS.steps, 2)
    assert list(found["rates"]) == sorted(map(float, rates_of(SETTINGS, "transfer")))
    assert found["scores"].shape == (2, 2)
    assert found["loads"].shape == (2, 2, 1, 4)
    assert found["curves"].shape == (2, 2, SETTINGS.steps)
    np.testing.assert_allclose(found["curves"][:, :, -5:].mean(axis=-1), found["scores"], rtol=1e-5)
    np.testing.assert_allclose(found["loads"].sum(axis=-1), MODEL.active, rtol=1e-5)
    assert Laboratory(SETTINGS, context(tmp_path, unit=units)).losses("transfer", MODEL, 20, 2) is not None
    assert len(units.computed) == 1


class Parabola(Laboratory):
    """Trainings whose loss is known: least at -4.4."""

    def _at(self, table, model, steps, seeds, rates, first=0):
        self.asked.append((seeds, first))
        x = np.array(rates)
        places = -4.4 + self.scatter * np.random.default_rng([first, 1]).standard_normal((seeds, 1))
        scores = np.where(x > self.gone, np.inf, (x - places) ** 2)
        return {"rates": x, "scores": scores, "loads": scores[..., None], "curves": scores[..., None]}

    gone, scatter = np.inf, 0.0

    def __init__(self, *args):
        super().__init__(*args)
        self.asked = []


def parabola(tmp_path, **changes):
    return Parabola(replace(SETTINGS, **changes), context(tmp_path))


def test_rates_are_extended_beyond_an_edge_and_refined_around_the_best(tmp_path):
    found = parabola(tmp_path, rates=[-8, -7, -6], extend=3).losses("transfer", MODEL, 20, 1)
    assert list(found["rates"]) == [-8, -7, -6, -5, -4, -3]
    np.testing.assert_allclose(found["scores"][0], (found["rates"] + 4.4) ** 2)
    finer = parabola(tmp_path, rates=[-5, -4, -3], refine=2).losses("transfer", MODEL, 20, 1)
    assert list(finer["rates"]) == [-5, -4.75, -4.5, -4.25, -4, -3.5, -3]
    assert list(parabola(tmp_path, rates=[-3, -2], extend=1).losses("transfer", MODEL, 20, 1)["rates"]) == [-4, -3, -2]


def test_initialisations_are_added_until_the_best_rate_is_known(tmp_path):
    changes = {"rates": [-7, -6, -5, -4, -3, -2], "precision": 0.05, "most_seeds": 32}
    known, vague, never = (parabola(tmp_path, **changes) for _ in range(3))
    vague.scatter, never.scatter = 0.2, 2.0
    assert known.losses("transfer", MODEL, 20, 4, precise=True)["scores"].shape == (4, 6)
    found = vague.losses("transfer", MODEL, 20, 4, precise=True)
    assert optimum_of(found["rates"], found["scores"]).error <= 0.05
    assert vague.asked == [(4, first) for first in range(0, len(found["scores"]), 4)]
    assert 4 < len(found["scores"]) < 32
    assert len(never.losses("transfer", MODEL, 20, 12, precise=True)["scores"]) == 32
    assert never.asked[-1] == (8, 24)
    assert len(never.losses("transfer", MODEL, 20, 12)["scores"]) == 12  # not where it is not asked for
    assert len(never.losses("standard", MODEL, 20, 4, precise=True)["scores"]) == 4  # nor where the rate is to move


def test_added_initialisations_are_those_of_more_seeds_at_once(tmp_path):
    changes = {"rates": [-8, -6, -4], "precision": 1e-9, "most_seeds": 4}
    added = Laboratory(replace(SETTINGS, **changes), context(tmp_path)).losses("transfer", MODEL, 20, 2, precise=True)
    once = Laboratory(replace(SETTINGS, rates=[-8, -6, -4]), context(tmp_path)).losses("transfer", MODEL, 20, 4)
    assert added["scores"].shape in ((2, 3), (4, 3))  # two where no best rate is inside
    for name in ("scores", "loads", "curves"):
        np.testing.assert_allclose(added[name], once[name][: len(added[name])], rtol=1e-4)


def test_where_everything_diverged_nothing_is_added(tmp_path):
    laboratory = parabola(tmp_path, extend=3)
    laboratory.gone = -np.inf
    assert len(laboratory.losses("transfer", MODEL, 20, 1)["rates"]) == 2


def test_a_setting_is_scanned_at_all_factors_but_one(tmp_path):
    laboratory = Laboratory(SETTINGS, context(tmp_path))
    assert laboratory.knob("transfer", MODEL, "router").shape == (1, 2)


def test_a_text_that_holds_no_sequence_is_refused(tmp_path):
    (tmp_path / "short.txt").write_text("short")
    settings = TransferSettings(**{**dict(SETTINGS), "folder": str(tmp_path)})
    with pytest.raises(ValueError, match="the text has 5 bytes; a sequence of context 8 needs more"):
        Laboratory(settings, context(tmp_path)).batches()
