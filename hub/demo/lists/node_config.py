"""Tells a node of its lists: completes the `node.toml` that ``kim-node init`` has begun."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from hub.demo.lists.contents import programme_of
from hub.demo.lists.local_lists import LocalList, cases_of, file_for_init, other_lists
from hub.demo.lists.plans import AreaPlan, Medium


def configured(template: str, plan: AreaPlan, folder: Path) -> str:
    """Complete the configuration that ``kim-node init`` has written for an area.

    Args:
        template: the file as it was written, with the list of cases as a file.
        plan: the area.
        folder: the area's folder, absolute.

    Raises:
        ValueError: if the file does not name the list of cases as it was told to.
    """
    cases = cases_of(plan)
    named = _line("path", str(folder / file_for_init(plan)))
    if template.count(named) != 1:
        raise ValueError("the configuration does not name its source")
    place = [_place(cases, folder), *(_line(name, value) for name, value in cases.options.items())]
    sections = [_section(f"sources.{local.name}", _options(local, folder)) for local in other_lists(plan)]
    codes = dict(plan.local_codes)
    if plan.registers is not None:
        codes["CARRIER"] = {carrier.id: carrier.kind for carrier in programme_of(plan).carriers}
    sections += [
        _section(f"mapping.{dimension}", [_line(text, code) for text, code in meanings.items()])
        for dimension, meanings in codes.items()
    ]
    if plan.breaks:
        sections.append(_section("breaks", [_line(when, why) for when, why in plan.breaks.items()]))
    return "\n".join([template.replace(named, "\n".join(place)), *sections])


def _options(local: LocalList, folder: Path) -> list[str]:
    lines = [_line("holds", local.holds), _place(local, folder)]
    return [*lines, *(_line(name, value) for name, value in local.options.items())]


def _place(local: LocalList, folder: Path) -> str:
    path = folder / local.file
    if path.suffix == f".{Medium.SQLITE.value}":
        return _line("url", f"sqlite:///{path}")
    return _line("path", str(path))


def _section(name: str, lines: Sequence[str]) -> str:
    return "\n".join([f"[{name}]", *lines, ""])


def _line(name: str, value: str) -> str:
    # A TOML basic string has JSON's escapes.
    key = name if name.isidentifier() and name.isascii() else json.dumps(name, ensure_ascii=False)
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"
