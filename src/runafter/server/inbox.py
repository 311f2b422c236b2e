"""What waits for people and callbacks: every action that subscribed and has not been answered.

An item is written before the subscribing call goes out, so whoever is asked
finds it here whatever happens to the process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from runafter.catalog.catalog import Catalog
from runafter.catalog.rows import InboxItem
from runafter.hosts.clock import Clock
from runafter.hosts.outside import Outside
from runafter.protocol.commands import CallOperation, Repetition
from runafter.protocol.events import Outcome
from runafter.protocol.ids import repetition_name
from runafter.server.questions import Card, card_in
from runafter.storage.batch import Batch

_SHOWN = ("title", "details", "assignedto", "requestor", "itemlink", "itemlinkdescription", "approvaltype")


RUN_AGAIN = "Run again"
REVIEW_ANSWERS = ("Done", RUN_AGAIN)


def item_id(run_id: str, action: str, repetition: Repetition = ()) -> str:
    name = repetition_name(repetition)
    return f"{run_id}/{action}/{name}" if name else f"{run_id}/{action}"


class Inbox:
    """The open items, and the outside that notices new ones. `flow_of` names the flow of a run."""

    def __init__(self, catalog: Catalog, clock: Clock, inner: Outside) -> None:
        self._catalog = catalog
        self._clock = clock
        self._inner = inner
        self._open: dict[str, InboxItem] = {}
        self.flow_of: Mapping[str, str] = {}

    async def recover(self) -> None:
        """Read what is open."""
        for item in await self._catalog.items(status="open", limit=1_000_000):
            self._open[item.id] = item

    async def perform(self, call: CallOperation) -> Outcome:
        """Perform a call; one that subscribes becomes an item first."""
        if call.purpose == "subscribe":
            await self._add(call)
        return await self._inner.perform(call)

    async def _add(self, call: CallOperation) -> None:
        identity = item_id(call.run_id, call.action, call.repetition)
        if identity in self._open:
            return
        card = None if call.secure_inputs else card_in(call.inputs)
        kind = "card" if card is not None else "approval" if _is_approval(call) else "callback"
        item = InboxItem(
            id=identity,
            kind=kind,
            flow=self.flow_of.get(call.run_id, ""),
            run_id=call.run_id,
            status="open",
            created_at=self._clock(),
            detail={
                "action": call.action,
                "repetition": repetition_name(call.repetition),
                "callback_url": call.callback_url,
                "due": call.due,
                **({} if call.secure_inputs else _shown(call.inputs)),
                **({} if card is None else _shown_card(card)),
            },
        )
        self._open[identity] = item
        await self._save(item)

    @property
    def is_empty(self) -> bool:
        return not self._open

    def is_open(self, run_id: str, action: str, repetition: Repetition = ()) -> bool:
        return item_id(run_id, action, repetition) in self._open

    async def ask_review(self, flow: str, run_id: str, status: str, error: Any) -> InboxItem | None:
        """Put a run that ended badly before people; None where it was put there before."""
        identity = f"{run_id}/review"
        if identity in self._open or await self._catalog.item(identity) is not None:
            return None
        said = error if isinstance(error, Mapping) else {}
        item = InboxItem(
            id=identity,
            kind="review",
            flow=flow,
            run_id=run_id,
            status="open",
            created_at=self._clock(),
            detail={
                "action": "review",
                "title": f"{flow}: a run ended {status}",
                "details": ": ".join(str(said[name]) for name in ("code", "message") if said.get(name)),
                "options": list(REVIEW_ANSWERS),
            },
        )
        self._open[identity] = item
        await self._save(item)
        return item

    async def close(self, identity: str, **answer: Any) -> InboxItem | None:
        """Close an item; None where it is closed already. Of two who answer at once, one gets None."""
        item = self._open.pop(identity, None)
        stored = await self._catalog.item(identity)
        if item is None or (stored is not None and stored.status == "closed"):
            return None
        closed = msgspec.structs.replace(
            item, status="closed", closed_at=self._clock(), detail={**item.detail, **answer}
        )
        await self._save(closed)
        return closed

    async def reopen(self, item: InboxItem) -> None:
        """Put back an item whose answer did not reach its run."""
        opened = msgspec.structs.replace(item, status="open", closed_at=None)
        self._open[item.id] = opened
        await self._save(opened)

    async def note(self, item: InboxItem, **more: Any) -> InboxItem:
        """Keep what became of an answer."""
        noted = msgspec.structs.replace(item, detail={**item.detail, **more})
        await self._save(noted)
        return noted

    async def settled(self, run_id: str, action: str | None = None, repetition: Repetition = ()) -> None:
        """Close what nobody needs to answer any more: an action's item, or all of a run."""
        if action is not None:
            await self.close(item_id(run_id, action, repetition))
            return
        for identity, item in list(self._open.items()):
            if item.run_id == run_id and item.kind != "review":
                await self.close(identity)

    def concerns(self, run_id: str) -> bool:
        return any(item.run_id == run_id for item in self._open.values()) if self._open else False

    async def _save(self, item: InboxItem) -> None:
        batch = Batch()
        self._catalog.put_item(batch, item)
        await self._catalog.commit(batch)


def _is_approval(call: CallOperation) -> bool:
    named = f"{call.target.api or ''} {call.target.operation or ''} {call.target.connection or ''}".casefold()
    return "approval" in named or "options" in _shown(call.inputs)


def _shown_card(card: Card) -> dict[str, Any]:
    kept = {"choices": card.choices, "inputs": card.inputs, "note": card.note}
    return {"title": card.title, "details": card.details, "options": list(card.choices), "card": kept}


def _shown(inputs: Any) -> dict[str, Any]:
    """Return what a person must see to answer: title, details, who is asked, which answers there are."""
    found: dict[str, Any] = {}

    def look(value: Any, depth: int) -> None:
        if not isinstance(value, Mapping) or depth > 5:
            return
        for key, item in value.items():
            name = str(key).rpartition("/")[2]
            folded = name.casefold()
            if folded in _SHOWN and isinstance(item, str):
                found.setdefault(name[0].lower() + name[1:], item)
            elif folded in {"options", "useroptions", "responseoptions"} and isinstance(item, str | list):
                options = item if isinstance(item, list) else [part.strip() for part in item.split(",")]
                found.setdefault("options", [str(option) for option in options])
            elif folded == "to" and isinstance(item, str):
                found.setdefault("assignedTo", item)
            elif folded == "subject" and isinstance(item, str):
                found.setdefault("title", item)
            else:
                look(item, depth + 1)

    look(inputs, 0)
    return found
