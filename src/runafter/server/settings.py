"""How a server behaves. Seconds and bytes unless the name says otherwise."""

from __future__ import annotations

from msgspec import Struct


class ServerSettings(Struct, frozen=True, kw_only=True):
    """`public_url` prefixes every address that is handed out; `hosts` are further names we answer to.

    `sync_s` is how long the caller of a Request trigger is kept waiting for a
    Response (Consumption: 120). `late_s` is how late a recurrence may fire after
    a restart before it counts as missed. `link_s` is how long content links live.
    `head_s` and `body_s` are how long a request's headers and its body may take.
    """

    public_url: str = "http://127.0.0.1:7071"
    hosts: tuple[str, ...] = ()
    subscription: str = "00000000-0000-0000-0000-000000000000"
    resource_group: str = "local"
    location: str = "local"
    sync_s: float = 120.0
    late_s: float = 60.0
    link_s: float = 4 * 3600.0
    most_body_bytes: int = 104_857_600
    most_api_body_bytes: int = 8_388_608
    most_header_bytes: int = 65_536
    most_json_depth: int = 200
    head_s: float = 15.0
    body_s: float = 30.0

    def workflow_id(self, flow: str) -> str:
        """Return the flow's resource id, as `workflow().id` and the management API show it."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.Logic/workflows/{flow}"
        )
