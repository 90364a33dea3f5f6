"""The officers' repository: changes of the directory, from the wish to the signed and published version.

Invariants: what the tables of nodes and keys say comes out of a version that enough officers have signed, and
gets there in one transaction; no officer's private key is ever on the hub's machine; nothing that was decided
is undone. A hub without a repository is a test bench: nodes are registered by whoever sits at it.
"""
