"""Every request of a node is its own, for this hub, once and now; whoever calls sees what is theirs."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from hub.domain.states import NodeStatus
from hub.services.intake.calling import forget_nonces, identify
from protocol.dsse import PAYLOAD_TYPE_SUBMISSION
from protocol.errors import KimError
from protocol.keys import PrivateKey
from protocol.request_signatures import COMPONENTS, Request, content_digest
from tests.factories.running_hub import Parcel, RunningHub, Sender, running_hub
from tests.factories.signing import signed_client, signed_headers
from tests.fakes.node_clock import SteppedClock
from tests.integration.test_hub_announce import assert_refused

BODY = b"some bytes"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub whose jobs nobody takes; each test takes an area of its own."""
    with running_hub(tmp_path_factory.mktemp("hub"), start=False) as running:
        yield running


@pytest.fixture(scope="module")
def sender(running: RunningHub) -> Sender:
    return running.sender()


@pytest.fixture(scope="module")
def heads(sender: Sender) -> str:
    return f"/v1/nodes/{sender.node}/heads"


def send(
    running: RunningHub, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> TestResponse:
    """Send exactly these headers."""
    return running.client.open(path, method=method, data=body, headers=dict(headers))


def test_a_signed_request_is_answered_and_an_unsigned_one_is_not(
    running: RunningHub, sender: Sender, heads: str
) -> None:
    assert send(running, "GET", heads, signed_headers(sender.key, "GET", heads)).status_code == 200
    assert_refused(running.client.get(heads), "request_signature_missing")
    for missing in ("Signature", "Signature-Input"):
        headers = signed_headers(sender.key, "GET", heads)
        del headers[missing]
        assert_refused(send(running, "GET", heads, headers), "request_signature_missing")


def test_every_view_of_the_node_protocol_is_behind_the_guard(running: RunningHub) -> None:
    app: Flask = running.client.application
    open_doors = set()
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/v1/") or getattr(
            app.view_functions[rule.endpoint], "kim_unsigned", False
        ):
            continue
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<{argument}>", "0" * 64).replace(f"<int:{argument}>", "1")
        for method in (rule.methods or set()) & {"GET", "PUT", "POST", "DELETE"}:
            answer = running.client.open(path, method=method)
            if answer.get_json()["code"] != "request_signature_missing":
                open_doors.add((method, rule.rule, answer.get_json()["code"]))
    assert open_doors == set()


Change = Callable[[dict[str, str]], None]


def _set(name: str, value: str) -> Change:
    return lambda headers: headers.update({name: value})


def _drop(name: str) -> Change:
    return lambda headers: headers.__delitem__(name)


def _in_input(old: str, new: str) -> Change:
    def change(headers: dict[str, str]) -> None:
        assert old in headers["Signature-Input"]
        headers["Signature-Input"] = headers["Signature-Input"].replace(old, new, 1)

    return change


def _twice(headers: dict[str, str]) -> None:
    for name in ("Signature-Input", "Signature"):
        headers[name] = f"{headers[name]}, other{headers[name].removeprefix('kim')}"


CHANGES: dict[str, Change] = {
    "the digest of another body": _set("Content-Digest", content_digest(b"other bytes")),
    "no digest": _drop("Content-Digest"),
    "a digest of another kind": _set("Content-Digest", "md5=:AAAA:"),
    "another type": _set("Content-Type", "application/json"),
    "another hub in the header": _set("Kim-Hub", "kim-nrw/other"),
    "no hub": _drop("Kim-Hub"),
    "two signatures": _twice,
    "another label": lambda headers: headers.update(
        {name: headers[name].replace("kim=", "sig=", 1) for name in ("Signature", "Signature-Input")}
    ),
    "another tag": _in_input('tag="kim-req/1"', 'tag="kim-req/2"'),
    "no tag": _in_input(';tag="kim-req/1"', ""),
    "a longer validity": _in_input(";expires=", ";expires=9"),
    "an algorithm": _in_input(";tag=", ';alg="ed25519";tag='),
    "a parameter more": _in_input(";tag=", ";x=1;tag="),
    "a component less": _in_input(' "kim-hub")', ")"),
    "a component more": _in_input(' "kim-hub")', ' "kim-hub" "@authority")'),
    "no components": _in_input(" ".join(f'"{name}"' for name in COMPONENTS), ""),
    "components in another order": _in_input('"@method" "@path"', '"@path" "@method"'),
    "another spelling": _in_input(";created=", "; created="),
    "a signature that is none": _set("Signature", "kim=:AAAA:"),
    "no structured field": _set("Signature-Input", 'kim=("@method'),
}


