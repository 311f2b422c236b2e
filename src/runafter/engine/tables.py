"""Tables as text, the way the platform renders them."""

from __future__ import annotations

from collections.abc import Sequence

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}


def csv_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return lines ended by CRLF; nothing at all for no columns."""
    if not headers:
        return ""
    return "".join(",".join(map(_csv_cell, row)) + "\r\n" for row in (headers, *rows))


def html_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table without white space; without columns it has no head."""
    head = f"<thead><tr>{''.join(f'<th>{_html(name)}</th>' for name in headers)}</tr></thead>" if headers else ""
    body = "".join(f"<tr>{''.join(f'<td>{_html(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{head}<tbody>{body}</tbody></table>"


def _csv_cell(text: str) -> str:
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _html(text: str) -> str:
    """Encode as .NET's WebUtility.HtmlEncode: five marks, Latin-1 from 160, and everything beyond the BMP."""
    return "".join(_ENTITIES.get(c) or (f"&#{ord(c)};" if 160 <= ord(c) < 256 or ord(c) > 0xFFFF else c) for c in text)
