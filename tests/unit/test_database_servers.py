"""What happens where the servers that tests need are not installed: a build machine fails, others skip."""

from __future__ import annotations

import pytest

from tests.servers import program


def test_a_build_machine_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="apt-get install postgresql"):
        program("no-such-server", "postgresql")


def test_elsewhere_the_test_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="no-such-server is missing"):
        program("no-such-server", "mariadb-server-core")
