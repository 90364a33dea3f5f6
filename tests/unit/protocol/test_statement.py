"""The statement: strict in what it holds, silent about what it refuses (SPEC P-15 to P-23)."""

import json

import pytest

from protocol.errors import KimError
from protocol.statement import SubmissionStatement, parse_statement
from tests.factories.submissions import submission

_, STATEMENT = submission("CASES")
LATER = "3b" * 32


def document():
    return json.loads(STATEMENT.to_json())


def refusal(data):
    with pytest.raises(KimError) as caught:
        parse_statement(data if isinstance(data, bytes) else json.dumps(data).encode())
    return caught.value


def test_a_statement_goes_there_and_back():
    """P-15."""
    assert parse_statement(STATEMENT.to_json()) == STATEMENT
    assert STATEMENT.dataset_id == "CASES"


def test_the_wire_form():
    """P-16: every member, typed by hand; the payload's digest is that of the factory's table."""
    wire = document()
    payload = wire.pop("payload")
    assert wire.pop("schema_sha256") == STATEMENT.schema_sha256
    assert wire.pop("catalogue_sha256") == STATEMENT.catalogue_sha256
    assert wire == {
        "v": 1,
        "aud": "kim-nrw/local",
        "node": "node-7f3a9c",
        "instance": "0b3f1c5e-2a4d-4b6f-8c7e-9d0a1b2c3d4e",
        "area": "NW05111",
        "dataset": "KIMNRW:CASES(1.0.0)",
        "period": "2026-Q1",
        "revision": 1,
        "supersedes": None,
        "reason": None,
        "schema": "CASES/1",
        "min_contributors": 5,
        "software": {"name": "kim-node", "version": "0.1.0", "pyarrow": "26.0.1"},
        "created": "2026-10-09T08:15:00Z",
        "nonce": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    }
    assert payload == {
        "media": "application/vnd.apache.arrow.stream",
        "size": STATEMENT.payload.size,
        "sha256": STATEMENT.payload.sha256,
        "rows": 446,
        "chunk": 524_288,
    }


def test_a_correction_cites_what_it_replaces():
    """P-19."""
    _, correction = submission(revision=2, supersedes=LATER, reason="Nachmeldungen im März – „Träger B“")
    assert parse_statement(correction.to_json()) == correction


def test_members_under_ext_are_kept_but_not_interpreted():
    """P-17."""
    _, extended = submission(ext={"sealed": {"kid": "x"}, "list": [1, None]})
    again = parse_statement(extended.to_json())
    assert again == extended
    assert again.ext["sealed"] == {"kid": "x"}
    assert again.to_json() == extended.to_json()


@pytest.mark.parametrize("version", [0, 3, 99])
def test_another_version_is_named_as_such(version):
    """P-15: before anything else, because its members may be others."""
    error = refusal({"v": version, "anything": "else"})
    assert (error.code, error.pointer) == ("unsupported_version", "/v")


@pytest.mark.parametrize(
    "path",
    [
        *((name,) for name in document() if name != "v"),
        *(("payload", name) for name in document()["payload"]),
        *(("software", name) for name in document()["software"]),
    ],
    ids="/".join,
)
def test_a_missing_member_is_refused_by_name(path):
    """P-16."""
    spoiled = document()
    *parents, last = path
    target = spoiled
    for parent in parents:
        target = target[parent]
    del target[last]
    error = refusal(spoiled)
    assert (error.code, error.pointer) == ("bad_envelope", "/" + "/".join(path))


@pytest.mark.parametrize("place", ["", "payload", "software"])
def test_an_unknown_member_is_refused_without_its_name(place):
    """P-17: a name is content too."""
    spoiled = document()
    (spoiled[place] if place else spoiled)["geheim4711"] = 1
    error = refusal(spoiled)
    assert error.code == "bad_envelope"
    assert error.pointer == (f"/{place}" if place else "")
    assert "geheim" not in str(error)


