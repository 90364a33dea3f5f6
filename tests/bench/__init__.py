"""Measurements as ratios against a floor or a peer in the same run (`make bench`); never part of the tests.

Machines differ and are shared, so a bare second says little. Each measurement runs its peer beside it, the
best of several rounds each, and prints both.
"""
