"""Do the figures of verdicts show every claim and every run?"""

import pandas as pd

from solv.tracking.claims import Finding, Verdict
from solv.tracking.verdict_figures import draw_counts, draw_verdicts


def test_every_claim_has_a_line_with_its_verdict():
    findings = [
        Finding("one", "a statement", Verdict.HOLDS, 1.0, 1.2),
        Finding("none", "one more", Verdict.NOT_RUN, "-", "-", needs="--part depth"),
        Finding("two", "another", Verdict.UNDECIDED, "$x_$", "y" * 200, needs="more"),
    ]
    [axes] = draw_verdicts(findings).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "none", "two"]
    said = [text.get_text() for text in axes.texts]
    assert said[0] == "holds: predicted 1, measured 1.2"
    assert said[1] == "not run: --part depth runs it"
    assert said[2].startswith("undecided: predicted $x_$")
    assert said[2].endswith("…")


def test_every_run_has_a_bar_as_long_as_it_has_claims():
    counts = pd.DataFrame([[2, 1, 0, 0], [0, 0, 3, 1]], columns=[verdict.value for verdict in Verdict])
    [axes] = draw_counts(["a", "b"], counts).axes
    ends = {}
    for bar in axes.patches:
        ends[round(bar.get_y() + bar.get_height() / 2)] = bar.get_x() + bar.get_width()
    assert ends == {0: 3, 1: 4}
    draw_verdicts([])
    draw_counts([], counts.iloc[:0])
