"""The states of invitations and of requests to have keys entered, and the periods that govern them."""

import datetime as dt
from enum import StrEnum
from typing import Final

#: How long a letter may take.
INVITATION_LIFE: Final = dt.timedelta(hours=72)
#: Wrong tokens for an invitation until that is an alarm. They lock nothing: nobody guesses 160 random bits,
#: and whoever knows a node's id could shut its door.
ALARMING_TRIES: Final = 5
#: How long a key is valid from its approval on, and how long an old one beside its successor.
KEY_LIFE: Final = dt.timedelta(days=365)
OVERLAP: Final = dt.timedelta(days=30)
#: A node is told that its key ends from so many days before on; the first is when it renews by itself.
NOTICE_DAYS: Final = (60, 30, 7)


class InvitationState(StrEnum):
    """`open`: may be used. `used`: somebody enrolled with it. `replaced`: a newer one was made for the node.

    That it is expired is no state: the clock says so.
    """

    OPEN = "open"
    USED = "used"
    REPLACED = "replaced"


class EnrolmentKind(StrEnum):
    """`enrol`: with an invitation, compared by telephone. `rotation`: the key in force vouches."""

    ENROL = "enrol"
    ROTATION = "rotation"


class EnrolmentState(StrEnum):
    """`pending`: nobody has looked. `approved`: waits for the signatures of the officers. `active`: in force.

    `refused`: never was and never will be.
    """

    PENDING = "pending"
    APPROVED = "approved"
    ACTIVE = "active"
    REFUSED = "refused"