@pytest.mark.parametrize("case", CHANGES)
def test_nothing_of_a_signed_request_can_be_changed(
    running: RunningHub, sender: Sender, heads: str, case: str
) -> None:
    headers = signed_headers(sender.key, "GET", heads)
    CHANGES[case](headers)
    assert_refused(send(running, "GET", heads, headers), "request_signature_invalid")


def test_body_path_query_and_method_are_the_signed_ones(
    running: RunningHub, sender: Sender, heads: str
) -> None:
    chunk = f"/v1/submissions/{'0' * 64}/chunks/"
    headers = signed_headers(sender.key, "PUT", f"{chunk}0", BODY)
    assert_refused(send(running, "PUT", f"{chunk}0", headers, BODY + b"!"), "request_signature_invalid")
    assert_refused(send(running, "PUT", f"{chunk}0", headers), "request_signature_invalid")
    assert_refused(send(running, "PUT", f"{chunk}1", headers, BODY), "request_signature_invalid")
    assert_refused(send(running, "PUT", f"{chunk}0?a=1", headers, BODY), "request_signature_invalid")
    assert_refused(send(running, "PUT", f"{chunk}%30", headers, BODY), "request_signature_invalid")
    look = f"/v1/submissions/{'0' * 64}"
    assert_refused(
        send(running, "DELETE", look, signed_headers(sender.key, "GET", look)), "request_signature_invalid"
    )
    # Unchanged, it gets as far as that nobody announced such a submission.
    assert_refused(send(running, "PUT", f"{chunk}0", headers, BODY), "not_found")


def test_a_request_for_another_hub_is_not_taken_here(running: RunningHub, sender: Sender, heads: str) -> None:
    # SPEC P-122
    headers = signed_headers(sender.key, "GET", heads, audience="kim-nrw/other")
    assert_refused(send(running, "GET", heads, headers), "wrong_audience", pointer="/headers/Kim-Hub")


def test_a_request_is_taken_once(running: RunningHub, sender: Sender, heads: str) -> None:
    headers = signed_headers(sender.key, "GET", heads)
    assert send(running, "GET", heads, headers).status_code == 200
    for _ in range(2):
        assert_refused(send(running, "GET", heads, headers), "nonce_replayed")


def test_the_clocks_have_to_agree_and_the_hub_says_its_time(tmp_path: Path) -> None:  # SPEC P-125
    clock = SteppedClock()
    with running_hub(tmp_path, start=False, machine_clock=clock) as running:
        sender = running.sender()
        path = f"/v1/nodes/{sender.node}/heads"

        def ask(seconds: float) -> TestResponse:
            at = clock.now() + dt.timedelta(seconds=seconds)
            return send(running, "GET", path, signed_headers(sender.key, "GET", path, at=at))

        for seconds in (-300, -299, 0, 299, 300):
            assert ask(seconds).status_code == 200, seconds
        for seconds in (-301, 301, -86_400, 10**8):
            document = assert_refused(ask(seconds), "clock_skew")
            assert document["server_time"] == "2026-10-09T08:15:00Z"


