"""What a file changes, and who has signed it, for the screen and as JSON."""

from collections.abc import Sequence
from typing import Any

from hub.cli.output import languages
from hub.services.trust.signing import Review
from hub.services.trust.verifying import fingerprint
from protocol.texts import Text


def facts(judged: Review) -> dict[str, Any]:
    """Return what a program wants to know of a change: the root, who has signed, whether that is enough."""
    return {
        "root_fingerprint": fingerprint(judged.root_now),
        "complete": judged.complete,
        "signed": {
            role: list(signatures.signed)
            for role, signatures in (("root", judged.root_signatures), ("targets", judged.targets_signatures))
            if signatures is not None
        },
    }


def both(line: Text) -> dict[str, str]:
    """Return a sentence as a member of a JSON answer."""
    return {"de": line.de, "en": line.en}


def printed(lines: Sequence[Text]) -> list[str]:
    """Return sentences in each language that is printed, one language after the other."""
    return [line.in_(language) for language in languages() for line in lines]
