"""Patterns of big tables: thousands of sensitive cells, where one program over everything takes too long.

See `search` for the steps, `grid` for the blocks they work in. Safe by construction, as everything here:
whatever is reached is proven by witnesses, and what is not is unmet.
"""

from __future__ import annotations

from aggregation.sdc.suppression.large.method import is_large, protect_large

__all__ = ["is_large", "protect_large"]
