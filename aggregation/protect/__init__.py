"""Disclosure control for any statistician's tables: what stands behind the command `kim-protect`.

:func:`protect_tables` finds what to withhold, :func:`audit_tables` examines what is published; both are pure
functions of figures and rules. Around them, from the inside out: `primary` and `attackers` (what is
sensitive, and for whom), `wording` (cells and derivations in words), `formats` (text in, text out), `report`
(the page for a data-protection officer). Only `files`, `clock`, `settings` and `cli` touch the machine; they
alone know YAML, click
and rich.
"""

from aggregation.protect.auditing import Published, Report, audit_tables
from aggregation.protect.model import Counts, Dominance, Figures, Kind, Magnitudes, Rules, Shares
from aggregation.protect.protecting import CannotProtectError, Outcome, UndecidedError, protect_tables

__all__ = [
    "CannotProtectError",
    "Counts",
    "Dominance",
    "Figures",
    "Kind",
    "Magnitudes",
    "Outcome",
    "Published",
    "Report",
    "Rules",
    "Shares",
    "UndecidedError",
    "audit_tables",
    "protect_tables",
]
