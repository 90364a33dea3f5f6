"""From the options of ``[sources.<name>]`` to the sources of a node: absolute paths, checked together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from node.settings.options import Value
from node.settings.reading import Faults
from node.settings.source_spec import Complain, SourceSpec, check_source, check_together
from protocol.texts import Text


def located_at(config: Path, name: str) -> Path:
    """Return a path of the configuration, taken from the folder of its file."""
    return (config.parent / Path(name).expanduser()).absolute()


def source_specs(
    config: Path,
    sources: Mapping[str, tuple[Mapping[str, Value | None], Mapping[str, str]]],
    faults: Faults,
    *,
    area: str,
) -> tuple[SourceSpec, ...]:
    """Assemble the sources and note what makes no sense, of each and of all together.

    Args:
        config: the configuration file; paths are relative to its folder.
        sources: name -> value of each option, and local column names.
        faults: takes what is wrong.
        area: the node's reporting area.

    Returns:
        The sources, in the order of the file.
    """

    def complain(spec: SourceSpec, option: str, text: Text) -> None:
        faults.blame(f"/sources/{spec.name}/{option}", text)

    specs = tuple(_source(config, name, values, columns) for name, (values, columns) in sources.items())
    for spec in specs:
        check_source(spec, partial(complain, spec))
        _check_joint_authority(spec, area, partial(complain, spec))
    check_together(specs, complain)
    return specs


def _source(
    config: Path, name: str, values: Mapping[str, Value | None], columns: Mapping[str, str]
) -> SourceSpec:
    given: dict[str, Any] = {option: value for option, value in values.items() if value is not None}
    for option in ("path", "password_file"):
        if option in given:
            given[option] = located_at(config, given[option])
    if "url" in given:
        given["url"] = _with_absolute_file(config, given["url"])
    if given["holds"] == "cases":
        given.setdefault("profile", "A")
    return SourceSpec(name=name, columns=columns, **given)


def _with_absolute_file(config: Path, url: str) -> str:
    """Take the file of an SQLite address relative to the folder of the configuration, like every path."""
    scheme, _, rest = url.partition(":///")
    if not scheme.startswith("sqlite") or not rest or rest.startswith(":memory:"):
        return url
    file, separator, parameters = rest.partition("?")
    return f"{scheme}:///{located_at(config, file)}{separator}{parameters}"


def _check_joint_authority(spec: SourceSpec, area: str, complain: Complain) -> None:
    # Imported here: no area is read to print a help text.
    from protocol.regions import AACHEN_WHOLE, region_tree  # noqa: PLC0415

    if spec.area is None or spec.holds != "decisions":
        return
    if spec.area != AACHEN_WHOLE or area not in region_tree().leaves_of(AACHEN_WHOLE):
        complain(
            "area",
            Text(
                f"Eine gemeinsame Behörde gibt es nur für Aachen ({AACHEN_WHOLE}), und nur einer der beiden "
                "Berichtsräume dort liefert sie; sonst die Zeile löschen.",
                f"There is a joint authority for Aachen only ({AACHEN_WHOLE}), delivered by one of the two "
                "reporting areas there; otherwise delete the line.",
            ),
        )
