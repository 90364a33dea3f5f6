"""Turns a context into HTML: one Jinja environment, autoescaping, undefined names are errors.

Templates get the context's fields and nothing of Flask: no request, no session, no globals of other parts.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined

from hub.web import notes
from hub.web.texts import all_texts

if TYPE_CHECKING:
    from hub.web.frame import Frame
    from hub.web.people.reader import Reader

ASSETS: Final = "/assets"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hub.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(T=all_texts(), N=notes, asset=asset_url)
    return environment


@cache
def asset_url(name: str) -> str:
    """Return the address of a file in `static/`, changed whenever its bytes change."""
    data = resources.files("hub.web").joinpath("static", name).read_bytes()
    return f"{ASSETS}/{name}?v={hashlib.sha256(data).hexdigest()[:12]}"


def compile_templates() -> None:
    """Compile every template, so that a broken one stops the start and no reader waits for it."""
    for name in _environment().list_templates():
        _environment().get_template(name)


class Page(Protocol):
    """A context: a frozen dataclass whose fields the template gets."""

    @property
    def frame(self) -> Frame:
        """What stands around the page."""
        ...


def render(template: str, page: Page, reader: Reader) -> str:
    """Render a template with the fields of its context.

    Args:
        template: file name in `templates/`.
        page: its context.
        reader: who reads it.
    """
    values: dict[str, Any] = {item.name: getattr(page, item.name) for item in fields(page)}  # type: ignore[arg-type]
    return _environment().get_template(template).render(values, say=page.frame.wording.say, reader=reader)
