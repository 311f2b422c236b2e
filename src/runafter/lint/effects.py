"""What a call does to the outside: reads or writes which record, by connector, table and key as written.

The catalogue answers where it knows the operation. Otherwise the verb does: the
HTTP method, or the first word of the operation's name. What neither tells is
`unknown`, and rules keep quiet about it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runafter.profiles.catalogue import Catalogue, ConnectorFacts, OperationFacts
from runafter.program.checks.operations import find_by_path, find_operation
from runafter.program.checks.operations import find_connector as find_by_name
from runafter.program.part import Part
from runafter.protocol.commands import Target

Kind = Literal["read", "create", "update", "delete", "send", "execute", "wait", "unknown"]

CALL_TYPES = frozenset(
    [
        "http",
        "httpwebhook",
        "apiconnection",
        "apiconnectionwebhook",
        "openapiconnection",
        "openapiconnectionwebhook",
        "apimanagement",
        "serviceprovider",
        "function",
        "workflow",
        "invokeworkflow",
        "invokefunction",
        "sendtobatch",
    ]
)
"""Action types that leave the flow, folded."""

_WORDS: tuple[tuple[Kind, frozenset[str]], ...] = (
    (
        "read",
        frozenset(
            ["get", "list", "find", "search", "read", "query", "select", "lookup", "download", "peek", "check", "count", "fetch", "view", "show", "describe", "retrieve", "resolve", "export", "parse", "convert", "extract", "predict", "aibuilderpredict", "classify", "translate", "recognize", "is", "has", "exists", "when", "my", "user"]
        ),
    ),
    ("create", frozenset(["create", "add", "insert", "new", "copy", "upload", "append", "put", "register", "ingest", "store", "push"])),
    (
        "update",
        frozenset(
            ["update", "patch", "set", "modify", "edit", "upsert", "replace", "move", "rename", "mark", "assign", "change", "unassign", "enable", "disable", "close", "associate", "disassociate", "check_in", "checkin", "checkout", "merge", "complete", "associateentities",
             "isolate", "unisolate", "restrict", "unrestrict", "block", "unblock", "quarantine", "offboard", "revoke", "suspend", "resume", "lock", "unlock", "activate", "deactivate", "dismiss", "pin", "unpin", "flag", "unflag"]
        ),
    ),
    ("delete", frozenset(["delete", "remove", "purge", "clear"])),
    ("send", frozenset(["send", "post", "publish", "reply", "forward", "notify", "invite", "share", "email", "mail", "message", "comment"])),
    ("execute", frozenset(["execute", "run", "invoke", "perform", "start", "trigger", "call", "submit", "process", "batch", "begin", "stop", "cancel", "collect"])),
)  # fmt: skip
_VERBS: dict[str, Kind] = {word: kind for kind, words in _WORDS for word in words}
_METHODS: dict[str, Kind] = {
    "get": "read",
    "head": "read",
    "options": "read",
    "post": "unknown",
    "put": "update",
    "patch": "update",
    "merge": "update",
    "delete": "delete",
}
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SPACE = re.compile(r"\s+")
_WHOLE = re.compile(r"@\{([^{}]*)\}")
_TRIGGER_BODY = re.compile(r"triggerBody\(\)\['|triggerOutputs\(\)\['body'\]\['", re.IGNORECASE)
_ACTION_BODY = re.compile(r"(?<![\w'])body\(('[^']*')\)\['|outputs\(('[^']*')\)\['body'\]\['", re.IGNORECASE)

_KEYS = (
    "id",
    "recordid",
    "itemid",
    "rowid",
    "rowkey",
    "key",
    "documentid",
    "messageid",
    "idcolumn",
    "blob",
    "file",
    "path",
)
_TABLES = (
    "dataset", "site", "server", "database", "table", "entityname", "entityset", "list", "containername", "container", "queue",
    "queuename", "source", "drive", "storageaccountname", "schema",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a call touches: `store` names connector and table, `key` the record's key as written, None for many."""

    store: tuple[str, ...]
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a flow. `api` is the connector's short name, `http` for a plain request."""

    kind: Kind
    api: str
    title: str
    record: Record | None
    is_idempotent: bool
    facts: OperationFacts | None = None
    waits: bool = False

    @property
    def writes(self) -> bool:
        """True where the call certainly changes something outside; sending counts."""
        return self.kind in {"create", "update", "delete", "send"}

    @property
    def changes_data(self) -> bool:
        return self.kind in {"create", "update", "delete"}


