"""The files of a release for download: whole or in ranges, unchanging, so that they may be kept for good.

Readers of Parquet over HTTP ask for the end of a file first (a suffix range) and then for parts of it.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, current_app, send_file

from hub.domain.rights import Permission, needs
from hub.services.context import EXTENSION, HubContext
from hub.services.extracts import find_extract
from protocol.errors import kim_error

blueprint = Blueprint("extracts", __name__)

#: In an address: what no database can hold is no release.
RELEASE_NUMBER: Final = "int(max=2147483647)"

_MEDIA: Final = {
    ".csv": "text/csv; charset=utf-8; header=present",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".zip": "application/zip",
}


@blueprint.get(f"/extracts/<{RELEASE_NUMBER}:number>/<name>")
@needs(Permission.PUBLIC)
def get_extract_file(number: int, name: str) -> Response:
    """Send one file of a release; what the folder's own lists do not name is not there."""
    context: HubContext = current_app.extensions[EXTENSION]
    found = find_extract(context.settings.home, number)
    path = None if found is None else found.path_of(name)
    if found is None or path is None:
        raise kim_error("not_found")
    response = send_file(
        path,
        mimetype=_MEDIA.get(path.suffix, "text/plain; charset=utf-8"),
        as_attachment=path.suffix in {".csv", ".parquet", ".zip"},
        download_name=f"kim-nrw-release-{number}-{name}" if path.suffix != ".zip" else name,
        conditional=True,
        etag=found.etag_of(name),
        max_age=31536000,
    )
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
