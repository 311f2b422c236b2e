"""HTML to text: blocks become lines, a link is followed by its address in brackets.

The brackets are seen in public definitions that split the answer by them; the rest is from experience of the
platform, not verified against a page.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from runafter.connectors.answers import failure, ok
from runafter.connectors.spec import Call
from runafter.protocol.events import Outcome

MOST_CHARACTERS = 5_000_000
_BLOCKS = {
    "p",
    "div",
    "tr",
    "table",
    "ul",
    "ol",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "section",
    "article",
    "blockquote",
}
_HIDDEN = {"script", "style", "head", "title"}


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.links: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self.hidden += 1
        elif tag == "br" or tag in _BLOCKS:
            self.pieces.append("\n")
        elif tag == "li":
            self.pieces.append("\n * ")
        elif tag == "a":
            self.links.append(str(dict(attrs).get("href") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag in _BLOCKS:
            self.pieces.append("\n")
        elif tag == "a" and self.links:
            address = self.links.pop()
            self.pieces.append(f" [{address}]" if address else "")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.pieces.append(re.sub(r"\s+", " ", data))


def plain(html: str) -> str:
    """Return the text that a reader would see."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = [line.strip() for line in "".join(parser.pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def html_to_text(call: Call) -> Outcome:
    html = call.text("Content")
    if len(html) > MOST_CHARACTERS:
        return failure(413, "RequestEntityTooLarge", "The content is too large to convert.")
    return ok(plain(html))
