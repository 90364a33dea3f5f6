"""Every address of the application names the permission it needs."""

from flask import Flask

from hub.domain.rights import needed_by
from tests.factories.published_hub import app_of, whole_hub

#: Style sheet and icon: Flask's own view, which nothing can be written on.
_UNMARKED = {"web.static"}


def routes(app: Flask) -> set[tuple[str, str, str]]:
    """Return method, address and endpoint of everything the application answers."""
    return {
        (method, rule.rule, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_names_the_permission_it_needs() -> None:
    app = app_of(whole_hub())
    unmarked = {
        f"{method} {rule}: mark the view with @needs(Permission.…), hub/domain/rights.py"
        for method, rule, endpoint in routes(app)
        if endpoint not in _UNMARKED and needed_by(app.view_functions[endpoint]) is None
    }
    assert unmarked == set()
