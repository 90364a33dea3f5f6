"""What the sources of a node hold, in words: so many cases, posts, bookings."""

from __future__ import annotations

from node.amounts import BOOKING, CASE, CONTACT, DECISION, ISSUE, PERSON, POST
from node.quality import Prepared
from protocol.texts import Text


def counted_things(prepared: Prepared) -> tuple[Text, ...]:
    """Return number and name of everything that is counted; what is not collected is left out."""
    counts, facts = prepared.counts, prepared.facts
    things = [CASE.counted(counts.cases), PERSON.counted(counts.persons), CONTACT.counted(counts.contacts)]
    if facts.posts is not None:
        # A post has one row for each span in which nothing about it changes.
        things.append(POST.counted(len(facts.posts["post_id"].unique())))
    if facts.funds is not None:
        things.append(BOOKING.counted(facts.funds.num_rows))
    if facts.issues is not None:
        things.append(ISSUE.counted(facts.issues.num_rows))
    decisions = (area.decisions for area in (facts, *prepared.joint.values()))
    things += [DECISION.counted(table.num_rows) for table in decisions if table is not None]
    return tuple(things)
