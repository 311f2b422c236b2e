"""The catalog on one storage.

Methods that take a `Batch` add to it, so that what a trigger decided and the
run that it begins are one transaction. All others are durable when they return.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import msgspec

from runafter.catalog.rows import (
    FlowMeta,
    FlowRow,
    FlowState,
    HistoryDetail,
    InboxItem,
    TokenRow,
    TriggerHistory,
    TriggerState,
    VersionRow,
    WaitingRun,
)
from runafter.storage.api import Storage
from runafter.storage.batch import Batch, Row
from runafter.storage.statements import load_statements

_LAST_TICKS = 3_155_378_975_999_999_999
_encoder = msgspec.json.Encoder(enc_hook=str)
_meta = msgspec.json.Decoder(FlowMeta)
_state = msgspec.json.Decoder(TriggerState)
_history_detail = msgspec.json.Decoder(HistoryDetail)
_WAITING_MORE = ("caller_waits", "reuse", "scheduled_at", "origin")
_HISTORY = (
    "id, flow, trigger_name, status, code, fired, run_id, scheduled_at, started_at, ended_at, client_tracking_id, "
    "origin, detail"
)


def _encode(value: Any) -> bytes:
    """Return JSON; half a surrogate pair, which no UTF-8 holds, becomes U+FFFD."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(value, enc_hook=str), ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


