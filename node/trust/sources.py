"""Where the files of the repository come from: the hub, over the node's own connection, or a folder.

Neither is trusted. Both give bytes up to a limit, or say that a file is not there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

from node.hub_client import HubClient
from protocol.errors import kim_error
from protocol.texts import Text
from protocol.trust.directory import MAX_DIRECTORY_BYTES

#: The longest file there may be.
MAX_FILE_BYTES: Final = MAX_DIRECTORY_BYTES


class TrustSource(Protocol):
    """Gives files by their path below ``/trust/``."""

    def read(self, path: str) -> bytes:
        """Return a file.

        Raises:
            KimError: ``not_found`` if there is none; ``too_large``; a failure of connection or disk.
        """
        ...


class HubSource:
    """The hub, with the node's proxy, certificates and patience."""

    def __init__(self, client: HubClient) -> None:
        """Ask over this connection."""
        self._client = client

    def read(self, path: str) -> bytes:
        """Return a file; errors as of :class:`TrustSource`."""
        return self._client.trust_file(path, most_bytes=MAX_FILE_BYTES)


class FolderSource:
    """A folder that ``kim-hub trust export`` has written, on a stick for example."""

    def __init__(self, folder: Path) -> None:
        """Read below this folder and nowhere else."""
        self._folder = folder

    def read(self, path: str) -> bytes:
        """Return a file; errors as of :class:`TrustSource`."""
        file = self._folder.joinpath(*path.split("/"))
        if ".." in path.split("/") or file.is_symlink() or not file.is_file():
            raise kim_error("not_found")
        if file.stat().st_size > MAX_FILE_BYTES:
            raise kim_error("too_large")
        try:
            return file.read_bytes()
        except OSError as error:
            raise kim_error(
                "file_unreadable",
                Text(f"{file} ist nicht lesbar.", f"{file} cannot be read."),
            ) from error
