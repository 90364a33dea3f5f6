"""Evidence of releases as files: made once, true for good, and lost without harm: it can be made again."""

from pathlib import Path

from hub.store.files.private_files import replace_private_file


class EvidenceFiles:
    """A folder with one file per release."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`; it is made with the first file."""
        self._folder = folder

    def get(self, number: int) -> bytes | None:
        """Return the evidence of a release, or None if it was not kept."""
        try:
            return self._path(number).read_bytes()
        except FileNotFoundError:
            return None

    def keep(self, number: int, data: bytes) -> None:
        """Keep the evidence of a release; there whole or not at all, whoever else does the same.

        Raises:
            OSError: if it cannot be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_private_file(self._path(number), data)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.json"
