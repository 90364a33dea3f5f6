"""From a published figure of a real hub to the signed statements behind it, on a page and offline."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hub.api import evidence
from hub.domain.ids import SubmissionId
from hub.services.extracts import extract
from hub.services.intake.verification import verify
from hub.services.merging.compiling import compile_cube
from hub.services.merging.publishing import close, publish
from hub.services.operation.sweeping import find_unpublished
from hub.services.review.validation import validate
from hub.services.transparency.rounds import run_round, signer_of
from protocol.dsse import statement_id
from protocol.evidence import parse_evidence
from protocol.periods import Period
from protocol.transparency.cosignatures import Quorum
from protocol.trust import Directory, KeyEntry, NodeEntry
from protocol.verify.anchors import Anchors
from protocol.verify.cli import main
from protocol.verify.explaining import Question, explain
from protocol.verify.folders import check_folder
from protocol.verify.receipts import check_receipt
from protocol.verify.releases import check_release
from protocol.verify.trail import Trail, verdict_of
from tests.factories.running_hub import Parcel, RunningHub, Sender, lasting_sandbox, running_hub

AREAS = ("NW05334002", "NW05334X002", "NW05111")
Q1 = Period(2026, 1)


@dataclass
class Published:
    """A hub with one release."""

    running: RunningHub
    senders: dict[str, Sender]
    parcels: dict[str, Parcel]

    @property
    def anchors(self) -> Anchors:
        """What an auditor believes: the officers would say it."""
        span = {
            "not_before": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            "not_after": dt.datetime(2026, 12, 1, tzinfo=dt.UTC),
        }
        nodes = tuple(
            NodeEntry(
                node=sender.node,
                name=f"Kommune {area}",
                areas=(area,),
                keys=(KeyEntry(public_key=sender.key.public, **span),),
            )
            for area, sender in self.senders.items()
        )
        context = self.running.hub.context
        return Anchors(
            log=signer_of(context).verifier_key,
            quorum=Quorum(nodes=0),
            directory=Directory(context.settings.audience, nodes),
        )

    def get(self, path: str) -> bytes:
        answer = self.running.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.data


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    home = tmp_path_factory.mktemp("hub")
    with running_hub(home, start=False, sandbox=lasting_sandbox()) as running:
        context = running.hub.context
        made = Published(running, {}, {})
        for area in AREAS:
            sender = made.senders[area] = running.sender(area)
            parcel = made.parcels[area] = sender.parcel()
            assert sender.send(parcel).status_code == 202
            verify(context, SubmissionId(parcel.id))
            validate(context, area)
        close(context, [Q1])
        assert compile_cube(context, "CASES", str(Q1)) is not None
        assert publish(context) == 1
        extract(context)
        run_round(context)
        yield made


def test_the_whole_release_is_verified_offline(published: Published) -> None:
    trail = Trail()
    found = check_release(trail, published.get("/extracts/1/evidence.json"), published.anchors)
    cited = found.statements
    assert {item.identity for item in cited} == {parcel.id for parcel in published.parcels.values()}
    assert [item.node.node for item in cited] == [
        published.senders[item.statement.area].node for item in cited
    ]
    folder = published.running.hub.context.settings.home / "extracts" / "1"
    # SPEC P-115: the log names the list of files, once, however often the folder is made again.
    assert found.files == hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
    shutil.rmtree(folder)
    with published.running.hub.context.database.read() as unit:
        size = unit.leaves.size()
    extract(published.running.hub.context)
    with published.running.hub.context.database.read() as unit:
        assert unit.leaves.size() == size
    check_folder(trail, folder, found.record, listed=found.files)
    assert trail.facts["files_logged"] is True
    assert find_unpublished(published.running.hub.context) == []


def test_evidence_of_a_release_is_made_once_and_again_if_it_is_lost(published: Published) -> None:
    path = published.running.hub.context.settings.home / "evidence" / "1-0.json"
    first = published.get("/extracts/1/evidence.json")
    assert path.read_bytes() == first
    path.write_bytes(b"kept")
    assert published.get("/extracts/1/evidence.json") == b"kept"
    path.unlink()
    assert published.get("/extracts/1/evidence.json") == first
    assert [file.name for file in path.parent.iterdir()] == ["1-0.json"]
    assert path.parent.stat().st_mode & 0o77 == 0


def test_evidence_is_made_for_a_few_at_once_and_others_are_answered(published: Published) -> None:
    turns = evidence._TURNS
    with turns, turns:
        answer = published.running.client.get("/extracts/1/evidence.json?area=NW05111")
        assert (answer.status_code, answer.get_json()["code"]) == (503, "busy")
        assert answer.headers["Retry-After"]
        assert published.get("/healthz")
    assert published.get("/extracts/1/evidence.json?area=NW05111")


def test_evidence_of_one_figure_holds_what_it_takes_and_no_more(published: Published) -> None:  # SPEC P-116
    data = published.get("/extracts/1/evidence.json?dataset=CASES&period=2026-Q1&area=NW05334")
    held = {parse_evidence(data).statements[name].envelope for name in parse_evidence(data).statements}
    wanted = {published.parcels[area].id for area in ("NW05334002", "NW05334X002")}
    assert {statement_id(envelope) for envelope in held} == wanted
    folder = published.running.hub.context.settings.home / "extracts" / "1"
    found = explain(
        Trail(),
        data,
        published.anchors,
        Question("CASES_OPEN", "2026-Q1", "NW05334"),
        figures=(folder / "CASES.csv").read_bytes(),
    )
    assert found.figure is not None
    parts = [int(float(part.value)) for part in found.parts.values()]
    assert int(float(found.figure.value)) == sum(parts)
    # The same evidence is not enough for the state as a whole, and says so.
    verdict = verdict_of(
        lambda trail: (
            explain(trail, data, published.anchors, Question("CASES_OPEN", "2026-Q1", "NW05")) and None
        )
    )
    assert verdict.problem is not None
    assert verdict.problem.code == "evidence_invalid"


def test_statement_and_receipt_are_served_and_belong_together(published: Published) -> None:
    parcel = published.parcels["NW05111"]
    address = f"/extracts/1/statements/{parcel.id}"
    statement, receipt = published.get(f"{address}.dsse.json"), published.get(f"{address}.tlog-proof")
    assert statement == parcel.envelope.to_bytes()
    trail = Trail()
    check_receipt(trail, receipt, published.anchors, statement=statement)
    assert trail.facts["kind"] == "accepted"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/extracts/2/evidence.json", 404),
        ("/extracts/0/evidence.json", 404),
        (f"/extracts/{10**30}/evidence.json", 404),
        (f"/extracts/{10**30}/manifest.json", 404),
        (f"/extracts/{2**31 - 1}/evidence.json", 404),
        ("/extracts/1/evidence.json?area=NW99", 404),
        ("/extracts/1/evidence.json?area=..", 400),
        ("/extracts/1/evidence.json?period=x", 400),
        (f"/extracts/1/statements/{'0' * 64}.dsse.json", 404),
        (f"/extracts/1/statements/{'0' * 64}.tlog-proof", 404),
        ("/extracts/1/statements/none.dsse.json", 404),
        ("/nachweis/NO_SUCH", 404),
        ("/nachweis/CASES_OPEN?area=NW99", 404),
        ("/nachweis/CASES_OPEN?period=2019-Q1", 404),
    ],
)
def test_what_is_not_published_has_no_evidence(path: str, status: int, published: Published) -> None:
    assert published.running.client.get(path).status_code == status


def test_a_delivery_that_no_release_cites_stays_hidden(published: Published) -> None:
    """A statement under embargo is served to nobody, although the log has its id."""
    parcel = published.senders["NW05111"].parcel(period=Period(2026, 2))
    assert published.senders["NW05111"].send(parcel).status_code == 202
    for suffix in ("dsse.json", "tlog-proof"):
        answer = published.running.client.get(f"/extracts/1/statements/{parcel.id}.{suffix}")
        assert answer.status_code == 404


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_page_leads_from_the_figure_to_statements_receipts_and_the_log(
    language: str, published: Published
) -> None:
    figure = published.get(f"/indikator/CASES_OPEN?lang={language}").decode()
    (link, *_) = re.findall(r'href="(/nachweis/[^"]+)"', figure)
    page = published.get(link.replace("&amp;", "&")).decode()
    for parcel in published.parcels.values():
        assert f"/extracts/1/statements/{parcel.id}.dsse.json" in page
        assert f"/extracts/1/statements/{parcel.id}.tlog-proof" in page
    events = parse_evidence(published.get("/extracts/1/evidence.json"))
    for item in events.statements.values():
        assert f'<td class="number">{item.accepted.index}</td>' in page
    assert {"de": "Stelle", "en": "position"}[language] + f" {events.release.index}" in page
    assert "kim-verify explain evidence.json CASES_OPEN 2026-Q1 NW05 --trust trust" in page
    for address in re.findall(r'href="(/extracts/[^"]+)"', page):
        published.get(address.replace("&amp;", "&"))


def test_an_area_without_a_delivery_is_said_to_have_none(published: Published) -> None:
    page = published.get("/nachweis/CASES_OPEN?area=NW05112&lang=en").decode()
    assert "holds no delivery from this area" in page
    assert "/statements/" not in page


def test_the_command_verifies_what_was_downloaded(
    published: Published, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anchors = published.anchors
    assert anchors.directory is not None
    (tmp_path / "directory.json").write_bytes(anchors.directory.to_bytes())
    (tmp_path / "evidence.json").write_bytes(published.get("/extracts/1/evidence.json"))
    keys = ("--log-key", str(anchors.log), "--directory", str(tmp_path / "directory.json"), "--quorum", "0")
    assert main(["release", str(tmp_path / "evidence.json"), *keys, "--json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert document["facts"]["statements"] == 3
    # Another hub's log is not believed, whatever it says.
    other = replace(anchors, log=replace(anchors.log, key=published.senders["NW05111"].key.public))
    wrong = ("--log-key", str(other.log), *keys[2:])
    assert main(["release", str(tmp_path / "evidence.json"), *wrong, "--json"]) == 3
