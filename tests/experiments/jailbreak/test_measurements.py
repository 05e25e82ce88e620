"""Does every part of jailbreak measure curves of its panels, the same ones after a kill?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.jailbreak import random_energy, spin_glass
from solv.experiments.jailbreak.experiment import EXPERIMENT
from solv.experiments.jailbreak.settings import (
    Clusters,
    Definitions,
    Edge,
    FittedLaws,
    Glass,
    JailbreakConfig,
    LanguageSettings,
    TrainedHere,
)
from solv.harness.settings import replace
from solv.theory.jailbreak.clusters import safe_moments
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.curves import join_curves, pair, parameter, select
from tests.experiments.scaffold import Units, context, measured

SMALL = JailbreakConfig(
    x=(0.3, 0.6),
    m=(1, 2),
    field=(0.0, 0.5),
    clusters=Clusters(samples=2000, groups=10, least_seen=50),
    glass=Glass(
        spins=8,
        disorders=20,
        picks=2,
        field=(0.0, 0.3),
        rate_sizes=(8,),
        rate_disorders=10,
        rate_field=(1.0, 2.0),
        random_energy_sizes=(6, 14),
        random_energy_disorders=100,
    ),
    definitions=Definitions(spins=7, disorders=40, picks=2, field=(0.0, 0.1)),
    fits=FittedLaws(x=(0.3,), field=(0.0, 1.0), prompts=(60, 520), repeats=4, large_nu=(0.1, 1.0), large_prompts=50),
    edge=Edge(nu=(0.5,), mu=(0.0, 0.1), prompts=60, answers=40),
    language=LanguageSettings(
        answers=40,
        k=(1, 4, 16),
        trained=TrainedHere(prompts=16, modes=4, triggers=(0, 2), width=16, steps=210, alignment_steps=10, batch=32),
    ),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    units = Units()
    return measured(EXPERIMENT, SMALL, context(tmp_path_factory.mktemp("whole"), unit=units)), units


def test_every_branch_gives_curves_and_every_claim_a_finding(whole):
    joined = join_curves([EXPERIMENT.predict(SMALL), whole[0]])
    assert set(joined["panel"]) == {str(panel.name) for panel in EXPERIMENT.panels(SMALL)}
    assert len(EXPERIMENT.judge(joined, SMALL)) == 16


class DiesOnce(TrainingCheckpoint):
    """A checkpoint that is written, and then the process is gone."""

    def save(self, state):
        super().save(state)
        if not self.path.with_suffix(".once").exists():
            self.path.with_suffix(".once").touch()
            raise KeyboardInterrupt


def test_a_training_killed_after_a_checkpoint_ends_with_the_same_bits(whole, tmp_path):
    alone = replace(SMALL, parts=("language-model",))
    own = context(tmp_path, checkpoint=lambda name: DiesOnce(tmp_path / f"{name}.pt"))
    with pytest.raises(KeyboardInterrupt):
        measured(EXPERIMENT, alone, own)
    resumed = measured(EXPERIMENT, alone, own)
    expected = whole[0][whole[0]["part"] == "language-model"].reset_index(drop=True)
    pd.testing.assert_frame_equal(expected, resumed, check_exact=True)


def test_random_energy_models_approach_the_law_as_they_grow(whole):
    joined = join_curves([EXPERIMENT.predict(SMALL), whole[0]])
    control = pair(select(joined, panel=random_energy.Panels.RANDOM_ENERGY))
    ratio = (control["y"] / control["theory"]).groupby(parameter(control, "spins")).mean()
    assert abs(ratio[14] - 1) < abs(ratio[6] - 1)  # corrections fall as log N / N
    assert ratio[14] > 0.6


def test_the_law_of_a_glass_stands_on_its_measured_clusters(whole):
    facts = select(whole[0], panel=spin_glass.Panels.CLUSTERS)
    x = select(facts, y_name="x")["y"].iloc[0]
    law = select(whole[0], panel=spin_glass.Panels.GLASS, source="anchored", field=0)
    np.testing.assert_allclose(law["y"], safe_moments(x, 1, law["x"].to_numpy()), rtol=1e-12)
    inside, outside, shifts = (
        select(facts, y_name=name)["y"].to_numpy() for name in ("overlap_unsafe", "overlap_safe", "lambda")
    )
    np.testing.assert_allclose(shifts, 10 * 8 * np.array([0, 0.3]) * (inside - outside), rtol=1e-12)
    assert (facts["y_err"].to_numpy() > 0).sum() == 4  # all but lambda = 0
