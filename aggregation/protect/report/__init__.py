"""The page for a data-protection officer: what was protected, how, and what an attacker can do against it."""

from aggregation.protect.report.page import Provenance, render_report

__all__ = ["Provenance", "render_report"]
