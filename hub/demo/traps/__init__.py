"""The errors of lists, planted into clean rows together with what the rows must become.

Invariants: cells and facts of a row change together; a row has at most one error.
Imports `words`, `world` and `lists`.
"""
