"""Check that every link inside the project's Markdown documents leads somewhere.

Looks at links and pictures to files of this repository and at the headings they name (`#anchor`).

It deliberately does not call addresses on the web: that would make a check depend on other people's servers.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:\s+<?(\S+?)>?\s*$", re.MULTILINE)
_HTML = re.compile(r"<(?:img|a|source)\b[^>]*?\b(?:src|href|srcset)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """A link of `document` (path inside the repository) whose `target` does not exist."""

    document: str
    target: str

    def __str__(self) -> str:
        return f"{self.document}: {self.target}"


def anchors_of(markdown: str) -> frozenset[str]:
    """Return the anchors that the usual renderers give to the headings of a document."""
    without_code = re.sub(r"^(```|~~~).*?^\1", "", markdown, flags=re.DOTALL | re.MULTILINE)
    anchors: list[str] = []
    for heading in _HEADING.findall(without_code):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")
        seen = anchors.count(anchor)
        anchors.append(f"{anchor}-{seen}" if seen else anchor)
    return frozenset(anchors)


def targets_of(markdown: str) -> Iterator[str]:
    """Yield the targets of all links and pictures outside code."""
    text = _CODE.sub("", markdown)
    for pattern in (_INLINE, _REFERENCE, _HTML):
        yield from pattern.findall(text)


def broken_links(root: Path, documents: list[Path]) -> list[BrokenLink]:
    """Return the links of `documents` (absolute paths below `root`) that lead nowhere."""
    broken: list[BrokenLink] = []
    for document in documents:
        markdown = document.read_text(encoding="utf-8")
        for target in targets_of(markdown):
            if _ELSEWHERE.match(target):
                continue
            path, _, anchor = unquote(target).partition("#")
            base = root if path.startswith("/") else document.parent
            file = (base / path.lstrip("/")) if path else document
            found = file.exists() and file.resolve().is_relative_to(root.resolve())
            if found and anchor and file.suffix == ".md":
                found = anchor in anchors_of(file.read_text(encoding="utf-8"))
            if not found:
                broken.append(BrokenLink(document.relative_to(root).as_posix(), target))
    return broken


def project_files(root: Path, *patterns: str) -> list[Path]:
    """Return the files below `root` that git tracks or would track, as absolute paths."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listing = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return [path for name in sorted(set(listing.split("\0"))) if name and (path := root / name).is_file()]


def main() -> int:
    """Print broken links; the exit code says whether there are any."""
    root = Path(__file__).parent.parent
    documents = project_files(root, "*.md")
    broken = broken_links(root, documents)
    for link in broken:
        print(f"leads nowhere: {link}", file=sys.stderr)
    print(f"{len(documents)} documents, {len(broken)} broken links")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
