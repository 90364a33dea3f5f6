"""What the hub's things are and may become: states, transitions, chunk arithmetic, identifiers.

Tables and pure functions only. It knows no database, no web and no Arrow.
"""
