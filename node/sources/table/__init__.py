"""The table that every source hands on, its profile, and what all formats share on the way to it.

Knows no format: the rooms of the formats import it, and it none of them.
"""
