"""What one attacker knows beyond what is published, and what must stay uncertain for him."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.publication import Publication


@dataclass(frozen=True, eq=False)
class View:
    """One attacker.

    Attributes:
        demands: what must stay uncertain for him.
        known: withheld cells that he knows exactly, because they are his own; None for an outsider.
        least: what he must grant a withheld cell at least, where he knows more than others; None if nowhere.
    """

    demands: Demands
    known: BoolArray | None = None
    least: IntArray | None = None

    def of(self, publication: Publication) -> Publication:
        """Return what is published, for somebody with this knowledge."""
        withheld, floors = publication.withheld, publication.floors
        return replace(
            publication,
            withheld=withheld if self.known is None else withheld & ~self.known,
            floors=floors if self.least is None else np.maximum(floors, self.least),
        )
