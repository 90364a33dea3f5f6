"""Write files where others have a hand in what lies there: on a stick, in a folder that was handed over.

Whoever brings a stick chooses its names. A link under the name of a file that is to be written would lead
into the home of the hub, or to an officer's key.
"""

from pathlib import Path

from hub.store.files.private_files import replace_private_file
from protocol.errors import kim_error
from protocol.texts import Text


def put_file(path: Path, data: bytes, *, inside: Path | None = None) -> None:
    """Put a whole file in the place of whatever has its name: a link is replaced, never followed.

    Args:
        path: its folder is made if it is not there.
        data: the bytes.
        inside: a folder that the file has to lie in, whatever links there are between the two.

    Raises:
        KimError: `cannot_write` if a folder on the way leads elsewhere.
        OSError: if it cannot be written.
    """
    if inside is not None and not path.parent.resolve().is_relative_to(inside.resolve()):
        raise kim_error(
            "cannot_write",
            Text(f"{path.parent} führt aus {inside} hinaus.", f"{path.parent} leads out of {inside}."),
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_private_file(path, data)