def call_of(part: Part, type_: str, target: Target, catalogue: Catalogue | None) -> Call:
    """Classify the call of an action or trigger of a calling type."""
    inputs = part.get("inputs")
    folded = type_.casefold()
    facts = find_facts(target, inputs, catalogue)
    api = _short_name(target.api or "", catalogue)
    if folded in {"http", "httpwebhook"}:
        return _http(inputs, folded)
    if folded in {"workflow", "invokeworkflow", "function", "invokefunction", "sendtobatch"}:
        title = target.api or target.operation or type_
        return Call(kind="execute", api=folded, title=str(title).rsplit("/", 1)[-1], record=None, is_idempotent=False)
    method = _text(inputs, "method")
    kind = _kind(facts, target.operation, method, _text(inputs, "path"))
    title = f"{api or type_} {target.operation or _request(method, _text(inputs, 'path'))}".strip()
    record = _record(api, inputs, facts)
    return Call(
        kind=kind,
        api=api,
        title=title,
        record=record,
        is_idempotent=facts.idempotent if facts is not None else kind in {"read", "update", "delete"},
        facts=facts,
        waits=folded.endswith("webhook"),
    )


def _short_name(api: str, catalogue: Catalogue | None) -> str:
    """Return what the rules call a connector; a built-in provider is not the managed connector of the same name."""
    provider = find_connector(api, catalogue) if "/serviceproviders/" in api.casefold() else None
    return provider.name if provider is not None else api.rstrip("/").rsplit("/", 1)[-1].casefold()


def find_facts(target: Target, inputs: Part | None, catalogue: Catalogue | None) -> OperationFacts | None:
    """Return the catalogue's row of a call; None where connector or operation is unknown."""
    connector = find_connector(target.api, catalogue)
    if connector is None:
        return None
    if target.operation is not None:
        return find_operation(connector, target.operation)
    method, path = _text(inputs, "method"), _text(inputs, "path")
    return find_by_path(connector, method, path) if method is not None and path is not None else None


def find_connector(api: str | None, catalogue: Catalogue | None) -> ConnectorFacts | None:
    """Return the connector that an action's api names in any dialect."""
    return find_by_name(catalogue, api) if catalogue is not None and api else None


def normal(value: Any) -> str:
    """Return a value as text for comparison.

    Spacing and the optional `?` of accesses do not count, nor which of its forms a read of a body has:
    `triggerBody()?['ID']` and `triggerOutputs()?['body/ID']` are one, and so are `@{...}` and `@...` alone.
    """
    text = value if isinstance(value, str) else repr(value)
    text = _SPACE.sub("", text).replace("?[", "[").replace("?.", ".")
    whole = _WHOLE.fullmatch(text)
    text = f"@{whole[1]}" if whole is not None else text
    text = _TRIGGER_BODY.sub("triggerOutputs()['body/", text)
    return _ACTION_BODY.sub(lambda found: f"outputs({found[1] or found[2]})['body/", text)


def _kind(facts: OperationFacts | None, operation: str | None, method: str | None, path: str | None) -> Kind:
    word = _verb(operation)
    if word == "unknown" and facts is not None and _verb(facts.operation) == "update":
        word = "update"  # a state that is set twice is set
    if facts is not None:
        if facts.effect == "read":
            return "read"
        if facts.effect == "external":
            return "send"
        return (
            word
            if word in {"create", "update", "delete", "execute"}
            else "create"
            if not facts.idempotent
            else "update"
        )
    if word != "unknown":
        return word
    if method is None:
        return "unknown"
    kind = _METHODS.get(method.casefold(), "unknown")
    if kind == "unknown" and path is not None:
        return _from_path(path)
    return kind


def _from_path(path: str) -> Kind:
    """Judge a POST of a managed connector by the words of its path; a POST to a table's items creates."""
    folded = path.casefold()
    if re.search(
        r"(query|search|lookup|schema|token|parse|convert|getid|entities|/list|resolve|analyz|detect|scan)", folded
    ):
        return "read"
    if re.search(r"(/v\d/mail|/mail|sendmail|/messages?\b|/comment|/post)", folded):
        return "send"
    if re.search(r"/(items|tables?/[^/]+/items|files?)/?$", folded):
        return "create"
    return "unknown"


