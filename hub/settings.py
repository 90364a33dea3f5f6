"""Settings of one hub: `hub.toml` in its home folder, overridden by `KIM_HUB_<NAME>` in the environment.

The environment is read here and nowhere else. Unknown names and wrong types are refused (`config_invalid`):
a misspelt limit would otherwise silently not limit. No secret stands here but the URLs of database and
broker, and those are never shown (`repr` hides them).
"""

import datetime as dt
import ipaddress
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from protocol.errors import KimError, kim_error
from protocol.periods import Period
from protocol.texts import LANGUAGES, Language, Text

FILE_NAME: Final = "hub.toml"
_PREFIX: Final = "KIM_HUB_"
#: Set by systemd for a service that has credentials, and the name of ours (`LoadCredentialEncrypted=…`).
CREDENTIALS_VARIABLE: Final = "CREDENTIALS_DIRECTORY"
CREDENTIAL: Final = "kim-hub.passphrase"
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HubSettings:
    """What an operator can choose; sizes in bytes, times in seconds."""

    home: Path
    #: Name of this hub in signed statements; a statement for another hub is refused.
    audience: str = "kim-nrw/local"
    host: str = "127.0.0.1"
    port: int = 8000
    #: The address under which browsers reach this hub, https://… without a path; empty: on this machine only.
    public_url: str = ""
    #: Address of the proxy that may say whom it speaks for (X-Forwarded-For, -Host, -Proto); empty: nobody.
    trusted_proxy: str = ""
    #: The OpenID Connect provider whose accounts may log in, https://…; empty: none.
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    #: File with the secret that the provider has given to this hub.
    oidc_secret_file: str = ""
    #: Empty: SQLite in the home folder.
    database_url: str = field(default="", repr=False)
    #: Empty: tasks run in the hub's own process.
    broker_url: str = field(default="", repr=False)
    #: The day this hub believes it is (YYYY-MM-DD), for demos; empty: the machine's clock.
    date: str = ""
    #: The machine's day on which it was that day (YYYY-MM-DD); empty: the day on which a process starts.
    date_since: str = ""
    #: The programme began in 2020; earlier periods are not taken.
    first_period: str = "2020-Q1"
    #: The passphrase that the hub's signing keys are encrypted with; empty: `<home>.passphrase` beside it.
    key_passphrase_file: str = ""
    #: The secret that private sealing keys are encrypted with; empty: in the home folder, beside them.
    sealing_unlock_file: str = ""
    threads: int = 8
    max_payload_bytes: int = 64 * MIB
    chunk_bytes: int = MIB
    max_envelope_bytes: int = 128 * 1024
    #: All dataflows of eight quarters and two years, twice for a joint authority: a node that was offline for
    #: long catches up in one go.
    max_open_uploads: int = 64
    upload_days: int = 14
    #: What a node may announce within a day, statements included: what is rejected is kept as evidence, too.
    node_day_bytes: int = 2048 * MIB
    sandbox_memory_bytes: int = 1024 * MIB
    sandbox_cpu_seconds: int = 20
    sandbox_wall_seconds: float = 60.0
    sweep_seconds: float = 1.0
    #: The figures of an area are compared with each other once it has delivered nothing for this long.
    quiet_seconds: float = 5.0
    #: Folder of the log's key and of what was signed last, best on another disk; empty: `log` in the home.
    log_home: str = ""
    #: The log is signed so often at most, while it grows.
    checkpoint_seconds: float = 2.0
    #: A job that shows no progress for this long is sent again.
    stale_seconds: float = 60.0

    def __post_init__(self) -> None:
        """Check values that would otherwise fail much later.

        Raises:
            KimError: `config_invalid`.
        """
        for name in ("date", "date_since"):
            try:
                dt.date.fromisoformat(getattr(self, name) or "2020-01-01")
            except ValueError:
                raise _invalid(name) from None
        if not self.audience.isascii() or not self.audience.isprintable() or not self.audience:
            raise _invalid("audience")
        if not 0 <= self.port < 65536:
            raise _invalid("port")
        self._check_addresses()
        try:
            Period.parse(self.first_period)
        except KimError:
            raise _invalid("first_period") from None
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, int | float) and item.name != "port" and not 0 < value < math.inf:
                raise _invalid(item.name)

    def _check_addresses(self) -> None:
        for name in ("public_url", "oidc_issuer"):
            if getattr(self, name) and not _is_safe_address(getattr(self, name), path=name == "oidc_issuer"):
                raise _invalid(name)
        if self.trusted_proxy:
            try:
                ipaddress.ip_address(self.trusted_proxy)
            except ValueError:
                raise _invalid("trusted_proxy") from None
        if self.oidc_issuer:
            # The provider sends people back to a fixed address; without all of these nobody could log in.
            for name in ("oidc_client_id", "oidc_secret_file", "public_url"):
                if not getattr(self, name):
                    raise _invalid(name)

    @property
    def sqlalchemy_url(self) -> str:
        """The database, as SQLAlchemy names it."""
        return self.database_url or f"sqlite:///{self.home / 'hub.sqlite3'}"

    @property
    def log_folder(self) -> Path:
        """Where the signer of the log keeps its two files."""
        return Path(self.log_home) if self.log_home else self.home / "log"

    @property
    def passphrase_file(self) -> Path:
        """Where the passphrase of the signing keys lies: never in the hub's folder."""
        if self.key_passphrase_file:
            return Path(self.key_passphrase_file)
        home = self.home.absolute()
        return home.with_name(f"{home.name}.passphrase")

    @property
    def log_origin(self) -> str:
        """Name of the log, and of its key in signatures."""
        return f"{self.audience}/log"

    @classmethod
    def load(cls, home: Path, environment: Mapping[str, str] | None = None) -> "HubSettings":
        """Read `home/hub.toml`, if there is one, and the environment.

        Args:
            home: the hub's folder.
            environment: the process's environment when omitted.

        Raises:
            KimError: `config_invalid` for an unreadable file, an unknown name or a wrong type.
        """
        values: dict[str, Any] = _read_file(home / FILE_NAME)
        environ = os.environ if environment is None else environment
        types = {item.name: item.type for item in fields(cls)}
        for key, raw in environ.items():
            name = key.removeprefix(_PREFIX).lower()
            if key.startswith(_PREFIX) and name != "home":
                values[name] = _from_text(name, raw, types.get(name))
        # Given by systemd for this start, it goes before a file.
        given = Path(environ.get(CREDENTIALS_VARIABLE, "")) / CREDENTIAL
        if CREDENTIALS_VARIABLE in environ and given.is_file():
            values["key_passphrase_file"] = str(given)
        for name, value in values.items():
            if name == "home" or name not in types or not _fits(value, types[name]):
                raise _invalid(name)
        return cls(home=home, **values)


