"""Arrow's own regression corpus: streams that crashed readers are refused before Arrow sees them (P-40)."""

from pathlib import Path

import pytest

from protocol.canonical import assert_canonical
from protocol.catalogue_file import load_catalogue
from protocol.columns import arrow_schema
from protocol.errors import KimError
from protocol.prescan import prescan

FILES = sorted(
    path for path in (Path(__file__).parent / "arrow-ipc-stream").iterdir() if path.name != "README.md"
)
SCHEMA = arrow_schema(load_catalogue().dataset("CASES"))


def test_the_corpus_is_complete():
    assert len(FILES) == 80


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[-24:])
def test_a_hostile_stream_is_refused(path):
    data = path.read_bytes()
    for check in (prescan, lambda d: assert_canonical(d, SCHEMA)):
        with pytest.raises(KimError) as caught:
            check(data)
        assert caught.value.code in {"decode_failed", "not_canonical", "too_large"}
