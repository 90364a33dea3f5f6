"""`kim-verify`: anybody checks receipts, the log and a release, offline and without trusting the hub.

Needs nothing but the base install (`cryptography`). What is believed is passed in (`anchors`): the key of the
hub's log, the keys of nodes and witnesses, how many witnesses are enough. Everything else is checked down to
those.

Invariants: checks are numbered in comment and code and stop at the first that fails; "verified" is only said
    when
all have passed; what was *not* checked is said too. Only `files`, `settings` and `cli` touch the machine.
"""
