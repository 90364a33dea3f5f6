"""What lists call things: columns, spellings of codes and citizenships, dates, an area's key.

Invariants: nothing of all this is copied from the mapping of the node; both sides must agree without copying.
Imports no other room of the demo.
"""
