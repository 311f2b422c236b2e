"""T-SQL batches brought to what SQLite runs.

Works on tokens, so that texts in quotes and brackets stay as they are. Rewritten:
names in brackets, the schema `dbo`, `N'...'`, TOP, OFFSET/FETCH, table hints,
OUTPUT INSERTED/DELETED, date casts, and the functions in `functions.py`. What
only a procedural batch can say (DECLARE, IF, WHILE, MERGE, cursors) is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runafter.connectors.answers import Refused, connector_failure

TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<text>[Nn]?'(?:[^']|'')*')|(?P<bracket>\[(?:[^\]]|\]\])*\])"
    r'|(?P<quoted>"(?:[^"]|"")*")|(?P<variable>@@?\w+|(?<!:):[A-Za-z_]\w*)|(?P<word>[A-Za-z_#][\w$#]*)'
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<space>\s+)|(?P<mark>.)",
    re.DOTALL,
)
_HINTS = {
    "NOLOCK",
    "UPDLOCK",
    "ROWLOCK",
    "HOLDLOCK",
    "READPAST",
    "TABLOCK",
    "TABLOCKX",
    "XLOCK",
    "SERIALIZABLE",
    "NOWAIT",
}
_REFUSED = {"DECLARE", "IF", "WHILE", "MERGE", "CURSOR", "GOTO", "WAITFOR", "RAISERROR", "THROW", "ROLLBACK", "PRINT"}
_RENAMED = {"ISNULL": "IFNULL", "LEFT": "left_part", "RIGHT": "right_part", "REPLICATE": "replicate"}
_DATE_PART_FIRST = {"DATEADD", "DATEDIFF", "DATEPART", "DATENAME"}
_DATE_TYPES = {"DATE", "DATETIME", "DATETIME2", "DATETIMEOFFSET", "SMALLDATETIME", "TIME"}
_GLOBALS = {"@@ROWCOUNT": "changes()", "@@IDENTITY": "last_insert_rowid()"}


def failed(message: str, status: int = 400) -> Refused:
    return Refused(connector_failure(status, message, source="sql.emulated"))


@dataclass(slots=True)
class Token:
    """One token; `text` is what SQLite will read."""

    kind: str
    text: str

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind == "word" else ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement for SQLite; `variables` are the parameters it names, as written."""

    text: str
    variables: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Execute:
    """A call of a stored procedure inside a batch: arguments by name, or by place."""

    procedure: str
    named: Mapping[str, Any] = field(default_factory=dict)
    placed: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """An argument that is a variable of the batch."""

    name: str


def tokens(text: str) -> list[Token]:
    found = list[Token]()
    for match in TOKEN.finditer(text):
        kind = str(match.lastgroup)
        value = match[0]
        if kind == "comment":
            kind, value = "space", " "
        elif kind == "text":
            value = value[1:] if value[0] in "nN" else value
        elif kind == "bracket":
            name = value[1:-1].replace("]]", "]").replace('"', '""')
            kind, value = "quoted", f'"{name}"'
        found.append(Token(kind, value))
    return found


def _bare(token: Token) -> str:
    return token.text[1:-1].lower() if token.kind == "quoted" else token.text.lower()


def _without_schema(given: list[Token]) -> list[Token]:
    """Drop `dbo.` and a database's name before it."""
    out, at = list[Token](), 0
    while at < len(given):
        token, after = given[at], [*given[at + 1 : at + 4], *[Token("mark", "")] * 3]
        if token.kind in ("word", "quoted") and after[0].text == ".":
            if _bare(token) == "dbo":
                at += 2
                continue
            if after[1].kind in ("word", "quoted") and after[2].text == ".":
                at += 4 if _bare(after[1]) == "dbo" else 2
                continue
        out.append(token)
        at += 1
    return out


def _end_of_group(given: list[Token], at: int) -> int:
    """Return where the group closes that is open at `at` (its closing mark, or the end)."""
    depth = 0
    while at < len(given):
        depth += (given[at].text == "(") - (given[at].text == ")")
        if depth < 0:
            return at
        at += 1
    return at


def _skip_space(given: list[Token], at: int) -> int:
    while at < len(given) and given[at].kind == "space":
        at += 1
    return at


def _tops(given: list[Token]) -> list[Token]:
    """`SELECT TOP n ...` becomes `SELECT ... LIMIT n`, in subqueries too."""
    at = 0
    while at < len(given):
        if given[at].upper != "TOP":
            at += 1
            continue
        start = _skip_space(given, at + 1)
        wrapped = start < len(given) and given[start].text == "("
        number = _skip_space(given, start + 1) if wrapped else start
        if number >= len(given) or given[number].kind not in ("number", "variable"):
            at += 1
            continue
        amount, end = given[number], number + 1
        if wrapped:
            end = _end_of_group(given, end) + 1
        close = _end_of_group(given, end)
        rest = [*given[end:close], Token("space", " "), Token("word", "LIMIT"), Token("space", " "), amount]
        given = [*given[:at], *rest, *given[close:]]
    return given


def _pages(text: str) -> str:
    return re.sub(
        r"\bOFFSET\s+(\S+)\s+ROWS?(?:\s+FETCH\s+(?:NEXT|FIRST)\s+(\S+)\s+ROWS?\s+ONLY)?",
        lambda mark: f"LIMIT {mark[2] or -1} OFFSET {mark[1]}",
        text,
        flags=re.IGNORECASE,
    )


