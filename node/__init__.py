"""The program in a municipality: from the export of a case system to a signed, protected submission.

Invariants: row values never leave this package, neither in messages nor in logs; what computes cannot
send (the pipeline cannot import the hub client); connections go out only.

It deliberately never imports `hub`: the two meet in `protocol` alone.
"""
