"""Reads the product's own catalogue (`data/catalogue.json`) into the types of :mod:`protocol.catalogue`.

The file is data under version control: JSON because the base install has no YAML reader and the digest
must mean exactly these bytes (ADR 0002). A reference that does not resolve stops the program at the first
use, not in the middle of a delivery.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from protocol.catalogue import (
    Catalogue,
    Dataset,
    Denominator,
    DerivedIndicator,
    DerivedKind,
    DerivedTerm,
    DimensionUse,
    DisclosureRule,
    Identity,
    IdentityKind,
    Indicator,
    PlausibilityKind,
    PlausibilityRule,
    RuleKind,
    Term,
)
from protocol.codelists import Code, CodeGroup, Codelist
from protocol.texts import Text


@cache
def load_catalogue() -> Catalogue:
    """Return the catalogue that this version of the product carries.

    Returns:
        The catalogue; the same object on every call.

    Raises:
        KeyError: if a reference inside the file does not resolve (a broken build).
        ValueError: if a codelist is not a hierarchy or an enumeration value is unknown.
    """
    return parse_catalogue(catalogue_bytes())


def catalogue_bytes() -> bytes:
    """Return the file of that catalogue, byte for byte: what its digest is taken of."""
    return resources.files("protocol").joinpath("data/catalogue.json").read_bytes()


def parse_catalogue(data: bytes) -> Catalogue:
    """Build a catalogue from the bytes of its file.

    Args:
        data: UTF-8 JSON in the form of `data/catalogue.json`.

    Returns:
        The linked catalogue; its ``sha256`` is the digest of ``data``.

    Raises:
        KeyError: if a reference does not resolve.
        ValueError: if the bytes are not JSON or a value is outside its enumeration.
    """
    raw = json.loads(data)
    rules = {row["id"]: _rule(row) for row in raw["rules"]}
    codelists = {row["id"]: _codelist(row) for row in raw["codelists"]}
    denominators = {row["id"]: _denominator(row) for row in raw["denominators"]}
    indicators = [_indicator(row, rules, codelists) for row in raw["indicators"]]
    head = raw["catalogue"]
    catalogue = Catalogue(
        id=head["id"],
        version=head["version"],
        agency=head["agency"],
        status=Text(**head["status"]),
        sha256=hashlib.sha256(data).hexdigest(),
        rules=MappingProxyType(rules),
        codelists=MappingProxyType(codelists),
        denominators=MappingProxyType(denominators),
        datasets=MappingProxyType({row["id"]: _dataset(row, indicators) for row in raw["datasets"]}),
        identities=tuple(_identity(row) for row in raw["identities"]),
        derived=MappingProxyType({row["id"]: _derived(row) for row in raw["derived"]}),
        plausibility=tuple(_plausibility(row) for row in raw["plausibility"]),
    )
    _check_references(catalogue)
    return catalogue


def _rule(row: dict[str, Any]) -> DisclosureRule:
    known = DisclosureRule.__dataclass_fields__
    plain = {k: v for k, v in row.items() if k in known and k not in {"kind", "breakdowns"}}
    return DisclosureRule(**plain, kind=RuleKind(row["kind"]), breakdowns=tuple(row.get("breakdowns", ())))


def _denominator(row: dict[str, Any]) -> Denominator:
    return Denominator(**{**row, "name": Text(**row["name"]), "source": Text(**row["source"])})


def _codelist(row: dict[str, Any]) -> Codelist:
    codes = tuple(
        Code(
            id=code["id"],
            name=Text(**code["name"]),
            parent=code.get("parent"),
            rule=code.get("rule"),
            merge_with=code.get("merge_with"),
            attributes=MappingProxyType(code.get("attributes", {})),
        )
        for code in row["codes"]
    )
    groups = tuple(
        CodeGroup(id=group["id"], name=Text(**group["name"]), members=tuple(group["members"]))
        for group in row.get("groups", ())
    )
    return Codelist(id=row["id"], name=Text(**row["name"]), codes=codes, total=row["total"], groups=groups)


def _indicator(
    row: dict[str, Any], rules: dict[str, DisclosureRule], codelists: dict[str, Codelist]
) -> Indicator:
    uses = tuple(
        DimensionUse(id=use["id"], codelist=codelists[use["codelist"]], additive=use["additive"])
        for use in row["dimensions"]
    )
    plain = ("id", "dataset", "unit", "type", "decimals", "stock_or_flow", "region_additivity")
    return Indicator(
        **{name: row[name] for name in plain},
        time_additivity=row["time_additivity"],
        frequencies=tuple(row["frequencies"]),
        reporting_unit=row["reporting_unit"],
        denominator=row["denominator"],
        may_be_negative=row["may_be_negative"],
        name=Text(**row["name"]),
        definition=Text(**row["definition"]),
        dimensions=uses,
        tables=tuple(tuple(table) for table in row["tables"]),
        rule=rules[row["rule"]],
    )


def _dataset(row: dict[str, Any], indicators: list[Indicator]) -> Dataset:
    return Dataset(
        id=row["id"],
        name=Text(**row["name"]),
        version=row["version"],
        frequencies=tuple(row["frequencies"]),
        due_days=row["due_days"],
        indicators=tuple(i for i in indicators if i.dataset == row["id"]),
    )


def _identity(row: dict[str, Any]) -> Identity:
    return Identity(
        id=row["id"],
        kind=IdentityKind(row["kind"]),
        severity=row["severity"],
        certain=row["certain"],
        dimensions=tuple(row["dimensions"]),
        terms=_terms(row["terms"]),
        text=Text(**row["text"]),
        groups=tuple(tuple(group) for group in row.get("groups", ())),
    )


def _terms(rows: list[dict[str, Any]]) -> tuple[Term, ...]:
    return tuple(
        Term(
            sign=term["sign"],
            indicator=term["indicator"],
            lag=term.get("lag", 0),
            codes=tuple(sorted(term.get("codes", {}).items())),
        )
        for term in rows
    )


def _derived(row: dict[str, Any]) -> DerivedIndicator:
    def terms(side: str) -> tuple[DerivedTerm, ...]:
        return tuple(
            DerivedTerm(
                sign=term["sign"],
                indicator=term.get("indicator"),
                denominator=term.get("denominator"),
                codes=tuple(sorted(term.get("codes", {}).items())),
            )
            for term in row.get(side, ())
        )

    return DerivedIndicator(
        id=row["id"],
        name=Text(**row["name"]),
        unit=row["unit"],
        kind=DerivedKind(row["kind"]),
        by=tuple(row["by"]),
        scale=row.get("scale", 1),
        numerator=terms("numerator"),
        denominator=terms("denominator"),
        min_denominator=row.get("min_denominator"),
        indicator=row.get("indicator"),
        dimension=row.get("dimension"),
    )


def _plausibility(row: dict[str, Any]) -> PlausibilityRule:
    limits = ("lower", "upper", "window", "max_factor", "min_value")
    return PlausibilityRule(
        id=row["id"],
        kind=PlausibilityKind(row["kind"]),
        left=_terms(row.get("left", [])),
        right=_terms(row.get("right", [])),
        **{name: row.get(name) for name in limits},
    )


def _check_references(catalogue: Catalogue) -> None:
    for indicator in catalogue.indicators.values():
        if indicator.denominator is not None and indicator.denominator not in catalogue.denominators:
            raise KeyError(f"{indicator.id}: unknown denominator")
        for table in indicator.tables:
            if any(indicator.dimension_use(dimension) is None for dimension in table):
                raise KeyError(f"{indicator.id}: a table names a dimension the indicator does not have")
        delivered = catalogue.datasets[indicator.dataset].frequencies
        if not indicator.frequencies or not set(indicator.frequencies) <= set(delivered):
            raise KeyError(f"{indicator.id}: its dataflow is not delivered in each of its frequencies")
    rules: list[_Rule] = [*catalogue.identities, *catalogue.plausibility, *catalogue.derived.values()]
    for rule in rules:
        if not _indicators_of(rule) <= catalogue.indicators.keys():
            raise KeyError(f"{rule.id}: unknown indicator")
    for codelist in catalogue.codelists.values():
        for code in codelist.codes:
            if code.rule is not None and code.rule not in catalogue.rules:
                raise KeyError(f"{codelist.id}: unknown disclosure rule at {code.id}")


_Rule = Identity | PlausibilityRule | DerivedIndicator


def _indicators_of(rule: _Rule) -> set[str]:
    if isinstance(rule, Identity):
        return {term.indicator for term in rule.terms}
    if isinstance(rule, PlausibilityRule):
        return {term.indicator for term in (*rule.left, *rule.right)}
    named = {term.indicator for term in (*rule.numerator, *rule.denominator)} | {rule.indicator}
    return {indicator for indicator in named if indicator is not None}
