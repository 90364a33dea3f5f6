"""Tiny worlds for disclosure control: people counted by hand, and every table that fits what is published.

Deliberately slow and simple, without numpy tricks, linear algebra or a solver: it is the yardstick for code
that uses all three.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from aggregation.disclosure.history import Delivered, linked_history
from aggregation.disclosure.relations import Structure
from aggregation.sdc.linear_system import NO_LIMIT
from aggregation.sdc.publication import Publication
from protocol.codelists import NOT_APPLICABLE, TOTAL
from protocol.grid import CellGrid
from tests.factories.catalogues import use_of

Person = Mapping[str, frozenset[str]]
"""Codes of one person per dimension (several where several answers are possible)."""


def count(grid: CellGrid, people: Mapping[str, Sequence[Person]]) -> np.ndarray:
    """Count people into every cell of the grid.

    Args:
        grid: the cells.
        people: who is counted, per indicator.
    """
    values = np.zeros(len(grid), dtype=np.int64)
    for row, key in enumerate(grid.keys):
        indicator = next(i for i in grid.dataset.indicators if i.id == key[0])
        codes = dict(zip(grid.dims, key[1:], strict=True))
        for person in people.get(indicator.id, ()):
            values[row] += all(
                code in {TOTAL, NOT_APPLICABLE}
                or any(
                    code == own or code in use_of(indicator, dimension).codelist.ancestors(own)
                    for own in person[dimension]
                )
                for dimension, code in codes.items()
            )
    return values


def published(
    structure: Structure,
    new: Delivered,
    linked: Sequence[Delivered] = (),
    *,
    stricter: int | None = None,
    guessing: bool = True,
) -> Publication:
    """What everybody knows after a delivery, cells of all deliveries behind each other.

    With ``guessing`` also that no group without a published cell hides a zero, where none does.
    """
    history = linked_history(structure, new, linked)
    floors = [
        _floors(of_it, d, stricter or 0, guessing=guessing)
        for of_it, d in zip(history.structures, history.deliveries, strict=True)
    ]
    return Publication(history.system, history.values, history.withheld, np.concatenate(floors))


def _floors(structure: Structure, delivery: Delivered, stricter: int, *, guessing: bool) -> np.ndarray:
    """The smallest value that each cell can have for somebody who knows the rules."""
    catalogue, grid = structure.catalogue, structure.grid
    rules = [
        catalogue.rule_for(catalogue.indicators[key[0]], grid.codes(row)) for row, key in enumerate(grid.keys)
    ]
    floors = np.array([int(rule.zero_publishable) for rule in rules], dtype=np.int64)
    for row, rule in enumerate(rules):
        value, minimum = int(delivery.values[row]), max(rule.min_contributors, stricter)
        if rule.zero_publishable or delivery.withheld[row] or value < minimum:
            continue
        for dimension, code in grid.codes(row).items():
            indicator = catalogue.indicators[grid.keys[row][0]]
            codelist = use_of(indicator, dimension).codelist
            if code != TOTAL and codelist[code].rule is not None:
                total = grid.index[grid.key(indicator, {**grid.codes(row), dimension: TOTAL})]
                if delivery.values[total] - value >= minimum:  # published as the rules demand
                    floors[total] = max(floors[total], value + minimum)
    for row, rule in enumerate(rules):
        indicator = catalogue.indicators[grid.keys[row][0]]
        if indicator.type in {"fte", "magnitude"}:
            value = int(delivery.values[row])
            floors[row] = 1 if value > 0 else 0 if value == 0 else -NO_LIMIT
        elif rule.min_total is not None:
            total = grid.index[grid.key(indicator, {})]
            shown = not delivery.withheld[total] and delivery.values[total] >= rule.min_total
            floors[row] = int(shown) if row != total else floors[row]
    for row, dimension in _delicate(structure):
        floors[_breakdown(structure, row, dimension)] = 0
    for group in _hiding_groups(structure, delivery, floors, guessing=guessing):
        floors[group] = np.minimum(floors[group], 0)
    return floors


def _hiding_groups(
    structure: Structure, delivery: Delivered, floors: np.ndarray, *, guessing: bool
) -> list[list[int]]:
    """Codes of which every cell is withheld, as long as withheld zeros are left that none explains."""
    grid = structure.grid
    told = [{d: c for d, c in grid.codes(row).items() if c != TOTAL} for row in range(len(grid))]
    left = set(np.flatnonzero(delivery.withheld & (delivery.values == 0) & (floors == 1)).tolist())
    groups = []
    for dimension, code in sorted({place for codes in told for place in codes.items()}):
        rows = [row for row, codes in enumerate(told) if codes.get(dimension) == code]
        if delivery.withheld[rows].all() and any(len(told[row]) > 1 for row in rows):
            groups.append(rows)
    if not guessing:
        return groups
    found: list[list[int]] = []
    while left and groups:
        largest = max(groups, key=lambda rows: len(left & set(rows)))
        if not left & set(largest):
            break
        left -= set(largest)
        found.append(largest)
    return found


def _delicate(structure: Structure) -> Iterator[tuple[int, str]]:
    """Cells of a code whose zeros must not be published, and the dimension of the code."""
    catalogue, grid = structure.catalogue, structure.grid
    for row, key in enumerate(grid.keys):
        for dimension, code in grid.codes(row).items():
            use = use_of(catalogue.indicators[key[0]], dimension)
            rule = use.codelist[code].rule if code != TOTAL else None
            if rule is not None and not catalogue.rules[rule].zero_publishable:
                yield row, dimension


def _breakdown(structure: Structure, row: int, dimension: str) -> list[int]:
    """The cells of a breakdown that holds a delicate one; zeros are never shown there."""
    grid = structure.grid
    indicator = structure.catalogue.indicators[grid.keys[row][0]]
    codes = grid.codes(row)
    return [
        grid.index[grid.key(indicator, {**codes, dimension: other.id})]
        for other in use_of(indicator, dimension).codelist.published
        if other.id != TOTAL
    ]


def determined(publication: Publication, cells: Sequence[int], *, spare: int = 4) -> set[int]:
    """Return those of the cells that have one value only in all integer tables that fit.

    Args:
        publication: what is published.
        cells: withheld cells to decide.
        spare: tables are searched with values up to the largest true one plus this.
    """
    cap = int(publication.values.max(initial=0)) + spare
    open_cells: set[int] = set()
    for cell in cells:
        if cell in open_cells:
            continue
        other = next(_tables(publication, cap, first=cell), None)
        if other is not None:
            open_cells |= {c for c, value in other.items() if value != publication.values[c]}
    return {int(cell) for cell in cells} - open_cells


def possible(publication: Publication, cell: int, low: int, high: int, *, cap: int) -> bool:
    """Whether some integer table with values up to ``cap`` has a withheld cell between two values."""
    return next(_tables(publication, cap, first=cell, within=(low, high)), None) is not None


def _tables(
    publication: Publication, cap: int, *, first: int, within: tuple[int, int] | None = None
) -> Iterator[dict[int, int]]:
    """Yield the unknown cells of every integer table that fits and has another ``first`` cell.

    With ``within``, the first cell lies between these values instead.
    """
    system, true = publication.system, [int(v) for v in publication.values]
    hidden = {int(c) for c in np.flatnonzero(publication.withheld)}
    rows = []
    for row in range(system.rows):
        at = system.entries(row)
        entries = list(zip(system.columns[at].tolist(), system.coefficients[at].tolist(), strict=True))
        fixed = sum(k * true[c] for c, k in entries if c not in hidden)
        rows.append(
            ({c: k for c, k in entries if c in hidden}, system.lower[row] - fixed, system.upper[row] - fixed)
        )
    rows = [row for row in rows if row[0]]
    order = _order(hidden, [set(row[0]) for row in rows], first)
    limits = {c: (max(int(publication.floors[c]), -cap), cap) for c in hidden}
    different = {first: true[first]}
    if within is not None:
        limits[first], different = (max(within[0], limits[first][0]), within[1]), {}
    yield from _extend({}, order, rows, limits, different)


def _order(hidden: set[int], rows: list[set[int]], first: int) -> list[int]:
    """Cells in an order that completes relations early."""
    order = [first]
    while len(order) < len(hidden):
        waiting = [row - set(order) for row in rows if row - set(order)]
        touched = [
            row
            for row, full in zip(waiting, [r for r in rows if r - set(order)], strict=True)
            if full & set(order)
        ]
        pool = touched or waiting or [hidden - set(order)]
        shortest = min(pool, key=len)
        order += sorted(shortest)[:1]
    return order


def _extend(
    table: dict[int, int],
    order: list[int],
    rows: list[tuple[dict[int, int], int, int]],
    limits: dict[int, tuple[int, int]],
    different: dict[int, int],
) -> Iterator[dict[int, int]]:
    if len(table) == len(order):
        yield dict(table)
        return
    cell = order[len(table)]
    touching = [row for row in rows if cell in row[0]]
    low, high = limits[cell]
    for value in range(low, high + 1):
        if different.get(cell) == value:
            continue
        table[cell] = value
        if all(_possible(row, table, limits) for row in touching):
            yield from _extend(table, order, rows, limits, different)
        del table[cell]


def _possible(
    row: tuple[dict[int, int], int, int], table: dict[int, int], limits: dict[int, tuple[int, int]]
) -> bool:
    """Whether a relation can still be kept with the cells that are not yet filled in."""
    entries, lower, upper = row
    least = most = 0
    for cell, factor in entries.items():
        ends = (table[cell],) * 2 if cell in table else limits[cell]
        least += min(factor * end for end in ends)
        most += max(factor * end for end in ends)
    return least <= upper and most >= lower