def test_nonces_are_forgotten_when_they_are_too_old_to_matter(tmp_path: Path) -> None:
    clock = SteppedClock()
    with running_hub(tmp_path, start=False, machine_clock=clock) as running:
        sender = running.sender()
        path = f"/v1/nodes/{sender.node}/heads"
        headers = signed_headers(sender.key, "GET", path, at=clock.now() + dt.timedelta(seconds=300))
        assert send(running, "GET", path, headers).status_code == 200
        clock.wait(599)  # the last moment at which it would be timely, by the clock of its sender
        assert forget_nonces(running.hub.context) == 0
        assert_refused(send(running, "GET", path, headers), "nonce_replayed")
        clock.wait(302)
        assert forget_nonces(running.hub.context) == 1
        assert_refused(send(running, "GET", path, headers), "clock_skew")


def test_unknown_and_revoked_keys_look_alike_to_whoever_cannot_sign(running: RunningHub, heads: str) -> None:
    revoked = running.sender("NW05112")
    running.revoke(revoked)
    stranger = PrivateKey.generate()

    def ask(keyid: str) -> TestResponse:
        headers = signed_headers(stranger, "GET", heads)
        headers["Signature-Input"] = headers["Signature-Input"].replace(stranger.public.keyid, keyid)
        return send(running, "GET", heads, headers)

    answers = [ask(revoked.key.public.keyid), ask(stranger.public.keyid), ask("0" * 64)]
    assert {answer.get_data() for answer in answers} == {answers[0].get_data()}
    assert {answer.status_code for answer in answers} == {403}
    assert_refused(answers[0], "unknown_key")
    assert_refused(revoked.client.get(heads), "key_revoked")


def test_unknown_and_revoked_keys_take_the_same_time(running: RunningHub, heads: str) -> None:
    revoked, stranger = running.sender("NW05113"), PrivateKey.generate()
    running.revoke(revoked)
    known, unknown = revoked.key.public.keyid, "0" * 64
    seconds: dict[str, list[float]] = {known: [], unknown: [], "check": []}
    for turn in range(300):
        for keyid in (known, unknown) if turn % 2 else (unknown, known):  # who comes second finds it warm
            headers = signed_headers(stranger, "GET", heads)
            headers["Signature-Input"] = headers["Signature-Input"].replace(stranger.public.keyid, keyid)
            request = Request("GET", heads, "", {name.lower(): value for name, value in headers.items()})
            seconds[keyid].append(_refused_in(lambda r=request: identify(running.hub.context, r)))  # type: ignore[misc]
        public = stranger.public
        seconds["check"].append(_refused_in(lambda: public.verify(bytes(64), bytes(300))))  # noqa: B023 - at once
    middle = {name: median(taken) for name, taken in seconds.items()}
    # Were the signature not checked for a key that nobody has, that would show.
    assert abs(middle[known] - middle[unknown]) < middle["check"]


def _refused_in(work: Callable[[], object]) -> float:
    """Return the processor seconds of something that is refused."""
    started = time.process_time()
    with pytest.raises(KimError):
        work()
    return time.process_time() - started


def test_another_nodes_submission_is_like_none(running: RunningHub) -> None:  # SPEC P-127
    owner, other = running.sender("NW05114"), running.sender("NW05116")
    parcel = owner.parcel()
    assert owner.announce(parcel).status_code == 201
    missing = "0" * 64
    for method, path in (
        ("GET", "/v1/submissions/{}"),
        ("PUT", "/v1/submissions/{}/chunks/0"),
        ("POST", "/v1/submissions/{}/complete"),
        ("DELETE", "/v1/submissions/{}"),
    ):
        foreign, nobodys = (
            other.client.open(
                path.format(identity), method=method, data=parcel.chunks[0] if method == "PUT" else b""
            )
            for identity in (parcel.id, missing)
        )
        document = assert_refused(foreign, "not_found")
        expected = assert_refused(nobodys, "not_found")
        assert {**document, "instance": ""} == {**expected, "instance": ""}
    assert running.state(parcel) == "announced"