def default_home() -> Path:
    """Return the folder from `KIM_HUB_HOME`, or `var/hub` below the current folder."""
    return Path(os.environ.get(f"{_PREFIX}HOME", "var/hub"))


def chosen_failpoint() -> str | None:
    """Return the place at which a test wants this process to fail (`KIM_FAILPOINT`), if it wants that."""
    return os.environ.get("KIM_FAILPOINT") or None


def preferred_language() -> Language | None:
    """Return the language that `KIM_LANG` asks for, if it does."""
    wish = os.environ.get("KIM_LANG")
    return next((language for language in LANGUAGES if language == wish), None)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: one of its loopback addresses, or the name of them."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _is_safe_address(text: str, *, path: bool) -> bool:
    """Whether an address is https, or http on this machine, and has nothing behind host and port."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username or parts.query or parts.fragment or text != text.strip():
        return False
    if parts.path and (not path or parts.path.endswith("/")):
        return path and parts.path == "/"
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def _read_file(path: Path) -> dict[str, Any]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise _unreadable() from None
    section = raw.get("hub", {})
    if set(raw) - {"hub"} or not isinstance(section, dict):
        raise _unreadable()
    return dict(section)


def _from_text(name: str, raw: str, kind: Any) -> str | int | float:  # noqa: ANN401 -- an annotation
    try:
        return int(raw) if kind is int else float(raw) if kind is float else raw
    except ValueError:
        raise _invalid(name) from None


def _fits(value: object, kind: object) -> bool:
    if isinstance(value, bool):
        return False
    if kind is float:
        return isinstance(value, int | float)
    return isinstance(kind, type) and isinstance(value, kind)


def _unreadable() -> KimError:
    return kim_error(
        "config_invalid",
        Text(
            f"{FILE_NAME} ist nicht lesbar oder hat anderes als den Abschnitt [hub].",
            f"{FILE_NAME} cannot be read, or holds more than the section [hub].",
        ),
        remedy=Text("Die Datei berichtigen (TOML, UTF-8).", "Correct the file (TOML, UTF-8)."),
    )


def _invalid(name: str) -> KimError:
    return kim_error(
        "config_invalid",
        Text(f"Die Einstellung {name} des Hubs ist nicht gültig.", f"The hub's setting {name} is not valid."),
        pointer=f"/hub/{name}",
        remedy=Text(
            f"hub.toml oder die Umgebungsvariable {_PREFIX}{name.upper()} berichtigen.",
            f"Correct hub.toml or the environment variable {_PREFIX}{name.upper()}.",
        ),
    )
