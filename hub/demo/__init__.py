"""The demo: 54 simulated municipalities whose dirty exports travel through the real node and the real hub.

Purpose: a generator (`world` → `clerk` → `traps` → `export_file`) that writes profile-A exports full of the
errors that municipal case systems make, an answer key counted in plain loops (`handling`, `answer_key`),
and the command that runs everything (`command`, `course`) and compares what the hub publishes with the
answer key (`comparison`).

Invariants: everything is drawn from generators seeded by the area's id; the truth is known before a row is
spelled, so no part of the generator ever reads its own files; nothing here imports the node or the
aggregation package: the counting is independent on purpose.
"""
