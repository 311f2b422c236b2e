"""A definition as bytes and back, so that a run can be resumed from the database alone."""

from __future__ import annotations

import json
from typing import Any

from runafter.definition.nodes import Connection, Definition
from runafter.definition.source import Source, parse
from runafter.errors import EnvironmentFault
from runafter.journal.codec import decode, encode
from runafter.program.build import build
from runafter.program.steps import Program

_VERSION = 1


def pack(definition: Definition) -> bytes:
    """Return what `unpack` needs to make the definition again: its resolved content and what came with it."""
    connections = {name: _connection(item) for name, item in definition.connections.items()}
    document = {
        "version": _VERSION,
        "name": definition.name,
        "file": definition.file,
        "container": definition.container,
        "profile": definition.profile,
        "kind": definition.workflow_kind,
        "definition": definition.value,
        "connections": connections,
        "parameters": dict(definition.parameter_values),
        "app_settings": dict(definition.app_settings),
        "metadata": dict(definition.metadata),
    }
    return encode(document)


def _connection(item: Connection) -> dict[str, Any]:
    return {field: getattr(item, field) for field in item.__dataclass_fields__}


def unpack(data: bytes) -> Definition:
    """Return the definition of packed bytes.

    Raises:
        EnvironmentFault: PKG001, a newer release packed it.
    """
    document = decode(data)
    if document.get("version") != _VERSION:
        raise EnvironmentFault(
            f"the definition was kept by another release (form {document.get('version')})",
            code="PKG001",
            hint="Upgrade Runafter.",
        )
    text = json.dumps(document["definition"], indent=2, ensure_ascii=False)
    root = parse(Source(document["file"], text))
    return Definition(
        name=document["name"],
        node=root,
        document=root,
        file=document["file"],
        container=document["container"],
        profile=document["profile"],
        workflow_kind=document["kind"],
        connections={name: Connection(**fields) for name, fields in document["connections"].items()},
        parameter_values=document["parameters"],
        app_settings=document["app_settings"],
        metadata=document["metadata"],
    )


def load_program(program_hash: str, data: bytes) -> Program:
    """Build a program of packed bytes, for hosts.

    Raises:
        EnvironmentFault: PKG002, it is not the program the run began with.
    """
    program = build(unpack(data))
    if program.hash != program_hash:
        raise EnvironmentFault(
            f"the definition of {program.name!r} in the database is not the one the run began with", code="PKG002"
        )
    return program
