"""The tenant: it performs calls in process, over one state, by a clock that the host gives.

Order within one call: dispatch wait, overhead, fault, limits, service time,
then the state changes in one step. A call cancelled before that leaves no
trace; `commit-then-timeout` changes the state and loses the answer.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from runafter.connectors import odata
from runafter.connectors.answers import Refused, failure
from runafter.connectors.authentication import authentication_fault, authorization
from runafter.connectors.check import parameter_findings
from runafter.connectors.http import encoded_body
from runafter.connectors.instants import TICKS_PER_SECOND
from runafter.connectors.notifications import address_in, digest_of
from runafter.connectors.registry import Registry, default_registry
from runafter.connectors.resolve import UnknownConnector, UnknownOperation
from runafter.connectors.spec import Call, Clock, Face, FaceCall, Pack, Request, Resolved, Store
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome
from runafter.tenant.chance import chance, guid
from runafter.tenant.clock import LoopClock
from runafter.tenant.faults import Fault, Faults, outcome_of
from runafter.tenant.journal import Served
from runafter.tenant.profiles import TenantProfile, profile_named
from runafter.tenant.state import State
from runafter.tenant.throttle import Gate, Refusal

IDEMPOTENCY_HEADERS = ("idempotency-key", "x-idempotency-key", "repeatability-request-id")
Signal = Callable[[str, Any], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Who stands behind a connection. `idempotent` makes services honour the engine's own key on it."""

    user: str
    idempotent: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


