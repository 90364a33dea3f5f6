"""Signed notes: the examples of C2SP signed-note, and everything that is none (SPEC P-104, P-105)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.keys import PrivateKey
from protocol.transparency.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint, parse_decimal
from protocol.transparency.merkle import EMPTY_ROOT, MAX_SIZE
from protocol.transparency.notes import (
    MAX_SIGNATURES,
    NoteSignature,
    SignatureType,
    SignedNote,
    VerifierKey,
    parse_note,
    sign_note,
)
from tests.factories.logs import ORIGIN, MemoryLog, refusal_of

#: From https://c2sp.org/signed-note, section "Example".
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n"
    "\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72"
    "IneyaQM=\n"
).encode()
#: From the same document, section "Format"; a text with an empty line in it. Its key is not published.
SPEC_POEM = (
    "Ognuno sta solo sul cuor della terra\n"
    "trafitto da un raggio di sole:\n"
    "\n"
    "ed è subito sera.\n"
    "\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj9"
    "9ihAQwaqP3ZekRwNtIc=\n"
).encode()
#: From https://c2sp.org/tlog-checkpoint; its key is not published.
SPEC_CHECKPOINT = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9n"
    "To+zyWE+xeMcTOAYQ8=\n"
).encode()


def test_the_example_of_the_specification():
    key, note = VerifierKey.parse(SPEC_KEY), parse_note(SPEC_NOTE)
    assert note.signers([key]) == (key,)
    assert (key.name, key.key_id.hex(), str(key)) == ("example.com/foo", "530d903a", SPEC_KEY)
    assert (note.text, note.to_bytes()) == ("This is an example message.\n", SPEC_NOTE)


def test_every_bit_of_the_example_matters():
    key = VerifierKey.parse(SPEC_KEY)
    for place in range(len(SPEC_NOTE) * 8):
        data = bytearray(SPEC_NOTE)
        data[place // 8] ^= 1 << place % 8
        code = refusal_of(lambda data=bytes(data): parse_note(data).signers([key]))
        believed = code is None and parse_note(bytes(data)).signers([key])
        assert code in (None, "bad_log_document", "signature_invalid"), place
        assert not believed, place


def test_a_text_with_an_empty_line():
    note = parse_note(SPEC_POEM)
    assert note.text.endswith("ed è subito sera.\n")
    assert note.text.count("\n\n") == 1
    assert note.to_bytes() == SPEC_POEM
    assert note.signers([VerifierKey.parse(SPEC_KEY)]) == ()


def test_the_checkpoint_of_the_specification():
    found = parse_checkpoint(parse_note(SPEC_CHECKPOINT).text)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert found.text.encode() + b"\n" == SPEC_CHECKPOINT[: len(found.text) + 1]


def test_a_known_key_whose_signature_is_wrong_spoils_the_note():
    log = MemoryLog([b"a"])
    good = log.note()
    forged = NoteSignature(ORIGIN, log.verifier_key.key_id, bytes(64))
    assert (
        refusal_of(lambda: good.with_signatures([forged]).signers([log.verifier_key])) == "signature_invalid"
    )
    short = NoteSignature(ORIGIN, log.verifier_key.key_id, b"x")
    assert (
        refusal_of(lambda: SignedNote(good.text, (short,)).signers([log.verifier_key])) == "signature_invalid"
    )


def test_signatures_of_strangers_are_passed_over():
    log, stranger = MemoryLog([b"a"]), PrivateKey.generate()
    other_key = sign_note(log.note().text, name=ORIGIN, key=stranger)
    assert other_key.signers([log.verifier_key]) == ()
    assert refusal_of(lambda: open_checkpoint(other_key.to_bytes(), log.verifier_key)) == "signature_invalid"
    both = log.note().with_signatures(other_key.signatures)
    assert both.signers([log.verifier_key]) == (log.verifier_key,)
    assert open_checkpoint(both.to_bytes(), log.verifier_key).checkpoint == log.checkpoint()


def test_a_cosigners_key_is_not_a_logs_key():
    """The same 32 bytes under the other type have another id: a line of one never counts for the other."""
    log = MemoryLog([b"a"])
    other = VerifierKey(ORIGIN, log.key.public, SignatureType.COSIGNATURE)
    assert other.key_id != log.verifier_key.key_id
    assert log.note().signers([other]) == ()


def test_the_checkpoint_of_another_log():
    log = MemoryLog([b"a"])
    foreign = sign_note(Checkpoint("other.example/log", 1, bytes(32)).text, name=ORIGIN, key=log.key)
    assert refusal_of(lambda: open_checkpoint(foreign.to_bytes(), log.verifier_key)) == "bad_log_document"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"text\n",
        b"text\n\n",
        b"text\n\n\n",
        b"text" + SPEC_NOTE[SPEC_NOTE.index(b"\n\n") :][:-1],
        SPEC_NOTE[:-1],
        SPEC_NOTE[SPEC_NOTE.index("—".encode()) :],
        SPEC_NOTE + b"\n",
        SPEC_NOTE.replace(b"\n", b"\r\n"),
        SPEC_NOTE.replace("— ".encode(), b"- "),
        SPEC_NOTE.replace("— ".encode(), "—".encode()),
        SPEC_NOTE.replace(b"foo ", b"foo  "),
        SPEC_NOTE.replace(b"foo ", b"f+o "),
        SPEC_NOTE.replace(b"foo ", "f\u2009o ".encode()),
        SPEC_NOTE.replace(b"aQM=", b"aQN="),
        SPEC_NOTE.replace(b"aQM=", b"aQM"),
        SPEC_NOTE.replace(b"This", b"Th\x00s"),
        SPEC_NOTE.replace(b"This", b"Th\xffs"),
        "text\n\n— name AAAAAA==\n".encode(),
        ("text\n\n" + "— name AAAAAAA=\n" * (MAX_SIGNATURES + 1)).encode(),
        b"a" * 70_000 + SPEC_NOTE,
    ],
    ids=range(22),
)
def test_what_is_no_note(data):
    assert refusal_of(lambda: parse_note(data)) == "bad_log_document"


def test_the_longest_note_and_the_most_signatures():
    lines = SPEC_NOTE[SPEC_NOTE.index(b"\n\n") + 2 :]
    most = b"text\n\n" + lines * MAX_SIGNATURES
    assert len(parse_note(most).signatures) == MAX_SIGNATURES == 128
    longest = b"a" * (65_536 - len(lines) - 2) + b"\n\n" + lines
    assert len(longest) == 65_536
    assert parse_note(longest).to_bytes() == longest
    assert refusal_of(lambda: parse_note(b"a" + longest)) == "bad_log_document"


@given(st.binary(max_size=300) | st.text(alphabet="—\n ab+/=A1", max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refusal_of(data):
    code = refusal_of(lambda: parse_note(data))
    assert code in (None, "bad_log_document")
    assert code or parse_note(data).to_bytes() == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        SPEC_KEY[:-1],
        SPEC_KEY.replace("530d903a", "530d903b"),
        SPEC_KEY.replace("530d903a", "530D903A"),
        SPEC_KEY.replace("foo", "bar"),
        SPEC_KEY.replace("+Aek", "+Bek"),
        SPEC_KEY + "\n",
        "a b" + SPEC_KEY[15:],
        "name+00000000+AQ==",
        "name+00000000+=",
        "name+00000000+====",
    ],
    ids=range(11),
)
def test_what_is_no_verifier_key(text):
    assert refusal_of(lambda: VerifierKey.parse(text)) in ("bad_log_document", "bad_public_key")


def test_a_witnesss_key_is_read_as_one():
    """Of the same 32 bytes, the type in front says whether a log or a witness signs with them."""
    key = PrivateKey.generate().public
    for kind in SignatureType:
        found = VerifierKey.parse(str(VerifierKey("kim/w", key, kind)))
        assert (found.name, found.key.raw, found.kind) == ("kim/w", key.raw, kind)


@pytest.mark.parametrize("name", ["", "a b", "a\u2009b", "a+b", "a\x00b", "a\x1bb", "a\nb"], ids=ascii)
def test_names_that_no_signature_line_can_hold(name):
    assert refusal_of(lambda: NoteSignature(name, bytes(4), b"x")) == "bad_log_document"
    assert refusal_of(lambda: Checkpoint(name, 0, EMPTY_ROOT)) == "bad_log_document"


@pytest.mark.parametrize("sign", ["\u200b", "\u202e", "\u00ad", "\x7f", "\ufeff"], ids=ascii)
def test_people_can_read_the_name_of_a_key_they_believe(sign):
    """What hides, turns or overwrites would make two names look alike."""
    name, key = f"kim{sign}nrw/log", PrivateKey.generate().public
    assert refusal_of(lambda: VerifierKey(name, key)) == "bad_log_document"
    # A stranger's line under such a name is passed over like any other.
    assert NoteSignature(name, bytes(4), b"x").name == name


def test_an_unknown_type_of_key():
    for kind in (0, 2, 5, 6, 255):
        text = f"name+00000000+{base64.b64encode(bytes([kind]) + bytes(32)).decode()}"
        assert refusal_of(lambda text=text: VerifierKey.parse(text)) == "bad_log_document"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n1\n",
        "log\n1\nAA==\n",
        f"log\n1\n{'A' * 43}\n",
        f"log\n01\n{'A' * 43}=\n",
        f"log\n-1\n{'A' * 43}=\n",
        f"log\n1 \n{'A' * 43}=\n",
        f"log\n٣\n{'A' * 43}=\n",
        f"log\n{MAX_SIZE + 1}\n{'A' * 43}=\n",
        f"\n1\n{'A' * 43}=\n",
        f"log\n1\n{'A' * 43}=",
        f"log\n1\n{'A' * 43}=\nextension\n",
        f"log\n1\n{'A' * 43}=\n\n",
        f"log\n0\n{'A' * 43}=\n",
    ],
    ids=range(14),
)
def test_what_is_no_checkpoint(text):
    assert refusal_of(lambda: parse_checkpoint(text)) == "bad_log_document"


def test_the_empty_log():
    empty = Checkpoint("log", 0, EMPTY_ROOT)
    assert parse_checkpoint(empty.text) == empty


def test_the_largest_log():
    assert MAX_SIZE == 2**63 - 1
    largest = Checkpoint("log", MAX_SIZE, bytes(32))
    assert parse_checkpoint(largest.text) == largest
    assert refusal_of(lambda: Checkpoint("log", MAX_SIZE + 1, bytes(32))) == "bad_log_document"
    assert refusal_of(lambda: Checkpoint("log", -1, bytes(32))) == "bad_log_document"


def test_numbers():
    assert [parse_decimal(text) for text in ("0", "7", str(MAX_SIZE))] == [0, 7, MAX_SIZE]


def test_a_note_without_a_signature_is_none():
    assert refusal_of(lambda: SignedNote("text\n").to_bytes()) == "bad_log_document"
    assert refusal_of(lambda: SignedNote("text")) == "bad_log_document"


def test_lines_stand_once():
    note = MemoryLog([b"a"]).note()
    assert note.with_signatures(note.signatures) == note
