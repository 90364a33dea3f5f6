"""What holds for every test: no network, and random searches that fail the same way twice.

Sockets are disabled by pytest's options (`pyproject.toml`). Tests that run a real server, and only those
in `tests/integration` and `tests/functional`, may connect to loopback.

It deliberately holds no fixtures of the domain: those stand beside the tests that use them, or are
builders in `tests/factories`.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

_WITH_LOOPBACK = (Path(__file__).parent / "integration", Path(__file__).parent / "functional")

# Machines differ and are shared, so time is no property. In CI the same examples run every time: a new
# counter-example is for the person who looks for it, not for the person whose change happens to be built.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Allow connections to this machine, by address, where a server is under test."""
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in _WITH_LOOPBACK):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))
