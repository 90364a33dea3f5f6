"""Generates an area: draws its world, has its lists written and spoiled, and keeps the answer key.

Imports all rooms below: `traps`, `truth`, `lists`, `world`, `words`. What compares is unknown here.
"""
