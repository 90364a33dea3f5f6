"""Where decisions on keys go: to the officers' signatures, or on a test bench straight into the tables."""

from hub.cli.desk import Desk
from hub.services.enrolment.deciding import BenchRegistry, Registry
from hub.services.registry.governance import is_governed
from hub.services.trust.repository import published_directory
from hub.services.trust.staging import OfficersRegistry


def registry_of(desk: Desk) -> Registry:
    """Return the registry of the hub as it is governed now."""
    if not is_governed(desk.settings.home):
        return BenchRegistry()
    return OfficersRegistry(published_directory(desk.settings))
