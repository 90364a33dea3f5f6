"""„Was verlässt das Haus“: the paper that a data-protection officer reads before figures leave.

Invariants: every figure in it was decoded from the protected bytes; it quotes no row of the source; text and
HTML say the same. It deliberately decides and sends nothing.
"""

from node.dossier.counted import counted_things
from node.dossier.document import Dossier, Entry, make_dossier
from node.dossier.page import render_html
from node.dossier.phrases import VERDICTS
from node.dossier.plain import render_text
from node.dossier.sheets import Sheet, read_sheet

__all__ = [
    "VERDICTS",
    "Dossier",
    "Entry",
    "Sheet",
    "counted_things",
    "make_dossier",
    "read_sheet",
    "render_html",
    "render_text",
]
