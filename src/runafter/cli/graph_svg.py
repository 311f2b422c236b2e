"""The run-after graph as a picture: containers are boxes, levels are rows, arrows are run-after edges.

Nothing is needed to look at it but a browser: plain SVG 1.1, no scripts, no fonts to load.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_CHAR = 7.0
_LINE = 16.0
_GAP = 26.0
_ROW_GAP = 48.0
_PAD = 14.0
_HEAD = 42.0
_BOX = 44.0
_INVALID = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONGEST = 48
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1b1f24}.t{font-size:11px;fill:#59636e}.b{fill:#fff;stroke:#59636e}"
    ".c{fill:#f6f8fa;stroke:#8c959f}.s{fill:#ddf4ff;stroke:#0969da}.e{fill:none;stroke:#59636e}"
    ".f{stroke:#cf222e;stroke-dasharray:5 3}.l{font-size:11px;fill:#cf222e}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One thing to draw: `rows` of boxes for each branch inside it, with the branch's title."""

    mark: str
    title: str
    note: str
    kind: str = "b"
    branches: tuple[tuple[str, tuple[tuple[Box, ...], ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """From one box to another, by their marks; with a label where it is not the plain way."""

    source: str
    target: str
    label: str = ""


@dataclass(slots=True)
class _Place:
    x: float
    y: float
    width: float
    height: float


@dataclass(slots=True)
class _Canvas:
    places: dict[str, _Place] = field(default_factory=dict)
    shapes: list[str] = field(default_factory=list)


def svg(name: str, rows: Sequence[Sequence[Box]], arrows: Sequence[Arrow]) -> str:
    """Return the picture of rows of boxes and the arrows between them."""
    canvas = _Canvas()
    width, height = _size_of_rows(rows)
    _draw_rows(canvas, rows, _PAD, _PAD, width)
    labels: dict[str, int] = {}
    drawn = [line for arrow in arrows for line in _arrow(canvas.places, arrow, labels)]
    whole, tall = width + 2 * _PAD, height + 2 * _PAD
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {whole:g} {tall:g}" '
                f'width="{whole:g}" height="{tall:g}">'
            ),
            f"<title>{_text(name)}</title>",
            f"<style>{_STYLE}</style>",
            (
                '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
                '<path d="M0 0L8 4L0 8z" fill="#59636e"/></marker></defs>'
            ),
            f'<rect width="{whole:g}" height="{tall:g}" fill="#fff"/>',
            *canvas.shapes,
            *drawn,
            "</svg>",
        ]
    )


def _size(box: Box) -> tuple[float, float]:
    own = max(_wide(box.title), _wide(box.note) * 0.85) + 2 * _PAD
    if not box.branches:
        return max(own, 90.0), _BOX
    sizes = [(max(width, _wide(title)), height) for title, (width, height) in _branch_sizes(box)]
    inner = sum(width for width, _ in sizes) + _GAP * (len(sizes) - 1)
    titled = _LINE if any(title for title, _ in box.branches) else 0.0
    return max(own, inner + 2 * _PAD), _HEAD + titled + max(height for _, height in sizes) + _PAD


def _branch_sizes(box: Box) -> Iterator[tuple[str, tuple[float, float]]]:
    for title, rows in box.branches:
        yield title, _size_of_rows(rows)


def _size_of_rows(rows: Sequence[Sequence[Box]]) -> tuple[float, float]:
    width = height = 0.0
    for row in rows:
        sizes = [_size(box) for box in row]
        width = max(width, sum(each for each, _ in sizes) + _GAP * (len(sizes) - 1))
        height += max((each for _, each in sizes), default=0.0)
    return width, height + _ROW_GAP * max(0, len(rows) - 1)


def _draw_rows(canvas: _Canvas, rows: Sequence[Sequence[Box]], x: float, y: float, width: float) -> None:
    for row in rows:
        sizes = [_size(box) for box in row]
        here = x + (width - sum(each for each, _ in sizes) - _GAP * (len(sizes) - 1)) / 2
        for box, (wide, tall) in zip(row, sizes, strict=True):
            _draw(canvas, box, _Place(here, y, wide, tall))
            here += wide + _GAP
        y += max((each for _, each in sizes), default=0.0) + _ROW_GAP


def _draw(canvas: _Canvas, box: Box, place: _Place) -> None:
    canvas.places[box.mark] = place
    kind = "c" if box.branches else box.kind
    canvas.shapes.append(
        f'<g><title>{_text(box.title)} ({_text(box.note)})</title><rect class="{kind}" x="{place.x:g}" y="{place.y:g}" '
        f'width="{place.width:g}" height="{place.height:g}" rx="6"/>'
        f'<text x="{place.x + _PAD:g}" y="{place.y + 18:g}">{_text(_short(box.title))}</text>'
        f'<text class="t" x="{place.x + _PAD:g}" y="{place.y + 33:g}">{_text(_short(box.note))}</text></g>'
    )
    titled = _LINE if any(title for title, _ in box.branches) else 0.0
    here = place.x + _PAD
    for title, rows in box.branches:
        width, _ = _size_of_rows(rows)
        width = max(width, _wide(title))
        top = place.y + _HEAD + 6
        if title:
            canvas.shapes.append(f'<text class="t" x="{here:g}" y="{top + 10:g}">{_text(_short(title))}</text>')
        _draw_rows(canvas, rows, here, top + titled - 4, width)
        here += width + _GAP


def _arrow(places: Mapping[str, _Place], arrow: Arrow, labels: dict[str, int]) -> Iterator[str]:
    """Yield an arrow and its label, which stands above those that lead to the same box already."""
    source, target = places.get(arrow.source), places.get(arrow.target)
    if source is None or target is None:
        return
    x1, y1 = source.x + source.width / 2, source.y + source.height
    x2, y2 = target.x + target.width / 2, target.y
    bend = max(18.0, abs(y2 - y1) / 2)
    kind = "e f" if arrow.label else "e"
    yield (
        f'<path class="{kind}" marker-end="url(#a)" d="M{x1:g} {y1:g}C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}"/>'
    )
    if arrow.label:
        above = labels[arrow.target] = labels.get(arrow.target, -1) + 1
        yield f'<text class="l" x="{x2 + 6:g}" y="{y2 - 8 - 12 * above:g}">{_text(_short(arrow.label))}</text>'


def _wide(text: str) -> float:
    return len(_short(text)) * _CHAR


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"


def _text(text: str) -> str:
    plain = _INVALID.sub("�", text)
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
