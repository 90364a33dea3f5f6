"""Each sample configuration in `deploy/` is loaded, and says what the code says.

A container engine and a running systemd are not at hand here; `deploy/README.md` says so for each file. What
can be checked without them is checked: syntax, names, defaults, and that nothing listens beyond this machine.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from hub.cli import main as hub_commands
from hub.settings import HubSettings
from node.cli import main as node_commands

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SERVICES = sorted((DEPLOY / "systemd").glob("*.service"))
_LOOPBACK = "127.0.0.1"

#: What every service of ours gives up.
_HARDENING = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
    "MemoryDenyWriteExecute": "yes",
    "RestrictNamespaces": "yes",
    "UMask": "0077",
    "StateDirectoryMode": "0700",
}


def _unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """Read a unit file: sections, then keys, then all their values in order."""
    sections: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            sections[section] = defaultdict(list)
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals, f"{path.name}: {line}"
            sections[section][key].append(value)
    return sections


@pytest.fixture
def compose() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_service_is_hardened_and_runs_as_its_own_user(service: Path) -> None:
    settings = _unit(service)["Service"]
    assert {key: settings[key][-1] for key in _HARDENING if settings[key]} == _HARDENING
    name = service.stem
    assert settings["User"] == settings["StateDirectory"] == [name]
    places = [value for value in settings["Environment"] if "PASSPHRASE" not in value]
    assert all(f"/var/lib/{name}" in value for value in settings["WorkingDirectory"] + places)


def test_hub_service_reaches_loopback_only_and_node_service_binds_nothing() -> None:
    hub = _unit(DEPLOY / "systemd" / "kim-hub.service")["Service"]
    node = _unit(DEPLOY / "systemd" / "kim-node.service")["Service"]
    assert (hub["IPAddressDeny"], hub["IPAddressAllow"]) == (["any"], ["localhost"])
    assert node["SocketBindDeny"] == ["any"]


def test_a_child_that_the_kernel_kills_does_not_stop_the_hub() -> None:
    """Systemd's own default stops a service of which the kernel, short of memory, has ended one process."""
    assert _unit(DEPLOY / "systemd" / "kim-hub.service")["Service"]["OOMPolicy"] == ["continue"]


@pytest.mark.parametrize(
    "sample",
    [*SERVICES, DEPLOY / "README.md", DEPLOY / "container" / "Dockerfile", ROOT / "docker-compose.yml"],
    ids=lambda path: path.name,
)
def test_samples_call_commands_that_exist(sample: Path) -> None:
    programs = {"kim-hub": hub_commands, "kim-node": node_commands}
    lines = sample.read_text(encoding="utf-8").splitlines()
    calls = [line for line in lines if re.search(r"^ExecStart=|^CMD |docker compose run|/bin/kim-", line)]
    words = re.sub(r'[\[\]",]', " ", "\n".join(calls))
    called = re.findall(r"[/ ](kim-hub|kim-node) +([a-z][a-z-]*)", words)
    assert called
    for program, command in called:
        group = programs[program]
        assert command in group.list_commands(click.Context(group)), f"{program} {command}"


def test_timer_belongs_to_a_service() -> None:
    for timer in (DEPLOY / "systemd").glob("*.timer"):
        assert timer.with_suffix(".service") in SERVICES
        assert _unit(timer)["Timer"]["OnCalendar"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    units: list[str] = []
    for source in sorted((DEPLOY / "systemd").iterdir()):
        # The commands are not installed here; everything else of the file is judged as it is.
        text = re.sub(
            r"^ExecStart=\S+", f"ExecStart={sys.executable}", source.read_text(), flags=re.MULTILINE
        )
        (tmp_path / source.name).write_text(text)
        units.append(str(tmp_path / source.name))
    verdict = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    complaints = [line for line in verdict.stderr.splitlines() if "kim-" in line]
    assert (verdict.returncode, complaints) == (0, [])


def test_compose_starts_one_hub_that_only_this_machine_reaches(compose: dict[str, Any]) -> None:
    (name,) = compose["services"]
    hub = compose["services"][name]
    # The hub listens on loopback: in a network of its own a published port would lead nowhere.
    assert hub["network_mode"] == "host"
    assert "ports" not in hub
    assert hub["environment"]["KIM_HUB_HOST"] == _LOOPBACK
    assert hub["read_only"] is True
    assert hub["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in hub["security_opt"]
    volumes = [mount.split(":")[0] for mount in hub["volumes"]]
    assert set(volumes) == set(compose["volumes"])
    assert (ROOT / hub["build"]["context"] / hub["build"]["dockerfile"]).is_file()


def test_compose_sets_only_what_the_hub_knows(compose: dict[str, Any], tmp_path: Path) -> None:
    environment = compose["services"]["hub"]["environment"]
    names = {key.removeprefix("KIM_HUB_").lower() for key in environment}
    assert names <= set(HubSettings.__dataclass_fields__)
    settings = HubSettings.load(tmp_path, environment)
    assert (settings.host, settings.port) == (_LOOPBACK, 8000)


def test_image_installs_from_the_lock_and_runs_as_nobody_special(compose: dict[str, Any]) -> None:
    text = (ROOT / compose["services"]["hub"]["build"]["dockerfile"]).read_text(encoding="utf-8")
    joined = text.replace("\\\n", " ")
    installs = re.findall(r"pip install ([^&\n]*)", joined)
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    for lock in re.findall(r"requirements/[\w.]+", joined):
        assert (ROOT / lock).is_file()
    last_stage = joined[joined.rindex("\nFROM ") :]
    assert re.search(r"^USER kim-hub$", last_stage, re.MULTILINE)
    assert "KIM_HUB_HOME=/var/lib/kim-hub" in last_stage
    mounts = [mount.split(":")[1] for mount in compose["services"]["hub"]["volumes"]]
    assert all(f"VOLUME {mount}\n" in last_stage for mount in mounts)
    # The passphrase of the hub's keys lies in neither its folder nor the volume with that.
    assert f"KIM_HUB_KEY_PASSPHRASE_FILE={mounts[1]}/" in last_stage


def test_the_services_keep_their_passphrase_outside_what_is_backed_up() -> None:
    hub = _unit(DEPLOY / "systemd" / "kim-hub.service")["Service"]
    environment = dict(line.split("=", 1) for line in hub["Environment"])
    settings = HubSettings.load(Path(environment["KIM_HUB_HOME"]), environment)
    assert settings.home not in settings.passphrase_file.parents


def test_image_context_holds_what_the_build_copies() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    needed = {
        "hub",
        "node",
        "protocol",
        "aggregation",
        "requirements",
        "pyproject.toml",
        "README.md",
        "LICENSE",
    }
    assert allowed == needed
    assert all((ROOT / name).exists() for name in needed)


def test_hub_settings_sample_loads(tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "hub.toml", tmp_path / "hub.toml")
    assert HubSettings.load(tmp_path, {}) == HubSettings(home=tmp_path)


def test_hub_settings_sample_shows_the_true_defaults(tmp_path: Path) -> None:
    text = (DEPLOY / "hub.toml").read_text(encoding="utf-8")
    shown = tomllib.loads(re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE))["hub"]
    defaults = HubSettings(home=tmp_path)
    assert len(shown) > 10
    assert shown == {name: getattr(defaults, name) for name in shown}
