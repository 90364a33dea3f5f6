"""How a node comes to its keys and changes them: asking with an invitation, renewing by itself.

Invariants: private keys are made here and stay here; what is signed is stored before it is sent, so that the
same bytes are sent again whatever happens; keys are put in use, and those before them given up, only once
they are in force, and keys that were made are kept until then, whatever is answered.

It deliberately trusts no answer for more than it says: that keys are in force is seen in the signed
directory, where there is one, and only without one is the hub believed.
"""

from node.enrolment.enrolling import EnrolmentView, ask_again, conclude, enrol, following, own_keys
from node.enrolment.renewing import Renewal, renew

__all__ = ["EnrolmentView", "Renewal", "ask_again", "conclude", "enrol", "following", "own_keys", "renew"]
