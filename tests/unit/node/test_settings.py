"""The configuration file: what is written can be read, and every fault is named at once."""

from pathlib import Path

import pytest

from node.settings import Environment, SourceSpec, check_hub_url, load_settings, render_template
from node.settings.options import OPTIONS
from node.settings.source_options import source_options
from protocol.errors import KimError
from protocol.periods import Period
from tests.factories.submissions import submission

REQUIRED = {
    ("node", "id"): "node-0123456789abcdef",
    ("node", "area"): "NW05111",
    ("node", "instance"): "4b1f0a52-8f0e-4a53-9f4e-3f1f0c3b2a10",
    ("hub", "url"): "http://127.0.0.1:8000",
    ("sources.cases", "holds"): "cases",
    ("sources.cases", "path"): "export.csv",
    ("periods", "first"): "2024-Q4",
    ("periods", "last"): "2026-Q3",
}


def written(folder: Path, text: str) -> Path:
    path = folder / "node.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_template_is_read_back_without_a_fault(tmp_path: Path, language: str) -> None:
    text = render_template(REQUIRED, language=language)

    settings = load_settings(written(tmp_path, text))

    assert settings.node == "node-0123456789abcdef"
    assert settings.area == "NW05111"
    assert settings.sources == (SourceSpec("cases", profile="A", path=tmp_path / "export.csv"),)
    assert settings.home == tmp_path
    assert settings.key.path == tmp_path / "key.pem"
    assert settings.periods[0] == Period(2024, 4)
    assert settings.periods[-1] == Period(2026, 3)
    assert len(settings.periods) == 8
    assert settings.min_contributors is None
    assert settings.hub.audience == "kim-nrw/local"
    assert settings.hub.ca_bundle is None
    assert settings.language == "de"


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_option_stands_in_the_template_with_its_comment(language: str) -> None:
    lines = render_template(REQUIRED, language=language).splitlines()

    for spec in (*OPTIONS, *source_options("cases")):
        places = [n for n, line in enumerate(lines) if line.removeprefix("# ").startswith(f"{spec.name} = ")]
        assert places, spec.pointer
        first_words = " ".join(spec.comment.in_(language).split()[:3])
        assert any(first_words in line for line in lines), spec.pointer


def test_uncommenting_every_default_changes_nothing(tmp_path: Path) -> None:
    text = render_template(REQUIRED, language="de")
    names = {spec.name for spec in OPTIONS if spec.default is not None}
    options, tail, examples = text.partition("# Weitere Quellen")
    opened = "\n".join(
        line.removeprefix("# ") if line.removeprefix("# ").split(" = ")[0] in names else line
        for line in options.splitlines()
    )
    opened += f"\n{tail}{examples}"

    (tmp_path / "a").mkdir()
    plain, explicit = load_settings(written(tmp_path, text)), load_settings(written(tmp_path, opened))

    assert plain == explicit


def test_the_examples_at_the_end_of_the_template_are_valid(tmp_path: Path) -> None:
    text = render_template(REQUIRED, language="de")
    opened = text
    for line in (
        "[sources.posts]",
        'holds = "posts"',
        'path = "Stellen.xlsx"',
        "[sources.cases.columns]",
        '"Fallbeginn" = "Beginn der Beratung"',
        "[mapping.SEX]",
        '"Frau" = "F"',
        "[breaks]",
        '"2025-Q3" = "Umstellung der Software"',
    ):
        assert f"# {line}\n" in opened
        opened = opened.replace(f"# {line}\n", f"{line}\n")

    settings = load_settings(written(tmp_path, opened))

    assert settings.sources == (
        SourceSpec(
            "cases",
            profile="A",
            path=tmp_path / "export.csv",
            columns={"Fallbeginn": "Beginn der Beratung"},
        ),
        SourceSpec("posts", holds="posts", path=tmp_path / "Stellen.xlsx"),
    )
    assert settings.mapping == {"SEX": {"Frau": "F"}}
    assert settings.breaks == {Period(2025, 3): "Umstellung der Software"}