def _hints(given: list[Token]) -> list[Token]:
    out, at = list[Token](), 0
    while at < len(given):
        start = _skip_space(given, at + 1)
        if given[at].upper == "WITH" and start < len(given) and given[start].text == "(":
            end = _end_of_group(given, start + 1)
            inner = {token.upper for token in given[start + 1 : end] if token.kind == "word"}
            if inner and inner <= _HINTS:
                at = end + 1
                continue
        out.append(given[at])
        at += 1
    return out


def _outputs(given: list[Token]) -> list[Token]:
    """`OUTPUT INSERTED.Id` moves to the end as RETURNING."""
    for at, token in enumerate(given):
        if token.upper != "OUTPUT":
            continue
        end = at + 1
        while end < len(given) and given[end].upper not in ("VALUES", "SELECT", "FROM", "WHERE", "DEFAULT"):
            end += 1
        moved, inner = list[Token](), given[at + 1 : end]
        index = 0
        while index < len(inner):
            if inner[index].upper in ("INSERTED", "DELETED") and inner[index + 1 : index + 2] != []:
                index += 2
                continue
            moved.append(inner[index])
            index += 1
        return [*given[:at], *given[end:], Token("space", " "), Token("word", "RETURNING"), *moved]
    return given


def _functions(given: list[Token]) -> list[Token]:
    for at, token in enumerate(given):
        after = _skip_space(given, at + 1)
        calls = after < len(given) and given[after].text == "("
        if calls and token.upper in _DATE_PART_FIRST:
            part = _skip_space(given, after + 1)
            if part < len(given) and given[part].kind == "word":
                given[part] = Token("text", f"'{given[part].text}'")
        if calls and token.upper in _RENAMED:
            given[at] = Token("word", _RENAMED[token.upper])
        if token.upper == "AS" and after < len(given) and given[after].upper in _DATE_TYPES:
            close = _skip_space(given, after + 1)
            if close < len(given) and given[close].text == ")":
                given[after] = Token("word", "TEXT")
        if token.kind == "variable" and token.text.upper() in _GLOBALS:
            given[at] = Token("word", _GLOBALS[token.text.upper()])
    return given


def _split(given: list[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in given:
        if token.text == ";" and token.kind == "mark":
            parts.append([])
        elif token.upper == "GO" and not any(t.kind != "space" for t in parts[-1]):
            continue
        else:
            parts[-1].append(token)
    return [trimmed for part in parts if (trimmed := _trimmed(part))]


def _trimmed(part: list[Token]) -> list[Token]:
    start, end = 0, len(part)
    while start < end and part[start].kind == "space":
        start += 1
    while end > start and part[end - 1].kind == "space":
        end -= 1
    return part[start:end]


def _is_dropped(solid: list[Token]) -> bool:
    first = solid[0].upper
    second = solid[1].upper if len(solid) > 1 else ""
    return (
        (first == "SET" and second in ("NOCOUNT", "XACT_ABORT", "ANSI_NULLS", "TRANSACTION"))
        or (first in ("BEGIN", "COMMIT") and second in ("TRAN", "TRANSACTION", ""))
        or first == "USE"
    )


def _argument(given: list[Token]) -> Any:
    if len(given) == 2 and given[0].text == "-":
        return -_argument(given[1:])
    if len(given) != 1:
        raise failed(f"Incorrect syntax near '{''.join(token.text for token in given)}'.")
    token = given[0]
    match token.kind:
        case "text":
            return token.text[1:-1].replace("''", "'")
        case "number":
            return float(token.text) if "." in token.text else int(token.text)
        case "variable":
            return Variable(token.text[1:])
        case "word" if token.upper == "NULL":
            return None
        case _:
            return token.text


def _execute(solid: list[Token]) -> Execute:
    at = 1
    name = ""
    while at < len(solid) and (solid[at].text == "." or not name or name.endswith(".")):
        name += solid[at].text
        at += 1
    named, placed = dict[str, Any](), list[Any]()
    groups: list[list[Token]] = [[]]
    for token in solid[at:]:
        if token.text == ",":
            groups.append([])
        else:
            groups[-1].append(token)
    for group in groups if solid[at:] else []:
        if len(group) > 2 and group[0].kind == "variable" and group[1].text == "=":
            named[group[0].text[1:]] = _argument(group[2:])
        else:
            placed.append(_argument(group))
    return Execute(name.replace('"', ""), named, tuple(placed))


def batch(text: str) -> list[Statement | Execute]:
    """Return the statements of a batch.

    Raises:
        Refused: 400 for what the emulated database cannot run, by name.
    """
    out = list[Statement | Execute]()
    for part in _split(_without_schema(tokens(text))):
        solid = [token for token in part if token.kind != "space"]
        if _is_dropped(solid):
            continue
        first = solid[0].upper
        if first in ("EXEC", "EXECUTE"):
            out.append(_execute(solid))
            continue
        if first in _REFUSED or first == "BEGIN":
            raise failed(f"The emulated database does not run {first}; seed a stored procedure instead.")
        changed = _functions(_outputs(_hints(_tops(part))))
        variables = tuple(token.text for token in changed if token.kind == "variable")
        words = frozenset(_bare(token) for token in part if token.kind in ("word", "quoted"))
        out.append(Statement(_pages("".join(token.text for token in changed)), variables, words))
    return out


def statements(text: str) -> list[str]:
    """Split a batch at semicolons outside quotes, for a database that reads its own dialect."""
    parts, current = list[str](), ""
    for match in TOKEN.finditer(text):
        if match[0] == ";":
            parts.append(current)
            current = ""
        else:
            current += match[0]
    return [part.strip() for part in (*parts, current) if part.strip()]
