"""Evidence of releases as files: made once, and lost without harm: it can be made again."""

from pathlib import Path

from hub.store.files.private_files import replace_private_file


class EvidenceFiles:
    """A folder with one file per release, of one version of what the officers have signed."""

    def __init__(self, folder: Path, *, version: int) -> None:
        """Use `folder`; it is made with the first file.

        Args:
            folder: where the files are.
            version: of the officers' documents; 0 without officers. What was kept under another is not read.
        """
        self._folder, self._version = folder, version

    def get(self, number: int) -> bytes | None:
        """Return the evidence of a release, or None if it was not kept."""
        try:
            return self._path(number).read_bytes()
        except FileNotFoundError:
            return None

    def keep(self, number: int, data: bytes) -> None:
        """Keep the evidence of a release, there whole or not at all, and drop that of other versions.

        Raises:
            OSError: if it cannot be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(number)
        replace_private_file(path, data)
        for other in self._folder.glob(f"{number}-*.json"):
            if other != path:
                other.unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}-{self._version}.json"
