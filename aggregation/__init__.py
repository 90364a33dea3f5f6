"""The statistics: pure functions on tables for tabulation, disclosure control, merging and bounds.

Invariants: no input or output, no clock, no web; equal arguments give equal results on every machine.
Node and hub run the same rules because both import them from here.

It deliberately knows neither files nor messages nor people: that belongs to `node` and `hub`.
"""
