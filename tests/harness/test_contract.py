"""Does an experiment choose its parts, and say of every claim what its curves allow?"""

from enum import StrEnum

import pytest

from solv.harness.contract import ContractError, Experiment, Part, flat
from solv.harness.entry import Entry, Paper
from solv.harness.settings import ConfigurationError, RunSettings, flag, integer
from solv.tracking.claims import Claim, Judgement, Verdict
from solv.tracking.curves import Recorder, join_curves
from solv.tracking.panels import Panel
from tests.experiments import scaffold


class Config(RunSettings):
    more: bool = flag(True, "whether the second panel is there")


class First(StrEnum):
    A = "a"
    B = "b"


class Second(StrEnum):
    C = "c"


def held(curves):
    return Judgement(Verdict.HOLDS, 0.0, float(len(curves)))


def part(name, names, **changes):
    record = Recorder("toy", name)

    def panels(config):
        return [Panel(panel, "", "x", "y") for panel in names if config.more or panel is not First.B]

    def predict(config):
        return [record.theory(panel.name, {}, x=("x", 0), y=("y", 1)) for panel in panels(config)]

    return Part(**{"name": name, "question": "?", "names": names, "panels": panels, "predict": predict, **changes})


ENTRY = Entry("toy", Paper("A toy", "nobody", "0000.00000"), "?", ("x",), {}, "-", "-")
TOY = Experiment(
    ENTRY,
    Config,
    (
        part("first", First, switch="more", claims=(Claim("of-b", "B.", (First.B,), held),)),
        part("second", Second, claims=(Claim("of-c", "C.", (Second.C,), held),)),
    ),
    claims=(Claim("of-both", "Both.", (First.A, Second.C), held),),
)


def verdicts(settings):
    return {finding.id: finding for finding in TOY.judge(TOY.predict(settings), settings)}


def test_only_a_run_of_the_default_sizes_or_larger_refutes():
    class Sized(Config):
        size: int = integer(4, "a size", least=1)

    refuted = Claim("c", "C.", (Second.C,), lambda _: Judgement(Verdict.FAILS, 0.0, 1.0), needs={"size": 9})
    toy = Experiment(ENTRY, Sized, (part("second", Second, claims=(refuted,)),))
    found = {size: toy.judge(toy.predict(Sized(size=size)), Sized(size=size))[0] for size in (3, 4)}
    assert [found[size].verdict for size in (3, 4)] == [Verdict.UNDECIDED, Verdict.FAILS]
    assert found[3].needs == "size >= 9"


def test_all_parts_are_chosen_unless_some_are_named():
    assert [each.name for each in TOY.chosen(())] == ["first", "second"]
    assert [each.name for each in TOY.chosen(["second", "first"])] == ["first", "second"]
    assert [each.name for each in TOY.chosen(["second"])] == ["second"]


@pytest.mark.parametrize(("name", "hint"), [("secnd", "did you mean second"), ("zzz", "valid: first, second")])
def test_an_unknown_part_is_named_with_the_nearest(name, hint):
    with pytest.raises(ConfigurationError, match=hint):
        TOY.chosen([name])


def test_every_claim_is_judged_where_all_is_run():
    assert {found.verdict for found in verdicts(Config()).values()} == {Verdict.HOLDS}


def test_a_claim_that_reads_a_part_that_was_not_chosen_is_not_run_and_says_which():
    found = verdicts(Config(parts=["first"]))
    assert found["of-b"].verdict is Verdict.HOLDS
    assert (found["of-c"].verdict, found["of-c"].needs) == (Verdict.NOT_RUN, "--part second")
    assert found["of-both"].verdict is Verdict.NOT_RUN


def test_a_claim_that_reads_a_panel_that_the_settings_leave_out_is_not_run():
    found = verdicts(Config(more=False))["of-b"]
    assert (found.verdict, found.needs) == (Verdict.NOT_RUN, "another value of more")


def test_a_panel_that_any_point_of_a_sweep_has_counts_as_declared():
    settings = Config(more=False)
    curves = TOY.predict(Config())
    assert {found.verdict for found in TOY.judge(curves, settings, {"a", "b", "c"})} == {Verdict.HOLDS}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"predict": lambda config: [Recorder("toy", "first").theory(Second.C, {}, x=("x", 0), y=("y", 1))]}, "'c'"),
        ({"predict": lambda config: [Recorder("toy", "other").theory(First.A, {}, x=("x", 0), y=("y", 1))]}, "name"),
        (
            {"predict": lambda config: [Recorder("toy", "first").published(First.A, {}, x=("x", 0), y=("y", 1))]},
            "not theory",
        ),
    ],
)
def test_curves_that_are_not_of_their_part_are_refused(change, fault):
    with pytest.raises(ContractError, match=fault):
        Experiment(ENTRY, Config, (part("first", First, **change),)).predict(Config())


def test_a_measurement_that_says_it_is_theory_is_refused():
    theory = Recorder("toy", "first").theory(First.A, {}, x=("x", 0), y=("y", 1))
    wrong = part("first", First, measure=lambda config, context: [theory])
    with pytest.raises(ContractError, match="measures curves that are theory"):
        Experiment(ENTRY, Config, (wrong,)).measure(wrong, Config(), None)


def test_a_nested_configuration_is_flat_by_full_key():
    assert flat({"a": 1, "b": {"c": [2], "d": {"e": None}}}) == {"a": 1, "b.c": [2], "b.d.e": None}
    assert len(join_curves([])) == 0


def test_a_context_within_another_names_what_is_kept_and_the_metrics_but_not_the_streams(tmp_path):
    asked = []
    outer = scaffold.context(
        tmp_path,
        unit=lambda name, compute: asked.append(("unit", name)) or dict(compute()),
        checkpoint=lambda name: asked.append(("checkpoint", name)),
        log_metrics=lambda task, step, metrics: asked.append(("metrics", task)),
    )
    inner = outer.within("batch 4")
    inner.unit("u", dict)
    inner.checkpoint("c")
    inner.log_metrics("t", 1, {})
    assert asked == [("unit", "batch 4 u"), ("checkpoint", "batch 4 c"), ("metrics", "batch 4 t")]
    assert inner.seeds is outer.seeds
