"""`kim-hub extract`: the researchers' release as a folder."""

import shutil
from pathlib import Path

import click

from hub.cli.output import HOME, JSON, LANGUAGE, answer, reports_problems, settings_of_hub
from hub.cli.usage import HubCommand
from hub.services.extracts import extract
from hub.wiring import Hub
from protocol.errors import kim_error
from protocol.texts import Text


@click.command("extract", cls=HubCommand)
@HOME
@click.option(
    "--release", type=click.IntRange(min=1), help="Nummer; sonst die gültige. / Number; else the current one."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Auch in diesen neuen Ordner. / Also into this new folder.",
)
@JSON
@LANGUAGE
@reports_problems
def extract_command(home: Path, *, release: int | None, out: Path | None, as_json: bool) -> None:
    """Eine Veröffentlichung für die Forschung ausgeben. / Write a release for researchers.

    Parquet, CSV, Codebuch, Prüfsummen, Zitat. / Parquet, CSV, codebook, digests, citation.

    Beispiel / Example: kim-hub extract --home var/hub --out release
    """
    found = extract(Hub(settings_of_hub(home)).context, release)
    folder = found.folder
    if out is not None:
        folder = out.resolve()
        try:
            shutil.copytree(found.folder, folder)
        except FileExistsError:
            raise _exists(folder) from None
    answer(
        {
            "release": found.release,
            "folder": str(folder),
            "files": [
                {"name": file.name, "size": file.size, "sha256": file.sha256, "rows": file.rows}
                for file in found.files
            ],
        },
        Text(
            f"Veröffentlichung {found.release} liegt in {folder}.",
            f"Release {found.release} lies in {folder}.",
        ),
        as_json=as_json,
        lines=[file.name for file in found.files],
    )


def _exists(folder: Path) -> Exception:
    return kim_error(
        "already_exists",
        Text(f"{folder} gibt es schon.", f"{folder} exists already."),
        remedy=Text("Mit --out einen neuen Ordner nennen.", "Name a new folder with --out."),
    )
