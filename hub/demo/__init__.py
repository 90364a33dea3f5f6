"""The demo: 54 simulated municipalities whose dirty lists travel through the real node and the real hub.

Purpose: a generator (`world` and `programme` → `clerk` and `register_clerk` → `traps`, `date_traps`,
`register_traps` → `export_file`, `case_files`, `register_file`) that writes exports, lists and registers full
of the errors that municipalities make, an answer key counted in plain loops (`handling`, `answer_key`,
`counting`, `true_rates`), and the command that runs everything (`command`, `course`) and compares what the
hub publishes with the answer key (`comparison`, `cube_comparison`, `rates_check`, `api_check`). What is
peculiar about an area stands in `plans`, which lists it keeps in `sources`.

Invariants: everything is drawn from generators seeded by the area's id; the truth is known before a row is
spelled, so no part of the generator ever reads its own files; nothing here imports the node or the
aggregation package: the counting is independent on purpose.
"""
