"""The people around the hub of the demo: three key officers, and the two who invite and who telephone.

Purpose: brings the hub under officers and the nodes into their directory as it is done in earnest, with the
commands of the product: keys made apart from the hub, one file that two of three sign, one letter per node,
fingerprints compared, and one signed version that enters all nodes at once.

Invariants: a private key of an officer never lies in the hub's home; the hub never sees a token again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from hub.demo.course.processes import Finished

_OFFICERS: Final = ("A. Meier, Ministerium", "B. Kaya, IT.NRW", "C. Wolf, LDI")
_INVITES, _TELEPHONES = "A. Meier", "B. Kaya"
#: Two of three: the third may be ill.
_SIGN: Final = 2


class Run(Protocol):
    """Runs a command of the product that must succeed."""

    def __call__(self, command: str, *arguments: str | Path, log: str) -> Finished:
        """Run it; its output goes to a log of this name."""
        ...


@dataclass(frozen=True, slots=True)
class Letter:
    """What a municipality gets by post."""

    node: str
    token: Path


class Officers:
    """Three officers, each with a folder of his own beside the hub."""

    def __init__(self, folder: Path, hub_home: Path, run: Run) -> None:
        """Work in `folder` for the hub in `hub_home`."""
        self._folder, self._hub_home, self._run = folder, hub_home, run
        self._keys = [folder / f"{number}" / "key.pem" for number, _ in enumerate(_OFFICERS, start=1)]

    def found(self, *, quorum: int) -> str:
        """Make the keys and put the hub under them; return the fingerprint of the root.

        Args:
            quorum: how many witnesses make a receipt final.
        """
        with ThreadPoolExecutor(max_workers=len(self._keys)) as pool:
            list(pool.map(self._make_key, self._keys, _OFFICERS))
        change = self._folder / "first.kim-trust"
        named = [argument for key in self._keys for argument in ("--officer", f"{key}.pub")]
        made = self._run(
            "kim-hub", "trust", "init", "--home", self._hub_home, *named, "--quorum", str(quorum),
            "--out", change, "--json",
            log="trust-init",
        )  # fmt: skip
        fingerprint = str(json.loads(made.output)["root_fingerprint"])
        self._sign_and_publish(change, fingerprint, log="trust-first")
        return fingerprint

    def invite(self, guests: Sequence[dict[str, Any]]) -> list[Letter]:
        """Invite nodes, in one go; return one letter each."""
        listed = self._folder / "guests.json"
        listed.write_text(json.dumps(list(guests), ensure_ascii=False), encoding="utf-8")
        done = self._run(
            "kim-hub", "enrol", "invite", "--home", self._hub_home, "--list", listed, "--by", _INVITES,
            "--json", log="enrol-invite",
        )  # fmt: skip
        letters = []
        for invited in json.loads(done.output)["invited"]:
            token = self._folder / "letters" / invited["node"]
            token.parent.mkdir(mode=0o700, exist_ok=True)
            token.write_text(invited["token"], encoding="ascii")
            letters.append(Letter(invited["node"], token))
        # What a command has printed is in the demo's log; a token is in the letter and nowhere else.
        self._forget("enrol-invite")
        return letters

    def admit(self, read_out: dict[str, str], fingerprint: str) -> None:
        """Compare what was read out on the telephone, approve, sign and publish: all nodes in one version.

        Args:
            read_out: fingerprint by node, as the municipality says it.
            fingerprint: of the root, from :meth:`found`.
        """
        waiting = self._run("kim-hub", "enrol", "list", "--home", self._hub_home, "--json", log="enrol-list")
        decisions = [
            {"id": one["id"], "fingerprint": read_out[one["node"]]}
            for one in json.loads(waiting.output)["enrolments"]
        ]
        listed = self._folder / "decisions.json"
        listed.write_text(json.dumps(decisions), encoding="utf-8")
        self._run(
            "kim-hub", "enrol", "approve", "--home", self._hub_home, "--list", listed, "--by", _TELEPHONES,
            "--json", log="enrol-approve",
        )  # fmt: skip
        change = self._folder / "nodes.kim-trust"
        self._run(
            "kim-hub", "trust", "propose", "--home", self._hub_home, "--out", change, "--json",
            log="trust-propose",
        )  # fmt: skip
        self._sign_and_publish(change, fingerprint, log="trust-nodes")

    def _make_key(self, key: Path, name: str) -> None:
        key.parent.mkdir(mode=0o700, parents=True)
        passphrase = key.with_name("passphrase")
        passphrase.write_text(f"demo passphrase of {name}", encoding="utf-8")
        passphrase.chmod(0o600)
        self._run(
            "kim-hub", "trust", "key", key, "--name", name, "--passphrase-file", passphrase, "--json",
            log=f"trust-key-{key.parent.name}",
        )  # fmt: skip

    def _sign_and_publish(self, change: Path, fingerprint: str, *, log: str) -> None:
        for key in self._keys[:_SIGN]:
            self._run(
                "kim-hub", "trust", "sign", change, "--key", key, "--passphrase-file",
                key.with_name("passphrase"), "--root-fingerprint", fingerprint, "--json",
                log=f"{log}-sign-{key.parent.name}",
            )  # fmt: skip
        self._run(
            "kim-hub", "trust", "publish", "--home", self._hub_home, change, "--json", log=f"{log}-publish"
        )

    def _forget(self, log: str) -> None:
        (self._folder.parent / "logs" / log).with_suffix(".out").unlink(missing_ok=True)
