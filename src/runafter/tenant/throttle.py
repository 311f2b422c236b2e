"""Who may call now: the limits of services, counted per connection, user or tenant."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from runafter.connectors.limiter import Concurrency, Meter, meter_of
from runafter.connectors.manifest import Throttle
from runafter.protocol.events import Outcome


@dataclass(slots=True)
class Ticket:
    """An admitted call; its end is counted too."""

    meters: list[Meter] = field(default_factory=list)

    def finish(self, now: float, spent_s: float) -> None:
        for meter in self.meters:
            meter.finish(now, spent_s)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that a limit stopped."""

    throttle: Throttle
    wait_s: float

    def outcome(self) -> Outcome:
        """Return the answer in the service's shape, with Retry-After in whole seconds."""
        throttle = self.throttle
        wait = max(1, math.ceil(self.wait_s if throttle.retry_after_s is None else throttle.retry_after_s))
        message = throttle.message.format(retry_after_s=float(wait), limit=throttle.limit, window_s=throttle.window_s)
        code: str | int = int(throttle.code) if throttle.code.isdigit() else throttle.code
        if throttle.code == "429":
            body: dict[str, object] = {"statusCode": throttle.status, "message": message}
        else:
            body = {"error": {"code": code, "message": message}}
        return Outcome(
            status_code=throttle.status,
            headers={"Retry-After": str(wait), "Content-Type": "application/json; charset=utf-8"},
            body=body,
            code=throttle.code,
            message=message,
            retry_after_s=float(wait),
        )


class Gate:
    """All limits of a tenant with their state."""

    def __init__(self, overrides: Mapping[str, Sequence[Throttle]] | None = None, *, enabled: bool = True) -> None:
        self._overrides = overrides or {}
        self._enabled = enabled
        self._meters: dict[tuple[str, str, str], Meter] = {}
        self.refusals: dict[str, int] = {}

    def throttles(self, connector: str, documented: Sequence[Throttle]) -> Sequence[Throttle]:
        return self._overrides.get(connector, documented)

    def admit(
        self, connector: str, operation: str, connection: str, user: str, documented: Sequence[Throttle], now: float
    ) -> Ticket | Refusal:
        """Let a call in, counting it against every limit that applies, or say which limit stops it."""
        if not self._enabled:
            return Ticket()
        ticket = Ticket()
        for throttle in self.throttles(connector, documented):
            if throttle.only and operation not in throttle.only:
                continue
            who = {"connection": connection, "user": user, "tenant": ""}[throttle.scope]
            key = (connector, throttle.name, who)
            meter = self._meters.get(key)
            if meter is None:
                meter = self._meters[key] = meter_of(throttle)
            wait = meter.wait_s(now)
            if wait > 0:
                meter.refuse(now)
                name = f"{connector}.{throttle.name}"
                self.refusals[name] = self.refusals.get(name, 0) + 1
                return Refusal(throttle, wait)
            ticket.meters.append(meter)
        for meter in ticket.meters:
            meter.start(now)
        return ticket

    def in_flight(self) -> dict[str, int]:
        """Return calls in flight by limit, for limits that count them."""
        return {
            f"{connector}.{name}/{who}": meter.in_flight
            for (connector, name, who), meter in self._meters.items()
            if isinstance(meter, Concurrency)
        }
