"""Are the commands there, and do those that compute nothing say what the experiments are?"""

import pytest
from typer.testing import CliRunner

from solv.cli.main import _seconds, app
from solv.harness.catalog import load, names


def call(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_the_list_asks_the_question_of_every_paper():
    done = call("list")
    assert done.exit_code == 0
    for name in names():
        assert f"\n{name}\n    {load(name).entry.question}\n" in f"\n{done.output}"


def test_an_experiment_is_listed_by_its_parts_with_their_claims():
    done = call("list", "dmft")
    rows = {line.split()[0]: line for line in done.output.splitlines() if line.strip()}
    for part in load("dmft").parts:
        assert part.name in rows
    assert f"solv run dmft --part {load('dmft').parts[0].name} runs one of them alone" in done.output


def test_an_unknown_experiment_is_one_line_with_the_nearest():
    done = call("list", "dmtf")
    assert done.exit_code == 2
    assert "did you mean 'dmft'?" in done.output
    assert len(done.output.splitlines()) == 1


def test_show_gives_every_key_its_value_and_meaning():
    done = call("show", "dmft", "seed=7", "--preset", "smoke")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].endswith("preset smoke")
    [seed] = [line for line in lines if line.startswith("seed=")]
    assert seed.startswith("seed=7 ")
    assert all("  # " in line for line in lines[1:])


def test_show_ends_with_what_follows_from_the_settings():
    """moe-transfer: total and active parameters of the paper's base, which its authors give."""
    remarks = [line for line in call("show", "moe-transfer").output.splitlines() if line.startswith("#")][1:]
    assert remarks[0] == "# the paper's base: 51504672 parameters, 38897184 active"
    assert len(remarks) == 6


@pytest.mark.parametrize(("seconds", "shown"), [(None, "-"), (0.2, "< 1 s"), (1.0, "1 s"), (61.4, "61 s")])
def test_a_time_is_shown_in_seconds(seconds, shown):
    assert _seconds(seconds) == shown


def test_theory_without_a_part_computes_only_the_parts_that_it_shows(monkeypatch):
    from solv.harness.contract import Experiment

    asked = []
    predicted = Experiment.predict_part
    monkeypatch.setattr(
        Experiment,
        "predict_part",
        lambda self, part, settings: (asked.append(part.name), predicted(self, part, settings))[1],
    )
    done = call("theory", "dmft", "--preset", "smoke")
    assert done.exit_code == 0, done.output
    assert "regression" in asked
    assert not {"rise-map", "width", "richness", "spike-dependence"} & set(asked)