WRONG = {
    "aud": ["", "Hub", "a b", "/x", "a//b", "x" * 129, 5, None, "a\n"],
    "node": ["", "node-", "7f3a", "node-A", "node-../..", "node-" + "x" * 60, None],
    "instance": ["", "0B3F1C5E-2A4D-4B6F-8C7E-9D0A1B2C3D4E", "0b3f1c5e2a4d4b6f8c7e9d0a1b2c3d4e", 1],
    "area": ["", "05111", "NW5111", "NW051111", "NW05334Y002", "nw05111", ["NW05111"]],
    "dataset": [
        "CASES",
        "KIMNRW:cases(1.0.0)",
        "KIMNRW:CASES(1.0)",
        "OTHER:CASES(1.0.0)",
        "KIMNRW:CASES(1.0.0) ",
    ],
    "period": [
        "2026-Q5",
        "2026-Q0",
        "2026Q1",
        "1/2026",
        "2026-01",
        "1989",
        "2200-Q1",
        "2026-Q1\n",
        "٢٠٢٦",
        2026,
    ],
    "revision": [0, -1, "1", True, None, 1_000_001],
    "supersedes": ["", "x" * 64, LATER.upper(), 0],
    "reason": ["", "a\nb", "a\u202eb", "x" * 501, "a\x00b", 7],
    "schema": ["CASES", "CASES/0", "CASES/01", "cases/1", "CASES/1/2", None],
    "schema_sha256": ["", "0" * 63, "G" * 64, LATER.upper(), None],
    "catalogue_sha256": ["", "0" * 65, None],
    "min_contributors": [0, -5, "5", True, None],
    "created": [
        "2026-10-09",
        "2026-10-09T08:15:00",
        "2026-10-09T08:15:00+02:00",
        "2026-02-30T08:15:00Z",
        "2026-10-09T24:00:00Z",
        "2026-10-09T24:15:00Z",
        "2026-10-09t08:15:00z",
        0,
        None,
    ],
    "nonce": ["", "AAEC", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=", None, 1],
    "v": [True, "1", None],
    "payload": [None, [], "x"],
    "software": [None, [], "x"],
    "ext": [None, [], 1],
    "payload/media": ["application/vnd.apache.parquet", "", None],
    "payload/size": [0, -1, True, "1", None],
    "payload/sha256": ["", LATER.upper(), None],
    "payload/rows": [0, -1, 1_000_001, True],
    "payload/chunk": [0, 1, 1023, 1_048_577, None],
    "software/name": ["", "kim node", "x" * 65, "ä", None],
    "software/version": ["", None, 1],
    "software/pyarrow": ["", [], "26\n"],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [(path, value) for path, values in WRONG.items() for value in values],
    ids=[f"{path.replace('/', '.')}-{n}" for path, values in WRONG.items() for n in range(len(values))],
)
def test_a_malformed_member_is_refused_by_name(path, value):
    """P-18."""
    spoiled = document()
    if path == "supersedes":
        spoiled["revision"] = 2
    *parents, last = path.split("/")
    target = spoiled
    for parent in parents:
        target = target[parent]
    target[last] = value
    error = refusal(spoiled)
    assert (error.code, error.pointer) == ("bad_envelope", f"/{path}")
    if isinstance(value, str) and len(value) > 5:
        assert value not in f"{error} {error.detail}"


@pytest.mark.parametrize(("revision", "supersedes"), [(1, LATER), (2, None), (7, None)])
def test_the_revision_chain_has_one_beginning(revision, supersedes):
    """P-19."""
    error = refusal({**document(), "revision": revision, "supersedes": supersedes})
    assert error.pointer == "/supersedes"


def test_oversize_is_refused():
    """P-07, P-18."""
    error = refusal({**document(), "payload": {**document()["payload"], "size": 64 * 1024 * 1024 + 1}})
    assert (error.code, error.pointer) == ("too_large", "/payload/size")
    assert refusal(b" " * 65_537).code == "too_large"
    _, huge = submission(ext={"x": "y" * 65_536})
    with pytest.raises(KimError) as caught:
        huge.to_json()
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("data", [b"[]", b"1", b"null", b"", b'{"v":1,"v":1}', b'{"v":1.0}'])
def test_no_statement_at_all_is_refused(data):
    """P-03, P-15."""
    assert refusal(data).code == "bad_envelope"


def test_a_statement_cannot_be_made_malformed():
    """P-18: what is signed passes the same checks as what is received."""
    with pytest.raises(KimError) as caught:
        submission(node="Stadt Köln")
    assert caught.value.pointer == "/node"
    with pytest.raises(KimError) as caught:
        submission(nonce=b"short")
    assert caught.value.pointer == "/nonce"


@pytest.mark.parametrize(("size", "chunk", "chunks"), [(1, 1024, 1), (1024, 1024, 1), (1025, 1024, 2)])
def test_number_of_chunks(size, chunk, chunks):
    """P-62."""
    spoiled = document()
    spoiled["payload"] |= {"size": size, "chunk": chunk}
    assert parse_statement(json.dumps(spoiled).encode()).payload.chunks == chunks


def test_area_and_audience_forms_that_occur():
    """P-18."""
    for area in ("NW05111", "NW05334002", "NW05334X002", "NW05334"):
        assert submission(area=area)[1].area == area
    for audience in ("kim-nrw/local", "hub.example/kim-prod", "x"):
        assert isinstance(submission(aud=audience)[1], SubmissionStatement)
