"""Office 365 Users: profiles from the tenant's directory. Shapes after learn.microsoft.com/connectors/office365users."""

from __future__ import annotations

import base64
from typing import Any

from runafter.connectors.answers import content, ok, refuse
from runafter.connectors.carried import graph_request
from runafter.connectors.directory import DIRECTORY_SEED, Directory, seed_directory, shown_user
from runafter.connectors.spec import Call, Row
from runafter.protocol.events import Outcome

SEED = DIRECTORY_SEED
seed = seed_directory
http_request = graph_request


def _directory(call: Call) -> Directory:
    return Directory(call.around, call.now)


def _profile(call: Call, row: Row) -> dict[str, Any]:
    return shown_user(row, call.text("$select"))


def user_profile(call: Call) -> Outcome:
    ident = call.text("id") or call.text("userId")
    if not ident:
        raise refuse(400, "Request_BadRequest", "The id of the user is empty.")
    return ok(_profile(call, _directory(call).need_user(ident)))


def my_profile(call: Call) -> Outcome:
    return ok(_profile(call, _directory(call).need_user(call.user)))


def manager(call: Call) -> Outcome:
    return ok(_profile(call, _directory(call).manager(call.text("id") or call.text("userId"))))


def direct_reports(call: Call) -> Outcome:
    rows = _directory(call).reports(call.text("id") or call.text("userId"))
    return ok({"value": [_profile(call, row) for row in rows[: call.number("$top") or 999]]})


def search_user(call: Call) -> Outcome:
    wanted = call.text("searchTerm").lower()
    if not wanted and call.text("isSearchTermRequired", "true").lower() == "true":
        return ok({"value": []})
    found = [
        row for row in _directory(call).users() if wanted in f"{row['displayName']} {row['userPrincipalName']}".lower()
    ]
    first = call.number("skipToken") or 0
    top = call.number("top") or 100
    return ok({"value": [_legacy(row) for row in found[first : first + top]]})


def _legacy(row: Row) -> dict[str, Any]:
    phones = row.get("businessPhones") or []
    return {
        "Id": row["id"],
        "DisplayName": row["displayName"],
        "GivenName": row["givenName"],
        "Surname": row["surname"],
        "Mail": row["mail"],
        "MailNickname": row["mailNickname"],
        "UserPrincipalName": row["userPrincipalName"],
        "JobTitle": row["jobTitle"],
        "Department": row["department"],
        "AccountEnabled": row["accountEnabled"],
        "TelephoneNumber": phones[0] if phones else None,
    }


def user_photo(call: Call) -> Outcome:
    row = _directory(call).need_user(call.text("id") or call.text("userId"))
    if not row.get("photo"):
        raise refuse(
            404,
            "ImageNotFound",
            "Exception of type 'Microsoft.Fast.Profile.Core.Exception.ImageNotFoundException' was thrown.",
        )
    return ok(content(base64.b64decode(row["photo"]), "image/jpeg"), headers={"Content-Type": "image/jpeg"})


def user_photo_metadata(call: Call) -> Outcome:
    row = _directory(call).need_user(call.text("userId") or call.text("id"))
    return ok(
        {
            "HasPhoto": bool(row.get("photo")),
            "Height": 48,
            "Width": 48,
            "ContentType": "image/jpeg",
            "ImageFileExtension": ".jpg",
        }
    )
