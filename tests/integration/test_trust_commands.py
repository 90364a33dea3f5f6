"""`kim-hub trust` and `kim-node trust` as people meet them: questions, refusals, files on machines apart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli import main
from hub.services.trust.change_file import read_change_file
from hub.services.trust.repository import Repository
from node.cli import main as node_main
from protocol.trust import AddNode
from tests.factories.officers import NAMES, PASSPHRASE, governed, node_entry, now
from tests.factories.patience import assert_soon
from tests.factories.running_hub import running_hub

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    def run(*words: object, answers: str = "", lang: str = "en") -> Result:
        return CliRunner().invoke(main, [*map(str, words), "--lang", lang], input=answers)

    return run


@pytest.fixture
def ministry(tmp_path: Path, run: Run) -> Path:
    """Three officers with key files, and a first version that nobody has signed."""
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE + "\n", encoding="utf-8")
    secret.chmod(0o600)
    for name, person in zip(("meier", "kaya", "wolf"), NAMES, strict=True):
        (tmp_path / name).mkdir()
        done = run(
            "trust", "key", tmp_path / name / "key.pem", "--name", person, "--passphrase-file", secret
        )  # fmt: skip
        assert done.exit_code == 0, done.output
    assert run("init", "--home", tmp_path / "hub").exit_code == 0
    named = [word for name in ("meier", "kaya", "wolf") for word in ("--officer", public(tmp_path, name))]
    done = run("trust", "init", "--home", tmp_path / "hub", *named, "--out", tmp_path / "first.kim-trust")
    assert done.exit_code == 0, done.output
    return tmp_path


def public(folder: Path, name: str) -> Path:
    return folder / name / "key.pem.pub"


def document(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def sign(ministry: Path, run: Run, name: str, *words: object, answers: str = "") -> Result:
    return run(
        "trust", "sign", ministry / "first.kim-trust", "--key", ministry / name / "key.pem",
        *words, answers=answers,
    )  # fmt: skip


def test_somebody_reads_compares_types_the_passphrase_and_signs(ministry: Path, run: Run) -> None:
    done = sign(ministry, run, "meier", answers=f"yes\nyes\n{PASSPHRASE}\n")
    assert done.exit_code == 0, done.output
    for word in (*NAMES, "Fingerprint of the root", "Deliveries have to be sealed", "Sign all of this?"):
        assert word in done.output
    assert PASSPHRASE not in done.output
    # The second time the machine knows the officers and does not ask whether they are the right ones.
    again = sign(ministry, run, "meier", answers=f"yes\n{PASSPHRASE}\n")
    assert "for the first time" not in again.output
    assert "already_signed" in again.output
    assert again.exit_code == 65


def test_who_says_no_has_signed_nothing(ministry: Path, run: Run) -> None:
    before = (ministry / "first.kim-trust").read_bytes()
    refused = sign(ministry, run, "meier", answers="no\n")
    assert (refused.exit_code, "trust_root_mismatch" in refused.output) == (65, True)
    refused = sign(ministry, run, "meier", answers="yes\nno\n")
    assert (refused.exit_code, "Nothing was signed." in refused.output) == (1, True)
    assert (ministry / "first.kim-trust").read_bytes() == before
    assert not (ministry / "meier" / "key.pem.seen").exists()


def test_who_does_not_look_must_name_the_fingerprint(ministry: Path, run: Run) -> None:
    secret = ("--passphrase-file", ministry / "secret")
    assert sign(ministry, run, "meier", "--yes", *secret).exit_code == 2
    wrong = sign(ministry, run, "meier", "--yes", *secret, "--root-fingerprint", "00" * 16)
    assert (wrong.exit_code, "trust_root_mismatch" in wrong.output) == (65, True)
    shown = document(run("trust", "show", ministry / "first.kim-trust", "--json"))
    right = ("--root-fingerprint", shown["root_fingerprint"])
    assert sign(ministry, run, "meier", "--json", *secret, *right).exit_code == 0
    later = document(sign(ministry, run, "kaya", "--json", *secret, *right))
    assert later["complete"] is True
    assert later["signed"]["root"] == sorted(NAMES[:2])


def test_a_link_beside_a_change_file_leads_nowhere(ministry: Path, run: Run) -> None:
    """The file travels on sticks; who had it before may have left more there."""
    precious = ministry / "wolf" / "key.pem"
    before = precious.read_bytes()
    (ministry / "first.kim-trust.tmp").symlink_to(precious)
    (ministry / "meier" / "key.pem.seen.tmp").symlink_to(precious)
    done = sign(ministry, run, "meier", answers=f"yes\nyes\n{PASSPHRASE}\n")
    assert done.exit_code == 0, done.output
    assert precious.read_bytes() == before
    assert (ministry / "meier" / "key.pem.seen").is_file()


def test_a_copy_of_the_log_stays_in_its_folder(ministry: Path, run: Run) -> None:
    hub, stick = ministry / "hub", ministry / "stick" / "log"
    (stick / "tile").mkdir(parents=True)
    assert run("log", "sign", "--home", hub).exit_code == 0
    signed = (hub / "log" / "checkpoint").read_bytes()
    (stick / "checkpoint").symlink_to(hub / "hub.toml")
    settings = (hub / "hub.toml").read_bytes()
    assert run("log", "export", stick, "--home", hub).exit_code == 0
    assert not (stick / "checkpoint").is_symlink()
    assert ((hub / "hub.toml").read_bytes(), (hub / "log" / "checkpoint").read_bytes()) == (settings, signed)
    shutil.rmtree(stick / "tile")
    (stick / "tile").symlink_to(hub, target_is_directory=True)
    listed = sorted(hub.rglob("*"))
    done = run("log", "export", stick, "--home", hub)
    assert "cannot_write" in done.output
    assert sorted(hub.rglob("*")) == listed


def test_a_wrong_passphrase_and_an_open_file(ministry: Path, run: Run) -> None:
    wrong = sign(ministry, run, "meier", answers="yes\nyes\nfalsch falsch falsch\n")
    assert (wrong.exit_code, "key_unreadable" in wrong.output) == (77, True)
    (ministry / "secret").chmod(0o644)
    opened = sign(ministry, run, "meier", "--passphrase-file", ministry / "secret", answers="yes\nyes\n")
    assert (opened.exit_code, "chmod 600" in opened.output) == (77, True)


def test_a_key_on_a_card_gets_a_name(tmp_path: Path, run: Run) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = generate_private_key(SECP384R1()).public_key()
    (tmp_path / "card.pem").write_bytes(pem.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    words = ("trust", "key", tmp_path / "wolf.pem", "--name", NAMES[2], "--public-key", tmp_path / "card.pem")
    made = document(run(*words, "--json"))
    assert made["name"] == NAMES[2]
    assert Path(made["public"]).exists()
    assert not (tmp_path / "wolf.pem").exists()
    assert "already_exists" in run(*words).output
    (tmp_path / "card.pem").write_bytes(b"no key")
    other = ("trust", "key", tmp_path / "x.pem", *words[3:])
    assert "officer_key_invalid" in run(*other).output


def test_a_card_that_is_not_there(ministry: Path, run: Run) -> None:
    done = run(
        "trust", "sign", ministry / "first.kim-trust", "--key", public(ministry, "meier"),
        "--smartcard", "hsm:2?label=KIM", answers="yes\nyes\n123456\n",
    )  # fmt: skip
    assert (done.exit_code, "smartcard_unusable" in done.output) == (69, True)
    assert "123456" not in done.output


def test_every_refusal_of_the_hub_is_said_in_the_language_asked_for(ministry: Path, run: Run) -> None:
    home = ("--home", ministry / "hub")
    for lang, word in (("de", "Unterschrift"), ("en", "signatures are needed")):
        done = run("trust", "publish", *home, ministry / "first.kim-trust", lang=lang)
        assert (done.exit_code, "trust_threshold" in done.output, word in done.output) == (65, True, True)
    for words in (("status",), ("propose", "--out", ministry / "x")):
        done = run("trust", *words, *home)
        assert (done.exit_code, "no_trust_repository" in done.output) == (78, True)
    again = run(
        "trust", "init", *home, "--officer", public(ministry, "meier"), "--officer",
        public(ministry, "kaya"), "--out", ministry / "x",
    )  # fmt: skip
    assert "already_exists" in again.output
    bench = run("init", "--home", ministry / "bench")
    assert bench.exit_code == 0
    done = run("trust", "status", "--home", ministry / "bench")
    assert "no_trust_repository" in done.output


def test_nothing_to_propose_is_an_error_of_use(tmp_path: Path, run: Run) -> None:
    office = governed(tmp_path)
    home = ("--home", office.settings.home)
    nothing = run("trust", "propose", *home, "--out", tmp_path / "a")
    assert (nothing.exit_code, "No change is waiting" in nothing.output) == (2, True)
    assert not (tmp_path / "a").exists()
    for words, parts in ((("--renew",), {"targets"}), (("--renew-root",), {"root"})):
        renewed = document(run("trust", "propose", *home, *words, "--out", tmp_path / "b", "--json"))
        assert set(renewed["signed"]) == parts
    unsealed = run("trust", "propose", *home, "--unsealed", "--quorum", "5", "--out", tmp_path / "b")
    assert "deliveries do NOT have to be sealed" in unsealed.output
    assert "final with 5 witnesses" in unsealed.output
    leaver = office.people[NAMES[0]][0].fingerprint
    done = run("trust", "propose", *home, "--remove-officer", leaver, "--out", tmp_path / "c")
    assert f"{NAMES[0]} no longer decides" in done.output
    assert "not_an_officer" in run("trust", "propose", *home, "--remove-officer", "0", "--out", "x").output


@pytest.mark.parametrize(("lang", "word"), [("de", "ACHTUNG: Quittungen"), ("en", "NOTE: receipts")])
def test_a_hub_with_fewer_nodes_than_receipts_need_says_so(
    lang: str, word: str, tmp_path: Path, run: Run
) -> None:
    office = governed(tmp_path, node_entry(1), node_entry(2))
    home = ("--home", office.settings.home)
    for words in (("status",), ("trust", "status")):
        assert word not in run(*words, *home, lang=lang).output
        assert document(run(*words, *home, "--json"))["witnesses"] == {"quorum": 0, "nodes": 2, "missing": 0}
    proposed = run("trust", "propose", *home, "--quorum", "3", "--out", tmp_path / "a", lang=lang)
    assert word in proposed.output
    office.publish(office.signed(read_change_file((tmp_path / "a").read_bytes()), *NAMES[:2]))
    for words in (("status",), ("trust", "status")):
        said = run(*words, *home, lang=lang).output
        assert (word in said, "kim-hub trust propose --quorum 1 --out …" in said) == (True, True), said
        assert document(run(*words, *home, "--json"))["witnesses"] == {"quorum": 3, "nodes": 2, "missing": 2}
    # What was exported is the newest state; who verifies it is told of the witnesses that it lacks.
    assert run("log", "sign", *home).exit_code == 0
    exported = run("log", "export", tmp_path / "log", *home, lang=lang)
    assert "quorum_missing" in exported.output
    made = document(run("log", "export", tmp_path / "log", *home, "--json"))
    assert (made["witnesses"], made["quorum"]) == (0, 3)
    assert str(made["entries"]) == (tmp_path / "log" / "checkpoint").read_text().splitlines()[1]


def test_a_waiting_change_is_named_with_the_number_that_withdraws_it(tmp_path: Path, run: Run) -> None:
    office = governed(tmp_path)
    home = ("--home", office.settings.home)
    with office.database.write() as unit:
        number = unit.trust.stage(AddNode(node_entry(1)), at=now(), actor="A. Muster")
    said = run("trust", "status", *home).output.splitlines()
    (first,) = (line for line in said if "New node node-0001" in line)
    place = said.index(first)
    assert first.strip().startswith(f"Change {number}: New node")
    keys = said[place + 1 : place + 3]
    assert [line.index("Key") for line in keys] == [first.index("New node")] * 2
    assert run("trust", "withdraw", *home, number, "--by", "A. Muster").exit_code == 0
    assert "New node" not in run("trust", "status", *home).output


def test_the_letter_names_the_officers(tmp_path: Path, run: Run) -> None:
    office = governed(tmp_path)
    invited = run(
        "enrol", "invite", "--home", office.settings.home, "--area", "NW05111", "--name", "Düsseldorf",
        "--by", "A. Muster", "--json",
    )  # fmt: skip
    status = document(run("trust", "status", "--home", office.settings.home, "--json"))
    assert document(invited)["root_fingerprint"] == status["root_fingerprint"]


def test_a_running_hub_keeps_its_pointer_fresh(tmp_path: Path) -> None:
    office = governed(tmp_path, node_entry(1))
    import datetime as dt

    office.repository.renew_timestamp(now=now() - dt.timedelta(hours=20))
    before = office.repository.timestamp().signed
    assert before.expires < now() + dt.timedelta(hours=5)
    with running_hub(office.settings.home):
        repository = Repository(office.settings)
        assert_soon(lambda: repository.timestamp().signed.version > before.version, "a fresh pointer")
    assert office.repository.timestamp().signed.expires > now() + dt.timedelta(hours=23)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """An exported repository, and where a node may be set up."""
    from hub.services.trust.exporting import export

    office = governed(tmp_path, node_entry(1, node="node-7f3a", areas=("NW05111",)))
    export(office.repository, tmp_path / "stick", now=now())
    return tmp_path


def set_up(town: Path, *words: object) -> Result:
    return CliRunner().invoke(
        node_main,
        [
            "init", str(town / "knoten"), "--area", "NW05111", "--hub", "http://127.0.0.1:9",
            "--source", str(town / "liste.csv"), "--node-id", "node-7f3a", "--json", *map(str, words),
        ],
    )  # fmt: skip


def fingerprint_of(town: Path) -> str:
    from protocol.trust.fingerprints import root_fingerprint
    from tests.factories.officers import root_of

    return root_fingerprint(root_of((town / "stick" / "metadata" / "1.root.json").read_bytes()).signed_bytes)


def test_a_node_is_set_up_with_the_root_from_the_letter(town: Path) -> None:
    root = ("--root", town / "stick" / "metadata" / "1.root.json")
    for refused in (root, ("--root-fingerprint", fingerprint_of(town))):
        assert document(set_up(town, *refused))["code"] == "bad_request"
    wrong = set_up(town, *root, "--root-fingerprint", "00" * 16)
    assert document(wrong)["code"] == "trust_root_mismatch"
    assert not (town / "knoten" / "node.toml").exists()
    done = set_up(town, *root, "--root-fingerprint", fingerprint_of(town))
    assert done.exit_code == 0, done.output
    config = str(town / "knoten" / "node.toml")

    def trust(*words: str, lang: str = "en") -> Result:
        return CliRunner().invoke(node_main, ["--config", config, "trust", "--lang", lang, *words])

    offline = trust("--offline", "--json")
    assert document(offline)["code"] == "no_trust_repository"
    told = document(trust("--from", str(town / "stick"), "--json"))
    assert (told["registered"], told["nodes"], told["sealed"]) == (True, 1, True)
    assert {key["use"] for key in told["keys"]} == {"sign", "witness"}
    for lang, word in (("de", "gilt bis"), ("en", "Key to witness")):
        shown = trust("--offline", lang=lang)
        assert shown.exit_code == 0, shown.output
        assert word in shown.output
        assert told["root_fingerprint"] in shown.output
    away = trust("--json")
    assert document(away)["code"] == "hub_unreachable"


def test_a_node_that_was_set_up_before_pins_later(town: Path) -> None:
    assert set_up(town).exit_code == 0
    config = str(town / "knoten" / "node.toml")
    stick = ["--config", config, "trust", "--from", str(town / "stick"), "--json"]
    assert document(CliRunner().invoke(node_main, stick))["code"] == "no_trust_repository"
    wrong = CliRunner().invoke(node_main, [*stick, "--root-fingerprint", "00" * 16])
    assert document(wrong)["code"] == "trust_root_mismatch"
    file = ["--root", str(town / "stick" / "metadata" / "1.root.json")]
    assert document(CliRunner().invoke(node_main, [*stick, *file]))["code"] == "bad_request"
    done = CliRunner().invoke(node_main, [*stick, "--root-fingerprint", fingerprint_of(town)])
    assert document(done)["registered"] is True
