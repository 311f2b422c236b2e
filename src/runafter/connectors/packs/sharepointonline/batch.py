"""`_api/$batch`: many requests in one. A changeset is no transaction; what succeeded stays.

Source: learn.microsoft.com/sharepoint/dev/sp-add-ins/make-batch-requests-with-the-rest-apis, read 2026-11-21.
"""

from __future__ import annotations

from dataclasses import replace

from runafter.connectors import multipart
from runafter.connectors.answers import Refused, ok
from runafter.connectors.packs.sharepointonline import rest
from runafter.connectors.packs.sharepointonline.rest import RestCall, split_address
from runafter.protocol.events import Outcome


def answer(call: RestCall) -> Outcome:
    """Answer one request, a batch or any other."""
    if call.path.strip("/").lower() != "_api/$batch":
        return rest.answer(call)
    try:
        entries = list[str]()
        for part in multipart.parts(call.data.decode("utf-8"), call.headers.get("content-type", "")):
            if part.is_changeset:
                inner = multipart.parts(part.body, part.headers["content-type"])
                entries += [multipart.written(_one(call, change)) for change in inner]
            else:
                entries.append(multipart.written(_one(call, part)))
    except Refused as refused:
        return refused.outcome
    boundary = f"batchresponse_{call.around.new_id()}"
    return ok(multipart.joined(entries, boundary), headers={"Content-Type": f"multipart/mixed; boundary={boundary}"})


def _one(call: RestCall, part: multipart.Part) -> Outcome:
    request = multipart.request_of(part)
    _, path, _ = split_address(request.path)
    one = replace(
        call,
        method=request.method,
        path=path,
        query=request.query,
        headers={"accept": call.headers.get("accept", ""), **request.headers},
        body=request.json,
        data=request.body.encode(),
    )
    return rest.answer(one)
