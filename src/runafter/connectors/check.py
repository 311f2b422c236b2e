"""Checks of calls against the facts, and of packs against their own promises."""

from __future__ import annotations

from typing import Any

from runafter.connectors.manifest import Operation
from runafter.connectors.registry import Registry
from runafter.connectors.resolve import UnknownConnector, UnknownOperation, flat, nearest
from runafter.connectors.sources import is_source
from runafter.connectors.spec import Pack
from runafter.errors import Finding
from runafter.protocol.commands import Target


def is_known(operation: Operation, name: str) -> bool:
    """Whether the operation takes a parameter of this flat name."""
    known = operation.facts.parameters
    if name in known or name.split("/", 1)[0] in operation.facts.open_parameters:
        return True
    if name in operation.roots:
        return True
    parts = name.split("/")
    above = any("/".join(parts[:size]) in known for size in range(1, len(parts)))
    return above or any(key.startswith(f"{name}/") for key in known)


def parameter_findings(operation: Operation, arguments: dict[str, Any], *, pointer: str = "") -> list[Finding]:
    """Return what is wrong with a call's parameters: unknown names, missing required ones."""
    facts = operation.facts
    given = flat(arguments)
    found = list[Finding]()
    for name in given:
        if not is_known(operation, name):
            near = nearest(name, facts.parameters, 1)
            found.append(
                Finding(
                    code="CON012",
                    severity="warning",
                    message=f"{facts.connector}/{facts.operation} takes no parameter {name!r}",
                    pointer=pointer,
                    hint=f"Did you mean {near[0]!r}?" if near else None,
                )
            )
    for name, required in facts.parameters.items():
        if not required or name in given or any(key.startswith(f"{name}/") for key in given):
            continue
        root = name.split("/", 1)[0]
        if root != name and isinstance(arguments.get(root), str):
            continue  # the whole body is one expression, which a check cannot look into
        found.append(
            Finding(
                code="CON013",
                severity="error",
                message=f"{facts.connector}/{facts.operation} needs the parameter {name!r}",
                pointer=pointer,
            )
        )
    return found


def call_findings(registry: Registry, target: Target, inputs: Any, *, pointer: str = "") -> list[Finding]:
    """Return what is wrong with one call: unknown connector or operation, wrong or missing parameters."""
    try:
        resolved = registry.resolve(target, inputs)
    except (UnknownConnector, UnknownOperation) as error:
        finding = Finding(code=error.code, severity="error", message=error.message, pointer=pointer, hint=error.hint)
        return [finding]
    return parameter_findings(resolved.operation, resolved.arguments, pointer=pointer)


def pack_findings(pack: Pack) -> list[Finding]:
    """Return what is wrong with a pack: operations without behaviour, facts without a source."""
    manifest = pack.manifest
    found = list[Finding]()

    def report(message: str) -> None:
        found.append(Finding(code="CON020", severity="error", message=f"pack {manifest.name!r}: {message}"))

    if not manifest.operations:
        report("has no operation")
    for operation in manifest.operations.values():
        if pack.emulated(operation.id) is None:
            report(f"operation {operation.id!r} has no emulated behaviour ({operation.handler} in emulator.py)")
        if not is_source(operation.facts.source):
            report(f"operation {operation.id!r} names no source with a date, nor says that it is not verified")
        if operation.facts.effect != "read" and operation.facts.method == "GET" and not operation.note:
            report(f"operation {operation.id!r} is a GET with effect {operation.facts.effect}, and no note says why")
    for throttle in manifest.throttles:
        if not is_source(throttle.source, throttle.read):
            report(f"throttle {throttle.name!r} lacks source or date")
        unknown = [name for name in throttle.only if name not in manifest.operations]
        if unknown:
            report(f"throttle {throttle.name!r} names unknown operations {', '.join(unknown)}")
    return found
