"""The public statistics API under `/api/v1`: read-only JSON, described by `/api/v1/openapi.json`.

One table (`operations`) holds paths, parameters and answers; requests are validated and the description is
written from it. It deliberately offers no aggregation: only figures that were compiled and checked.
"""

from __future__ import annotations

from hub.api.statistics.views import blueprint

__all__ = ["blueprint"]
