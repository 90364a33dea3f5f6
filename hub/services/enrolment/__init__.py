"""How a node comes to its keys, changes them and loses them: invitations, requests, rotation, revocation.

Invariants: a token is shown once and never stored; whether a key is valid is judged by the moment at which
the hub received something; a key that was revoked still verifies what it signed before, and never anything
new.
"""