def test_who_announces_is_who_has_signed(running: RunningHub) -> None:
    owner, thief = running.sender("NW05117"), running.sender("NW05119")
    parcel = owner.parcel()
    answer = thief.client.post(
        "/v1/submissions",
        data=parcel.envelope.to_bytes(),
        headers={"Content-Type": PAYLOAD_TYPE_SUBMISSION},
    )
    assert_refused(answer, "sender_mismatch")
    assert running.state(parcel) is None
    # Nor does it learn how a statement stands that the hub knows.
    assert owner.announce(parcel).status_code == 201
    again = thief.client.post(
        "/v1/submissions",
        data=parcel.envelope.to_bytes(),
        headers={"Content-Type": PAYLOAD_TYPE_SUBMISSION},
    )
    assert again.get_data() == answer.get_data()


def test_a_suspended_node_still_sees_its_own(running: RunningHub) -> None:
    sender = running.sender("NW05120")
    with running.hub.context.database.write() as unit:
        unit.nodes.set_status(sender.node, NodeStatus.SUSPENDED)
    assert sender.client.get(f"/v1/nodes/{sender.node}/heads").get_json() == []
    assert_refused(sender.announce(sender.parcel()), "node_suspended")


def test_a_post_may_stand_for_a_method_that_a_proxy_blocks(running: RunningHub) -> None:
    sender = running.sender("NW05122")
    parcel = sender.parcel()
    assert sender.announce(parcel).status_code == 201
    path = f"/v1/submissions/{parcel.id}"

    def post(target: str, meant: str, body: bytes = b"", *, signed_as: str) -> TestResponse:
        headers = signed_headers(sender.key, signed_as, target, body)
        return send(running, "POST", target, headers | {"X-HTTP-Method-Override": meant}, body)

    # Who adds the header, or takes it away, breaks the signature.
    assert_refused(post(path, "DELETE", signed_as="POST"), "request_signature_invalid")
    assert_refused(post(f"{path}/complete", "PUT", signed_as="PUT"), "method_not_allowed")
    assert_refused(post(f"{path}/complete", "PATCH", signed_as="PATCH"), "request_signature_invalid")
    assert post(f"{path}/chunks/0", "PUT", parcel.chunks[0], signed_as="PUT").status_code == 204
    assert running.state(parcel) == "uploading"
    assert post(path, "DELETE", signed_as="DELETE").status_code == 204
    assert running.state(parcel) == "rejected"


def test_an_upload_can_be_taken_back_until_it_is_complete(running: RunningHub) -> None:
    sender = running.sender("NW05124")
    parcel = _begun(sender)
    for _ in range(2):
        assert sender.client.delete(f"/v1/submissions/{parcel.id}").status_code == 204
    assert sender.look(parcel)["problem"]["code"] == "upload_cancelled"
    assert parcel.id not in running.hub.context.incoming.submissions()
    with running.hub.context.database.read() as unit:
        assert unit.uploads.get(parcel.id).chunks == {}
    assert_refused(sender.put(parcel, 1), "upload_cancelled")
    assert_refused(sender.complete(parcel), "upload_cancelled")
    assert sender.announce(parcel).get_json()["missing"] == []
    # The revision is free again, and what is complete stays.
    again = _begun(sender)
    for n in range(len(again.chunks)):
        assert sender.put(again, n).status_code == 204
    assert sender.complete(again).status_code == 202
    assert_refused(sender.client.delete(f"/v1/submissions/{again.id}"), "already_received")
    assert running.state(again) == "received"


def _begun(sender: Sender) -> Parcel:
    parcel = sender.parcel(payload=bytes(range(256)) * 10, chunk=1024)
    assert sender.announce(parcel).status_code == 201
    assert sender.put(parcel, 0).status_code == 204
    return parcel


def test_the_helper_signs_for_the_hub_it_is_told(running: RunningHub, sender: Sender, heads: str) -> None:
    client = signed_client(running.client.application, sender.key, audience="kim-nrw/other")
    assert_refused(client.get(heads), "wrong_audience")
