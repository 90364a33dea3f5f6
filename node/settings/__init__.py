"""The configuration of a node: one table of options drives reading, checking and the commented template.

Public names: :func:`load_settings`, :class:`Settings`, :class:`SourceSpec`, :class:`HubSettings`,
:class:`KeyFile`, :func:`render_template`, :class:`Environment`, :func:`check_hub_url`.
The environment of the process is read here and nowhere else.
"""

from node.settings.configuration import (
    HubSettings,
    Settings,
    check_hub_url,
    load_settings,
    parse_settings,
)
from node.settings.environment import Environment
from node.settings.key_files import KeyFile
from node.settings.source_spec import CaseProfile, Format, Holds, Overlap, SourceSpec
from node.settings.template import render_template

__all__ = [
    "CaseProfile",
    "Environment",
    "Format",
    "Holds",
    "HubSettings",
    "KeyFile",
    "Overlap",
    "Settings",
    "SourceSpec",
    "check_hub_url",
    "load_settings",
    "parse_settings",
    "render_template",
]
