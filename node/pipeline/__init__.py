"""What computes: from the sources to signed deliveries. It cannot send (no HTTP client is in reach).

prepare → tabulate → protect → audit → encode → sign. Invariants: only decoded bytes with the audit's verdict
``safe`` are signed; everything is protected jointly with what this node has delivered before.
"""

from node.pipeline.doubts import Doubt, doubts_of
from node.pipeline.drafts import Draft, Place, Workshop, make_draft, require_strict_enough
from node.pipeline.figures import (
    Figures,
    count_figures,
    due_slots,
    facts_by_area,
    read_sources,
    split_by_end,
)
from node.pipeline.programme import Slot, not_collected, require_whole_years
from node.pipeline.prospects import Decision, Prospect, Prospects
from node.pipeline.sealing import seal
from node.pipeline.stopwatch import Stopwatch

__all__ = [
    "Decision",
    "Doubt",
    "Draft",
    "Figures",
    "Place",
    "Prospect",
    "Prospects",
    "Slot",
    "Stopwatch",
    "Workshop",
    "count_figures",
    "doubts_of",
    "due_slots",
    "facts_by_area",
    "make_draft",
    "not_collected",
    "read_sources",
    "require_strict_enough",
    "require_whole_years",
    "seal",
    "split_by_end",
]
