"""Every word of the pages that is not in the catalogue, German and English side by side.

Templates reach all of them as ``T.name``; a misspelt name stops the rendering, a name in two modules stops
the start. Texts with ``{}`` are completed by the sections, never by gluing fragments together.
"""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Final

from hub.web.texts import data, deliveries, evidence, figures, layout, overviews, people

MODULES: Final[tuple[ModuleType, ...]] = (
    layout,
    figures,
    deliveries,
    overviews,
    data,
    evidence,
    people,
)


def all_texts() -> SimpleNamespace:
    """Return the texts of all modules by name.

    Raises:
        ValueError: if two modules give one name.
    """
    found: dict[str, object] = {}
    for module in MODULES:
        for name, value in vars(module).items():
            if name.isupper():
                if name in found:
                    raise ValueError(f"{name} is in two modules of texts")
                found[name] = value
    return SimpleNamespace(**found)
