"""The check of the documents finds what is broken and leaves alone what is not."""

from pathlib import Path

import pytest

from tests.links import BrokenLink, anchors_of, broken_links


def _written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "link",
    [
        "[a](missing.md)",
        "![a picture](pictures/missing.svg)",
        '[a](missing.md "with a title")',
        "[a](other.md#no-such-heading)",
        "[a](#no-such-heading)",
        "[a][1]\n\n[1]: missing.md",
        '<img alt="a" src="missing.png">',
        "[outside](../../outside.md)",
    ],
)
def test_broken_link_is_found(tmp_path: Path, link: str) -> None:
    root = tmp_path / "checkout"
    _written(tmp_path, "outside.md", "")
    _written(root, "other.md", "# One heading\n")
    document = _written(root, "docs/guide.md", f"# Guide\n\n{link}\n")

    assert [found.document for found in broken_links(root, [document])] == ["docs/guide.md"]


@pytest.mark.parametrize(
    "link",
    [
        "[a](../other.md)",
        "[a](/other.md)",
        "[a](../other.md#one-heading-with-code)",
        "[a](#guide)",
        "[a](https://example.org/missing.md)",
        "[a](mailto:someone@example.org)",
        "`[a](missing.md)`",
        "```\n[a](missing.md)\n```",
    ],
)
def test_good_link_is_left_alone(tmp_path: Path, link: str) -> None:
    _written(tmp_path, "other.md", "## One *heading*, with `code`\n")
    document = _written(tmp_path, "docs/guide.md", f"# Guide\n\n{link}\n")

    assert broken_links(tmp_path, [document]) == []


def test_equal_headings_are_numbered_and_umlauts_kept() -> None:
    assert anchors_of("# Für wen?\n## Rejected\n## Rejected\n```\n# no heading\n```\n") == {
        "für-wen",
        "rejected",
        "rejected-1",
    }


def test_finding_says_where_and_what() -> None:
    assert str(BrokenLink("docs/guide.md", "missing.md")) == "docs/guide.md: missing.md"