class Catalog:
    """Flows and everything about them that is not a run."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._sql = load_statements("runafter.catalog", storage.dialect)

    # --- flows and versions

    async def flows(self) -> list[FlowRow]:
        return [_flow(row) for row in await self.storage.fetch(self._sql["read_flows"])]

    async def flow(self, name: str) -> FlowRow | None:
        rows = await self.storage.fetch(self._sql["read_flow"], name)
        return _flow(rows[0]) if rows else None

    async def install(
        self,
        name: str,
        *,
        title: str,
        program: str,
        source: bytes,
        meta: FlowMeta,
        at: int,
        state: FlowState = "Enabled",
    ) -> FlowRow:
        """Make `source` the flow's current version and return the flow.

        A new version is made only where the content differs from the current
        one. `state` is that of a flow which is new; a known one keeps its own.
        """
        digest = hashlib.blake2b(source, digest_size=16).hexdigest()
        known = await self.flow(name)
        current = await self.version(name, known.version) if known is not None else None
        is_same = current is not None and current.digest == digest
        if known is not None and is_same and known.meta == meta and known.title == title:
            return known
        batch = Batch()
        version = known.version if known is not None and is_same else f"{_LAST_TICKS - at:020d}"
        if not is_same:
            taken = {row.version for row in await self.versions(name)}
            while version in taken:  # two versions within one tick
                version = f"{int(version) - 1:020d}"
            batch.add(self._sql["insert_version"], name, version, program, digest, source, at)
        batch.add(self._sql["put_flow"], name, title, state, version, _encode(meta), at, at, at)
        await self.commit(batch)
        flow = await self.flow(name)
        assert flow is not None
        return flow

    async def versions(self, flow: str) -> list[VersionRow]:
        """Return the flow's versions without their sources, newest first."""
        return [_version(row) for row in await self.storage.fetch(self._sql["read_versions"], flow)]

    async def version(self, flow: str, version: str) -> VersionRow | None:
        rows = await self.storage.fetch(self._sql["read_version"], flow, version)
        return _version(rows[0]) if rows else None

    async def set_state(self, flow: FlowRow, state: FlowState, at: int) -> FlowRow:
        """Switch a flow on or off; the moment counts only where that changes something."""
        if flow.state == state:
            return flow
        enabled_at = at if state == "Enabled" else flow.enabled_at
        await self.storage.execute(self._sql["set_state"], flow.name, state, at, enabled_at)
        return msgspec.structs.replace(flow, state=state, changed_at=at, enabled_at=enabled_at)

    async def remove(self, flow: str) -> bool:
        """Forget the flow; its versions, histories and runs stay."""
        return bool(await self.storage.execute(self._sql["delete_flow"], flow))

    # --- triggers

    async def trigger_states(self) -> dict[tuple[str, str], TriggerState]:
        """Return every trigger's state by (flow, trigger)."""
        rows = await self.storage.fetch(self._sql["read_triggers"])
        return {(row[0], row[1]): _state.decode(row[3]) for row in rows}

    def set_trigger(self, batch: Batch, flow: str, trigger: str, state: TriggerState) -> None:
        batch.add(self._sql["put_trigger"], flow, trigger, state.due_at, _encode(state))

    def add_history(self, batch: Batch, history: TriggerHistory) -> None:
        """Add a history row, or the new state of one that waited."""
        batch.add(
            self._sql["insert_history"],
            history.id,
            history.flow,
            history.trigger,
            history.status,
            history.code,
            int(history.fired),
            history.run_id,
            history.scheduled_at,
            history.started_at,
            history.ended_at,
            history.client_tracking_id,
            history.origin,
            None if history.detail is None else _encode(history.detail),
        )

    async def histories(
        self,
        flow: str,
        trigger: str | None = None,
        *,
        statuses: Iterable[str] = (),
        after: str | None = None,
        limit: int = 50,
    ) -> list[TriggerHistory]:
        """Return histories, newest first; `after` is the id of the last one of the page before."""
        row: list[Any] = [flow]
        wishes = ["flow = $1"]
        if trigger is not None:
            row.append(trigger)
            wishes.append(f"trigger_name = ${len(row)}")
        names = tuple(statuses)
        if names:
            wishes.append(f"status IN ({', '.join(f'${len(row) + n + 1}' for n in range(len(names)))})")
            row.extend(names)
        if after is not None:
            row.append(after)
            wishes.append(f"id > ${len(row)}")
        row.append(limit)
        text = f"SELECT {_HISTORY} FROM trigger_histories WHERE {' AND '.join(wishes)} ORDER BY id LIMIT ${len(row)}"  # noqa: S608 - our own words
        return [_history(found) for found in await self.storage.fetch_text(text, row)]

    async def history(self, identity: str) -> TriggerHistory | None:
        text = f"SELECT {_HISTORY} FROM trigger_histories WHERE id = $1"  # noqa: S608 - our own words
        rows = await self.storage.fetch_text(text, [identity])
        return _history(rows[0]) if rows else None

    async def purge_histories(self, before: int) -> int:
        """Delete histories that began before a moment; return how many."""
        return len(await self.storage.execute(self._sql["purge_histories"], before))

    # --- one run per event key

    def claim(self, batch: Batch, flow: str, key: str, run_id: str, *, now: int, until: int) -> None:
        """Let the key stand for this run until a moment. The batch is refused with `AlreadyThere` where it is claimed."""
        batch.add(self._sql["drop_spent_key"], flow, key, now)
        batch.add(self._sql["insert_key"], flow, key, run_id, until)

    async def claimed(self, flow: str, key: str, now: int) -> str | None:
        """Return the run that the key stands for."""
        rows = await self.storage.fetch(self._sql["read_key"], flow, key, now)
        return rows[0][0] if rows else None

    async def purge_keys(self, now: int) -> int:
        """Forget keys that ran out; return how many."""
        return len(await self.storage.execute(self._sql["purge_keys"], now))

    # --- runs that wait for a slot

    def wait(self, batch: Batch, waiting: WaitingRun) -> None:
        content: dict[str, Any] = {"record": waiting.event, "tracking": waiting.client_tracking_id}
        content |= {name: value for name in _WAITING_MORE if (value := getattr(waiting, name))}
        event = _encode(content)
        batch.add(
            self._sql["insert_waiting"],
            waiting.run_id,
            waiting.flow,
            waiting.trigger,
            waiting.version,
            waiting.since,
            event,
        )

    def leave(self, batch: Batch, run_id: str) -> None:
        """Take a run out of the queue."""
        batch.add(self._sql["delete_waiting"], run_id)

    async def waiting(self) -> list[WaitingRun]:
        """Return all waiting runs, those that came first in front."""
        found = []
        for run_id, flow, trigger, version, since, event in await self.storage.fetch(self._sql["read_waiting"]):
            content = msgspec.json.decode(event)
            found.append(
                WaitingRun(
                    run_id=run_id,
                    flow=flow,
                    trigger=trigger,
                    version=version,
                    since=since,
                    event=content["record"],
                    client_tracking_id=content["tracking"],
                    **{name: content[name] for name in _WAITING_MORE if name in content},
                )
            )
        return found

    # --- secrets and tokens

    async def secret(self, name: str, fresh: bytes, at: int) -> bytes:
        """Return the secret of this name; `fresh` becomes it where there is none."""
        rows = await self.storage.fetch(self._sql["read_secret"], name)
        if not rows:
            rows = await self.storage.execute(self._sql["keep_secret"], name, fresh, at)
        return bytes(rows[0][0])

    async def replace_secret(self, name: str, fresh: bytes, at: int) -> None:
        """Put another secret in place: what was signed with the old one is void."""
        await self.storage.execute(self._sql["put_secret"], name, fresh, at)

    async def add_token(self, token: str, *, name: str, at: int, until: int | None = None) -> TokenRow:
        """Let a bearer of `token` in until a moment (None: until it is removed). The token itself is not kept."""
        digest = token_digest(token)
        await self.storage.execute(self._sql["insert_token"], digest, name, at, until)
        return TokenRow(digest=digest, name=name, created_at=at, until=until)

    async def tokens(self) -> list[TokenRow]:
        rows = await self.storage.fetch(self._sql["read_tokens"])
        return [TokenRow(digest=row[0], name=row[1], created_at=row[2], until=row[3]) for row in rows]

    async def remove_token(self, digest: str) -> bool:
        return bool(await self.storage.execute(self._sql["delete_token"], digest))

    # --- what waits for people

    def put_item(self, batch: Batch, item: InboxItem) -> None:
        """Add an item, or change its status and detail."""
        batch.add(
            self._sql["put_inbox"],
            item.id,
            item.kind,
            item.flow,
            item.run_id,
            item.status,
            item.created_at,
            item.closed_at,
            _encode(item.detail),
        )

    async def item(self, identity: str) -> InboxItem | None:
        rows = await self.storage.fetch(self._sql["read_inbox_item"], identity)
        return _item(rows[0]) if rows else None

    async def items(
        self, *, kind: str | None = None, status: str | None = None, run_id: str | None = None, limit: int = 200
    ) -> list[InboxItem]:
        """Return items, newest first."""
        row: list[Any] = []
        wishes = []
        for column, value in (("kind", kind), ("status", status), ("run_id", run_id)):
            if value is not None:
                row.append(value)
                wishes.append(f"{column} = ${len(row)}")
        where = f"WHERE {' AND '.join(wishes)} " if wishes else ""
        row.append(limit)
        text = (
            "SELECT id, kind, flow, run_id, status, created_at, closed_at, detail FROM inbox_items "  # noqa: S608 - our own words
            f"{where}ORDER BY created_at DESC, id LIMIT ${len(row)}"
        )
        return [_item(found) for found in await self.storage.fetch_text(text, row)]

    async def commit(self, batch: Batch) -> None:
        """Submit a batch and return when it is durable.

        Raises:
            StorageFault: it was refused; nothing of it is written.
        """
        import asyncio

        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def then(fault: Exception | None) -> None:
            if not done.done():
                done.set_result(None) if fault is None else done.set_exception(fault)

        batch.then = then
        self.storage.submit(batch)
        await done


