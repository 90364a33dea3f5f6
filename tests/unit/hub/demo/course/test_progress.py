"""Where there is no terminal, the demo tells each area in one language, with the numbers of that language."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from hub.demo.course.progress import DemoProgress, number, tenths
from protocol.texts import Language, Text


@pytest.mark.parametrize(
    ("language", "whole", "seconds"), [("de", "5.237", "1.024,1"), ("en", "5,237", "1,024.1")]
)
def test_numbers_of_a_language(language: Language, whole: str, seconds: str) -> None:
    assert (number(5237, language), tenths(1024.08, language)) == (whole, seconds)


@pytest.mark.parametrize(("language", "mark", "said"), [("de", ",", "fertig"), ("en", r"\.", "done")])
def test_a_line_for_every_area(language: Language, mark: str, said: str) -> None:
    page = io.StringIO()
    with DemoProgress(Console(file=page), areas=2, cells=10, language=language) as progress:
        progress.advance("submitted")
        progress.area_done("Hagen", Text("fertig", "done"))
    assert re.fullmatch(rf"\[ 1/2\] +\d+{mark}\d s  Hagen: {said}\n", page.getvalue())