def _verb(operation: str | None) -> Kind:
    if not operation:
        return "unknown"
    words = [word.casefold() for word in _CAMEL.findall(operation)]
    if words[:1] in (["add"], ["remove"]) and {"group", "member", "role", "tag", "label"} & set(words):
        return "update"  # a second time changes nothing
    for word in words[:3]:
        found = _VERBS.get(word)
        if found is not None:
            return found
    return "unknown"


def _http(inputs: Part | None, folded: str) -> Call:
    if inputs is not None and folded == "httpwebhook":
        inputs = inputs.get("subscribe") or inputs
    method = _text(inputs, "method") or "GET"
    uri = _text(inputs, "uri")
    kind = _METHODS.get(method.casefold(), "unknown")
    body = _text(inputs, "uri") or ""
    if kind == "unknown" and re.search(r"(/token\b|query|search|oauth|login\.microsoftonline)", body.casefold()):
        kind = "read"
    elif kind == "unknown" and method.casefold() == "post":
        kind = "execute"
    return Call(
        kind=kind,
        api="http",
        title=f"{method.upper()} {uri or ''}".strip()[:80],
        record=Record(store=("http",), key=normal(uri)) if uri else None,
        is_idempotent=kind in {"read", "update", "delete"},
        waits=folded == "httpwebhook",
    )


def _record(api: str, inputs: Part | None, facts: OperationFacts | None) -> Record | None:
    """Read table and key from named parameters, or from the path of Consumption's form."""
    if inputs is None or not inputs.is_object:
        return None
    parameters = inputs.get("parameters")
    if parameters is not None and isinstance(parameters.value, Mapping):
        return _by_names(api, {str(key): value for key, value in parameters.value.items()})
    path = _text(inputs, "path")
    if path is None:
        return None
    segments = _segments(path)
    lowered = [segment.casefold() for segment in segments]
    if "items" in lowered:
        place = len(lowered) - 1 - lowered[::-1].index("items")
        key = normal(segments[place + 1]) if place + 1 < len(segments) else None
        return Record(store=(api, *(normal(segment) for segment in segments[:place])), key=key)
    named = _path_arguments(facts, segments) if facts is not None else {}
    found = _by_names(api, named) if any(name.casefold() in _KEYS for name in named) else None
    return found or Record(store=(api, normal(path)), key=None)


def _by_names(api: str, arguments: Mapping[str, Any]) -> Record | None:
    flat = {name.casefold(): value for name, value in arguments.items()}
    store = [normal(flat[name]) for name in _TABLES if name in flat]
    keys: tuple[str, ...] = _KEYS
    if "table" in flat and "file" in flat:  # a table in a workbook
        store.append(normal(flat["file"]))
        keys = tuple(name for name in _KEYS if name != "file")
    key = next((normal(flat[name]) for name in keys if flat.get(name) not in (None, "")), None)
    return Record(store=(api, *store), key=key) if store or key else None


def _path_arguments(facts: OperationFacts, segments: list[str]) -> dict[str, str]:
    """Return what stands in a path for the names of the operation's own path."""
    for template in (facts.path, *(path for _, path in facts.routes)):
        wished = _segments(template or "")
        if len(wished) == len(segments) and all(
            w.startswith("{") or w.casefold() == s.casefold() for w, s in zip(wished, segments, strict=True)
        ):
            return {w.strip("{}+"): s for w, s in zip(wished, segments, strict=True) if w.startswith("{")}
    return {}


def _segments(path: str) -> list[str]:
    """Split a path at slashes that stand outside of expressions."""
    found: list[str] = []
    depth, current = 0, ""
    quoted = False
    for char in path:
        if char == "'" and depth:
            quoted = not quoted
        elif not quoted and char in "{(":
            depth += 1
        elif not quoted and char in "})":
            depth = max(0, depth - 1)
        if char == "/" and not depth:
            found.append(current)
            current = ""
        else:
            current += char
    found.append(current)
    return [segment for segment in found if segment]


def _request(method: str | None, path: str | None) -> str:
    return f"{(method or '').upper()} {path or ''}".strip()[:80]


def _text(part: Part | None, key: str) -> str | None:
    return part.text(key) if part is not None and part.is_object else None
