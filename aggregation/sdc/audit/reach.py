"""What the tables allow at all: demands that fail even with everything withheld are met by no pattern.

A total over three cells that are not empty is at least 3, whatever is withheld; nobody can make it look like
1. Level S3 asks for as much as is possible, so somebody has to say what is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from aggregation.sdc.audit.attack import examine
from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import BoolArray
from aggregation.sdc.publication import Publication


@dataclass(frozen=True, eq=False)
class Reach:
    """Demands, parted by whether the tables allow them.

    Attributes:
        possible: what some pattern meets: the one that withholds everything that may be withheld.
        beyond: what none does: one row per kind, one column per cell.
        undecided: what the solver gave no answer to; it counts as possible, so that nothing is given up
            by default.
    """

    possible: Demands
    beyond: BoolArray
    undecided: BoolArray


def within_reach(publication: Publication, demands: Demands, *, optional: BoolArray) -> Reach:
    """Find out which demands can be met at all.

    Args:
        publication: the tables; what is withheld there stays so.
        demands: what is asked for.
        optional: which other cells may be withheld (no zeros that everybody may know).
    """
    everything = replace(publication, withheld=publication.withheld | optional)
    outcome = examine(everything, demands.among(everything.withheld))
    open_still = demands.matrix & ~outcome.met
    unknown = np.zeros(len(demands.differ), dtype=np.bool_)
    unknown[list(outcome.undecided)] = True
    undecided = open_still & (unknown | (not outcome.consistent))
    beyond = open_still & ~undecided
    return Reach(demands.without(beyond), beyond, undecided)
