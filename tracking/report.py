"""How are runs shown to somebody who has no solv? As one HTML file that holds everything and asks no network."""

import base64
import html
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template

from solv.tracking.claims import Finding, Verdict
from solv.tracking.colours import ON_BLACK, colours_of
from solv.tracking.curves import Curves
from solv.tracking.interactive import plotly_figure
from solv.tracking.labels import Facet, lay_out, named_agreement
from solv.tracking.panels import Panel

_SIGNS = {Verdict.HOLDS: "✓", Verdict.FAILS: "✕", Verdict.UNDECIDED: "?", Verdict.NOT_RUN: "–"}


@dataclass(frozen=True)
class Section:
    """One run as the report shows it.

    Attributes:
        name: the experiment.
        question: what it asks, one sentence.
        paper: title, authors and arXiv id of the paper.
        panels, curves, claims: what the run found and how it is drawn.
        command: the command that makes the run anew.
        facts: provenance as (label, text) pairs.
        variant: what tells this run from another of the same experiment in one report; empty if it is the only one.
        headline: its headline as a PNG, for the first page; empty if there is nothing to draw.
    """

    name: str
    question: str
    paper: tuple[str, str, str]
    panels: Sequence[Panel]
    curves: Curves
    claims: Sequence[Finding]
    command: str
    facts: Sequence[tuple[str, str]]
    variant: str = ""
    headline: bytes = b""


def report_page(sections: Sequence[Section], *, made: str) -> str:
    """Return the whole page: figures, agreement, claims and provenance of every section, with plotly inside.

    Args:
        sections: the runs, in the order of the page.
        made: when and by what it was made, for the footer.
    """
    claims = [claim for section in sections for claim in section.claims]
    runs = f"{len(sections)} run{'s' * (len(sections) != 1)}"
    lead = (
        f"{runs}, {len(claims)} claims checked: each figure lays what the theory predicts beside what a simulation or "
        "a trained network shows, and each claim is judged by the curves of its own run alone."
    )
    return Template(_page_file("report.html")).substitute(
        title=_text(f"solv report: {', '.join(dict.fromkeys(section.name for section in sections))}"),
        css=_page_file("report.css"),
        js=_page_file("report.js"),
        plotly=_plotly(),
        lead=_text(lead),
        overview="".join(_overview(index, section) for index, section in enumerate(sections)),
        options="".join(
            f'<option value="#run-{index}">{_text(_name(section))}</option>' for index, section in enumerate(sections)
        ),
        filters=_filters(claims),
        sections="\n".join(_section(index, section) for index, section in enumerate(sections)),
        footer=_text(made),
    )


def _overview(index: int, section: Section) -> str:
    told = ", ".join(f"{count} {verdict.value}" for verdict, count in _verdicts(section.claims))
    label = _text(f"Headline of {_name(section)}: {told}")
    picture = base64.b64encode(section.headline).decode()
    shown = f'<img alt="{label}" src="data:image/png;base64,{picture}">' if section.headline else ""
    return (
        f'<a href="#run-{index}"><span class="name">{_text(_name(section))}</span>'
        f'<span class="asks">{_text(section.question)}</span><span class="counts">{_counts(section.claims)}</span>'
        f"{shown}</a>"
    )


def _counts(claims: Iterable[Finding]) -> str:
    return "".join(
        f'<span class="count {verdict.value}" aria-label="{count} {verdict.value}">{_SIGNS[verdict]} {count}</span>'
        for verdict, count in _verdicts(claims)
    )


def _verdicts(claims: Iterable[Finding]) -> list[tuple[Verdict, int]]:
    found = [claim.verdict for claim in claims]
    return [(verdict, found.count(verdict)) for verdict in Verdict if verdict in found]


def _filters(claims: Sequence[Finding]) -> str:
    counted = [("all", len(claims))]
    counted += [(verdict.value, sum(claim.verdict is verdict for claim in claims)) for verdict in Verdict]
    return "".join(
        f'<button type="button" data-verdict="{name}" aria-pressed="{str(name == "all").lower()}">'
        f"{name} {count}</button>"
        for name, count in counted
    )


