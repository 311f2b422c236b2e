"""Reads a room's `queries.sql`: statements by name, each headed by `-- name: <name> <kind> [rank]`."""

from __future__ import annotations

import re
from importlib import resources
from typing import Literal, cast

from runafter.storage.api import Dialect, Statements
from runafter.storage.batch import Statement

_HEAD = re.compile(r"^-- name: (\w+) (bulk|guard|single)(?: (\d+))?\s*$", re.MULTILINE)


def load_statements(room: str, dialect: Dialect) -> Statements:
    """Return the statements of `room` (a package name), as written for `dialect`."""
    source = resources.files(room).joinpath(dialect, "queries.sql").read_text(encoding="utf-8")
    heads = list(_HEAD.finditer(source))
    found: dict[str, Statement] = {}
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        body = source[head.end() : following.start() if following else len(source)]
        text = " ".join(line.split("--")[0].strip() for line in body.splitlines()).strip().rstrip(";")
        kind = cast('Literal["bulk", "guard", "single"]', head[2])
        found[head[1]] = Statement(head[1], kind, int(head[3] or 0), text)
    return found
