"""What must be known beside a figure: breaks of its series, revisions, grants taken from a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.services.statistics.reading import Reading
from hub.services.statistics.subjects import Subject
from protocol.periods import Period


@dataclass(frozen=True, slots=True)
class FigureMarks:
    """What must be known beside a figure.

    Attributes:
        breaks: why the series begins anew with it, in the words of each area concerned.
        broken_areas: number of those areas within a total; 0 for a single area, whose own series it is.
        revision: number of the revision of an area's delivery; 1 for the first, and for totals.
        granted: whether the hub took the area's figure from the granting authority's list.
    """

    breaks: tuple[str, ...] = ()
    broken_areas: int = 0
    revision: int = 1
    granted: bool = False


#: Nothing to be known.
NO_MARKS: Final = FigureMarks()


def marks_of(reading: Reading, subject: Subject, period: Period, region: str) -> FigureMarks:
    """Return what must be known beside the figure of a region."""
    marks = reading.marks
    leaves = reading.tree.leaves_of(region)
    areas = leaves if region in leaves else (*leaves, region)
    places = [(area, dataset, period) for area in areas for dataset in subject.datasets]
    broken = {
        area: marks.breaks[area, name, at] for area, name, at in places if (area, name, at) in marks.breaks
    }
    own = [(region, dataset, period) for dataset in subject.datasets]
    return FigureMarks(
        breaks=tuple(broken.values()),
        broken_areas=0 if region in leaves else len(broken),
        revision=max((marks.revisions.get(place, 1) for place in own), default=1),
        granted=any(place in marks.granted for place in own),
    )
