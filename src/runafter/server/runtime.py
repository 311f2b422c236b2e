"""One project running on one database: flows, triggers, runs, and what people are asked. Knows no HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from runafter.catalog.catalog import Catalog
from runafter.catalog.rows import FlowState, InboxItem
from runafter.engine.instants import timestamp
from runafter.errors import EnvironmentFault, InvalidDefinition, RunafterError
from runafter.hosts.embedded.host import Host, UnknownRun
from runafter.hosts.outside import Outside
from runafter.local.triggers import outputs_of
from runafter.program.steps import Trigger
from runafter.project.project import Project
from runafter.protocol.commands import FinishRun, NoteStarted, RecordAction, Repetition, SendResponse
from runafter.protocol.ids import repetition_name
from runafter.server.events import Fired, TriggerEvent
from runafter.server.firing import Firing
from runafter.server.flows import Flow, FlowBook
from runafter.server.inbox import RUN_AGAIN, Inbox, item_id
from runafter.server.live import Broadcast, News
from runafter.server.metrics import Counted, Metrics
from runafter.server.polls import Polls
from runafter.server.questions import WrongAnswer, answer_in, result_of
from runafter.server.runs import Runs
from runafter.server.schedule import Schedule
from runafter.server.settings import ServerSettings
from runafter.server.signatures import Signer
from runafter.server.subscriptions import Subscriptions
from runafter.storage.api import Storage
from runafter.storage.faults import StorageFault
from runafter.tenant.tenant import Tenant

_log = logging.getLogger("runafter.server")
_REVIEWS_LOOKED_AT = 200
Notice = NoteStarted | RecordAction | SendResponse | FinishRun


class NotAnswerable(EnvironmentFault):
    """Nobody waits for this answer: it was given, or the run went on without it."""

    code = "SRV003"


class Runtime:
    """Everything that `runafter serve` runs, on either clock.

    `make_host` gets the outside and the responder; the simulator's hosts fit.
    `outside` performs calls; a `LocalOutside` gets the host and the responses of child runs.
    """

    def __init__(
        self,
        storage: Storage,
        outside: Outside,
        make_host: Callable[[Outside, Callable[[str, SendResponse], None]], Host],
        *,
        settings: ServerSettings | None = None,
        tenant: Tenant | None = None,
    ) -> None:
        self.settings = settings or ServerSettings()
        self.storage = storage
        self.catalog = Catalog(storage)
        self.tenant = tenant
        self.news = Broadcast()
        self._outside = outside
        self._replies: dict[str, asyncio.Future[SendResponse | None]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._said: dict[str, dict[str, Any]] = {}
        self.metrics = Metrics(self.settings.resource_group)
        self.inbox = Inbox(self.catalog, lambda: self.host.clock(), Counted(outside, self.metrics))  # noqa: PLW0108 - the host comes later
        self.host = make_host(self.inbox, self._respond)
        if hasattr(outside, "host"):
            outside.host = self.host
        if tenant is not None:
            tenant.on_signal = self._tenant_signal
        self.flows = FlowBook(self.catalog, self.host.clock)
        self.signer = Signer(
            self.catalog, self.host.clock, self.settings.public_url, lambda: self.host.rng.randbytes(32)
        )
        self.firing = Firing(self.host, self.catalog, self.flows, self.signer, self.settings)
        self.firing.on_begun = lambda flow, run_id: self._tell(flow, run_id, "Running")
        self.runs = Runs(self.host.journal, self.catalog, self.firing)
        self.inbox.flow_of = self.firing.flow_of
        self.metrics.waiting_by(lambda: len(self.firing.waiting()), self.firing.overflows)
        self.polls = Polls(self.host, outside)
        self.schedule = Schedule(self.host, self.catalog, self.flows, self.firing, self.polls, self.settings)
        self.subscriptions = Subscriptions(self.catalog, self.flows, self.polls, self.signer)
        self.is_ready = False

    # --- life

    async def start(self, project: Project | None = None) -> None:
        """Install the project, take up what the database holds, and let triggers fire."""
        await self.flows.open()
        if project is not None:
            await self.flows.load(project)
        await self.firing.recover()
        await self.inbox.recover()
        await self._recover_reviews()
        self.host.subscribe(self._noticed)
        await self.host.start()
        self.firing.go()
        await self.subscriptions.start()
        await self.schedule.start()
        self.is_ready = True

    async def stop(self) -> None:
        """Take no more events and give the runs up; they go on with the next start."""
        self.is_ready = False
        self.news.close()
        await self.schedule.stop()
        await self.subscriptions.stop()
        await self.firing.close()
        await self.host.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for reply in self._replies.values():
            reply.cancel()

    # --- flows

    async def load(self, project: Project) -> list[str]:
        """Install what changed; runs under way end on the version they began with."""
        return await self._changed(await self.flows.load(project))

    async def follow(self) -> list[str]:
        """Take over what other processes did to the flows in the database: the command line, another server."""
        return await self._changed(await self.flows.follow())

    async def _changed(self, names: list[str]) -> list[str]:
        if names:
            await self.schedule.refresh()
            await self.subscriptions.refresh()
        states = {flow.name: flow.row.state for flow in self.flows.all()}
        for name in names:
            self.news.publish(News(kind="flow", flow=name, data={"state": states.get(name)}))
        return names

    async def switch(self, name: str, state: FlowState) -> Flow:
        """Enable or disable a flow: schedules and subscriptions follow."""
        flow = await self.flows.switch(name, state)
        await self.schedule.refresh()
        await self.subscriptions.refresh()
        self.news.publish(News(kind="flow", flow=flow.name, data={"state": flow.row.state}))
        return flow

    async def revoke(self, name: str, *keys: str) -> None:
        """Replace signing keys: addresses signed with them stop to work, and webhooks are subscribed with new ones."""
        for key in keys:
            await self.signer.revoke(name, key)
        await self.subscriptions.refresh()

    async def remove(self, name: str) -> None:
        """Delete a flow. Its runs go on to their end and stay in history."""
        await self.switch(name, "Disabled")
        await self.flows.remove(name)

    # --- triggers

    def trigger_of(self, flow: Flow, name: str | None = None) -> Trigger:
        """Return the named trigger, or the flow's first.

        Raises:
            InvalidDefinition: the flow has errors.
            EnvironmentFault: it has no such trigger.
        """
        if flow.program is None:
            raise InvalidDefinition(flow.findings)
        found = flow.trigger(name) if name is not None else next(iter(flow.program.triggers.values()), None)
        if found is None:
            raise EnvironmentFault(f"the flow {flow.name!r} has no trigger {name!r}", code="SRV004")
        return found

    async def fire(self, flow: Flow, trigger: Trigger, event: TriggerEvent) -> list[Fired]:
        """Let an event come to a trigger and tell those who watch."""
        fired = await self.firing.fire(flow, trigger, event)
        for each in fired:
            if each.run_id is not None and each.status == "Waiting":
                self._tell(flow.name, each.run_id, "Waiting")
        return fired

    def _tell(self, flow: str, run_id: str, status: str) -> None:
        if self.news.is_watched:
            self.news.publish(News(kind="run", flow=flow, run=run_id, data={"status": status}))

    async def run_now(self, name: str, *, trigger: str | None = None, given: Any = None) -> list[Fired]:
        """Run a flow by hand with a trigger body, or the trigger's whole outputs."""
        flow = self.flows.get(name)
        return await self.fire(flow, self.trigger_of(flow, trigger), TriggerEvent(outputs=outputs_of(given)))

    async def resubmit(self, run_id: str, actions: tuple[str, ...] = ()) -> Fired:
        """Run again with the same trigger outputs on the flow's current version.

        With `actions`, what these do not follow from keeps the results of the earlier run.

        Raises:
            UnknownRun: there is no such run.
        """
        header = await self.runs.run(run_id)
        began = await self.runs.trigger(run_id)
        if header is None or began is None:
            raise UnknownRun(f"there is no run {run_id}")
        flow = self.flows.get(header.flow)
        name = str(began.get("name", ""))
        trigger = flow.trigger(name) or self.trigger_of(flow)
        event = TriggerEvent(
            outputs=began.get("outputs") or {},
            inputs=began.get("inputs"),
            origin=run_id,
            unconditional=True,
            reuse=await self._kept_results(flow, run_id, actions) if actions else {},
        )
        return (await self.fire(flow, trigger, event))[0]

    async def _kept_results(self, flow: Flow, run_id: str, actions: tuple[str, ...]) -> dict[str, Any]:
        """Return the results of all calls that neither are these actions nor follow from them."""
        assert flow.program is not None
        again: set[str] = set()
        for name in actions:
            known = flow.program.names.get(name.casefold())
            if known is None:
                raise EnvironmentFault(f"the flow {flow.name!r} has no action {name!r}", code="SRV004")
            again |= _after(flow, known)
        kept: dict[str, Any] = {}
        after: tuple[str, str] | None = None
        while True:
            rows = await self.host.journal.history.actions(run_id, values=True, after=after, limit=1000)
            for row in rows:
                if row.action not in again and row.status == "Succeeded" and not row.detail.secure_outputs:
                    repetition = repetition_name(row.repetition)
                    kept[f"{row.action}/{repetition}" if repetition else row.action] = {
                        "status": row.status,
                        "code": row.code,
                        "outputs": row.outputs,
                    }
            if len(rows) < 1000:
                return kept
            after = (repetition_name(rows[-1].repetition), rows[-1].action)

    async def cancel(self, run_id: str) -> bool:
        """Cancel a run, under way or waiting for its slot. False when it is over."""
        if await self.firing.cancel_waiting(run_id):
            return True
        return await self.host.cancel(run_id)

    # --- answers

    def expect(self, run_id: str) -> asyncio.Future[SendResponse | None]:
        """Return what will be the run's response, None where it ends without one. Call before the run begins; `forget` afterwards."""
        return self._replies.setdefault(run_id, asyncio.get_running_loop().create_future())

    def forget(self, run_id: str) -> None:
        self._replies.pop(run_id, None)

    def _respond(self, run_id: str, response: SendResponse) -> None:
        reply = self._replies.get(run_id)
        if reply is not None and not reply.done():
            reply.set_result(response)
        respond = getattr(self._outside, "respond", None)
        if respond is not None:
            respond(run_id, response)

    async def signal(self, run_id: str, action: str, repetition: Repetition, outputs: Any, **answer: Any) -> None:
        """Complete an action that waits for its callback; durable when it returns.

        Raises:
            NotAnswerable: it was answered before, or does not wait.
        """
        identity = f"{run_id}/{action}" + (f"/{repetition_name(repetition)}" if repetition else "")
        item = await self.inbox.close(identity, **answer)
        if item is None:
            raise NotAnswerable(f"the action {action!r} does not wait for a callback (any more)")
        try:
            is_taken = await self.host.signal(run_id, action, repetition, outputs)
        except StorageFault:
            await self.inbox.reopen(item)
            raise
        if not is_taken:
            raise NotAnswerable(f"the run of {action!r} is over")
        self.news.publish(News(kind="approval", flow=item.flow, run=run_id, data={"id": item.id, "status": "closed"}))

    async def answer(self, identity: str, answer: str, *, comments: str = "", responder: str = "") -> InboxItem:
        """Answer an approval, card or callback by hand; durable when it returns.

        Raises:
            EnvironmentFault: SRV004, there is no such item.
            NotAnswerable: it is no open item, or the answer is none of its options.
        """
        item = await self.catalog.item(identity)
        if item is None:
            raise EnvironmentFault(f"nothing that waits for people is named {identity!r}", code="SRV004")
        if item.status != "open":
            raise NotAnswerable(f"{identity!r} does not wait for an answer")
        options = item.detail.get("options") or ["Approve", "Reject"]
        if item.kind in {"approval", "card", "review"} and answer not in options:
            raise NotAnswerable(f"the answer must be one of {', '.join(options)}")
        asked = str(item.detail.get("assignedTo") or "").replace(",", ";").split(";")[0].strip()
        who = responder or asked or "somebody@localhost"
        if item.kind == "review":
            return await self._review(item, answer, comments, who)
        self._said[identity] = {"answer": answer, "comments": comments, "by": who}
        before = set(self._tasks)
        try:
            is_sent = self._answer_in_tenant(item, who, answer, comments)
        except NotAnswerable:
            del self._said[identity]
            raise
        if is_sent:  # the tenant calls back by tasks of ours: what is told as answered has reached its run
            brought = self._tasks - before
            if brought:
                await asyncio.wait(brought)
        else:
            del self._said[identity]
            repetition = repetition_of(str(item.detail.get("repetition") or ""))
            body = result_of(item, who, answer, comments, self.host.clock())
            outputs = {"statusCode": 200, "headers": {}, "body": body}
            await self.signal(
                item.run_id, str(item.detail["action"]), repetition, outputs, answer=answer, comments=comments, by=who
            )
        return await self.catalog.item(identity) or item

    async def _review(self, item: InboxItem, answer: str, comments: str, who: str) -> InboxItem:
        closed = await self.inbox.close(item.id, answer=answer, comments=comments, by=who, again=None)
        if closed is None:
            raise NotAnswerable(f"{item.id!r} does not wait for an answer")
        if answer == RUN_AGAIN:
            try:
                again = await self.resubmit(item.run_id)
            except RunafterError:
                await self.inbox.reopen(item)
                raise
            closed = await self.inbox.note(closed, again=again.run_id)
        self.news.publish(
            News(kind="approval", flow=item.flow, run=item.run_id, data={"id": item.id, "status": "closed"})
        )
        return closed

    async def _ask_review(self, flow: str, run_id: str, status: str, error: Any) -> None:
        item = await self.inbox.ask_review(flow, run_id, status, error)
        if item is not None:
            self.news.publish(News(kind="approval", flow=flow, run=run_id, data={"id": item.id, "status": "open"}))

    async def _recover_reviews(self) -> None:
        """Ask for the reviews of runs that ended just before the process did."""
        for flow in self.flows.all():
            if flow.row.meta.review:
                for header in await self.host.journal.runs(
                    flow=flow.name, statuses=flow.row.meta.review, limit=_REVIEWS_LOOKED_AT
                ):
                    await self._ask_review(flow.name, header.id, header.status, header.error)

    def _answer_in_tenant(self, item: InboxItem, who: str, answer: str, comments: str) -> bool:
        """Answer in the emulated tenant where the question stands in it."""
        if self.tenant is None:
            return False
        try:
            return answer_in(self.tenant, item, who, answer, comments, self.host.clock())
        except WrongAnswer as fault:
            raise NotAnswerable(str(fault)) from fault

    def _tenant_signal(self, callback_url: str, outputs: Any) -> Any:
        """Bring a signal of the emulated tenant to whoever's address it was sent to."""
        parts = [unquote(part) for part in urlsplit(callback_url).path.strip("/").split("/")]
        match parts:
            case ["workflows", flow, "runs", run_id, "callbacks", signature, action, *rest]:
                repetition = repetition_of(rest[0] if rest else "")

                async def deliver() -> None:
                    said = self._said.pop(item_id(run_id, action, repetition), {})
                    with contextlib.suppress(RunafterError):
                        await self.signer.check_callback(flow, run_id, action, repetition, signature)
                        await self.signal(run_id, action, repetition, outputs, **said)

                self._later(deliver())
            case ["workflows", flow, "triggers", trigger, "paths", "invoke", *_]:

                async def fire() -> None:
                    with contextlib.suppress(RunafterError):
                        found = self.flows.get(flow)
                        await self.fire(
                            found, self.trigger_of(found, trigger), TriggerEvent(outputs=outputs_of(outputs))
                        )

                self._later(fire())
            case _:
                _log.warning("a signal of the tenant has no address here")

    # --- news

    def _noticed(self, run_id: str, notice: Notice) -> None:
        flow = self.firing.flow_of.get(run_id)
        data: dict[str, Any]
        match notice:
            case FinishRun():
                self.metrics.ended(flow or "", run_id, notice)
                reply = self._replies.get(run_id)
                if reply is not None and not reply.done():
                    reply.set_result(None)
                if self.inbox.concerns(run_id):
                    self._later(self.inbox.settled(run_id))
                self.firing.ended(run_id)
                if flow is not None and notice.status in self._reviewed(flow):
                    self._later(self._ask_review(flow, run_id, notice.status, notice.error))
                if self.news.is_watched:
                    data = {"status": notice.status, "code": notice.code, "at": timestamp(notice.at)}
                    self.news.publish(News(kind="run", flow=flow, run=run_id, data=data))
            case RecordAction():
                self.metrics.began(run_id, notice.started_at)
                self.metrics.settled(flow or "", notice)
                if not self.inbox.is_empty and self.inbox.is_open(run_id, notice.action, notice.repetition):
                    self._later(self.inbox.settled(run_id, notice.action, notice.repetition))
                if self.news.is_watched:
                    data = {
                        "action": notice.action,
                        "repetition": repetition_name(notice.repetition),
                        "status": notice.status,
                        "code": notice.code,
                        "startedAt": timestamp(notice.started_at),
                        "endedAt": timestamp(notice.ended_at),
                        "attempts": len(notice.attempts),
                    }
                    self.news.publish(News(kind="action", flow=flow, run=run_id, data=data))
            case NoteStarted() if self.news.is_watched:
                data = {
                    "action": notice.action,
                    "repetition": repetition_name(notice.repetition),
                    "status": notice.status,
                    "startedAt": timestamp(notice.at),
                    "of": notice.of,
                }
                self.news.publish(News(kind="action", flow=flow, run=run_id, data=data))
            case _:
                pass

    def _reviewed(self, flow: str) -> tuple[str, ...]:
        """Return the ends of runs that a flow wants to be looked at; none of a flow that was deleted meanwhile."""
        try:
            return self.flows.get(flow).row.meta.review
        except EnvironmentFault:
            return ()

    def _later(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _after(flow: Flow, action: str) -> set[str]:
    """Return the action, what is inside it, what follows it, and the containers whose results contain it."""
    assert flow.program is not None
    steps = flow.program.steps
    found = {action}
    is_growing = True
    while is_growing:
        before = len(found)
        for step in steps.values():
            follows = any(steps[name].name in found for name, _ in step.run_after if name in steps)
            if follows or (step.container is not None and step.container in found and step.name not in found):
                found.add(step.name)
        is_growing = len(found) > before
    container = steps[action].container
    while container is not None:
        for step in steps.values():
            if any(name == container for name, _ in step.run_after):
                found |= _after(flow, step.name)
        container = steps[container].container
    return found


def repetition_of(text: str) -> Repetition:
    """Return the loop indexes that a repetition's name says.

    Raises:
        EnvironmentFault: SRV004, it is no such name.
    """
    if not text:
        return ()
    parts = text.split("-")
    if not all(part.isdecimal() and len(part) <= 9 for part in parts):
        raise EnvironmentFault(f"{text!r} is no repetition", code="SRV004")
    return tuple(int(part) for part in parts)
