"""Do the claims of jailbreak follow from the curves alone, and does every branch give curves of its panels?"""

import json
import os
from contextlib import nullcontext
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

from solv.experiments.jailbreak.experiment import (
    AMPLITUDE,
    EXPERIMENT,
    EXPONENT,
    GLASS,
    GLASS_MU,
    GLASS_NU,
    HELD_OUT,
    RANDOM_ENERGY,
    ZERO_FIELD,
    edge_series,
    points,
)
from solv.experiments.jailbreak.language import RATE
from solv.experiments.jailbreak.settings import (
    Clusters,
    Edge,
    Glass,
    JailbreakConfig,
    LanguageSettings,
    Pretrained,
    TrainedHere,
)
from solv.harness.contract import Context
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError
from solv.theory.jailbreak.clusters import safe_moments
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, pair

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
    edge=Edge(nu=(0.5,), mu=(0.0, 0.1), prompts=60, answers=40),
    language=LanguageSettings(
        answers=40,
        k=(1, 4, 16),
        trained=TrainedHere(prompts=16, modes=4, triggers=(0, 2), width=16, steps=300, alignment_steps=10, batch=32),
    ),
)


class Silent:
    def task(self, description, total):
        return nullcontext(self)

    def advance(self, count=1, note=""):
        pass


def context(folder, unit=None):
    compute = unit or (lambda name, make: dict(make()))
    return Context("cpu", Seeds(0), compute, lambda name: TrainingCheckpoint(folder / f"{name}.pt"), Silent())


@pytest.fixture(scope="module")
def ideal():
    """Theory with measurements on it, and what only a run can know, as theory would have it."""
    theory = EXPERIMENT.predict(JailbreakConfig())
    on_it = theory[theory["series"] != "k → 10⁶"]
    measured = on_it.assign(source="simulation", y_err=0.005 * on_it["y"].abs(), n=40)
    measured = measured[~measured["panel"].isin([RATE, HELD_OUT])]
    k = np.array([1, 4, 16, 64])
    glass = {"x": 0.3, "spins": 14, "field": 0.0}
    parts = [theory, measured]
    for source, y_err in (("theory", 0.0), ("simulation", 1e-4)):
        gaps = safe_moments(0.3, 1, k)
        parts.append(
            points(GLASS, "h=0", source, "k", k, "gap", gaps, y_err=y_err, n=100 if y_err else 1, params=glass)
        )
    for panel, values in ((GLASS_NU, [0.5, 0.7]), (GLASS_MU, [0.0, 1.0])):
        parts.append(points(panel, "fit", "simulation", "h", [0, 0.5], panel[-2:], values, y_err=0.05, n=100))
    for nu in JailbreakConfig().edge.nu:
        for mu in JailbreakConfig().edge.mu:
            regime = {"nu": nu, "mu": mu, "regime": "exponential" if mu else "polynomial"}
            place = HELD_OUT, edge_series(nu, mu), "simulation", "k", k, "log_ratio"
            parts.append(points(*place, [0.01, 0.02, -0.02, 0.0], y_err=0.05, n=100, params=regime))
    for series in ("before alignment", "after alignment"):
        rates = np.array([0.0, 0.1, 0.2])
        parts.append(points(RATE, series, "trained", "trigger", [0, 1, 2], "mu", rates, y_err=0.01, n=100))
    return join_curves(parts)


def verdicts(curves):
    return {claim.id: claim.verdict for claim in EXPERIMENT.claims(curves)}


def test_every_claim_holds_on_curves_that_lie_on_the_theory(ideal):
    found = verdicts(ideal)
    assert len(found) == 8
    assert {name for name, verdict in found.items() if verdict is not Verdict.HOLDS} == set()


def test_every_claim_is_undecided_where_its_curves_are_missing(ideal):
    assert set(verdicts(ideal[ideal["panel"] == "no such panel"]).values()) == {Verdict.UNDECIDED}


