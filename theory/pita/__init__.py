"""Reasoning traces against direct answers on provable statements (2602.14404): what is predicted."""

from typing import TYPE_CHECKING

from solv.theory.on_demand import offering

if TYPE_CHECKING:
    from solv.theory.pita.breadth import (
        full_breadth,
        imply_breadth,
        or_breadth,
        paper_breadth,
        pigeonhole_paper_breadth,
    )
    from solv.theory.pita.chain_lengths import (
        right_answer,
        right_to_the_end,
        trace_lengths,
    )
    from solv.theory.pita.critical_width import (
        Crossing,
        WidthLaw,
        crossing,
        width_formula,
        width_law,
    )
    from solv.theory.pita.statement_counts import (
        catalan,
        full_count,
        pigeonhole_count,
    )

__all__ = [
    "Crossing",
    "WidthLaw",
    "catalan",
    "crossing",
    "full_breadth",
    "full_count",
    "imply_breadth",
    "or_breadth",
    "paper_breadth",
    "pigeonhole_count",
    "pigeonhole_paper_breadth",
    "right_answer",
    "right_to_the_end",
    "trace_lengths",
    "width_formula",
    "width_law",
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there
    __getattr__ = offering(
        __name__,
        {
            "breadth": "full_breadth imply_breadth or_breadth paper_breadth pigeonhole_paper_breadth",
            "chain_lengths": "right_answer right_to_the_end trace_lengths",
            "critical_width": "Crossing WidthLaw crossing width_formula width_law",
            "statement_counts": "catalan full_count pigeonhole_count",
        },
    )
