"""Outlook's mailboxes beyond sending: what triggers bring, contacts, drafts, categories, and requests to Graph."""

from __future__ import annotations

import base64

import pytest
from tests.connectors.packs.calling import Service

ME = "ada@contoso.example"
MAILS = [
    {"from": "bob@x.example", "to": ME, "subject": "read and flagged", "isRead": True, "flag": "flagged"},
    {"from": "bob@x.example", "to": ME, "subject": "unread", "body": "Please, @ada, look"},
    {"from": "bob@x.example", "to": ME, "cc": "eve@x.example", "subject": "read", "isRead": True},
    {"from": "bob@x.example", "to": ME, "subject": "elsewhere", "folder": "Archive", "flag": "flagged"},
    {"from": "bob@x.example", "to": "desk@x.example", "subject": "shared"},
]


@pytest.fixture
def outlook() -> Service:
    service = Service("office365", {"messages": MAILS, "contacts": [{"givenName": "Grace", "companyName": "Navy"}]})
    service.tenant.user = ME
    return service


def subjects(answer: object) -> list[str]:
    return [mail["subject"] for mail in answer.body["value"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("operation", "asked", "expected"),
    [
        ("OnNewEmailV3", {}, ["unread"]),
        ("OnFlaggedEmailV3", {}, ["read and flagged"]),
        ("OnFlaggedEmailV4", {"folderPath": "Archive"}, ["elsewhere"]),
        ("OnNewMentionMeEmailV3", {}, ["unread"]),
        ("SharedMailboxOnNewEmailV2", {"mailboxAddress": "desk@x.example"}, ["shared"]),
        ("GetEmailsV3", {"cc": "eve@x.example"}, ["read"]),
        ("GetEmailsV3", {"toOrCc": "eve@x.example;nobody@x.example"}, ["read"]),
        ("GetEmailsV3", {"fetchOnlyUnread": True}, ["unread"]),
    ],
)
def test_mails_are_those_that_the_operation_is_about(
    outlook: Service, operation: str, asked: dict[str, object], expected: list[str]
) -> None:
    assert subjects(outlook.call(operation, **asked)) == expected


def test_a_mail_that_is_flagged_later_is_brought_though_it_was_read(outlook: Service) -> None:
    mails = outlook.call("GetEmailsV3").body["value"]
    ident = next(mail["id"] for mail in mails if mail["subject"] == "read")

    outlook.call("Flag_V2", messageId=ident, body__flag={"flagStatus": "flagged"})

    assert sorted(subjects(outlook.call("OnFlaggedEmailV3"))) == ["read", "read and flagged"]


def test_the_triggers_have_consumption_paths_of_their_own(outlook: Service) -> None:
    flagged = outlook.request("GET", "/v3/Mail/OnFlaggedEmail", folderPath="Inbox")
    mentioned = outlook.request("GET", "/v3/Mail/OnNewMentionMeEmail")

    assert (subjects(flagged), subjects(mentioned)) == (["read and flagged"], ["unread"])


def test_a_contact_is_made_found_changed_and_deleted(outlook: Service) -> None:
    made = outlook.call(
        "ContactPostItem_V2", folder="Contacts", item__givenName="Ada", item__companyName="Engines"
    ).body
    found = outlook.call("ContactGetItems_V2", folder="Contacts", **{"$filter": "companyName eq 'Engines'"}).body
    outlook.call("ContactPatchItem_V2", folder="Contacts", id=made["id"], item__jobTitle="Countess")
    changed = outlook.call("ContactGetItem_V2", folder="Contacts", id=made["id"]).body
    outlook.call("ContactDeleteItem_V2", folder="Contacts", id=made["id"])

    assert [row["givenName"] for row in found["value"]] == ["Ada"]
    assert changed["jobTitle"] == "Countess"
    assert outlook.call("ContactGetItem_V2", folder="Contacts", id=made["id"]).status_code == 404


def test_a_draft_is_sent_once(outlook: Service) -> None:
    made = outlook.call("DraftEmail", emailMessage__To="eve@x.example", emailMessage__Subject="Hello").body
    outlook.call("UpdateDraftEmail", messageId=made["id"], emailMessage__Subject="Hello, Eve")
    sent = outlook.call("SendDraftEmail", messageId=made["id"])

    [(_, mail)] = outlook.tenant.store_of("office365").rows("outbox")
    assert (sent.status_code, mail["subject"], mail["to"]) == (202, "Hello, Eve", ["eve@x.example"])
    assert outlook.call("SendDraftEmail", messageId=made["id"]).status_code == 404


def test_a_mail_is_exported_as_a_file(outlook: Service) -> None:
    ident = outlook.call("OnNewEmailV3").body["value"][0]["id"]

    file = base64.b64decode(outlook.call("ExportEmail_V2", messageId=ident).body["$content"])

    assert b"Subject: unread" in file


def test_events_that_begin_soon_are_brought(outlook: Service) -> None:
    for subject, start in (("soon", "2026-01-05T08:10:00Z"), ("later", "2026-01-05T12:00:00Z")):
        outlook.call("V4CalendarPostItem", table="Calendar", item__subject=subject, item__start=start, item__end=start)
    outlook.clock.ticks = 639_031_968_000_000_000  # 2026-01-05T08:00:00Z

    upcoming = outlook.call("OnUpcomingEventsV3", table="Calendar", lookAheadTimeInMinutes=15)

    assert [event["subject"] for event in upcoming.body["value"]] == ["soon"]


@pytest.mark.parametrize("connector", ["office365", "office365users", "office365groups", "teams"])
def test_a_request_to_graph_reaches_the_directory(connector: str) -> None:
    service = Service(connector)
    service.tenant.store_of("azuread")
    service.tenant.user = ME

    users = service.call("HttpRequest", Uri="https://graph.microsoft.com/v1.0/users", Method="GET")
    unknown = service.call("HttpRequest", Uri="https://example.org/x", Method="GET")

    assert (users.status_code, isinstance(users.body["value"], list)) == (200, True)
    assert (unknown.status_code, "example.org" in unknown.body["error"]["message"]) == (400, True)


def test_a_preauthorized_request_reaches_the_services_of_the_tenant() -> None:
    web = Service("webcontents")

    made = web.call("InvokeHttp", request__method="POST", request__url="https://graph.microsoft.com/v1.0/groups",
                    request__body='{"displayName": "Ops", "mailNickname": "ops"}')  # fmt: skip
    found = web.call("InvokeHttp", request__method="GET", request__url="/v1.0/groups?$select=displayName")
    gone = web.call("InvokeHttp", request__method="DELETE", request__url=f"/v1.0/groups/{made.body['id']}")

    assert (made.status_code, found.body["value"]) == (201, [{"displayName": "Ops"}])
    assert (
        gone.status_code,
        web.call("InvokeHttp", request__method="GET", request__url="/v1.0/groups").body["value"],
    ) == (204, [])
