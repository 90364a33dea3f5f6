"""The audit: an attack on what is published, independent of how it came about."""

from aggregation.sdc.audit.attack import examine, examine_views
from aggregation.sdc.audit.examination import Argument, Examination, ExposedCell, Route, Verdict, Witness
from aggregation.sdc.audit.intervals import Intervals, intervals

__all__ = [
    "Argument",
    "Examination",
    "ExposedCell",
    "Intervals",
    "Route",
    "Verdict",
    "Witness",
    "examine",
    "examine_views",
    "intervals",
]
