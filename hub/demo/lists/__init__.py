"""The lists that areas keep: what is peculiar about each area, its clerks, their rows, and the files.

Invariants: a row carries what it says beside what it means, and nothing here derives the one from the other.
Imports `words` and `world`; errors are planted by `traps`.
"""
