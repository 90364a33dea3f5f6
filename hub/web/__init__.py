"""The page for people: one address, rendered on the server, usable without scripts and without colour.

`blueprint` is what the application registers; `render_problem` turns a refusal into a page.
"""

from __future__ import annotations

from hub.web.views import blueprint, render_problem

__all__ = ["blueprint", "render_problem"]
