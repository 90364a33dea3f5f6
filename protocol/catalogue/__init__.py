"""The catalogue as typed data: dataflows, indicators, codelists, disclosure rules, identities.

Node and hub compute from the same catalogue and pin it by digest; nothing that decides a figure is said in
prose. Invariants: every reference resolves, additivity is declared per dimension, the strictest of all
rules that touch a cell is the one that holds. This package does not read files (`protocol.catalogue_file`)
and holds no rule engine (`aggregation`).
"""

from protocol.catalogue.catalogue import Catalogue, rules_of_code
from protocol.catalogue.dataflows import Dataset, Denominator, DimensionUse, Indicator
from protocol.catalogue.derived import DerivedIndicator, DerivedKind, DerivedTerm
from protocol.catalogue.identities import Identity, IdentityKind, Term
from protocol.catalogue.plausibility import AUDIT_RULE, PlausibilityKind, PlausibilityRule
from protocol.catalogue.rules import DisclosureRule, RuleKind

__all__ = [
    "AUDIT_RULE",
    "Catalogue",
    "Dataset",
    "Denominator",
    "DerivedIndicator",
    "DerivedKind",
    "DerivedTerm",
    "DimensionUse",
    "DisclosureRule",
    "Identity",
    "IdentityKind",
    "Indicator",
    "PlausibilityKind",
    "PlausibilityRule",
    "RuleKind",
    "Term",
    "rules_of_code",
]
