"""Which edition of the product a process runs: the hub and its zygote must be the same.

The zygote imports what is installed when it starts. After an upgrade in place, a hub that goes on running and
starts another zygote would have deliveries judged by rules that it did not announce them under.
"""

import json
from importlib import metadata
from typing import Final

from protocol.catalogue_file import load_catalogue

#: Longest `ready` message that is read.
MAX_READY_BYTES: Final = 1024
_DISTRIBUTION: Final = "kim-datenverbund"


def _version() -> str:
    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "0"


# At import, once: later the files on disk may be those of another edition.
_VERSION: Final = _version()


def ready_message() -> bytes:
    """Return what a zygote of this process's edition says when it is ready."""
    document = {"ready": True, "version": _VERSION, "catalogue_sha256": load_catalogue().sha256}
    return json.dumps(document).encode()
