"""How a node comes to its keys and changes them: asking with an invitation, renewing by itself.

Invariants: private keys are made here and stay here; what is signed is stored before it is sent, so that the
same bytes are sent again whatever happens; a key is put in use only once the hub has it.

It deliberately trusts no answer for more than it says: that keys are in force is seen in the signed
directory, where there is one.
"""

from node.enrolment.enrolling import EnrolmentView, ask_again, conclude, enrol, own_keys
from node.enrolment.renewing import Renewal, renew

__all__ = ["EnrolmentView", "Renewal", "ask_again", "conclude", "enrol", "own_keys", "renew"]
