"""`connections.toml`: what stands behind each connection reference, emulated or live.

    [connections.shared_office365]
    transport = "emulated"                 # the default
    user = "ada@contoso.example"           # whose connection it is, in the tenant
    idempotent = true                      # the emulated service honours the engine's own key

    [connections.shared_sql]
    transport = "live"
    base_url = "https://..."               # runtime URL of a managed connection, or
    settings = { url = "postgresql://..." }  # what the connector's own transport needs
    identity = "service"                   # or "person"
    limited = true                         # keep to the catalogue's limits
    sends_key = true                       # send the idempotency key as a header
    timeout = "PT2M"
    credential = { kind = "bearer", token = { env = "SQL_TOKEN" } }

Secrets are never written here: `{ env = "NAME" }` reads an environment variable,
`{ file = "path" }` a file (relative to this one). Kinds: none, basic (username,
password), bearer (token), api_key (key, name, place), client_credentials (tenant,
client_id, secret, scope), managed_identity (client_id).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from runafter.connectors.live import TIMEOUT_S, LiveConnection
from runafter.connectors.tokens import (
    ApiKey,
    Basic,
    Bearer,
    ClientCredentials,
    Credential,
    ManagedIdentity,
    NoCredential,
)
from runafter.project.project import InvalidProject
from runafter.project.toml_places import place_of, place_of_fault
from runafter.values.time import duration_s

_KEYS = {
    "transport", "base_url", "credential", "identity", "limited", "sends_key", "settings", "timeout", "user",
    "idempotent",
}  # fmt: skip
_SECRETS = {"password", "token", "key", "secret"}
_PLAIN = {"username", "name", "place", "tenant", "client_id", "scope", "authority"}
_KINDS: dict[str, tuple[type[Any], tuple[str, ...]]] = {
    "none": (NoCredential, ()),
    "basic": (Basic, ("username", "password")),
    "bearer": (Bearer, ("token",)),
    "api_key": (ApiKey, ("key",)),
    "client_credentials": (ClientCredentials, ("tenant", "client_id", "secret", "scope")),
    "managed_identity": (ManagedIdentity, ()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSetting:
    """One connection reference. `live` is set for live ones; `user`, `idempotent` and `settings` are the tenant's otherwise."""

    name: str
    live: LiveConnection | None = None
    identity: Literal["service", "person"] = "person"
    user: str | None = None
    idempotent: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int = 0

    def says_the_same(self, other: ConnectionSetting) -> bool:
        """Return whether both are the same but for where they stand."""
        return replace(self, file="", line=0, name="") == replace(other, file="", line=0, name="")


def connections_in(file: Path, *, environ: Mapping[str, str]) -> dict[str, ConnectionSetting]:
    """Return the settings that a `connections.toml` holds; none where there is no file.

    Raises:
        InvalidProject: as `read_connections`, or the file is no TOML.
    """
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as fault:
        raise InvalidProject("it is no TOML: the bytes are no UTF-8", file=str(file)) from fault
    except OSError as fault:
        raise InvalidProject(f"it cannot be read: {fault.strerror}", file=str(file)) from fault
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        line, column = place_of_fault(fault)
        raise InvalidProject(f"it is no TOML: {fault}", file=str(file), line=line, column=column) from fault
    return read_connections(table, file=file, environ=environ, text=text)


def read_connections(
    table: Mapping[str, Any], *, file: Path, environ: Mapping[str, str], text: str = ""
) -> dict[str, ConnectionSetting]:
    """Return the settings by connection reference. `table` is the content of `file`; with its `text` faults name lines.

    Secrets are read now, so that a missing one is told before a run begins.

    Raises:
        InvalidProject: a field is unknown or of the wrong kind, or a secret is missing.
    """
    for key in table:
        if key != "connections":
            line, column = place_of(text, (key,))
            raise InvalidProject(
                f"no table {key!r}",
                file=str(file),
                line=line,
                column=column,
                hint=f"Write [connections.{key}] for a connection reference." if key not in _KEYS else None,
            )
    rows = table.get("connections", {})
    if not isinstance(rows, Mapping):
        line, column = place_of(text, ("connections",))
        raise InvalidProject(
            "'connections' is a table of connection references", file=str(file), line=line, column=column
        )
    return {name: _setting(str(name), row, _Reader(file, environ, str(name), text)) for name, row in rows.items()}


