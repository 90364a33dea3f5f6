"""What reaches a hub that people log in to: names, proxies, cookies, headers; and the test bench."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from hub.domain.rights import Role
from hub.services.trust.repository import Repository
from hub.serving import make_server, require_guarded
from hub.settings import HubSettings
from protocol.errors import KimError
from tests.factories.office import PASSWORD, Office, office
from tests.factories.patience import PATIENCE_SECONDS

PUBLIC = "https://hub.example.org"
FROM_PROXY = {
    "Host": "hub.example.org",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.7",
}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path, public_url=PUBLIC, trusted_proxy="127.0.0.1") as made:
        Repository(HubSettings(home=tmp_path)).create()
        made.invite("first", Role.RESEARCHER)
        yield made


@contextmanager
def listening(hub: Office, **settings: str) -> Iterator[str]:
    """Serve the hub as `kim-hub serve` does, on a free port."""
    chosen = HubSettings(home=hub.desk.settings.home, port=0, **settings)
    server = make_server(hub.app, chosen)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.task_dispatcher.shutdown()  # first: a thread that still answers would wake a loop that is gone
        server.trigger.pull_trigger(lambda: server.asyncore.close_all(map=server._map))
        thread.join(PATIENCE_SECONDS)


# ------------------------------------------------------------------------------------ where it listens


@pytest.mark.parametrize(
    ("host", "settings", "accounts", "allowed"),
    [  # all of a hub that officers govern
        ("127.0.0.1", {}, False, True),
        ("localhost", {}, False, True),
        ("::1", {}, False, True),
        ("0.0.0.0", {}, False, False),
        ("0.0.0.0", {}, True, False),
        ("192.0.2.1", {"public_url": PUBLIC}, True, False),
        ("192.0.2.1", {"public_url": PUBLIC, "trusted_proxy": "192.0.2.9"}, False, False),
        ("192.0.2.1", {"public_url": "http://127.0.0.1", "trusted_proxy": "192.0.2.9"}, True, False),
        ("192.0.2.1", {"public_url": PUBLIC, "trusted_proxy": "192.0.2.9"}, True, True),
        ("127.0.0.1", {"public_url": PUBLIC, "trusted_proxy": "127.0.0.1"}, True, True),
    ],
)
def test_others_reach_a_hub_only_with_accounts_https_and_a_named_proxy(
    tmp_path: Path, host: str, settings: dict[str, str], accounts: bool, allowed: bool
) -> None:
    Repository(HubSettings(home=tmp_path)).create()
    chosen = HubSettings(home=tmp_path, host=host, **settings)
    if allowed:
        require_guarded(chosen, has_accounts=accounts)
        return
    with pytest.raises(KimError) as caught:
        require_guarded(chosen, has_accounts=accounts)
    assert caught.value.code == "not_loopback"


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "::", "127.0.0.1"])
def test_a_hub_that_others_reach_has_officers(tmp_path: Path, host: str) -> None:  # SPEC P-139
    chosen = HubSettings(home=tmp_path, host=host, public_url=PUBLIC, trusted_proxy="127.0.0.1")
    with pytest.raises(KimError) as caught:
        require_guarded(chosen, has_accounts=True)
    assert caught.value.code == "not_loopback"
    for sentence in (caught.value.detail.de, caught.value.detail.en):
        assert sentence.endswith("(kim-hub trust init).")
        assert "trusted_proxy" not in sentence  # nothing else is missing
    Repository(HubSettings(home=tmp_path)).create()
    require_guarded(chosen, has_accounts=True)


@pytest.mark.parametrize(
    "settings",
    [
        {"public_url": "http://hub.example.org"},
        {"public_url": "https://hub.example.org/path"},
        {"public_url": "https://user@hub.example.org"},
        {"public_url": "https://hub.example.org?x"},
        {"public_url": "hub.example.org"},
        {"trusted_proxy": "proxy.example.org"},
        {"trusted_proxy": "*"},
        {"oidc_issuer": "https://login.example.org"},
        {"oidc_issuer": "http://login.example.org", "oidc_client_id": "x", "oidc_secret_file": "y"},
    ],
)
def test_an_address_that_would_not_be_safe_is_no_setting(tmp_path: Path, settings: dict[str, str]) -> None:
    with pytest.raises(KimError) as caught:
        HubSettings(home=tmp_path, **settings)
    assert caught.value.code == "config_invalid"


# --------------------------------------------------------------------------------- names and proxies


def test_behind_the_proxy_people_are_who_the_proxy_says_and_by_https(hub: Office) -> None:
    with listening(hub, public_url=PUBLIC, trusted_proxy="127.0.0.1") as address:
        answer = requests.get(f"{address}/anmelden", headers=FROM_PROXY, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 200
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        without = {name: value for name, value in FROM_PROXY.items() if name != "X-Forwarded-Proto"}
        for headers in (without, {**FROM_PROXY, "X-Forwarded-Proto": "http"}):
            answer = requests.get(f"{address}/anmelden", headers=headers, timeout=PATIENCE_SECONDS)
            assert (answer.status_code, "trusted_proxy" in answer.text) == (400, True)


def test_what_nobody_is_trusted_to_say_is_not_believed(hub: Office) -> None:
    with listening(hub, public_url=PUBLIC) as address:  # no proxy is named
        answer = requests.get(f"{address}/anmelden", headers=FROM_PROXY, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 400  # still http
    with listening(hub, public_url=PUBLIC, trusted_proxy="192.0.2.9") as address:  # another one
        answer = requests.get(f"{address}/anmelden", headers=FROM_PROXY, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 400


def test_a_local_name_is_no_way_past_https_for_others(hub: Office) -> None:
    client = hub.app.test_client()
    for host in ("127.0.0.1", "localhost:8000", "[::1]"):
        local = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": host}
        assert client.get("/healthz", environ_overrides=local).status_code == 200
        elsewhere = {"REMOTE_ADDR": "203.0.113.7", "HTTP_HOST": host}
        assert client.get("/healthz", environ_overrides=elsewhere).status_code == 400
    for host in ("evil.example.org", "hub.example.org.evil.org", "", "hub.example.org@evil.org"):
        answer = client.get("/healthz", environ_overrides={"HTTP_HOST": host, "wsgi.url_scheme": "https"})
        assert answer.status_code == 400, host


def test_guesses_from_behind_the_proxy_are_counted_by_their_own_address(hub: Office) -> None:
    with listening(hub, public_url=PUBLIC, trusted_proxy="127.0.0.1") as address:
        # A sender cannot make up an address either: the last entry is the proxy's own.
        found = [_guess(address, f"198.51.100.{number}, 203.0.113.7", "first") for number in range(6)]
        assert found == [401] * 5 + [429]
        assert _guess(address, "203.0.113.8", "first") == 401


def _guess(address: str, network: str, login: str) -> int:
    session = requests.Session()
    headers = {**FROM_PROXY, "X-Forwarded-For": network}
    page = session.get(f"{address}/anmelden", headers=headers, timeout=PATIENCE_SECONDS)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    answer = session.post(
        f"{address}/anmelden",
        data={"csrf_token": token[1], "login": login, "password": "a guess"},
        headers={**headers, "Cookie": cookie, "Referer": f"{PUBLIC}/anmelden"},
        timeout=PATIENCE_SECONDS,
    )
    return answer.status_code


# ------------------------------------------------------------------------------- cookies and headers


def _https(hub: Office) -> dict[str, object]:
    return {"base_url": PUBLIC, "headers": {"Referer": f"{PUBLIC}/x"}}


def test_cookies_are_bound_to_the_host_and_read_by_no_script(hub: Office) -> None:
    link = hub.invite("anna", Role.MINISTRY)
    client = hub.app.test_client()
    page = client.get(link, **_https(hub))
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    answer = client.post(
        link, data={"csrf_token": token, "password": PASSWORD, "repeated": PASSWORD}, **_https(hub)
    )
    assert answer.status_code == 303
    cookies = [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-kim-session", "__Host-kim-device"}
    for cookie in cookies:
        parts = {part.strip() for part in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= parts
        assert not any(part.startswith("Domain") for part in parts)
    assert client.get("/arbeit", **_https(hub)).status_code == 200


def test_over_https_a_form_must_come_from_our_own_page(hub: Office) -> None:
    client = hub.app.test_client()
    page = client.get("/anmelden", **_https(hub))
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    data = {"csrf_token": token, "login": "first", "password": "a guess"}
    for referer in (None, "https://evil.example.org/", "http://hub.example.org/"):
        headers = {"Referer": referer} if referer else {}
        answer = client.post("/anmelden", data=data, base_url=PUBLIC, headers=headers)
        assert (answer.status_code, "form_expired" in answer.text) == (400, True)
    assert client.post("/anmelden", data=data, **_https(hub)).status_code == 401


def test_no_page_can_be_framed_scripted_or_kept(hub: Office) -> None:
    with office(hub.desk.settings.home.parent / "second") as made:
        browser = made.member(Role.ADMIN, "ada")
        for address in ("/anmelden", "/konto", "/arbeit", "/arbeit/konten", "/arbeit/protokoll", "/nowhere"):
            answer = browser.get(address)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "form-action 'self'" in policy
            assert "unsafe" not in policy
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            if answer.status_code == 200:
                assert answer.headers["Cache-Control"] == "private, no-store"
            assert "<script" not in answer.text
            assert "style=" not in answer.text
        public = browser.get("/daten")
        assert public.headers["Cache-Control"] == "private, no-store"  # it shows a name
        assert "Cookie" in public.headers["Vary"]
        assert made.browser().get("/daten").headers["Cache-Control"] == "no-cache"


def test_a_reader_without_an_account_gets_no_cookie(hub: Office) -> None:
    client = hub.app.test_client()
    for address in ("/daten", "/api/v1/indicators", "/healthz"):
        assert "Set-Cookie" not in client.get(address, **_https(hub)).headers


def test_a_hub_that_cannot_find_out_who_somebody_is_says_that_it_failed(tmp_path: Path) -> None:
    with office(tmp_path) as made:
        browser = made.member(Role.MINISTRY)
        with made.desk.database.write() as unit:
            unit.connection.exec_driver_sql("DROP TABLE person_session")
        for address in ("/konto", "/daten"):
            answer = browser.get(address)
            assert answer.status_code == 500
            assert "<code>internal</code>" in answer.text
            assert "person_session" not in answer.text


# ----------------------------------------------------------------------------------- the test bench


def test_a_test_bench_is_open_and_says_so(tmp_path: Path) -> None:
    with office(tmp_path) as made:
        browser = made.browser()
        for address in (
            "/arbeit",
            "/arbeit/befunde",
            "/arbeit/zeitraeume",
            "/arbeit/protokoll",
            "/arbeit/knoten",
        ):
            answer = browser.get(address)
            assert answer.status_code == 200, address
            assert "Prüfstand ohne Anmeldung." in answer.text
        assert browser.get("/arbeit/konten").status_code == 401
        assert browser.get("/anmelden").location == "/arbeit"
        # What changes something still needs the form: a foreign page in the same browser is no operator.
        assert browser.client.post("/arbeit/knoten/node-x/sperren", data={"reason": "x"}).status_code == 400
        node = made.running.sender("NW05111").node
        answer = browser.post(f"/arbeit/knoten/{node}/sperren", form="/arbeit/knoten", reason="gestohlen")
        assert f"{node} ist gesperrt." in answer.text
        assert made.events("node.suspended") == [("bench", "node.suspended", node)]
        # With the first account it ends.
        made.invite("anna", Role.MINISTRY)
        assert browser.get("/arbeit").status_code == 303
        assert "Prüfstand" not in browser.get("/daten").text


def test_a_hub_with_a_public_address_is_no_test_bench_even_before_the_first_account(tmp_path: Path) -> None:
    with office(tmp_path, public_url=PUBLIC) as made:
        assert made.app.test_client().get("/arbeit", **_https(made)).status_code == 303


# ------------------------------------------------------------------------------------ the key


def test_without_the_key_of_the_accounts_the_hub_does_not_start_and_says_why(tmp_path: Path) -> None:
    with office(tmp_path) as made:
        made.member(Role.ADMIN, "ada")
    (tmp_path / "people.key").unlink()
    with pytest.raises(KimError) as caught, office(tmp_path):
        pass
    assert caught.value.code == "people_key_missing"
    (tmp_path / "people.key").write_text("not hex", encoding="ascii")
    with pytest.raises(KimError), office(tmp_path):
        pass
