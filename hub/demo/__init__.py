"""The demo: 54 simulated municipalities whose dirty lists travel through the real node and the real hub.

Each room below knows the rooms before it, and none after it (import-linter):

- `words`: what lists call things.
- `world`: the clean world of an area, its cases and its programme.
- `lists`: plans of areas, clerks, rows and files.
- `traps` and `truth`: the errors of lists; what is to be counted in spite of them. Neither knows the other.
- `generator` and `comparison`: what makes an area; what holds the published against the truth. Neither knows
  the other.
- `course`: real hub, real nodes, officers, witnesses.
- `result`: one verdict, and tables.
- `command`: `kim-hub demo`, which has it all done.

Invariants: everything is drawn from generators seeded by the area's id; the truth is known before a row is
spelled, so no part of the generator ever reads its own files; nothing here imports the node or the
aggregation package: the counting is independent on purpose.
"""
