"""What computes: from the export to signed deliveries. It cannot send (no HTTP client is in reach).

prepare → tabulate → protect → audit → encode → sign. Invariants: only decoded bytes with the audit's verdict
``safe`` are signed; everything is protected jointly with what this node has delivered before.
"""

from node.pipeline.drafts import Draft, Place, Workshop, make_draft, require_strict_enough
from node.pipeline.figures import (
    DATASETS,
    Figures,
    count_figures,
    read_source,
    split_by_end,
)
from node.pipeline.prospects import Decision, Prospect, Prospects
from node.pipeline.sealing import seal
from node.pipeline.stopwatch import Stopwatch

__all__ = [
    "DATASETS",
    "Decision",
    "Draft",
    "Figures",
    "Place",
    "Prospect",
    "Prospects",
    "Stopwatch",
    "Workshop",
    "count_figures",
    "make_draft",
    "read_source",
    "require_strict_enough",
    "seal",
    "split_by_end",
]
