"""Disclosure control for any statistician's tables: what stands behind the command `kim-protect`.

:func:`protect_tables` finds what to withhold, :func:`audit_tables` examines what is published; both are pure
functions of figures and rules. Around them, from the inside out: `primary` and `attackers` (what is
sensitive, and for whom), `wording` (cells and derivations in words), `formats` (text in, text out), `report`
(the page for a data-protection officer). Only `files`, `clock`, `settings` and `cli` touch the machine; they
alone know YAML, click
and rich.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

_WHERE: Final = {
    **dict.fromkeys(("Published", "Report", "audit_tables"), "auditing"),
    **dict.fromkeys(("CannotProtectError", "Outcome", "UndecidedError", "protect_tables"), "protecting"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 -- PEP 562
    """Import a part when it is asked for: the command's help needs neither numpy nor the solver."""
    if name not in __all__:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"{__name__}.{_WHERE.get(name, 'model')}"), name)
