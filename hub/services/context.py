"""What the use cases need, put together once by `hub.wiring`."""

from dataclasses import dataclass, field
from typing import Final

from hub.clock import Clock, SystemClock
from hub.sandbox.client import Sandbox
from hub.settings import HubSettings
from hub.store.files.blobs import BlobStore
from hub.store.files.incoming import Incoming
from hub.store.files.sealing_keys import SealingKeys
from hub.store.unit_of_work import Database
from protocol.catalogue import Catalogue
from protocol.regions import RegionTree

#: Where views find the context: `current_app.extensions[EXTENSION]`.
EXTENSION: Final = "kim"


@dataclass(frozen=True, slots=True)
class HubContext:
    """The parts of one running hub.

    Attributes:
        settings: what the operator chose.
        clock: the only source of time for everything about statistics and evidence.
        database: opens units of work.
        blobs: signed envelopes, payloads and what was derived from them, by digest.
        incoming: chunks of unfinished uploads.
        sandbox: decodes payloads.
        catalogue: what may be delivered; statements pin it by digest.
        tree: regions and what is added up to what.
        sealing: the hub's private sealing keys; only who feeds the sandbox opens one.
        machine_clock: when a request is made and received: the real time, even if the hub plays another
            day for a demo.
    """

    settings: HubSettings
    clock: Clock
    database: Database
    blobs: BlobStore
    incoming: Incoming
    sandbox: Sandbox
    catalogue: Catalogue
    tree: RegionTree
    sealing: SealingKeys
    machine_clock: Clock = field(default_factory=SystemClock)