@pytest.mark.parametrize(
    ("claim", "panel", "spoil"),
    [
        ("zero-field-power-law", EXPONENT, lambda rows: rows.assign(y=1.05 * rows["y"])),
        ("weak-field-amplitude", AMPLITUDE, lambda rows: rows.assign(y=1.2 * rows["y"])),
        ("exact-any-lambda", ZERO_FIELD, lambda rows: rows.assign(y=1.02 * rows["y"])),
        ("spin-glass-power-law", GLASS, lambda rows: rows.assign(y=0.7 * rows["y"])),
        ("strong-field-exponential", GLASS_MU, lambda rows: rows.assign(y=-rows["y"])),
        ("parameters-grow-with-field", GLASS_NU, lambda rows: rows.assign(y=-rows["y"])),
        ("edge-law-predicts-asr", HELD_OUT, lambda rows: rows.assign(y=rows["y"] + 0.3)),
        ("language-model-crossover", RATE, lambda rows: rows.assign(y=0.2 - rows["y"])),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, panel, spoil):
    rows = (ideal["panel"] == panel) & (ideal["source"] != "theory")
    assert rows.any()
    spoilt = pd.concat([ideal[~rows], spoil(ideal[rows])], ignore_index=True)
    assert verdicts(spoilt)[claim] is Verdict.FAILS


def test_a_small_glass_is_not_judged_by_a_law_of_many_clusters(ideal):
    rows = (ideal["panel"] == GLASS) & (ideal["source"] == "simulation")
    small = ideal["params"].where(~(ideal["panel"] == GLASS), json.dumps({"x": 0.3, "spins": 8, "field": 0.0}))
    spoilt = ideal.assign(y=ideal["y"].where(~rows, 0.5 * ideal["y"]), params=small)
    assert verdicts(spoilt)["spin-glass-power-law"] is Verdict.UNDECIDED


def test_every_curve_has_a_panel_and_a_killed_run_goes_on_with_the_same_bits(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    whole = EXPERIMENT.measure(SMALL, context(tmp_path / "a"))
    assert set(whole["panel"]) <= {panel.name for panel in EXPERIMENT.panels(SMALL)}
    joined = join_curves([EXPERIMENT.predict(SMALL), whole])
    control = pair(joined[joined["panel"] == RANDOM_ENERGY])
    ratio = (control["y"] / control["theory"]).groupby(control["series"]).mean()
    assert abs(ratio["N=14"] - 1) < abs(ratio["N=6"] - 1)  # corrections fall as log N / N
    assert ratio["N=14"] > 0.6
    assert len(EXPERIMENT.claims(joined)) == 8

    class KilledError(Exception):
        pass

    def kill(name, make):
        found = dict(make())
        if name == "language answers":
            raise KilledError
        return found

    with pytest.raises(KilledError):
        EXPERIMENT.measure(SMALL, context(tmp_path / "b", kill))
    assert (tmp_path / "b" / "language training.pt").exists()
    assert whole.equals(EXPERIMENT.measure(SMALL, context(tmp_path / "b")))


def own(**changes):
    return replace(SMALL, language=replace(SMALL.language, pretrained=Pretrained(**changes)))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (replace(SMALL, language=replace(SMALL.language, answers=16, k=(1, 32))), "largest k, 32"),
        (replace(SMALL, language=replace(SMALL.language, trained=TrainedHere(prompts=300))), "prompts = 300"),
        (own(generator="x"), "judge is not set"),
        (own(generator="x", judge="y"), "prompts is not set"),
        (own(generator="x", judge="y", prompts="/nowhere/p.jsonl"), "No such file"),
        (own(verdicts="/nowhere/v.csv"), "No such file"),
    ],
)
def test_settings_that_cannot_work_are_one_clear_line(tmp_path, settings, said):
    with pytest.raises(ConfigurationError, match=said) as raised:
        EXPERIMENT.measure(settings, context(tmp_path))
    assert "\n" not in str(raised.value)


def test_verdicts_of_the_user_take_the_place_of_a_model(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"secret {i},{j},{int(rng.random() < i / 20)}" for i in range(20) for j in range(30)]
    (tmp_path / "v.csv").write_text("prompt,sample,unsafe\n" + "\n".join(rows))
    curves = EXPERIMENT.measure(own(verdicts=str(tmp_path / "v.csv")), context(tmp_path))
    mine = curves[curves["panel"] == "language own"]
    assert set(mine["series"]) == {"verdicts"}
    assert "secret" not in curves.to_csv()
    assert "language own" in {panel.name for panel in EXPERIMENT.panels(own(verdicts="v.csv"))}


@pytest.mark.skipif(
    find_spec("transformers") is None and os.environ.get("SOLV_REQUIRE_ENGINES") != "1",
    reason="transformers is not installed: pip install 'solv[hf]'",
)
def test_models_of_the_user_are_sampled_and_judged_and_no_text_is_shown(tmp_path, capfd):
    from tests.models.language.test_huggingface import save_model

    (tmp_path / "p.jsonl").write_text("\n".join(json.dumps({"prompt": f"secret {i}"}) for i in range(6)) + "\nbroken")
    (tmp_path / "x.jsonl").write_text(json.dumps({"name": "long prefix", "prefix": "secret suffix "}))
    settings = own(
        generator=str(save_model(tmp_path / "generator")),
        judge=str(save_model(tmp_path / "judge", seed=1)),
        prompts=str(tmp_path / "p.jsonl"),
        prefixes=str(tmp_path / "x.jsonl"),
        judge_template="{prompt} {answer} bad?",
        new_tokens=4,
    )
    with pytest.raises(ConfigurationError, match="line 7 is not"):
        EXPERIMENT.measure(settings, context(tmp_path))
    pretrained = replace(settings.language.pretrained, skip_bad=True)
    settings = replace(settings, language=replace(settings.language, pretrained=pretrained))
    first = EXPERIMENT.measure(settings, context(tmp_path))
    mine = first[first["panel"] == "language own"]
    assert set(mine["series"]) <= {"no prefix", "long prefix"}
    assert len(mine)
    assert first.equals(EXPERIMENT.measure(settings, context(tmp_path)))  # from the cache
    captured = capfd.readouterr()
    assert "secret" not in captured.out + captured.err + first.to_csv()
