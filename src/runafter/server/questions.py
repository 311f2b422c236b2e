"""What people are asked, and what an answer becomes: approvals, mails and posts with options, adaptive cards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from runafter.catalog.rows import InboxItem
from runafter.connectors.packs.approvals import emulator as approvals
from runafter.connectors.packs.office365 import emulator as mails
from runafter.connectors.packs.teams import emulator as posts
from runafter.engine.instants import timestamp
from runafter.tenant.tenant import Tenant

_DEEP = 12
_SUBMITS = frozenset({"action.submit", "action.execute"})
SUBMIT = "Submit"


class WrongAnswer(ValueError):
    """The question takes no such answer, or none from this person."""


class Card(Struct, frozen=True, kw_only=True):
    """An adaptive card that waits. `choices` are its buttons with the data they send; `inputs` its fields with what stands in them; `note` is the field for words."""

    title: str
    details: str
    choices: dict[str, Any]
    inputs: dict[str, Any]
    note: str | None


def card_in(inputs: Any) -> Card | None:
    """Return the adaptive card among an action's inputs; None where there is none that anybody could answer."""
    found = next(_cards(inputs, 0), None)
    if found is None:
        return None
    texts: list[str] = []
    choices: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    notes: list[str] = []
    for part in _parts(found, 0):
        kind = str(part.get("type", "")).lower()
        if kind == "textblock" and part.get("text"):
            texts.append(str(part["text"]))
        elif kind == "factset":
            facts = [fact for fact in part.get("facts") or () if isinstance(fact, Mapping)]
            texts += [f"{fact.get('title', '')}: {fact.get('value', '')}" for fact in facts]
        elif kind.startswith("input.") and part.get("id"):
            fields[str(part["id"])] = part.get("value", "false" if kind == "input.toggle" else "")
            if kind == "input.text":
                notes.append(str(part["id"]))
        elif kind in _SUBMITS:
            choices.setdefault(str(part.get("title") or SUBMIT), part.get("data"))
    return Card(
        title=texts[0] if texts else "",
        details="\n".join(texts[1:]),
        choices=choices or {SUBMIT: None},
        inputs=fields,
        note=notes[0] if notes else None,
    )


def _cards(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, str) and "AdaptiveCard" in value:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if not isinstance(value, Mapping) or depth > _DEEP:
        return
    if value.get("type") == "AdaptiveCard":
        yield value
        return
    for item in value.values():
        yield from _cards(item, depth + 1)


def _parts(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """Walk a card's elements and actions in the order in which people see them."""
    if depth > _DEEP:
        return
    if isinstance(value, list):
        for item in value:
            yield from _parts(item, depth + 1)
    elif isinstance(value, Mapping):
        yield value
        for name in ("body", "items", "columns", "rows", "cells", "card", "actions"):
            yield from _parts(value.get(name), depth + 1)


def data_of(card: Mapping[str, Any], choice: str, comments: str) -> dict[str, Any]:
    """Return what the card's button sends: its own data, and the fields with the comment in the one for words."""
    own = (card.get("choices") or {}).get(choice)
    data = {**(card.get("inputs") or {}), **(own if isinstance(own, Mapping) else {})}
    if comments and card.get("note"):
        data[card["note"]] = comments
    return data


def answer_in(tenant: Tenant, item: InboxItem, who: str, answer: str, comments: str, now: int) -> bool:
    """Answer in the emulated tenant where the question stands in it; return whether it does.

    Raises:
        WrongAnswer: it is none of its answers, or not for `who`.
    """
    url = item.detail.get("callback_url")
    if not url:
        return False
    store = tenant.store_of("approvals")
    for name, row in store.rows(approvals.APPROVALS):
        if url in row["callbacks"] and row["status"] == "Pending":
            try:
                approvals.respond(store, tenant, name, who, answer, comments, now)
            except ValueError as fault:
                raise WrongAnswer(str(fault)) from fault
            return True
    store = tenant.store_of("teams")
    for name, row in store.rows(posts.WAITING):
        if row["callback_url"] == url:
            card = item.detail.get("card")
            given = answer if card is None else data_of(card, answer, comments)
            return posts.answer_card(store, tenant, name, given, now, by=who)
    store = tenant.store_of("office365")
    for name, row in store.rows(mails.WAITING):
        if row["callback_url"] == url:
            mails.choose(store, tenant, name, answer)
            return True
    return False


def result_of(item: InboxItem, who: str, answer: str, comments: str, now: int) -> dict[str, Any]:
    """Return the body that the action gets when the question stands nowhere but in the inbox."""
    person = {"id": who, "displayName": who.split("@", maxsplit=1)[0], "email": who, "userPrincipalName": who}
    if item.kind == "card":
        data = data_of(item.detail.get("card") or {}, answer, comments)
        return {"responseTime": timestamp(now), "responder": person, "submitActionId": None, "data": data}
    response = {
        "responder": person,
        "requestDate": timestamp(item.created_at),
        "responseDate": timestamp(now),
        "approverResponse": answer,
        "comments": comments,
    }
    return {
        "responses": [response],
        "responseSummary": f"Approver: {person['displayName']}, {who}\nResponse: {answer}\nComments: {comments}",
        "outcome": answer,
        "SelectedOption": answer,
        "title": item.detail.get("title", ""),
        "details": item.detail.get("details", ""),
        "requestDate": timestamp(item.created_at),
        "completionDate": timestamp(now),
        "name": item.id,
    }
