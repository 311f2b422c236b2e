"""Custom connectors: a Swagger 2.0 definition becomes a pack that calls its HTTP API and emulates it.

Reads `apiDefinition.swagger.json` and, for how it signs in, `apiProperties.json`,
as Power Platform exports them. Arguments are checked against the definition.
The emulator answers with values made from the response schema: true to shape,
equal for equal calls, without meaning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal

from runafter.connectors.answers import Refused, failure
from runafter.connectors.instants import iso
from runafter.connectors.manifest import InvalidManifest, Manifest, Operation
from runafter.connectors.seedshape import ANY, Shape
from runafter.connectors.sources import OWN
from runafter.connectors.spec import Call, Emulated, Face, Store, Surroundings, Transport
from runafter.connectors.tokens import ApiKey, Basic, Credential, NoCredential
from runafter.errors import NotSupported
from runafter.profiles.catalogue import OperationFacts
from runafter.protocol.events import Outcome

_METHODS = ("get", "put", "post", "patch", "delete", "head")
MAXIMUM_DEPTH = 12


class InvalidSwagger(InvalidManifest):
    """The definition is no Swagger 2.0, or a reference in it leads nowhere."""

    code = "CON050"


class Swagger:
    """A definition with its references resolved when asked for."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        if document.get("swagger") != "2.0" or not isinstance(document.get("paths"), Mapping):
            raise InvalidSwagger("the file is no Swagger 2.0 definition (custom connectors use that version)")
        self.document = document

    def resolved(self, value: Any) -> Any:
        """Return the object that a `$ref` of this document means.

        Raises:
            InvalidSwagger: the reference leads nowhere, out of the document or in a circle.
        """
        seen = set[str]()
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            reference = value["$ref"]
            if not reference.startswith("#/") or reference in seen:
                raise InvalidSwagger(f"the reference {reference!r} leads nowhere")
            seen.add(reference)
            value = self.document
            for part in reference[2:].split("/"):
                name = part.replace("~1", "/").replace("~0", "~")
                if not isinstance(value, Mapping) or name not in value:
                    raise InvalidSwagger(f"the reference {reference!r} leads nowhere")
                value = value[name]
        return value

    @property
    def base_path(self) -> str:
        return str(self.document.get("basePath") or "/").rstrip("/")

    def base_url(self) -> str:
        schemes = self.document.get("schemes") or ["https"]
        scheme = "https" if "https" in schemes else str(schemes[0])
        return f"{scheme}://{self.document.get('host', '')}{self.base_path}"

    def operations(self) -> Iterable[tuple[str, str, Mapping[str, Any], list[Mapping[str, Any]]]]:
        """Yield (path, method, operation, parameters) of every operation."""
        for path, item in self.document["paths"].items():
            entry = self.resolved(item)
            shared = [self.resolved(p) for p in entry.get("parameters") or []]
            for method in _METHODS:
                operation = entry.get(method)
                if isinstance(operation, Mapping):
                    own = [self.resolved(p) for p in operation.get("parameters") or []]
                    names = {(p.get("name"), p.get("in")) for p in own}
                    yield (
                        path,
                        method,
                        operation,
                        [p for p in shared if (p.get("name"), p.get("in")) not in names] + own,
                    )

    # -- schemas ---------------------------------------------------------------------------------------------------

    def flat_names(self, schema: Any, prefix: str, *, required: bool, depth: int = 0) -> dict[str, bool]:
        """Return the flat parameter names of a body schema (`body/customer/name`) with whether each is required."""
        found = self._merged(schema)
        if depth > MAXIMUM_DEPTH or not isinstance(found.get("properties"), Mapping):
            return {prefix: required}
        wanted = set(found.get("required") or ())
        out = dict[str, bool]()
        for name, inner in found["properties"].items():
            out |= self.flat_names(inner, f"{prefix}/{name}", required=required and name in wanted, depth=depth + 1)
        return out

    def notification_name(self, schema: Any, prefix: str, depth: int = 0) -> str | None:
        """Return the flat name of the property that is marked as the address to call back."""
        found = self._merged(schema)
        for name, inner in (found.get("properties") or {}).items() if depth <= MAXIMUM_DEPTH else ():
            path = f"{prefix}/{name}"
            if isinstance(inner, Mapping) and inner.get("x-ms-notification-url") is True:
                return path
            deeper = self.notification_name(inner, path, depth + 1)
            if deeper is not None:
                return deeper
        return None

    def _merged(self, schema: Any) -> dict[str, Any]:
        found = self.resolved(schema)
        if not isinstance(found, Mapping):
            return {}
        merged = dict(found)
        for part in found.get("allOf") or []:
            inner = self._merged(part)
            merged["properties"] = {**inner.get("properties", {}), **merged.get("properties", {})}
            merged["required"] = [*inner.get("required", []), *merged.get("required", [])]
        return merged

    def example(self, schema: Any, name: str, now: int, depth: int = 0) -> Any:
        """Return a value of a schema: its example or default, else one of its type."""
        found = self._merged(schema)
        for key in ("example", "x-ms-example", "default"):
            if key in found:
                return found[key]
        if found.get("enum"):
            return found["enum"][0]
        kind = found.get("type") or ("object" if "properties" in found else "string")
        match kind:
            case "object":
                if depth > MAXIMUM_DEPTH:
                    return {}
                inner = found.get("properties") or {}
                return {key: self.example(value, key, now, depth + 1) for key, value in inner.items()}
            case "array":
                return [] if depth > MAXIMUM_DEPTH else [self.example(found.get("items") or {}, name, now, depth + 1)]
            case "integer":
                return int(found.get("minimum", 1))
            case "number":
                return float(found.get("minimum", 1))
            case "boolean":
                return True
        return {"date-time": iso(now), "date": iso(now)[:10], "uuid": "00000000-0000-0000-0000-000000000001",
                "email": "someone@example.com", "uri": "https://example.com/", "byte": ""}.get(str(found.get("format")), name)  # fmt: skip

    def problems(self, schema: Any, value: Any, place: str, depth: int = 0) -> list[str]:
        """Return how a value fails its schema: type, required, enum, nested."""
        found = self._merged(schema)
        if value is None or depth > MAXIMUM_DEPTH:
            return []
        kind = found.get("type") or ("object" if "properties" in found else None)
        right: dict[str, tuple[type, ...]] = {
            "object": (dict,), "array": (list,), "integer": (int,), "number": (int, float), "boolean": (bool,), "string": (str,),
        }  # fmt: skip
        if kind in right and (
            not isinstance(value, right[kind]) or (isinstance(value, bool) and kind in ("integer", "number"))
        ):
            return [f"{place} must be {kind}, not {type(value).__name__}"]
        if found.get("enum") and value not in found["enum"]:
            return [f"{place} must be one of {', '.join(map(str, found['enum']))}"]
        out = list[str]()
        if isinstance(value, dict):
            out += [f"{place}/{name} is required" for name in found.get("required") or [] if name not in value]
            for name, inner in (found.get("properties") or {}).items():
                if name in value:
                    out += self.problems(inner, value[name], f"{place}/{name}", depth + 1)
        if isinstance(value, list):
            for index, item in enumerate(value):
                out += self.problems(found.get("items") or {}, item, f"{place}/{index}", depth + 1)
        return out


