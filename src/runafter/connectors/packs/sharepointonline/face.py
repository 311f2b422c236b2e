"""SharePoint's own address: raw requests to `https://<tenant>.sharepoint.com/.../_api/...`."""

from __future__ import annotations

from runafter.connectors.packs.sharepointonline.rest import RestCall, answer, body_of
from runafter.connectors.spec import Face, FaceCall
from runafter.protocol.events import Outcome


def handle(call: FaceCall) -> Outcome:
    request = call.request
    before, mark, after = request.path.partition("/_api")
    scheme = "http" if ":" in request.host or "/" in request.host else "https"
    host = str(call.settings.get("host") or request.host)
    body, data = (request.json, request.body) if request.json is not None else body_of(request.body)
    rest = RestCall(
        site=f"{scheme}://{host}{before}" if "/" not in host else f"https://contoso.sharepoint.com{before}",
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
    )
    return answer(rest)


FACES = (Face(hosts=(r"[\w-]+\.sharepoint\.com",), mount="sharepoint", handle=handle),)
