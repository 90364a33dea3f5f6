"""From all sources of cases of one area to their facts: sort, code, group, count what was found.

Invariants: a municipality is counted by one source only (T24), a case by one source only (T23); what could
not be mapped is listed and counts as unknown until it is mapped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from aggregation.facts import codelist_of
from node.mapping import CodeMapping
from node.quality import reasons
from node.quality.cases import noting
from node.quality.cases.assembling import CodeSets, case_tables, contact_table, fields_of_cases
from node.quality.cases.overlap import group_sources, merge_contacts, require_declared
from node.quality.cases.part import CasePart, read_part
from node.quality.cases.referrals import referral_table
from node.quality.cases.screening import Ownership
from node.quality.noting import note_file
from node.settings import SourceSpec
from node.sources import RawTable
from protocol.catalogue import Catalogue
from protocol.codelists import UNKNOWN


@dataclass(frozen=True, slots=True)
class Cases:
    """What all sources of cases hold.

    Attributes:
        parts: the sources, sorted and coded, with their findings.
        cases: table of :data:`aggregation.facts.CASES_FACTS`.
        contacts: table of :data:`aggregation.facts.CONTACTS_FACTS`.
        involvements: table of :data:`aggregation.facts.INVOLVEMENT_FACTS`.
        referrals: table of :data:`aggregation.facts.REFERRAL_FACTS`, or None if they are not collected.
    """

    parts: tuple[CasePart, ...]
    cases: pa.Table = field(repr=False)
    contacts: pa.Table = field(repr=False)
    involvements: pa.Table = field(repr=False)
    referrals: pa.Table | None = field(repr=False)


def prepare_cases(
    sources: Sequence[tuple[SourceSpec, RawTable]], *, area: str, mapping: CodeMapping, catalogue: Catalogue
) -> Cases:
    """Turn sources of cases into facts.

    Args:
        sources: at least one.
        area: the node's own reporting area.
        mapping: texts to codes.
        catalogue: gives the order of codes.

    Returns:
        Tables and parts.

    Raises:
        KimError: ``empty_source`` or ``wrong_area`` for a source; ``config_invalid`` if nobody said, or it
            cannot be, how several sources go together.
    """
    require_declared([spec for spec, _ in sources])
    owners = {key: spec.name for spec, _ in sources for key in spec.owns}
    parts = tuple(
        read_part(spec, raw, area=area, mapping=mapping, ownership=Ownership(spec.name, owners))
        for spec, raw in sources
    )
    merge_contacts(parts)
    grouping = group_sources(parts)
    telling = [part for part in parts if part.referred_to is not None]
    for part in parts:
        note_file(part.spec, part.raw, part.counts)
        noting.note_rows(part)
        if telling and part.referred_to is None:
            part.counts.add(reasons.NO_REFERRALS, 1)
    noting.note_households(grouping)
    sets = CodeSets(_order(catalogue, "FIELD"))
    fields = fields_of_cases(grouping, sets)
    cases, involvements = case_tables(grouping, sets.codes(fields))
    referrals = referral_table(grouping, sets.first(fields), CodeSets(_order(catalogue, "INST")))
    return Cases(parts, cases, contact_table(parts), involvements, referrals)


def _order(catalogue: Catalogue, dimension: str) -> tuple[str, ...]:
    return tuple(code for code in codelist_of(catalogue, dimension).leaves if code != UNKNOWN)