@dataclass(frozen=True, slots=True)
class _Reader:
    file: Path
    environ: Mapping[str, str]
    name: str
    text: str = ""

    def wrong(self, what: str, *keys: str, hint: str | None = None) -> InvalidProject:
        line, column = place_of(self.text, ("connections", self.name, *keys))
        return InvalidProject(
            f"connection {self.name!r}: {what}", file=str(self.file), line=line, column=column, hint=hint
        )

    def secret(self, field_name: str, value: Any, *place: str) -> str:
        """Return the secret of `field_name`, which stands inside `place`."""
        keys = (*place, field_name)
        match value:
            case {"env": str(variable)}:
                if variable not in self.environ:
                    raise self.wrong(f"the environment variable {variable} of {field_name!r} is not set", *keys)
                return self.environ[variable]
            case {"file": str(path)}:
                try:
                    return (self.file.parent / path).read_text("utf-8").strip()
                except OSError as fault:
                    raise self.wrong(f"{field_name!r} cannot be read from {path}: {fault.strerror}", *keys) from fault
        raise self.wrong(
            f"{field_name!r} is a secret and is not written here",
            *keys,
            hint=f'Write {field_name} = {{ env = "NAME" }} or {{ file = "path" }}.',
        )


def _setting(name: str, row: Any, reader: _Reader) -> ConnectionSetting:
    if not isinstance(row, Mapping):
        raise reader.wrong("it is a table")
    unknown = sorted(set(row) - _KEYS)
    if unknown:
        raise reader.wrong(f"no setting {unknown[0]!r}", unknown[0], hint=f"There are {', '.join(sorted(_KEYS))}.")
    transport, identity = row.get("transport", "emulated"), row.get("identity", "person")
    if transport not in ("emulated", "live"):
        raise reader.wrong(f"transport {transport!r} is neither emulated nor live", "transport")
    if identity not in ("service", "person"):
        raise reader.wrong(f"identity {identity!r} is neither service nor person", "identity")
    settings = row.get("settings", {})
    if not isinstance(settings, Mapping):
        raise reader.wrong("'settings' is a table", "settings")
    live = None if transport == "emulated" else _live(row, settings, reader)
    return ConnectionSetting(
        name=name,
        live=live,
        identity=identity,
        user=_text(row, "user", reader) or None,
        idempotent=_flag(row, "idempotent", reader, default=False),
        settings=settings,
        file=str(reader.file),
        line=place_of(reader.text, ("connections", name))[0],
    )


def _live(row: Mapping[str, Any], settings: Mapping[str, Any], reader: _Reader) -> LiveConnection:
    base_url = _text(row, "base_url", reader)
    if not base_url and not settings:
        raise reader.wrong(
            "a live connection needs base_url or settings",
            hint="base_url is the runtime URL of a managed connection; settings are those of the connector's transport.",
        )
    try:
        timeout_s = duration_s(row["timeout"]) if "timeout" in row else TIMEOUT_S
    except (ValueError, TypeError, AttributeError) as fault:
        raise reader.wrong(
            f"timeout {row['timeout']!r} is no ISO 8601 duration", "timeout", hint="Write PT2M."
        ) from fault
    resolved = {
        key: reader.secret(key, value, "settings") if isinstance(value, Mapping) else value
        for key, value in settings.items()
    }
    return LiveConnection(
        base_url=base_url,
        credential=_credential(row.get("credential", {"kind": "none"}), reader),
        settings=resolved,
        timeout_s=timeout_s,
        sends_key=_flag(row, "sends_key", reader, default=False),
        limited=_flag(row, "limited", reader, default=True),
    )


def _credential(given: Any, reader: _Reader) -> Credential:
    kind = given.get("kind") if isinstance(given, Mapping) else None
    if kind not in _KINDS:
        raise reader.wrong(f"credential kind {kind!r} is not one of {', '.join(_KINDS)}", "credential", "kind")
    made, needed = _KINDS[kind]
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name == "kind":
            continue
        if name in _SECRETS:
            fields[name] = reader.secret(name, value, "credential")
        elif name in _PLAIN:
            fields[name] = reader.secret(name, value, "credential") if isinstance(value, Mapping) else str(value)
        else:
            raise reader.wrong(f"credential has no field {name!r}", "credential", name)
    missing = [name for name in needed if name not in fields]
    if missing:
        raise reader.wrong(f"credential {kind} lacks {', '.join(missing)}", "credential")
    try:
        credential: Credential = made(**fields)
    except TypeError as fault:
        raise reader.wrong(f"credential {kind}: {fault}", "credential") from fault
    return credential


def _text(row: Mapping[str, Any], key: str, reader: _Reader) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise reader.wrong(f"{key!r} is a text", key)
    return value


def _flag(row: Mapping[str, Any], key: str, reader: _Reader, *, default: bool) -> bool:
    value = row.get(key, default)
    if not isinstance(value, bool):
        raise reader.wrong(f"{key!r} is true or false", key)
    return value
