"""The ground everything stands on: packaging, locks, the runner, the documents.

These files are read by tools at times when nobody looks: a comment that is missing, a lock that was not
compiled again, a host name that slipped in. Here somebody looks each time.
"""

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.links import broken_links, project_files

ROOT = Path(__file__).parents[2]
LOCKS = ("bootstrap", "build", "dev", "hub", "node", "protect")

#: What belongs to a machine or to one registry, and never to the project. Written so as not to find itself.
_OF_A_MACHINE = re.compile(
    r"pypi\.(?:org|python)|python"
    r"hosted\.org|--(?:extra-)?index-url\s+\S*:|--find-links\s+\S*[:/]|farm-"
    r"studio|/root/|/home/\w|/work/\w|/opt/pypi",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None, requirement
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def _pins(lock: str) -> dict[str, list[str]]:
    """Return the requirement blocks of a lock by distribution name."""
    text = (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
    blocks: dict[str, list[str]] = {}
    for block in re.split(r"^(?=\w)", text, flags=re.MULTILINE):
        if block.strip():
            blocks.setdefault(_name_of(block), []).append(block)
    return blocks


def _extra(pyproject: dict[str, Any], *names: str) -> set[str]:
    project = pyproject["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][name] for name in names)]
    return {_name_of(requirement) for requirements in lists for requirement in requirements}


def _group(pyproject: dict[str, Any], name: str) -> Iterator[str]:
    for item in pyproject["dependency-groups"][name]:
        if isinstance(item, str):
            yield _name_of(item)
        else:
            yield from _group(pyproject, item["include-group"])


def test_base_install_is_what_offline_verification_needs(pyproject: dict[str, Any]) -> None:
    assert _extra(pyproject) == {"cryptography"}
    assert set(pyproject["project"]["optional-dependencies"]) == {
        *("node", "hub", "protect", "client"),
        *("postgresql", "mariadb", "mssql", "oracle"),  # drivers of the databases that a node reads from
        "redis",  # what carries the jobs of a hub with workers
    }


def test_a_node_installs_no_web_framework(pyproject: dict[str, Any]) -> None:
    assert not _pins("node").keys() & {"flask", "werkzeug", "celery", "kombu", "waitress"}
    assert not _extra(pyproject, "node") & {"flask", "celery", "waitress"}


def test_each_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    before_tools = text.split("[tool.", 1)[0]
    requirements = [
        line for line in before_tools.splitlines() if re.match(r"""\s+"[\w-]+(\[.*\])?[<>=~]""", line)
    ]
    silent = [line.strip() for line in requirements if not re.search(r"\",\s+# \w.{9,}", line)]

    assert len(requirements) > 30, "the pattern no longer sees the dependencies"
    assert silent == []


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_and_hashes_every_requirement(lock: str) -> None:
    blocks = [block for same_name in _pins(lock).values() for block in same_name]
    assert blocks
    assert [block for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


def test_locks_hold_every_direct_dependency(pyproject: dict[str, Any]) -> None:
    assert _extra(pyproject, "node") - _pins("node").keys() == set()
    assert _extra(pyproject, "hub") - _pins("hub").keys() == set()
    assert set(_group(pyproject, "build")) - _pins("build").keys() == set()
    everything = _extra(pyproject, *pyproject["project"]["optional-dependencies"]) | set(
        _group(pyproject, "dev")
    )
    assert everything - _pins("dev").keys() == set()


@pytest.mark.parametrize("lock", ["build", "hub", "node"])
def test_what_is_installed_is_what_is_tested(lock: str) -> None:
    def versions(name: str) -> set[tuple[str, str]]:
        pairs = ((project, block) for project, blocks in _pins(name).items() for block in blocks)
        return {(project, re.search(r"==(\S+)", block)[1]) for project, block in pairs}  # type: ignore[index]

    assert versions(lock) - versions("dev") == set()


def test_every_lock_is_known_here() -> None:
    assert {path.stem for path in (ROOT / "requirements").glob("*.lock")} == set(LOCKS)


def test_no_file_names_a_registry_host_or_a_path_of_a_machine() -> None:
    found: list[str] = []
    for path in project_files(ROOT):
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            if _OF_A_MACHINE.search(line.decode("utf-8", errors="replace")):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "https://" + "pypi" + ".org/simple",
        "https://files.python" + "hosted.org/packages/x.whl",
        "--index-url https://mirror.example",
        "--find-links /srv/wheels",
        "path = /home/somebody/checkout",
    ],
)
def test_the_search_for_machines_finds_one(line: str) -> None:
    assert _OF_A_MACHINE.search(line)


def test_uv_lock_and_what_make_builds_stay_out() -> None:
    tracked = {path.relative_to(ROOT).as_posix() for path in project_files(ROOT)}
    assert "uv.lock" not in tracked
    assert not [name for name in tracked if name.startswith((".venv/", ".tools/", "dist/"))]


@pytest.mark.parametrize(
    "target", ["demo", "test", "check", "bench", "docs", "setup", "lock", "dist", "clean", "format"]
)
def test_make_knows_its_targets_and_describes_them(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert re.search(rf"^#   make {target}\b", makefile, re.MULTILINE)
    dry_run = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert dry_run.returncode == 0, dry_run.stderr


def test_the_build_machine_calls_what_a_person_calls() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    lines = [line.strip() for line in script.read_text(encoding="utf-8").splitlines()]
    assert any(re.match(r"make (--keep-going )?check\b", line) for line in lines)
    assert any(re.match(r"make test\b", line) for line in lines)
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_the_two_commands_of_the_readme_exist() -> None:
    commands = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert commands == ["demo", "test"]


def test_links_of_the_documents_lead_somewhere() -> None:
    documents = project_files(ROOT, "*.md")
    assert len(documents) > 5
    assert [str(link) for link in broken_links(ROOT, documents)] == []


def test_each_decision_is_listed_and_says_what_was_rejected() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(folder.glob("[0-9]*.md"))
    assert records
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert f"({record.name})" in index
        assert text.startswith(f"# {record.name[:4]}. ")
        assert re.search(r"^State: (accepted|replaced)", text, re.MULTILINE), record.name
        for heading in ("## Question", "## Decision", "## Rejected"):
            assert heading in text, f"{record.name}: {heading}"


def test_wheel_holds_the_four_packages_and_their_data(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    packages = ("hub", "node", "protocol", "aggregation")
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in project_files(ROOT, *(f"{package}/*" for package in packages))
    }
    assert ours - shipped == set()
    (metadata,) = {name.split("/")[0] for name in shipped} - set(packages)
    assert re.fullmatch(r"kim_datenverbund-[\d.]+\.dist-info", metadata)
