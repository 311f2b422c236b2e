"""Faults by rule: which calls go wrong, how, and when; the same ones for the same seed."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from runafter.connectors.resolve import flat
from runafter.errors import EnvironmentFault
from runafter.protocol.events import Outcome
from runafter.tenant.chance import chance
from runafter.tenant.names import connector_named

FaultKind = Literal["error", "timeout", "commit-then-timeout", "down", "token-expiry", "slow"]


class InvalidFault(EnvironmentFault):
    """A fault's text or table cannot be understood."""

    code = "TEN003"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule.

    `operation` is a pattern over `connector.operation`; `sharepoint.*`, and
    `dataverse.create` for every operation that begins so. The connector goes by
    its everyday name, its own or its apiId. `rate` is the share of
    matching calls, `nth` the matching calls by number from 1, `times` how many at
    most. `from_s`/`to_s` bound it in seconds since the tenant began. `when`
    compares arguments by flat name. `error` answers `status`; `timeout` never
    reaches the service; `commit-then-timeout` does, and its answer is lost;
    `down` refuses the connection; `token-expiry` answers 401 once and asks for a
    new token; `slow` adds `delay_s`.
    """

    operation: str
    kind: FaultKind = "error"
    status: int = 500
    code: str = ""
    message: str = ""
    rate: float = 1.0
    nth: tuple[int, ...] = ()
    times: int | None = None
    from_s: float = 0.0
    to_s: float | None = None
    delay_s: float = 0.0
    retry_after_s: float | None = None
    when: Mapping[str, Any] = field(default_factory=dict)

    def covers(self, names: Iterable[str], operation: str) -> bool:
        connector, _, rest = self.operation.lower().partition(".")
        pattern = f"{connector_named(connector)}.{rest or '*'}"
        for name in names:
            full = f"{name}.{operation}".lower()
            if fnmatch.fnmatchcase(full, pattern) or fnmatch.fnmatchcase(full, f"{pattern}*"):
                return True
        return False


_SHORT = re.compile(r"(?P<operation>[^=]+)=(?P<what>[A-Za-z0-9-]+)(?:@(?P<rate>[0-9.]+)%)?(?:#(?P<nth>[0-9,]+))?")


def read_fault(value: str | Mapping[str, Any]) -> Fault:
    """Return a fault from its short text or its table.

    `dataverse.create=404`, `sharepointonline.*=503@20%` (a fifth of the calls),
    `sql.*=timeout#2,5` (the second and fifth call).

    Raises:
        InvalidFault: the text or a key cannot be understood.
    """
    if isinstance(value, Mapping):
        fields = dict(value)
        if "nth" in fields:
            fields["nth"] = tuple(fields["nth"]) if isinstance(fields["nth"], list) else (int(fields["nth"]),)
        if fields.get("kind", "error") not in get_args(FaultKind):
            raise InvalidFault(f"no fault of kind {fields['kind']!r}; there are {', '.join(get_args(FaultKind))}")
        try:
            return _answerable(Fault(**fields))
        except TypeError as error:
            raise InvalidFault(f"fault {value!r}: {error}") from error
    found = _SHORT.fullmatch(value.strip())
    if found is None:
        raise InvalidFault(f"cannot read the fault {value!r}", hint="For example: dataverse.create=404@20%")
    what = found["what"]
    kind: FaultKind = "error"
    if not what.isdigit():
        kinds = {name: name for name in get_args(FaultKind)}
        if what not in kinds:
            raise InvalidFault(f"no fault of kind {what!r}; a status or one of {', '.join(kinds)}")
        kind = kinds[what]
    return _answerable(
        Fault(
            operation=found["operation"].strip(),
            kind=kind,
            status=int(what) if what.isdigit() else 500,
            rate=float(found["rate"]) / 100 if found["rate"] else 1.0,
            nth=tuple(int(number) for number in found["nth"].split(",")) if found["nth"] else (),
        )
    )


def _answerable(fault: Fault) -> Fault:
    if not 100 <= fault.status <= 599:
        raise InvalidFault(f"{fault.operation}: {fault.status} is no HTTP status", hint="For example: dataverse.*=503")
    return fault


_NAMES = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 408: "RequestTimeout", 409: "Conflict",
    412: "PreconditionFailed", 429: "TooManyRequests", 500: "InternalServerError", 502: "BadGateway",
    503: "ServiceUnavailable", 504: "GatewayTimeout",
}  # fmt: skip


def outcome_of(fault: Fault) -> Outcome:
    """Return what a caller sees of the fault."""
    match fault.kind:
        case "timeout" | "commit-then-timeout":
            return Outcome(
                code="ActionTimedOut", message=fault.message or "The service did not answer in time.", retriable=True
            )
        case "down":
            text = fault.message or "No connection could be made to the service."
            return Outcome(code="ConnectionFailed", message=text, retriable=True)
        case "token-expiry":
            message = fault.message or "The access token has expired."
            body = {"error": {"code": "ExpiredAuthenticationToken", "message": message}}
            return Outcome(status_code=401, body=body, code="ExpiredAuthenticationToken", message=message)
        case _:
            code = fault.code or _NAMES.get(fault.status, str(fault.status))
            message = fault.message or f"Injected fault: {fault.status} {code}."
            headers: dict[str, Any] = {"Content-Type": "application/json; charset=utf-8"}
            if fault.retry_after_s is not None:
                headers["Retry-After"] = f"{fault.retry_after_s:g}"
            return Outcome(
                status_code=fault.status,
                headers=headers,
                body={"error": {"code": code, "message": message}},
                code=code,
                message=message,
                retry_after_s=fault.retry_after_s,
            )


class Faults:
    """The rules of a tenant and how often each matched."""

    def __init__(self, rules: Iterable[Fault | str | Mapping[str, Any]] = (), *, seed: int = 0) -> None:
        self.rules = [rule if isinstance(rule, Fault) else read_fault(rule) for rule in rules]
        self._seed = seed
        self._seen: dict[int, int] = {}
        self.injected: dict[int, int] = {}

    def add(self, rule: Fault | str | Mapping[str, Any]) -> Fault:
        """Add a rule, return it as understood."""
        fault = rule if isinstance(rule, Fault) else read_fault(rule)
        self.rules.append(fault)
        return fault

    @property
    def unmet(self) -> list[str]:
        """The patterns of the rules that no call has met so far: misspelt, or of a service that was not called."""
        return [fault.operation for index, fault in enumerate(self.rules) if index not in self._seen]

    def clear(self) -> None:
        self.rules.clear()
        self._seen.clear()
        self.injected.clear()

    def hit(
        self, names: Iterable[str], operation: str, arguments: Mapping[str, Any], call_id: str, elapsed_s: float
    ) -> Fault | None:
        """Return the first rule that strikes this call. `elapsed_s` counts from the tenant's beginning."""
        names = list(names)
        for index, fault in enumerate(self.rules):
            if not fault.covers(names, operation):
                continue
            if elapsed_s < fault.from_s or (fault.to_s is not None and elapsed_s >= fault.to_s):
                continue
            if fault.when:
                given = flat(arguments)
                if any(given.get(name, arguments.get(name)) != value for name, value in fault.when.items()):
                    continue
            count = self._seen[index] = self._seen.get(index, 0) + 1
            if fault.nth and count not in fault.nth:
                continue
            if fault.times is not None and self.injected.get(index, 0) >= fault.times:
                continue
            if fault.rate < 1 and chance(self._seed, index, call_id).random() >= fault.rate:
                continue
            self.injected[index] = self.injected.get(index, 0) + 1
            return fault
        return None
