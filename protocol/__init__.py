"""The contract between node and hub: what both sides must understand in the same way.

Invariants: pure (no network, no clock, no database), and importable with the standard library and
`cryptography` alone; pyarrow is imported only by the modules that touch Arrow. Nothing of it is copied
elsewhere: node and hub import it.

It deliberately does not compute statistics (see `aggregation`) and stores nothing.
"""
