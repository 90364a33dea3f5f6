"""Holds what the hub has published against the truth, check by check.

Invariants: a check that was never made is a failure.
Imports `truth` and the hub's store and pages; how a list came about (`generator`, `traps`, `lists`, `world`)
is unknown here.
"""
