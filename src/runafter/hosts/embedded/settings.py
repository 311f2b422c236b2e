"""How a host behaves. Seconds unless the name says otherwise."""

from __future__ import annotations

from msgspec import Struct


class HostSettings(Struct, frozen=True, kw_only=True):
    """Defaults suit a server; a virtual clock and tests change some.

    A run waiting longer than `park_after_s` for timers or signals alone leaves
    memory until it wakes; None switches that off. `most_runs` caps the runs that
    one host takes over. `stop_grace_s` is how long `stop` waits for calls.
    """

    lease_s: float = 10.0
    renew_s: float = 3.0
    most_runs: int = 2000
    take_at_once: int = 200
    park_after_s: float | None = 60.0
    rearm_s: float = 60.0
    stop_grace_s: float = 5.0
    poll_s: float = 0.5
    retry_min_s: float = 0.1
    retry_max_s: float = 5.0
    finds_dead_owners: bool = True
