"""SharePoint's own address: raw requests to `https://<tenant>.sharepoint.com/.../_api/...`."""

from __future__ import annotations

from runafter.connectors.packs.sharepointonline.batch import answer
from runafter.connectors.packs.sharepointonline.rest import RestCall, body_of
from runafter.connectors.spec import Face, FaceCall
from runafter.protocol.events import Outcome


def handle(call: FaceCall) -> Outcome:
    request = call.request
    before, mark, after = request.path.partition("/_api")
    mounted = "/" in request.host
    scheme = "http" if ":" in request.host and not mounted else "https"
    host = str(call.settings.get("host") or request.host)
    body, data = (request.json, request.body) if request.json is not None else body_of(request.body)
    rest = RestCall(
        site=f"{scheme}://{host}{before}" if not mounted else f"https://contoso.sharepoint.com{before}",
        method=request.method,
        path=f"{mark}{after}".lstrip("/"),
        query=request.query,
        headers=request.headers,
        body=body,
        data=data,
        store=call.store,
        around=call.around,
        now=call.now,
        user=call.user,
        reached_at=f"{request.scheme}://{request.host}{before}" if mounted else "",
    )
    return answer(rest)


FACES = (Face(hosts=(r"[\w-]+\.sharepoint\.com",), mount="sharepoint", handle=handle),)
