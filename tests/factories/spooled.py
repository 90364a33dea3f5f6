"""What a node's journal keeps of a parcel that a test has signed."""

import numpy as np

from aggregation.tabulation import Tabulation
from node.journal import NewDelivery
from node.pipeline.ledger import to_bytes
from tests.factories.running_hub import Parcel


def spooled(parcel: Parcel) -> NewDelivery:
    """Return the parcel as a delivery for the journal; its true figures are one cell of one person."""
    statement = parcel.statement
    return NewDelivery(
        statement_id=parcel.id,
        area=statement.area,
        dataset=statement.dataset_id,
        period=statement.period,
        revision=statement.revision,
        envelope=parcel.envelope.to_bytes(),
        payload=parcel.payload,
        payload_sha256=statement.payload.sha256,
        audience=statement.aud,
        catalogue_sha256=statement.catalogue_sha256,
        grid_sha256="d" * 64,
        software=statement.software.version,
        min_contributors=statement.min_contributors,
        cells=statement.payload.rows,
        withheld=0,
        sensitive=0,
        verdict="safe",
        figures=to_bytes(Tabulation.of_counts(np.ones(1, dtype=np.int64))),
        withheld_mask=b"\x00",
    )
