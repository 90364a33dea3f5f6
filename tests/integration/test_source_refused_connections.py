"""Databases that are away, with the real driver of each kind where it can be loaded."""

from __future__ import annotations

import pytest

from node.settings import SourceSpec
from node.sources import read_source
from protocol.errors import KimError
from tests.servers import free_port


@pytest.mark.parametrize(
    "address", ["oracle://kim@{}/?service_name=x", "mssql://kim@{}/x", "postgresql://kim@{}/x"]
)
def test_a_server_that_is_away(address: str) -> None:
    with pytest.raises(KimError) as caught:
        read_source(SourceSpec("cases", url=address.format(f"127.0.0.1:{free_port()}"), table="t"))

    # SQL Server's driver needs a library of the system; without it the driver counts as missing.
    codes = {"source_unreachable", "driver_missing"} if "mssql" in address else {"source_unreachable"}
    assert caught.value.code in codes
    assert caught.value.detail.de.startswith(("[sources.cases]", "Für [sources.cases]"))
