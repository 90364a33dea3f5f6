"""Who this node is and whom it believes: set-up and enrolment, its keys, the root, the log it looks at.

Imports `frame` and `terminal`; nothing here counts, so that these commands load no Arrow.
"""