def _section(index: int, section: Section) -> str:
    title, authors, arxiv = section.paper
    facets = lay_out(section.curves, section.panels)
    colours = zip(colours_of(facets), colours_of(facets, ON_BLACK), strict=True)
    figures = [
        _figure(f"figure-{index}-{place}", facet, light, dark)
        for place, (facet, (light, dark)) in enumerate(zip(facets, colours, strict=True))
    ]
    return f"""<section class="experiment" id="run-{index}" aria-labelledby="name-{index}">
<h2 id="name-{index}" tabindex="-1">{_text(_name(section))}</h2>
<p class="question">{_text(section.question)}</p>
<p class="paper">{_text(authors)}: <cite>{_text(title)}</cite>, \
<a href="https://arxiv.org/abs/{_text(arxiv)}" rel="noreferrer">arXiv:{_text(arxiv)}</a></p>
<h3>Claims</h3>
{_claims(section.claims)}
<h3>Figures</h3>
<div class="figures">
{"".join(figures)}
</div>
<h3>Agreement</h3>
{_agreement(section.curves, section.panels)}
<h3>Provenance</h3>
<div class="command"><pre>{_text(section.command)}</pre><button type="button" class="copy">Copy</button></div>
<dl class="facts">{"".join(f"<dt>{_text(label)}</dt><dd>{_text(value)}</dd>" for label, value in section.facts)}</dl>
</section>"""


def _claims(claims: Sequence[Finding]) -> str:
    items = "".join(map(_claim, claims))
    hidden = "hidden" if claims else ""
    text = "No claim of this run has that verdict." if claims else "This run states no claims."
    return f'<ul class="claims">{items}</ul><p class="empty" {hidden}>{text}</p>'


def _claim(claim: Finding) -> str:
    rows = [("predicted", _value(claim.predicted, None)), ("measured", _value(claim.measured, claim.error))]
    rows += [("tolerance", claim.tolerance)] if claim.tolerance else []
    rows += [("to decide", claim.needs)] if claim.needs else []
    return (
        f'<li class="claim" data-verdict="{claim.verdict.value}">'
        f'<span class="verdict {claim.verdict.value}">{_SIGNS[claim.verdict]} {claim.verdict.value}</span>'
        f'<div><p>{_text(claim.statement)}</p><p class="id">{_text(claim.id)}</p></div>'
        f"<dl>{''.join(f'<dt>{label}</dt><dd>{_text(value)}</dd>' for label, value in rows)}</dl></li>"
    )


def _figure(name: str, facet: Facet, light: Mapping[str, str], dark: Mapping[str, str]) -> str:
    panel = facet.panel
    content = plotly_figure(facet.curves, panel, light, dark)
    specification = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    summary = f"{panel.title}: {panel.y_label} against {panel.x_label}"
    notes = [text for text in (f"colour: {panel.heat.label}" if panel.heat else "", panel.note) if text]
    note = f"<figcaption>{_text('; '.join(notes))}</figcaption>" if notes else ""
    return f"""<figure>
<h4>{_text(panel.title)}</h4>
<div class="plot" data-figure="{name}" role="img" aria-label="{_text(summary)}"></div>
<ul class="series" aria-label="Series; press to hide or show"></ul>
{note}
<details class="values"><summary>Values</summary></details>
<script type="application/json" id="{name}">{specification.replace("<", chr(92) + "u003c")}</script>
</figure>
"""


def _agreement(curves: Curves, panels: Sequence[Panel]) -> str:
    rows = []
    for row in named_agreement(curves, panels).to_dict(orient="records"):
        within = row["within_2_se"]
        numbers = (
            str(row["points"]),
            _percent(row["median_error"]),
            _percent(row["worst_error"]),
            "-" if math.isnan(within) else f"{100 * within:.0f} %",
        )
        texts = "".join(f"<td>{_text(row[name])}</td>" for name in ("facet", "series", "source"))
        cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
        rows.append(f"<tr>{texts}{cells}</tr>")
    if not rows:
        return '<p class="empty">No measured point has a theory value beside it.</p>'
    names = ("points", "median deviation", "worst deviation", "within 2 s.e.")
    head = "".join(f'<th scope="col">{name}</th>' for name in ("panel", "series", "source"))
    head += "".join(f'<th scope="col" class="number">{name}</th>' for name in names)
    return (
        f"<details><summary>{len(rows)} series with theory beside measurement</summary>"
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        "</div></details>"
    )


def _percent(value: float) -> str:
    if not math.isfinite(value):
        return "∞"
    return f"{100 * value:.2g} %" if value < 1 else f"{100 * value:.0f} %" if value < 100 else f"{value:.2g} ×"


def _value(value: float | str, error: float | None) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.5g}" + (f" ± {error:.2g}" if error is not None and math.isfinite(error) and error > 0 else "")


def _name(section: Section) -> str:
    return f"{section.name} · {section.variant}" if section.variant else section.name


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)


def _page_file(name: str) -> str:
    return resources.files("solv.tracking").joinpath("page", name).read_text(encoding="utf-8").rstrip("\n")


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    code: str = get_plotlyjs()
    return code.replace("</script", "<\\/script")
