"""Which pictures does a talk about a run show? At most six, each with the verdict of the claim that it shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from solv.tracking.claims import Finding, Verdict
from solv.tracking.labels import Facet
from solv.tracking.panels import Highlight

MOST = 6


@dataclass(frozen=True)
class Picture:
    """A picture of the headline, and the verdict of the claim that it shows, if the run has judged one."""

    facet: Facet
    verdict: Verdict | None = None


def headline(facets: Sequence[Facet], highlights: Sequence[Highlight], findings: Sequence[Finding]) -> list[Picture]:
    """Return the pictures of a run's headline.

    Args:
        facets: all pictures of the run.
        highlights: those that the experiment names; of a panel that has no picture at the values named, the next one is
            taken. Where the run has none of them, or none are named, it is the pictures of the main panels, one of each
            panel, else the first ones.
        findings: of the run; of a sweep, a claim that is judged at several points shows the verdict that all share.
    """
    verdicts: dict[str, set[Verdict]] = {}
    for finding in findings:
        verdicts.setdefault(finding.id, set()).add(finding.verdict)
    chosen: list[Picture] = []
    for highlight in highlights:
        taken = [picture.facet.key for picture in chosen]
        left = [facet for facet in facets if str(facet.panel.name) == highlight.panel and facet.key not in taken]
        fitting = [facet for facet in left if _fits(facet, highlight)] or left
        judged = verdicts.get(highlight.claim, set())
        if fitting:
            chosen.append(Picture(fitting[0], next(iter(judged)) if len(judged) == 1 else None))
    if not chosen:
        main = {facet.panel.name: facet for facet in reversed(facets) if facet.panel.main}
        chosen = [Picture(facet) for facet in (list(reversed(main.values())) or facets)]
    return chosen[:MOST]


def _fits(facet: Facet, highlight: Highlight) -> bool:
    return all(facet.at.get(key) == value for key, value in highlight.where.items())
