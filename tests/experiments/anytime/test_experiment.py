"""Do the claims of anytime follow from the curves alone, and does every branch give curves of its panels?"""

import json
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from solv.experiments.anytime.experiment import EXPERIMENT, EXPONENT, FLOOR, LAST, LONG, RECURSION, TUNED
from solv.experiments.anytime.language import LanguageSettings
from solv.experiments.anytime.settings import AnytimeConfig, Figure3, Nodes, Rates, Regret, Simulation
from solv.harness.contract import Context
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, pair, parameter

SMALL = AnytimeConfig(
    a=(1.5,),
    b=(1.5, 3.0),
    horizon=400,
    dimension=2000,
    nodes=Nodes(exact=10, ratio=1.3),
    regret=Regret(labels=(6.25, 25.0)),
    figure3=Figure3(multipliers=(0.1, 0.3, 1.0, 3.0)),
    rates=Rates(gamma=(0.0, 0.4), horizon=800, dimension=10_000),
    simulation=Simulation(dimension=10, steps=40, replicas=128, batch=(2,)),
    language=LanguageSettings(data="none"),
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
def theory():
    return EXPERIMENT.predict(SMALL)


@pytest.fixture(scope="module")
def ideal(theory):
    """Small theory said to be as long as the claims ask for, pushed to what a long one has, with SGD on it."""
    stretched = theory.copy()
    steps = ~theory["panel"].str.startswith(("sgd ", EXPONENT))
    stretched.loc[steps, "x"] *= 50
    longer = {text: json.dumps(json.loads(text) | {"horizon": 32_000}) for text in theory["params"].unique()}
    stretched["params"] = theory["params"].where(theory["panel"] != EXPONENT, theory["params"].map(longer))
    case = stretched["params"].map(lambda text: json.loads(text).get("gamma"))
    ratio = stretched["panel"].str.startswith("ratio ")
    stretched.loc[ratio & (case == 0), "y"] = 1.1
    stretched.loc[ratio & (case == 0.5), "y"] = 0.9
    stretched.loc[stretched["series"].isin([LAST, LONG]), "y"] = 2.0
    law = stretched["series"].str.startswith(RECURSION) & stretched["series"].str.endswith("b=1.5")
    stretched.loc[law, "y"] = np.where(stretched.loc[law, "x"] == 0, -0.33, -0.2)
    law = stretched["series"].str.startswith(RECURSION) & stretched["series"].str.endswith("b=3")
    stretched.loc[law, "y"] = np.where(stretched.loc[law, "x"] == 0, -0.33, -0.6)
    line = stretched["panel"].str.startswith("figure 3 ")
    stretched.loc[line, "y"] = stretched.loc[line, "x"] ** -0.68
    floor = float(stretched.loc[stretched["series"] == "floor (4)", "y"].iloc[0])
    stretched.loc[(stretched["panel"] == FLOOR) & (stretched["series"] == "last iterate"), "y"] = floor
    sgd = stretched[stretched["panel"].str.startswith("sgd ")]
    measured = sgd.assign(source="simulation", y_err=0.01 * sgd["y"], n=1000, y=1.01 * sgd["y"])
    return join_curves([stretched, measured])


def verdicts(curves):
    """Of the regression; those of language models have tests of their own."""
    claims = {claim.id: claim.verdict for claim in EXPERIMENT.claims(curves)}
    return {name: verdict for name, verdict in claims.items() if not name.startswith(("language-", "published-"))}


def test_every_claim_holds_on_curves_that_are_as_the_paper_says(ideal):
    found = verdicts(ideal)
    assert len(found) == 9
    assert {name for name, verdict in found.items() if verdict is not Verdict.HOLDS} == set()


def test_every_claim_is_undecided_where_its_curves_are_missing(ideal):
    assert set(verdicts(ideal[ideal["panel"] == "no such panel"]).values()) == {Verdict.UNDECIDED}


def test_ratios_of_a_short_horizon_are_not_judged_by_those_of_a_long_one(theory):
    found = verdicts(theory)
    for claim in ("averaging-is-essential", "anytime-matches-tuned-cosine", "long-cosine-is-not-anytime"):
        assert found[claim] is Verdict.UNDECIDED
    for claim in ("rate-of-every-exponent", "square-root-is-minimax", "constant-rate-stalls"):
        assert found[claim] is Verdict.UNDECIDED


def times(factor):
    return lambda rows: rows.assign(y=factor * rows["y"])


@pytest.mark.parametrize(
    ("claim", "column", "begins", "spoil"),
    [
        ("rate-of-every-exponent", "series", RECURSION, times(1.3)),
        ("constant-rate-best-at-capacity", "series", RECURSION, lambda rows: rows.assign(y=-rows["y"])),
        ("square-root-is-minimax", "panel", "figure 3 ", lambda rows: rows.assign(y=rows["y"] ** 1.2)),
        ("averaging-is-essential", "series", LAST, times(0.5)),
        ("anytime-matches-tuned-cosine", "panel", "ratio ", times(1.2)),
        ("long-cosine-is-not-anytime", "series", LONG, times(0.5)),
        ("constant-rate-stalls", "series", "floor (4)", times(2)),
        ("constant-rate-stalls", "series", "EMA 6.25", lambda rows: rows.assign(y=1.0)),
        ("sgd-follows-theory", "source", "simulation", times(1.05)),
    ],
)
def test_a_claim_fails_where_the_curves_contradict_it(ideal, claim, column, begins, spoil):
    rows = ideal[column].str.startswith(begins)
    assert rows.any()
    spoilt = pd.concat([ideal[~rows], spoil(ideal[rows])], ignore_index=True)
    assert verdicts(spoilt)[claim] is Verdict.FAILS


def test_a_cosine_on_the_edge_of_its_grid_is_told(ideal):
    rows = ideal["series"] == TUNED
    edge = {text: json.dumps(json.loads(text) | {"on_edge": True}) for text in ideal.loc[rows, "params"]}
    spoilt = ideal.assign(params=ideal["params"].replace(edge))
    assert verdicts(spoilt)["cosine-is-tuned"] is Verdict.FAILS


def test_the_answer_is_the_first_curve_and_the_least_largest_ratio(theory):
    for b in SMALL.b:
        rows = theory[theory["panel"] == f"risk a=1.5 b={b:g}"]
        first = rows["series"].iloc[0]
        assert first.startswith("use ")
        chosen = rows[rows["series"] == first]
        tuned = rows[rows["series"] == TUNED]
        worst = float((chosen["y"].to_numpy() / tuned["y"].to_numpy()).max())
        assert f"<= {worst:.2f} of" in first
        ratios = theory[theory["panel"].str.startswith(f"ratio a=1.5 b={b:g} ")]
        largest = ratios.groupby(["panel", "series"])["y"].max()
        assert worst == pytest.approx(largest.min())


def test_there_is_a_panel_for_every_curve_and_a_curve_for_every_panel(theory):
    assert set(theory["panel"]) == {panel.name for panel in EXPERIMENT.panels(SMALL)}


def test_sgd_is_paired_with_theory_and_a_killed_run_goes_on_with_the_same_bits(tmp_path, theory):
    measured = EXPERIMENT.measure(SMALL, context(tmp_path))
    paired = pair(join_curves([theory, measured]))
    assert len(paired) == len(measured) == 4 * 4 * len(measured["x"].unique())
    assert paired["deviation"].abs().max() < 5  # 128 replicas: the mean of a skewed risk
    units = {}

    def keep(name, make):
        units.setdefault(name, dict(make()))
        return units[name]

    assert measured.equals(EXPERIMENT.measure(SMALL, context(tmp_path, keep)))
    assert measured.equals(EXPERIMENT.measure(SMALL, context(tmp_path, keep)))
    assert list(units) == ["sgd B=2"]


def test_b_may_count_in_units_of_a():
    config = replace(SMALL, a=(1.2, 1.4), b=(1.0, 2.0), b_in_units_of_a=True)
    named = {panel.name for panel in EXPERIMENT.panels(config)}
    assert {"risk a=1.2 b=1.2", "risk a=1.2 b=2.4", "risk a=1.4 b=1.4", "risk a=1.4 b=2.8"} <= named


def test_a_source_without_a_limit_is_one_clear_line():
    with pytest.raises(ConfigurationError, match=r"b = 0.9 at a = 1.5 is out of range; valid: > 1"):
        EXPERIMENT.predict(replace(SMALL, b=(0.9,)))


def test_the_parameters_of_a_run_name_its_schedule_average_and_peak(theory):
    rows = theory[theory["panel"] == "ratio a=1.5 b=3 (1+t/20)^-0.5"]
    assert set(parameter(rows, "gamma")) == {0.5}
    assert set(parameter(rows, "average")) == {"EMA 6.25", "EMA 25"}
    assert (parameter(rows, "multiplier").astype(float) > 0).all()
