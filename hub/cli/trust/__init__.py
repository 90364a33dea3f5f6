"""`kim-hub trust`: officers decide on nodes and keys, each on a machine of his own.

`key`, `show` and `sign` run on an officer's machine, without a hub and without a network; the others on the
hub's. What lies between them is a file.
"""
