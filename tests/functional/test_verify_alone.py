"""kim-verify works where nothing but `cryptography` is installed: an auditor's machine, without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from hub.services.trust.documents import Documents
from protocol.trust import Policy
from tests.factories.logged_world import AUDIENCE, PaperNetwork
from tests.factories.officers import exported

ROOT = Path(__file__).parents[2]
SECONDS = 180

pytestmark = pytest.mark.slow

#: What may be imported besides the standard library and the product's own contract.
ALLOWED = ("cryptography", "cffi", "_cffi_backend", "pycparser")

BLOCKED = """
import sys
allowed = {allowed!r}
class Alone:
    def find_spec(self, name, path=None, target=None):
        first = name.partition(".")[0]
        if first != "protocol" and first not in sys.stdlib_module_names and first not in allowed:
            raise ModuleNotFoundError(f"{{name}} is not installed here", name=name)
sys.meta_path.insert(0, Alone())
from protocol.verify.cli import main
code = main(sys.argv[1:])
foreign = {{name.partition(".")[0] for name in sys.modules}} - set(sys.stdlib_module_names) - set(allowed)
print(sorted(name for name in foreign if not name.startswith("_")), file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """An auditor's folder: a receipt, a copy of the log, a release, the officers' documents."""
    network = PaperNetwork()
    for node in network.nodes:
        network.deliver(node)
    received = next(iter(network.delivered.values()))[1]
    (tmp_path / "evidence.json").write_bytes(network.publish().to_bytes())
    (tmp_path / "quittung.tlog-proof").write_bytes(network.log.receipt(received, network.nodes).to_bytes())
    network.log.write_mirror(tmp_path / "log", network.nodes)
    network.write_trust(tmp_path / "trust")
    signed = Documents(network.directory(), network.hub_keys, Policy(audience=AUDIENCE), {})
    fingerprint = exported(tmp_path / "officers", tmp_path / "stick", signed)
    (tmp_path / "letter").write_text(fingerprint)
    return tmp_path


COMMANDS = (
    ("receipt", "quittung.tlog-proof", "--trust", "trust"),
    ("log", "--mirror", "log", "--trust", "trust"),
    ("release", "evidence.json", "--trust", "trust"),
    ("explain", "evidence.json", "CASES_OPEN", "2026-Q2", "NW05", "--trust", "trust"),
    ("trust", "--trust", "stick", "--root-fingerprint", "LETTER"),
)


def letter(desk: Path, command: tuple[str, ...]) -> tuple[str, ...]:
    """The command with the fingerprint of the officers' root."""
    return tuple(word.replace("LETTER", (desk / "letter").read_text()) for word in command)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_no_command_imports_anything_but_cryptography(desk: Path, command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(allowed=ALLOWED), *letter(desk, command)],
        cwd=desk,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KIM_LANG": "en"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("VERIFIED")
    assert done.stderr.strip() == "['protocol']"


def test_the_wheel_verifies_in_an_environment_with_cryptography_alone(desk: Path, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )
    (wheel,) = wheels.glob("*.whl")
    alone = tmp_path / "alone"
    venv.create(alone, with_pip=True)
    python = alone / "bin" / "python"
    site = Path(_output(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    for name in ("cryptography", "cffi", "pycparser"):
        _copy(distribution(name), site)
    _output(python, "-m", "pip", "install", "--no-index", "--no-deps", str(wheel))
    listed = json.loads(_output(python, "-m", "pip", "list", "--format", "json"))
    names = {item["name"] for item in listed} - {"pip", "setuptools"}
    assert names == {"cryptography", "cffi", "pycparser", "kim-datenverbund"}

    program = alone / "bin" / "kim-verify"
    verified = _output(program, "receipt", "quittung.tlog-proof", "--trust", "trust", folder=desk)
    assert verified.rstrip().endswith("GEPRÜFT")
    for command in COMMANDS:
        (document,) = json.loads(_output(program, *letter(desk, command), "--json", folder=desk))
        assert document["verified"] is True
    receipt = desk / "quittung.tlog-proof"
    receipt.write_bytes(receipt.read_bytes().replace(b"index 0", b"index 1"))
    done = subprocess.run(
        [program, "receipt", "quittung.tlog-proof", "--trust", "trust"],
        cwd=desk,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, "NICHT BESTÄTIGT" in done.stdout) == (3, True)
    for name in ("hub", "node", "protect"):
        _says_what_is_missing(alone / "bin" / f"kim-{name}", extra=name)


def _says_what_is_missing(program: Path, *, extra: str) -> None:
    done = subprocess.run(
        [program, "--help"], capture_output=True, text=True, timeout=SECONDS, check=False, env={}
    )
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (1, "", False), done.stderr
    assert f"pip install '.[{extra}]'" in done.stderr


def _output(*command: str | Path, folder: Path | None = None) -> str:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "KIM_"))
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _copy(installed: Distribution, site: Path) -> None:
    """Put an installed package into another environment of the same Python, without a network."""
    for file in installed.files or ():
        source = Path(str(file.locate()))
        target = (site / str(file)).resolve()
        if source.is_file() and target.is_relative_to(site.resolve()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