def token_digest(token: str) -> str:
    """Return what is kept of a token: tokens are random and long, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _flow(row: Row) -> FlowRow:
    return FlowRow(
        name=row[0],
        title=row[1],
        state=row[2],
        version=row[3],
        meta=_meta.decode(row[4]),
        created_at=row[5],
        changed_at=row[6],
        enabled_at=row[7],
    )


def _version(row: Row) -> VersionRow:
    flow, version, program, digest, created_at, *source = row
    return VersionRow(
        flow=flow,
        version=version,
        program=program,
        digest=digest,
        created_at=created_at,
        source=bytes(source[0]) if source else b"",
    )


def _history(row: Row) -> TriggerHistory:
    return TriggerHistory(
        id=row[0],
        flow=row[1],
        trigger=row[2],
        status=row[3],
        code=row[4],
        fired=bool(row[5]),
        run_id=row[6],
        scheduled_at=row[7],
        started_at=row[8],
        ended_at=row[9],
        client_tracking_id=row[10],
        origin=row[11],
        detail=None if row[12] is None else _history_detail.decode(row[12]),
    )


def _item(row: Row) -> InboxItem:
    return InboxItem(
        id=row[0],
        kind=row[1],
        flow=row[2],
        run_id=row[3],
        status=row[4],
        created_at=row[5],
        closed_at=row[6],
        detail=msgspec.json.decode(row[7]),
    )
