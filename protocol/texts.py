"""Every sentence a person reads, German and English side by side.

A missing translation is a type error, not a gap found in production (ADR 0001). German comes first
everywhere; English is the switch. This module does not format numbers or dates: that is presentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Language = Literal["de", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("de", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or label in both languages."""

    de: str
    en: str

    def __post_init__(self) -> None:
        """Refuse an empty side: a blank label is a missing one.

        Raises:
            ValueError: if either language is empty.
        """
        if not self.de or not self.en:
            raise ValueError("a text needs a German and an English side")

    def in_(self, language: str) -> str:
        """Return the side for ``language``; anything but ``"en"`` gets German."""
        return self.en if language == "en" else self.de