def test_every_fault_is_named_with_its_place(tmp_path: Path) -> None:
    text = (
        '[node]\nid = "node-1"\narea = "NW05111"\ninstance = ""\nlanguage = "fr"\ncolour = "red"\n'
        "[hub]\nattempts = 0\nread_timeout_seconds = true\n[sauce]\n"
        '[sources.cases]\nprofile = "Z"\nowns = ["5382"]\n'
        '[periods]\nfirst = "2026-Q1"\nlast = "2026-Q2"\n[mapping]\nSEX = 3\n'
    )
    with pytest.raises(KimError) as caught:
        load_settings(written(tmp_path, text))

    assert caught.value.code == "config_invalid"
    assert [item.pointer for item in caught.value.errors] == [
        "/node/colour",
        "/sauce",
        "/node/instance",
        "/node/language",
        "/hub/url",
        "/hub/read_timeout_seconds",
        "/hub/attempts",
        "/sources/cases/holds",
        "/sources/cases/profile",
        "/sources/cases/owns",
        "/mapping/SEX",
    ]
    assert "weitere Stellen" in caught.value.detail.de


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [
        ("NW05111", "NW05334", "/node/area"),
        ("NW05111", "05111", "/node/area"),
        ("http://127.0.0.1:8000", "http://hub.example", "/hub/url"),
        ("http://127.0.0.1:8000", "ftp://hub.example", "/hub/url"),
        ("http://127.0.0.1:8000", "https://user:word@hub.example", "/hub/url"),
        ("node-0123456789abcdef", "Düsseldorf", "/node/id"),
        ("4b1f0a52-8f0e-4a53-9f4e-3f1f0c3b2a10", "1", "/node/instance"),
        ("2024-Q4", "2026-Q4", "/periods/first"),
        ("2024-Q4", "Q4 2024", "/periods/first"),
    ],
)
def test_what_no_line_alone_can_show_is_refused_too(tmp_path: Path, old: str, new: str, pointer: str) -> None:
    text = render_template(REQUIRED, language="de").replace(f'"{old}"', f'"{new}"')

    with pytest.raises(KimError) as caught:
        load_settings(written(tmp_path, text))

    assert caught.value.code == "config_invalid"
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    "audience", ["kim-nrw/local", "hub.example/kim-prod", "a", "Kim", "kim nrw", "a//b", "/a"]
)
def test_what_the_settings_accept_can_be_said_in_a_statement(tmp_path: Path, audience: str) -> None:
    values = {**REQUIRED, ("hub", "audience"): audience}
    try:
        settings = load_settings(written(tmp_path, render_template(values, language="de")))
    except KimError:
        with pytest.raises(KimError):
            submission(aud=audience)
    else:
        _, statement = submission(
            aud=settings.hub.audience, node=settings.node, instance=settings.instance, area=settings.area
        )
        assert statement.aud == audience


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"[node\n", "TOML"), (b"\xff\xfe", "UTF-8"), (b"#" * (1 << 20) + b"#", "groß")],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "node.toml"
    path.write_bytes(content)

    with pytest.raises(KimError) as caught:
        load_settings(path)

    assert caught.value.code == "config_invalid"
    assert expected in caught.value.detail.de


def test_a_broken_line_is_named_but_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(KimError) as caught:
        load_settings(written(tmp_path, '[mapping.SEX]\n"geheim" = Geheimnis\n'))

    assert "(Zeile 2, Spalte 12)" in caught.value.detail.de
    assert "(line 2, column 12)" in caught.value.detail.en
    assert "eheim" not in caught.value.detail.de


@pytest.mark.parametrize("area", ["05111", "nw05111"])
def test_an_area_that_is_nearly_right_is_offered(tmp_path: Path, area: str) -> None:
    text = render_template(REQUIRED, language="de").replace('"NW05111"', f'"{area}"')
    with pytest.raises(KimError) as caught:
        load_settings(written(tmp_path, text))

    assert "(gemeint NW05111?)" in caught.value.detail.de


def test_a_missing_file_is_said_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(KimError) as caught:
        load_settings(tmp_path / "nowhere.toml")

    assert caught.value.code == "config_invalid"
    assert "nowhere.toml" in caught.value.detail.de
    assert str(tmp_path) not in caught.value.detail.de
    assert "kim-node init" in caught.value.detail.de


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000",
        "http://localhost",
        "http://[::1]:8000",
        "http://127.8.9.1",
        "https://hub.example/kim",
    ],
)
def test_addresses_that_may_be_used(url: str) -> None:
    assert check_hub_url(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.example",
        "http://localhost.example",
        "http://10.0.0.1",
        "https://",
        "https://hub:port",
        "https://hub/?x=1",
        "http://127.0.0.1@hub.example",
    ],
)
def test_addresses_that_may_not(url: str) -> None:
    assert check_hub_url(url) is not None


def test_the_environment_is_read_from_its_variables() -> None:
    assert Environment.read({"KIM_LANG": "en", "KIM_NODE_CONFIG": "/a"}) == Environment("en", "/a", None)
    assert Environment.read({"KIM_LANG": ""}) == Environment()
