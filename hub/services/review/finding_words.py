"""What a finding in a delivery says: a rule of the catalogue, or the hub's own audit."""

from typing import Final

from aggregation.plausibility import rule_text
from protocol.catalogue import AUDIT_RULE, Catalogue
from protocol.texts import Text

_GIVEN_AWAY: Final = Text(
    "Gesperrte Zellen lassen sich aus den Lieferungen des Gebiets zusammen errechnen; die Lieferung ist "
    "zurückgestellt",
    "Withheld cells can be computed from the area's deliveries together; the delivery is held back",
)


def finding_text(catalogue: Catalogue, rule: str) -> Text:
    """Say what a rule of a finding expects, or what the audit found.

    Raises:
        KeyError: there is no such rule.
    """
    return _GIVEN_AWAY if rule == AUDIT_RULE else rule_text(catalogue, rule)
