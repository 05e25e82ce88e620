"""Does the page of a report hold its sections' claims, agreement and provenance, with text escaped?"""

import json
import re

import numpy as np

from solv.tracking.claims import Finding, Verdict
from solv.tracking.curves import join_curves
from solv.tracking.panels import Panel
from solv.tracking.report import Section, report_page
from tests.made_curves import Panels, points

PANELS = [Panel(Panels.P, "Loss & time", "t", "loss", series="w={w}", note="bars: s.e.")]
CLAIMS = [
    Finding("one", "a <b>bold</b> claim", Verdict.HOLDS, 1.0, 1.02, error=0.01, tolerance="0.1"),
    Finding("two", "another", Verdict.UNDECIDED, "a rise", "a fall", needs="size >= 9"),
]
CURVES = join_curves([points("theory", [1, 2, 4], w=3), points("simulation", [1.1, 2.2, 4.4], 0.1, 4, w=3)])


def page(**changes):
    section = {
        "name": "toy", "question": "Is it?", "paper": ("Title", "Nobody", "2401.00001"), "panels": PANELS,
        "curves": CURVES, "claims": CLAIMS, "command": "solv run toy", "facts": [("seed", "0")], **changes,
    }  # fmt: skip
    whole = report_page([Section(**section)], made="Made today <now>.")
    return re.sub(r"<script>.*?</script>", "", whole, flags=re.DOTALL)


def test_claims_are_shown_with_numbers_and_counted():
    text = page()
    assert "1 run, 2 claims checked" in text
    assert "1.02 ± 0.01" in text
    assert "<dt>to decide</dt><dd>size &gt;= 9</dd>" in text
    assert "a &lt;b&gt;bold&lt;/b&gt; claim" in text
    assert "Made today &lt;now&gt;." in text
    for button in ("all 2", "holds 1", "fails 0", "undecided 1", "not run 0"):
        assert f">{button}</button>" in text


def test_agreement_is_a_row_with_the_deviation():
    text = page()
    row = re.search(r"<tr><td>.*?</tr>", text)[0]
    assert "<td>w=3</td><td>simulation</td>" in row
    assert ">10 %<" in row  # every point lies 10 % above
    assert ">33 %<" in row  # one of three deviates by less than two errors: 0.1 of 0.1
    assert "No measured point" in page(curves=points("theory", [1, 2], w=3))


def test_a_figure_is_a_specification_with_its_values():
    text = page()
    [found] = re.findall(r'<script type="application/json" id="figure-0-0">(.*?)</script>', text)
    specification = json.loads(found)
    assert any(np.allclose(trace["y"], [1, 2, 4]) for trace in specification["data"] if len(trace.get("y", [])) == 3)
    assert "<figcaption>bars: s.e.</figcaption>" in text
    assert "Loss &amp; time" in text


def test_two_runs_of_one_experiment_are_told_apart_and_none_claims_nothing():
    assert "toy · seed 1" in page(variant="seed 1")
    assert "This run states no claims." in page(claims=[])
