"""How slow and how strict a tenant is: latency, jitter, dispatch and limits, under a name.

Every draw comes from the tenant's seed and the call's own id, so it does not
depend on the order in which calls happen to arrive.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from runafter.connectors.manifest import Throttle
from runafter.errors import NotSupported


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Seconds of one call: `overhead_s` before the service sees it, `service_s` inside it, each plus up to its jitter."""

    service_s: float = 0.0
    service_jitter_s: float = 0.0
    overhead_s: float = 0.0
    overhead_jitter_s: float = 0.0

    def draw(self, source: random.Random) -> tuple[float, float]:
        """Return (overhead, service) seconds."""
        return (
            self.overhead_s + self.overhead_jitter_s * source.random(),
            self.service_s + self.service_jitter_s * source.random(),
        )


_NONE = Latency()


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantProfile:
    """A named set of latencies and limits.

    `dispatch_s` is the band of the wait before a call leaves the platform (worker
    and queue). `latencies` are by connector or `connector.operation`. `throttles`
    replace a connector's documented limits; `throttling` off switches all off.
    """

    name: str
    title: str
    default: Latency = field(default_factory=Latency)
    latencies: Mapping[str, Latency] = field(default_factory=dict)
    dispatch_s: tuple[float, float] = (0.0, 0.0)
    throttles: Mapping[str, tuple[Throttle, ...]] = field(default_factory=dict)
    throttling: bool = True
    source: str = ""

    @property
    def is_instant(self) -> bool:
        """Whether no call takes any time, so that none needs to be drawn."""
        return self.default == _NONE and not self.latencies and self.dispatch_s == (0.0, 0.0)

    def latency(self, connector: str, operation: str) -> Latency:
        return self.latencies.get(f"{connector}.{operation}") or self.latencies.get(connector) or self.default

    def dispatch(self, source: random.Random) -> float:
        low, high = self.dispatch_s
        return low + (high - low) * source.random()

    def with_burst(self, burst: float) -> TenantProfile:
        """Return this profile with another burst for each of its token buckets."""
        changed = {
            name: tuple(replace(t, limit=burst) if t.kind == "bucket" else t for t in throttles)
            for name, throttles in self.throttles.items()
        }
        return replace(self, throttles=changed)


_MEASURED = (
    "fit to the published loop timings of 'Parallel processing in Power Automate', table 2; not a Microsoft limit"
)

_BRANCHES = (
    "fit to the published branch timings of 'Parallel processing in Power Automate', table 1, and its 'roughly 1-2 seconds"
    " per connector call'; not a Microsoft figure"
)

CALIBRATED_BUCKET = Throttle(
    name="calibrated",
    kind="bucket",
    limit=17,
    rate=2.2,
    refused_cost=0.15,
    scope="connection",
    note="bursts of 8 to 26 meet all five published bands; a refused call costs 0.15 of one",
    source=_MEASURED,
    read="2026-11-21",
)

PROFILES: dict[str, TenantProfile] = {
    profile.name: profile
    for profile in (
        TenantProfile(name="instant", title="No latency, documented limits"),
        TenantProfile(name="unlimited", title="No latency, no limits", throttling=False),
        TenantProfile(
            name="documented",
            title="Typical latency of connectors (1-2 s a call, 0.2-2 s dispatch), documented limits",
            default=Latency(service_s=0.8, service_jitter_s=0.8, overhead_s=0.2, overhead_jitter_s=0.2),
            dispatch_s=(0.2, 2.0),
            source="the articles' 'roughly 1-2 seconds per connector call' and '200ms apart or 2 seconds apart'",
        ),
        TenantProfile(
            name="calibrated-onboarding",
            title="A hire of the onboarding sample takes four and a half minutes, as the article says; no limits",
            default=Latency(service_s=2.0),
            latencies={
                "sharepointonline.HttpRequest": Latency(service_s=184.0),
                "azuread.CreateUser": Latency(service_s=45.0),
                "azuread.AssignManager": Latency(service_s=15.0),
                "azuread.AddUserToGroup": Latency(service_s=20.0),
                "sharepointonline": Latency(service_s=10.0),
                "office365users": Latency(service_s=3.0),
                "office365": Latency(service_s=5.0),
            },
            throttling=False,
            source="'four and a half minutes per record' of the article; how it divides among the calls is ours",
        ),
        TenantProfile(
            name="calibrated-sharepoint",
            title="SharePoint as its published loop timings show it: 2.2 calls/s with bursts, 2.0 s service + 0.8 s overhead",
            default=Latency(service_s=2.0, service_jitter_s=0.37, overhead_s=0.8),
            throttles={"sharepointonline": (CALIBRATED_BUCKET,)},
            source=_MEASURED,
        ),
        TenantProfile(
            name="calibrated-branches",
            title="Connectors as the published branch timings show them: 1-2 s start-up a call, then 0.5 to 3 s of service",
            default=Latency(service_s=1.0, service_jitter_s=0.8, overhead_s=1.0, overhead_jitter_s=1.0),
            latencies={
                "dataverse": Latency(service_s=2.3, service_jitter_s=0.6, overhead_s=1.0, overhead_jitter_s=1.0),
                "sql": Latency(service_s=2.2, service_jitter_s=0.6, overhead_s=1.0, overhead_jitter_s=1.0),
                "office365": Latency(service_s=0.6, service_jitter_s=0.6, overhead_s=1.0, overhead_jitter_s=1.0),
                "teams": Latency(service_s=0.5, service_jitter_s=0.6, overhead_s=1.0, overhead_jitter_s=1.0),
            },
            source=_BRANCHES,
        ),
    )
}


def profile_named(name: str) -> TenantProfile:
    """Return a named profile.

    Raises:
        NotSupported: there is none of this name.
    """
    if name not in PROFILES:
        raise NotSupported(f"no tenant profile {name!r}; there are {', '.join(PROFILES)}", code="TEN002")
    return PROFILES[name]
