"""The made-up world of an area before anybody has written anything down: its cases, and its programme.

Invariants: everything is drawn from generators seeded by the area's id; codes are leaf codes.
Imports `words` only, for the citizenships that people can have.
"""
