"""Laws of what is signed: one reading of any bytes, and nothing but a refusal for the rest."""

import json

from hypothesis import given
from hypothesis import strategies as st

from protocol import dsse, strict_json
from protocol.errors import KimError
from protocol.keys import PrivateKey
from protocol.statement import parse_statement
from tests.factories.submissions import submission

KEY = PrivateKey.generate()
_, STATEMENT = submission("PERSONS")

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-strict_json.MAX_INTEGER, strict_json.MAX_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
)
_NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)
# Text that is nearly JSON finds more than random bytes do.
_NEARLY_JSON = st.lists(
    st.sampled_from(
        [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            '"',
            '"a"',
            '"\\u00',
            "e4",
            "\\",
            "1",
            "-",
            "0",
            ".",
            "e",
            "NaN",
            "true",
            " ",
            "ä",
        ]
    ),
    max_size=20,
).map("".join)


def _depth(value):
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _outcome(read, data):
    try:
        read(data)
    except KimError as error:
        return error.code
    return "read"


@given(value=_VALUES)
def test_what_is_written_is_read(value):
    """P-03 to P-05."""
    data = strict_json.dumps(value)
    if _depth(value) > strict_json.MAX_DEPTH:
        assert _outcome(strict_json.loads, data) == "bad_envelope"
        return
    assert strict_json.loads(data) == value
    assert strict_json.dumps(strict_json.loads(data)) == data


@given(text=_NEARLY_JSON)
def test_what_is_read_is_read_by_everybody_alike(text):
    """P-03 to P-05: accepted means that the standard parser reads the same."""
    try:
        value = strict_json.loads(text.encode())
    except KimError:
        return
    assert value == json.loads(text)
    assert strict_json.loads(strict_json.dumps(value)) == value


@given(data=st.binary(max_size=200) | _NEARLY_JSON.map(str.encode))
def test_any_bytes_are_parsed_or_refused(data):
    """P-03, P-08, P-15: no other exception and no other code; too short for an envelope or a statement."""
    assert _outcome(strict_json.loads, data) in {"read", "bad_envelope"}
    assert _outcome(dsse.parse_envelope, data) == "bad_envelope"
    assert _outcome(parse_statement, data) in {"bad_envelope", "unsupported_version"}


@given(payload=st.binary(max_size=200))
def test_any_payload_is_signed_and_verified(payload):
    """P-07 to P-11."""
    envelope = dsse.sign(dsse.PAYLOAD_TYPE_SUBMISSION, payload, KEY)
    again = dsse.parse_envelope(envelope.to_bytes())
    dsse.verify(again, KEY.public)
    assert again.payload == payload
    assert dsse.statement_id(again) == dsse.statement_id(envelope)


@given(name=st.sampled_from(sorted(json.loads(STATEMENT.to_json()))), value=_VALUES)
def test_any_member_value_is_kept_or_refused(name, value):
    """P-17, P-18: what is accepted is what was said."""
    document = json.loads(STATEMENT.to_json())
    document[name] = value
    data = strict_json.dumps(document)
    try:
        statement = parse_statement(data)
    except KimError:
        return
    assert statement.to_json() == data
