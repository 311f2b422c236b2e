"""Every relative link of a page leads to a file, and every anchor to a heading, as GitHub writes anchors."""

from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
MADE = {".venv", ".bench-peers", ".test-peers", "node_modules", "dist", "build"}
HTML_ADDRESS = re.compile(r"""<[^>]+?\b(?:src|srcset|href)=["']([^"'\s]+)""")


def pages() -> list[Path]:
    """Return the pages of the checkout; without git (an unpacked source archive) what lies there, built folders left out."""
    listed = subprocess.run(["git", "ls-files", "-z", "--", "*.md"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        found = [path for path in ROOT.rglob("*.md") if not MADE & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in found if path.is_file())


def addresses(page: str) -> Iterator[str]:
    """Yield where the links and images of a page lead; what stands in code is no link."""

    def of(tokens: list[Token]) -> Iterator[str]:
        for token in tokens:
            if token.type in ("link_open", "image"):
                yield str(token.attrs.get("href") or token.attrs.get("src") or "")
            elif token.type in ("html_block", "html_inline"):
                yield from HTML_ADDRESS.findall(token.content)
            yield from of(token.children or [])

    yield from of(MarkdownIt().enable("table").parse(page))


def anchors(page: str) -> set[str]:
    """Return the anchors that GitHub gives a page's headings: small letters, hyphens, equal ones numbered."""
    seen: dict[str, int] = {}
    tokens = MarkdownIt().enable("table").parse(page)
    for heading, content in itertools.pairwise(tokens):
        if heading.type == "heading_open":
            text = "".join(child.content for child in content.children or [] if child.type in ("text", "code_inline"))
            slug = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
            again = seen[slug] = seen.get(slug, -1) + 1
            seen.setdefault(f"{slug}-{again}" if again else slug, 0)
    return set(seen)


def broken(page: Path) -> Iterator[str]:
    for address in addresses(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z][a-z0-9+.-]*:", address):
            continue
        path, _, anchor = address.partition("#")
        target = page.parent / unquote(path) if path else page
        if not target.exists():
            yield f"{address}: no such file"
        elif anchor and target.suffix == ".md" and unquote(anchor) not in anchors(target.read_text(encoding="utf-8")):
            yield f"{address}: no such heading"


@pytest.mark.parametrize("page", [path.relative_to(ROOT).as_posix() for path in pages()])
def test_links_lead_somewhere(page: str) -> None:
    assert list(broken(ROOT / page)) == []


def test_a_link_to_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# One & two\n\n## `run`\n\n## `run`\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md#one--two) [b](other.md#run-1) [c](https://example.com/x) [d](#none)\n"
        '[e](missing.md) [f](other.md#three) ![g](no.png)\n\n`[h](in-code.md)`\n\n<img src="gone.png">\n',
        encoding="utf-8",
    )

    assert list(broken(page)) == [
        "#none: no such heading",
        "missing.md: no such file",
        "other.md#three: no such heading",
        "no.png: no such file",
        "gone.png: no such file",
    ]
