"""Reading what is published: the use cases behind the page and the statistics API.

Every function takes an open :class:`~hub.services.statistics.reading.Reading` of one release and returns
frozen, typed objects; see `report`, `deliveries` and `listing`. Nothing here writes, and nothing computes a
figure that was not compiled and checked before the release.
"""

from __future__ import annotations

from typing import Final

from hub.services.statistics.reading import Reading, Statistics

#: Key of the one :class:`Statistics` object among a Flask application's extensions.
EXTENSION: Final = "kim_statistics"

__all__ = ["EXTENSION", "Reading", "Statistics"]
