"""A QR code as an SVG element of the page: nothing that a cache keeps, no style that the policy forbids."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_code(text: str) -> Markup:
    """Return the code as an `svg` element without a name of its own; the text itself is not in it."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        border=4, omitsize=True, svgclass="qr", lineclass="qr-line"
    )
    # What segno draws are numbers only: the text is encoded, never written.
    return Markup(drawn.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704
