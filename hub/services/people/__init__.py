"""Who somebody is, and that it is really them: accounts, passwords, second factors, sessions, the provider.

What an account may do is not decided here but in `hub.domain.rights`. Everything that changes an account or
a login writes its line into the audit trail in the same transaction.
"""

from hub.services.people.desk import EXTENSION, PeopleDesk, make_desk

__all__ = ["EXTENSION", "PeopleDesk", "make_desk"]