class Tenant:
    """An emulated Microsoft 365 and Azure tenant.

    `perform` is what a host needs. `on_signal` is called with (callback URL,
    outputs) when somebody answers a webhook (an approval, a card, a row change).
    `strict` refuses calls with 400 that lack required parameters or have unknown ones.
    `keeps` bounds how many served calls, signals and answers by key are remembered; None keeps all.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        registry: Registry | None = None,
        state: State | None = None,
        profile: TenantProfile | str = "instant",
        faults: Iterable[Fault | str | Mapping[str, Any]] = (),
        seed: int = 0,
        user: str = "ada@contoso.example",
        strict: bool = True,
        idempotency: Literal["headers", "always"] = "headers",
    ) -> None:
        self.clock: Clock = clock or LoopClock()
        self.registry = registry or default_registry()
        self.state = state or State()
        self.profile = profile_named(profile) if isinstance(profile, str) else profile
        self.faults = Faults(faults, seed=seed)
        self.gate = Gate(self.profile.throttles, enabled=self.profile.throttling)
        self.seed = seed
        self.strict = strict
        self.user = user
        self.idempotency = idempotency
        self.keeps: int | None = None
        self.connections: dict[str, Connection] = {}
        self.handlers: dict[str, Callable[[Mapping[str, Any]], Any]] = {}
        self.on_signal: Signal | None = None
        self.served: list[Served] = []
        self.signals: list[tuple[str, Any]] = []
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._answered: dict[tuple[str, str, str], Outcome] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._began: int | None = None
        self._faces: dict[str, tuple[Pack, Face] | None] = {}

    # -- what emulators ask for ------------------------------------------------------------------------------------

    def new_id(self) -> str:
        return guid(self.seed, "id", self.state.service("$tenant").next_number("id"))

    def handler(self, name: str) -> Callable[[Mapping[str, Any]], Any] | None:
        return self.handlers.get(name.lower())

    def handle(self, name: str, function: Callable[[Mapping[str, Any]], Any]) -> None:
        """Let `function` answer what has no behaviour of its own, e.g. `dataverse/new_ApproveOrder` or `sql/usp_Add`."""
        self.handlers[name.lower()] = function

    def store_of(self, service: str) -> Store:
        return self.state.service(service)

    def later(self, delay_s: float, action: Callable[[], object]) -> None:
        async def run() -> None:
            await self.clock.sleep(delay_s)
            action()

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def signal(self, callback_url: str, outputs: Any) -> None:
        """Deliver a webhook's answer to whoever waits for it."""
        self.signals.append((callback_url, outputs))
        self._forget_oldest()
        waiting = self._waiting.pop(callback_url, None)
        if waiting is not None:
            if not waiting.done():
                waiting.set_result(outputs)
        elif self.on_signal is not None:
            result = self.on_signal(callback_url, outputs)
            if inspect.iscoroutine(result):
                task = asyncio.get_running_loop().create_task(result)
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Forget what is still scheduled and release the state."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.state.close()

    # -- calls -----------------------------------------------------------------------------------------------------

    def connect(
        self, name: str, *, user: str, idempotent: bool = False, settings: Mapping[str, Any] | None = None
    ) -> None:
        """Say who stands behind a connection; connections not named belong to the tenant's `user`."""
        self.connections[name] = Connection(user=user, idempotent=idempotent, settings=settings or {})

    def connection(self, name: str) -> Connection:
        return self.connections.get(name) or Connection(user=self.user)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the tenant first served a call."""
        now = self.clock.now_ticks()
        if self._began is None:
            self._began = now
        return (now - self._began) / TICKS_PER_SECOND

    async def perform(self, call: CallOperation) -> Outcome:
        """Perform one call as the cloud would; a failed call is a value."""
        if call.target.type.lower() in ("http", "httpwebhook") and call.target.api is None:
            return await self._perform_http(call)
        try:
            resolved = self.registry.resolve(call.target, call.inputs)
        except (UnknownConnector, UnknownOperation) as error:
            return Outcome(code=error.code, message=str(error), retriable=False)
        if call.purpose == "unsubscribe":
            self._forget(resolved.pack, call.callback_url)
            return Outcome(status_code=200, has_body=False)
        headers = call.inputs.get("headers") if isinstance(call.inputs, Mapping) else None
        return await self.perform_resolved(
            resolved,
            connection=call.target.connection or resolved.pack.manifest.name,
            call_id=call.id,
            run_id=call.run_id,
            action=call.action,
            key=call.idempotency_key,
            headers=headers if isinstance(headers, Mapping) else {},
            callback_url=call.callback_url
            or address_in(resolved.operation, resolved.arguments)
            or _callback_in(resolved.arguments),
            settings=call.options,
        )

    def _forget_oldest(self) -> None:
        """Bound what grows with every call; a quarter at once, so that it costs nothing per call."""
        if self.keeps is None:
            return
        most = self.keeps + self.keeps // 4
        if len(self.served) > most:
            del self.served[: -self.keeps]
        if len(self.signals) > most:
            del self.signals[: -self.keeps]
        if len(self._answered) > most:
            for key in list(self._answered)[: -self.keeps]:
                del self._answered[key]

    def end_subscription(self, pack: Pack, digest: str) -> bool:
        """End the subscriptions of an address by its digest; False where there is none."""
        store = self.store_of(pack.manifest.name)
        found = {
            str(row["callback_url"])
            for name in store.tables()
            for _, row in store.rows(name)
            if row.get("callback_url")
        }
        ending = [address for address in found if digest_of(address) == digest]
        for address in ending:
            self._forget(pack, address)
        return bool(ending)

    def _forget(self, pack: Pack, callback_url: str | None) -> None:
        """Drop the subscriptions that call this address."""
        store = self.store_of(pack.manifest.name)
        for table in store.tables() if callback_url else ():
            for key, row in store.rows(table):
                if row.get("callback_url") == callback_url:
                    store.delete(table, key)

    async def perform_resolved(
        self,
        resolved: Resolved,
        *,
        connection: str,
        call_id: str,
        run_id: str = "",
        action: str = "",
        key: str = "",
        headers: Mapping[str, Any] | None = None,
        callback_url: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Perform a call that is already brought to an operation."""
        operation = resolved.operation
        owner = self.connection(connection)
        waits = operation.webhook and callback_url is None and not operation.facts.is_trigger
        url = callback_url or (f"tenant:{call_id}" if waits else None)

        def carry_out() -> Outcome:
            if self.strict:
                wrong = parameter_findings(operation, resolved.arguments)
                if wrong:
                    texts = (f"{f.message} ({f.hint})" if f.hint else f.message for f in wrong)
                    return failure(400, "InvalidRequest", "; ".join(texts))
            handler = resolved.pack.emulated(operation.id)
            if handler is None:
                text = f"{operation.facts.connector}/{operation.id} has no emulator"
                return failure(501, "NotImplemented", text)
            call = Call(
                operation=operation,
                arguments=resolved.arguments,
                connection=connection,
                user=owner.user,
                store=self.store_of(resolved.pack.manifest.name),
                now=self.clock.now_ticks(),
                around=self,
                callback_url=url,
                headers=headers or {},
                settings={**owner.settings, **(settings or {})},
            )
            try:
                return handler(call)
            except Refused as error:
                return error.outcome
            except odata.BadQuery as error:
                return failure(400, "BadRequest", str(error))

        future: asyncio.Future[Any] | None = None
        if waits and url is not None:
            future = self._waiting[url] = asyncio.get_running_loop().create_future()
        try:
            outcome = await self._serve(
                resolved.pack,
                operation.id,
                resolved.arguments,
                carry_out,
                connection=connection,
                user=owner.user,
                call_id=call_id,
                run_id=run_id,
                action=action,
                key=self._key(headers or {}, key, owner) if operation.facts.effect != "read" else "",
            )
            if future is None or outcome.status_code is None or outcome.status_code >= 300:
                return outcome
            outputs = await future
        finally:
            if future is not None and url is not None:
                self._waiting.pop(url, None)
        if isinstance(outputs, Mapping) and "body" in outputs:
            return Outcome(status_code=200, headers=dict(outputs.get("headers") or {}), body=outputs["body"])
        return Outcome(status_code=200, body=outputs)

    def _key(self, headers: Mapping[str, Any], key: str, owner: Connection) -> str:
        for name, value in headers.items():
            if str(name).lower() in IDEMPOTENCY_HEADERS and value:
                return str(value)
        return key if owner.idempotent or self.idempotency == "always" else ""

    async def _serve(
        self,
        pack: Pack,
        operation: str,
        arguments: dict[str, Any],
        carry_out: Callable[[], Outcome],
        *,
        connection: str,
        user: str,
        call_id: str,
        run_id: str,
        action: str,
        key: str,
    ) -> Outcome:
        manifest = pack.manifest
        started = self.clock.now_ticks()
        elapsed = self.elapsed_s
        before_s = service_s = 0.0
        if not self.profile.is_instant:
            source = chance(self.seed, "latency", call_id)
            overhead_s, service_s = self.profile.latency(manifest.name, operation).draw(source)
            before_s = self.profile.dispatch(source) + overhead_s
        names = (manifest.name, *(api.removeprefix("shared_") for api in manifest.apis))
        fault = self.faults.hit(names, operation, arguments, call_id, elapsed)
        if before_s > 0:
            await self.clock.sleep(before_s)

        def record(outcome: Outcome, *, committed: bool, by: str | None = None, replayed: bool = False) -> Outcome:
            self.served.append(
                Served(
                    call_id=call_id,
                    run_id=run_id,
                    action=action,
                    connector=manifest.name,
                    operation=operation,
                    connection=connection,
                    started_at=started,
                    ended_at=self.clock.now_ticks(),
                    status=outcome.status_code,
                    code=outcome.code,
                    committed=committed,
                    throttled_by=by,
                    fault=None if fault is None else fault.kind,
                    replayed=replayed,
                    arguments=arguments,
                )
            )
            self._forget_oldest()
            return outcome

        if fault is not None and fault.delay_s > 0:
            await self.clock.sleep(fault.delay_s)
        if fault is not None and fault.kind not in ("commit-then-timeout", "slow"):
            return record(outcome_of(fault), committed=False)
        at = self.clock.now_ticks() / TICKS_PER_SECOND
        admitted = self.gate.admit(manifest.name, operation, connection, user, manifest.throttles, at)
        if isinstance(admitted, Refusal):
            return record(admitted.outcome(), committed=False, by=f"{manifest.name}.{admitted.throttle.name}")
        try:
            if service_s > 0:
                await self.clock.sleep(service_s)
            memory = (manifest.name, operation, key)
            replayed = bool(key) and memory in self._answered
            outcome = self._answered[memory] if replayed else carry_out()
            if key and outcome.status_code is not None and outcome.status_code < 300:
                self._answered[memory] = outcome
        finally:
            ended = self.clock.now_ticks() / TICKS_PER_SECOND
            admitted.finish(ended, ended - at)
        if self.state.is_behind:
            await self.state.keep()
        committed = not replayed and outcome.status_code is not None and outcome.status_code < 300
        if fault is not None and fault.kind == "commit-then-timeout":
            return record(outcome_of(fault), committed=committed, replayed=replayed)
        return record(outcome, committed=committed, replayed=replayed)

    # -- raw HTTP --------------------------------------------------------------------------------------------------

    def face_of(self, host: str) -> tuple[Pack, Face] | None:
        """Return the service that answers raw requests to this host."""
        if host not in self._faces:
            served = ((pack, face) for pack in self.registry.packs.values() for face in pack.faces())
            self._faces[host] = next(((pack, face) for pack, face in served if face.serves(host)), None)
        return self._faces[host]

    def ask(self, request: Request, user: str) -> Outcome | None:
        """Answer a raw request that a connector carries on to another service; it counts as a call of the connector alone."""
        found = self.face_of(request.host)
        return (
            None if found is None else self._answered_by(*found, request, user, self.connection(request.host).settings)
        )

    def _answered_by(self, pack: Pack, face: Face, request: Request, user: str, settings: Mapping[str, Any]) -> Outcome:
        call = FaceCall(
            request=request,
            user=user,
            store=self.store_of(pack.manifest.name),
            now=self.clock.now_ticks(),
            around=self,
            settings=settings,
        )
        try:
            return face.handle(call)
        except Refused as error:
            return error.outcome
        except odata.BadQuery as error:
            return failure(400, "BadRequest", str(error))

    def has_host(self, uri: str) -> bool:
        """Return whether a service of the tenant or a seeded endpoint answers at the host of this address."""
        host = _host_of(uri) or ""
        endpoints = (str(row["url"]) for _, row in self.store_of("http").rows("endpoints"))
        return self.face_of(host) is not None or any(urlsplit(url).hostname == host for url in endpoints)

    async def _perform_http(self, call: CallOperation) -> Outcome:
        inputs = call.inputs if isinstance(call.inputs, Mapping) else {}
        uri = str(inputs.get("uri") or "")
        host = _host_of(uri)
        if host is None:
            return Outcome(code="InvalidUri", message=f"The URI '{uri}' is no http or https address.", retriable=False)
        parts = urlsplit(uri)
        found = self.face_of(host)
        given = inputs.get("headers")
        headers = {str(k): str(v) for k, v in given.items() if v is not None} if isinstance(given, Mapping) else {}
        refused = authentication_fault(inputs.get("authentication"))
        if refused is not None:
            return refused
        granted = authorization(inputs.get("authentication"))
        if granted is not None:
            headers["Authorization"] = granted
        if found is None:
            resolved = self.registry.resolve(call.target, {**inputs, "headers": headers, "call_id": call.id})
            return await self.perform_resolved(
                resolved,
                connection=host,
                call_id=call.id,
                run_id=call.run_id,
                action=call.action,
                key=call.idempotency_key,
                headers=headers,
                callback_url=call.callback_url,
                settings=call.options,
            )
        body = inputs.get("body")
        data = b"" if body is None else encoded_body(body, headers)
        queries = inputs.get("queries")
        query = dict(parse_qsl(parts.query, True))
        if isinstance(queries, Mapping):
            query |= {str(k): str(v) for k, v in queries.items() if v is not None}
        request = Request(
            method=str(inputs.get("method") or "GET").upper(),
            host=host,
            path=unquote(parts.path) or "/",
            raw_path=parts.path or "/",
            query=query,
            headers={name.lower(): value for name, value in headers.items()},
            body=data,
            json=body if isinstance(body, dict | list) else None,
        )
        return await self.perform_raw(
            *found, request, call_id=call.id, run_id=call.run_id, action=call.action, key=call.idempotency_key
        )

    async def perform_raw(
        self,
        pack: Pack,
        face: Face,
        request: Request,
        *,
        call_id: str,
        run_id: str = "",
        action: str = "",
        key: str = "",
    ) -> Outcome:
        """Perform a raw request to a service's own REST interface."""
        owner = self.connection(request.host)

        def carry_out() -> Outcome:
            return self._answered_by(pack, face, request, owner.user, owner.settings)

        arguments = {"method": request.method, "path": request.path, "query": dict(request.query)}
        writes = request.method not in ("GET", "HEAD", "OPTIONS")
        return await self._serve(
            pack,
            f"REST {request.method}",
            arguments,
            carry_out,
            connection=request.host,
            user=owner.user,
            call_id=call_id,
            run_id=run_id,
            action=action,
            key=self._key(request.headers, key, owner) if writes else "",
        )


def _host_of(uri: str) -> str | None:
    """Return the host of an http or https address, None where it is none."""
    try:
        parts = urlsplit(uri.strip())
        return parts.hostname if parts.scheme.lower() in ("http", "https") and parts.port != -1 else None
    except ValueError:
        return None


def _callback_in(arguments: Mapping[str, Any]) -> str | None:
    """Return the callback URL that a Consumption webhook writes into its body."""
    for value in (arguments, *arguments.values()):
        if isinstance(value, Mapping):
            for name in ("callback_url", "notificationUrl", "NotificationUrl"):
                if isinstance(value.get(name), str) and value[name]:
                    return str(value[name])
    return None
