"""Options that several of the officers' commands have."""

from pathlib import Path
from typing import Final

import click

FILE: Final = click.Path(path_type=Path, dir_okay=False)
EXISTING: Final = click.Path(path_type=Path, exists=True, dir_okay=False)
PASSPHRASE_FILE: Final = click.option(
    "--passphrase-file", type=EXISTING, help="Kennwort in der ersten Zeile. / Passphrase in the first line."
)