def _typed(value: Any, kind: str) -> Any:
    """Return a value of the query or path as the type that the definition gives, where its text allows."""
    if not isinstance(value, str):
        return value
    match kind:
        case "integer" if re.fullmatch(r"-?\d+", value):
            return int(value)
        case "number" if re.fullmatch(r"-?\d+(\.\d+)?", value):
            return float(value)
        case "boolean" if value.lower() in ("true", "false"):
            return value.lower() == "true"
        case _:
            return value


class CustomPack:
    """A connector made from its Swagger definition."""

    def __init__(self, name: str, swagger: Mapping[str, Any], properties: Mapping[str, Any] | None = None) -> None:
        self.swagger = Swagger(swagger)
        self.properties = properties or {}
        self._parameters: dict[str, list[Mapping[str, Any]]] = {}
        self._responses: dict[str, tuple[int, Any]] = {}
        self.manifest = self._manifest(name)

    def _manifest(self, name: str) -> Manifest:
        info = self.swagger.document.get("info") or {}
        operations = dict[str, Operation]()
        for path, method, table, parameters in self.swagger.operations():
            operation = self._operation(name, path, method, table, parameters)
            if operation.id in operations:
                raise InvalidSwagger(f"the operationId {operation.id!r} stands twice")
            operations[operation.id] = operation
            self._parameters[operation.id] = parameters
            self._responses[operation.id] = self._response(table)
        source = f"{OWN}, version {info.get('version', '?')}"
        return Manifest(
            name=name,
            title=str(info.get("title") or name),
            apis=(name, f"shared_{name}"),
            providers=(),
            operations=operations,
            throttles=(),
            source=source,
            hosts=(str(self.swagger.document.get("host", "")),),
            about=str(info.get("description") or ""),
        )

    def _operation(
        self, name: str, path: str, method: str, table: Mapping[str, Any], parameters: list[Mapping[str, Any]]
    ) -> Operation:
        ident = str(table.get("operationId") or f"{method}_{re.sub(r'[^A-Za-z0-9]+', '_', path).strip('_')}")
        flat = dict[str, bool]()
        headers, body, notification = list[str](), None, None
        for parameter in parameters:
            required = bool(parameter.get("required"))
            if parameter.get("in") == "body":
                body = str(parameter.get("name") or "body")
                flat |= self.swagger.flat_names(parameter.get("schema"), body, required=required)
                notification = self.swagger.notification_name(parameter.get("schema"), body)
            else:
                flat[str(parameter.get("name"))] = required and "default" not in parameter
                if parameter.get("in") == "header":
                    headers.append(str(parameter.get("name")))
        trigger = table.get("x-ms-trigger")
        facts = OperationFacts(
            connector=name,
            operation=ident,
            title=str(table.get("summary") or ident),
            effect="read" if method in ("get", "head") else "write",
            idempotent=method in ("get", "head", "put", "delete"),
            method=method.upper(),
            path=path,
            parameters=flat,
            open_parameters=(body,) if body else (),
            is_trigger=trigger is not None,
            source=OWN,
        )
        defaults = {str(p["name"]): p["default"] for p in parameters if p.get("in") != "body" and "default" in p}
        double = any(p.get("x-ms-url-encoding") == "double" for p in parameters)
        return Operation(
            facts=facts,
            routes=((method.upper(), path),),
            body=body,
            headers=tuple(headers),
            double_encoded=double,
            handler=ident,
            defaults=defaults,
            webhook=notification is not None,
            notification=notification,
        )

    def _response(self, table: Mapping[str, Any]) -> tuple[int, Any]:
        responses = table.get("responses") or {}
        good = sorted(code for code in responses if str(code).startswith("2"))
        chosen = good[0] if good else "default" if "default" in responses else None
        if chosen is None:
            return 200, None
        found = self.swagger.resolved(responses[chosen])
        return (int(chosen) if str(chosen).isdigit() else 200), found.get("schema")

    # -- behaviour -------------------------------------------------------------------------------------------------

    def problems(self, operation: str, arguments: Mapping[str, Any]) -> list[str]:
        """Return how arguments fail the definition: missing, of a wrong type, not among the values allowed."""
        out = list[str]()
        for parameter in self._parameters[operation]:
            name = str(parameter.get("name"))
            value = arguments.get(name, parameter.get("default"))
            if value is None:
                if parameter.get("required"):
                    out.append(f"{name} is required")
            elif parameter.get("in") == "body":
                out += self.swagger.problems(parameter.get("schema"), value, name)
            else:
                out += self.swagger.problems(parameter, _typed(value, str(parameter.get("type"))), name)
        return out

    def emulated(self, operation: str) -> Emulated | None:
        if operation not in self.manifest.operations:
            return None

        def answer(call: Call) -> Outcome:
            wrong = self.problems(operation, call.arguments)
            if wrong:
                raise Refused(failure(400, "InvalidRequest", "; ".join(wrong)))
            status, schema = self._responses[operation]
            call.store.put(
                "calls", str(call.store.next_number("call")), {"operation": operation, "arguments": call.arguments}
            )
            seeded = call.store.get("answers", operation)
            body = (
                seeded["body"]
                if seeded
                else None
                if schema is None
                else self.swagger.example(schema, "value", call.now)
            )
            headers = {"Content-Type": "application/json; charset=utf-8"} if body is not None else {}
            return Outcome(status_code=status, headers=headers, body=body, has_body=body is not None)

        return answer

    def faces(self) -> Iterable[Face]:
        return ()

    def seed_shape(self) -> Shape | None:
        return {"answers": dict.fromkeys(self.manifest.operations, ANY)}

    def seed(self, store: Store, content: Any, around: Surroundings, now: int) -> None:
        """Take `answers: {operationId: body}`."""
        for operation, body in (content.get("answers") or {}).items():
            store.put("answers", operation, {"body": body})

    def transport(self) -> Callable[[Any], Awaitable[Transport]] | None:
        """Return None: calls go out by method and path on `base_url()`, as those of a managed connector do."""
        return None

    def base_url(self) -> str:
        """Return the API's own address, from the definition's host and basePath."""
        return self.swagger.base_url()

    def credential(self, values: Mapping[str, str]) -> Credential:
        """Return the credential that the definition asks for, filled from a connection's `values`.

        Raises:
            NotSupported: the definition signs in by OAuth, whose consent needs a browser; give a bearer token instead.
        """
        schemes = self.swagger.document.get("securityDefinitions") or {}
        for scheme in schemes.values():
            match scheme.get("type"):
                case "basic":
                    return Basic(username=values["username"], password=values["password"])
                case "apiKey":
                    place: Literal["header", "query"] = "query" if scheme.get("in") == "query" else "header"
                    return ApiKey(key=values.get("api_key", ""), name=str(scheme.get("name")), place=place)
                case "oauth2":
                    raise NotSupported(
                        f"{self.manifest.title} signs in by OAuth",
                        hint="Set a bearer token on the connection.",
                        code="CON051",
                    )
        return NoCredential()


def read_custom(name: str, definition: str, properties: str | None = None) -> CustomPack:
    """Return the connector of an `apiDefinition.swagger.json` and an optional `apiProperties.json`.

    Raises:
        InvalidSwagger: a file is no JSON, or the definition no Swagger 2.0.
    """
    try:
        swagger = json.loads(definition.removeprefix("\ufeff"))
        more = json.loads(properties.removeprefix("\ufeff")) if properties else None
    except ValueError as error:
        raise InvalidSwagger(f"the connector {name!r} is no JSON: {error}") from error
    if not isinstance(swagger, dict):
        raise InvalidSwagger(f"the connector {name!r} is no JSON object")
    return CustomPack(name, swagger, more)
