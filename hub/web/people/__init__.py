"""Pages for people who log in: the way in, one's own account, the acts of the ministry, the audit trail.

`gate` decides about every request of the application, by the table in `hub.domain.rights`; the views say what
they need and are only reached by those who may. Forms work without scripts (docs/adr/0007).
"""
