"""Chats, members, replies and meetings of Teams, and the triggers that wait for messages."""

from __future__ import annotations

import pytest
from tests.connectors.packs.calling import Service

from runafter.protocol.commands import CallOperation, Target

ME = "ada@x.example"


@pytest.fixture
def teams() -> Service:
    channels = [{"id": "19:general", "displayName": "General"}]
    service = Service("teams", {"teams": [{"id": "ops", "channels": channels, "members": ["bob@x.example"]}]})
    service.tenant.user = ME
    return service


def post(teams: Service, text: str, **recipient: str) -> str:
    to = {
        f"body__recipient__{name}": value
        for name, value in (recipient or {"groupId": "ops", "channelId": "19:general"}).items()
    }
    posted = teams.call("PostMessageToConversation", poster="User", location="Channel", body__messageBody=text, **to)
    assert posted.status_code == 201
    return str(posted.body["id"])


def test_a_reply_stands_below_its_message(teams: Service) -> None:
    parent = post(teams, "Who is on call?")

    teams.call("ReplyWithMessageToConversation", poster="Flow bot", location="Channel", body__messageId=parent,
               body__recipient__groupId="ops", body__recipient__channelId="19:general", body__messageBody="I am")  # fmt: skip
    teams.call("ReplyWithCardToConversation", poster="Flow bot", location="Channel", body__messageId=parent,
               body__recipient__groupId="ops", body__messageBody='{"type": "AdaptiveCard"}')  # fmt: skip
    replies = teams.call("ListRepliesToMessage", groupId="ops", channelId="19:general", messageId=parent)
    lost = teams.call("ReplyWithMessageToConversation", poster="Flow bot", location="Channel", body__messageId="0",
                      body__messageBody="?")  # fmt: skip

    assert [reply["body"]["content"] for reply in replies.body["value"]] == ["", "I am"]
    assert replies.body["value"][0]["attachments"][0]["content"] == {"type": "AdaptiveCard"}
    assert lost.status_code == 404


def test_a_card_is_updated_in_place(teams: Service) -> None:
    made = teams.call("PostCardToConversation", poster="Flow bot", location="Channel", body__recipient__groupId="ops",
                      body__recipient__channelId="19:general", body__messageBody='{"type": "AdaptiveCard"}')  # fmt: skip

    teams.call("UpdateCardInConversation", poster="Flow bot", location="Channel", body__messageId=made.body["id"],
               body__messageBody={"type": "AdaptiveCard", "body": []})  # fmt: skip

    details = teams.call("GetMessageDetails", messageId=made.body["id"], threadType="channel")
    assert details.body["attachments"][0]["content"] == {"type": "AdaptiveCard", "body": []}


def test_a_chat_of_two_is_found_again_and_its_messages_listed(teams: Service) -> None:
    first = teams.call("CreateChat", body__members="bob@x.example").body["id"]
    again = teams.call("CreateChat", body__members="bob@x.example").body["id"]
    group = teams.call("CreateChat", body__members="bob@x.example;eve@x.example", body__topic="Outage").body["id"]
    teams.call(
        "PostMessageToConversation",
        poster="User",
        location="Group chat",
        body__recipient=first,
        body__messageBody="Hello",
    )

    messages = teams.call("GetMessagesFromChat", chatId=first).body["value"]
    groups = teams.call("GetChats", chatType="group", topic="all").body["value"]

    assert (first == again, [message["body"]["content"] for message in messages]) == (True, ["Hello"])
    assert [chat["id"] for chat in groups] == [group]


def test_members_come_and_go_and_are_told(teams: Service) -> None:
    teams.call("AddMemberToTeam", teamId="ops", body__userId="eve@x.example")
    listed = teams.call("ListTeamMembers", teamId="ops").body["value"]
    teams.call("RemoveMemberFromTeam", teamId="ops", membershipId=listed[0]["id"])

    assert [member["email"] for member in listed] == ["bob@x.example", "eve@x.example"]
    assert teams.call("OnGroupMembershipAdd", groupId="ops").body == [{"id": "eve@x.example"}]
    assert teams.call("OnGroupMembershipRemoval", groupId="ops").body == [{"id": "bob@x.example"}]


def test_a_meeting_has_a_link_and_stands_in_the_calendar(teams: Service) -> None:
    made = teams.call("CreateTeamsMeeting", calendarid="Calendar", item__subject="Review", item__timeZone="UTC",
                      item__start__dateTime="2026-03-02T09:00:00", item__end__dateTime="2026-03-02T10:00:00",
                      item__requiredAttendees="bob@x.example;eve@x.example")  # fmt: skip

    [(_, event)] = teams.tenant.store_of("office365").rows("events")
    assert made.body["onlineMeeting"]["joinUrl"].startswith("https://teams.microsoft.com/")
    assert (event["subject"], event["start"]) == ("Review", "2026-03-02T09:00:00")


@pytest.mark.parametrize(
    ("operation", "given", "told"),
    [
        ("WebhookNewMessageTrigger", {"threadType": "channel", "body/recipient/groupId": "ops"}, 2),
        ("WebhookKeywordTrigger", {"threadType": "channel", "$search": "outage, fire"}, 1),
        ("WebhookNewMessageTrigger", {"threadType": "channel", "body/recipient/groupId": "sales"}, 0),
    ],
)
def test_a_trigger_is_told_of_the_messages_it_waits_for(
    teams: Service, operation: str, given: dict[str, str], told: int
) -> None:
    target = Target(type="OpenApiConnectionWebhook", api="shared_teams", operation=operation)
    inputs = {"parameters": given}
    teams.perform(
        CallOperation(id="1", run_id="r", action="t", target=target, inputs=inputs, callback_url="https://cb.example/1")
    )

    post(teams, "An outage!")
    post(teams, "All is well")

    assert len([each for each in teams.tenant.signals if each[0] == "https://cb.example/1"]) == told
