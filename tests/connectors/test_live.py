"""Live calls: one token refresh for many, limits that wait, faults of the network as outcomes, one meaning over HTTP."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runafter.connectors.http import HttpClient
from runafter.connectors.limiter import ConnectionLimiter
from runafter.connectors.managed import ManagedTransport
from runafter.connectors.manifest import Throttle
from runafter.connectors.registry import default_registry
from runafter.connectors.spec import LiveCall
from runafter.connectors.tokens import Authenticator, ClientCredentials, ManagedIdentity, NoCredential, TokenSource
from runafter.errors import NotSupported
from runafter.protocol.commands import CallOperation, Target
from runafter.simulator.loop import VirtualLoop
from runafter.tenant.clock import LoopClock, ManualClock
from runafter.tenant.http import TenantServer
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant

SITE = "https://contoso.sharepoint.com/sites/ops"


def test_fifty_callers_refresh_an_expired_token_once() -> None:
    async def run() -> tuple[int, set[str], int]:
        clock = LoopClock(638_000_000_000_000_000)
        fetched = 0

        async def fetch() -> tuple[str, float]:
            nonlocal fetched
            fetched += 1
            number = fetched
            await clock.sleep(0.5)
            return f"token-{number}", 3600.0

        source = TokenSource(fetch, clock)
        await source.token()
        await clock.sleep(3600)
        tokens = await asyncio.gather(*(source.token() for _ in range(50)))
        for token in tokens:
            source.reject(token)
        await asyncio.gather(*(source.token() for _ in range(50)))
        return fetched, set(tokens), source.refreshes

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(run()) == (3, {"token-2"}, 3)


async def test_a_401_is_tried_once_more_with_a_fresh_token() -> None:
    sent = list[str]()

    async def handle(request: web.Request) -> web.Response:
        sent.append(request.headers["Authorization"])
        return web.json_response({"value": []}, status=401 if sent[-1] == "Bearer t1" else 200)

    clock, numbers = ManualClock(), iter(range(1, 9))

    async def fetch() -> tuple[str, float]:
        return f"t{next(numbers)}", 3600.0

    application = web.Application()
    application.router.add_get("/{tail:.*}", handle)
    credential = ClientCredentials(tenant="t", client_id="c", secret="s", scope="x")
    async with TestServer(application) as server, HttpClient(clock) as client:
        transport = ManagedTransport(
            client, Authenticator(credential, clock, fetch=fetch), ConnectionLimiter((), clock)
        )
        outcome = await transport(_items(str(server.make_url("/"))))

    assert (outcome.status_code, sent) == (200, ["Bearer t1", "Bearer t2"])


def test_a_managed_identity_is_refused_by_name() -> None:
    with pytest.raises(NotSupported, match="managed identity"):
        Authenticator(ManagedIdentity(), ManualClock())


async def test_a_token_that_ends_amid_fifty_calls_is_refreshed_once() -> None:
    """Row C-164: all calls share the connection's credential; the service withdraws the first token after twenty answers."""
    answered = list[str]()
    refused = 0

    async def handle(request: web.Request) -> web.Response:
        nonlocal refused
        token = request.headers["Authorization"]
        await asyncio.sleep(0)
        if token == "Bearer t1" and len(answered) >= 20:
            refused += 1
            return web.json_response({"error": {"code": "ExpiredAuthenticationToken"}}, status=401)
        answered.append(token)
        return web.json_response({"value": []})

    clock, numbers = ManualClock(), iter(range(1, 99))
    fetched = list[str]()

    async def fetch() -> tuple[str, float]:
        await asyncio.sleep(0)
        fetched.append(f"t{next(numbers)}")
        return fetched[-1], 3600.0

    application = web.Application()
    application.router.add_get("/{tail:.*}", handle)
    credential = ClientCredentials(tenant="t", client_id="c", secret="s", scope="x")
    async with TestServer(application) as server, HttpClient(clock) as client:
        authenticator = Authenticator(credential, clock, fetch=fetch)
        transport = ManagedTransport(client, authenticator, ConnectionLimiter((), clock))
        call = _items(str(server.make_url("/")))
        outcomes = await asyncio.gather(*(transport(call) for _ in range(50)))

    assert {outcome.status_code for outcome in outcomes} == {200}
    assert fetched == ["t1", "t2"]
    assert (answered.count("Bearer t1"), answered.count("Bearer t2")) == (20, 30)
    assert 1 <= refused <= 30


def _items(base_url: str, **more: object) -> LiveCall:
    target = Target(type="OpenApiConnection", api="shared_sharepointonline", operation="GetItems")
    resolved = default_registry().resolve(target, {"parameters": {"dataset": SITE, "table": "Orders", **more}})
    return LiveCall(resolved=resolved, inputs={}, base_url=base_url, timeout_s=5)


def test_a_connections_limiter_keeps_600_calls_a_minute_and_obeys_retry_after() -> None:
    async def run() -> tuple[int, float]:
        clock = LoopClock(638_000_000_000_000_000)
        throttle = Throttle(name="calls", limit=600, window_s=60, source="test", read="2026-11-21")
        limiter = ConnectionLimiter([throttle], clock)
        starts = list[float]()

        async def one() -> None:
            async with limiter.slot("GetItems"):
                starts.append(asyncio.get_running_loop().time())

        await asyncio.gather(*(one() for _ in range(1500)))
        busiest = max(sum(start - 60 < other <= start for other in starts) for start in set(starts))
        limiter.hold(30)
        before = asyncio.get_running_loop().time()
        await one()
        return busiest, asyncio.get_running_loop().time() - before

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        busiest, held = runner.run(run())

    assert busiest == 600
    assert held >= 30


async def test_a_managed_call_over_http_answers_as_the_same_call_in_process() -> None:
    tenant = Tenant(clock=ManualClock())
    items = [{"Title": "é&/?"}, {"Title": "b"}]
    apply_seed(tenant, {"sharepointonline": {"sites": {SITE: {"lists": {"Orders": {"items": items}}}}}})
    target = Target(type="OpenApiConnection", api="shared_sharepointonline", operation="GetItems", connection="c")
    inputs = {"parameters": {"dataset": SITE, "table": "Orders", "$filter": "Title eq 'é&/?'"}}
    direct = await tenant.perform(CallOperation(id="r/a/1", run_id="r", action="a", target=target, inputs=inputs))

    async with TenantServer(tenant) as server, HttpClient(tenant.clock) as client:
        transport = ManagedTransport(
            client, Authenticator(NoCredential(), tenant.clock), ConnectionLimiter((), tenant.clock)
        )
        over = await transport(_items(server.connector_url("sharepointonline", "c"), **{"$filter": "Title eq 'é&/?'"}))
        missing = await transport(_items(server.connector_url("sharepointonline"), table="Nope"))

    assert over.body == direct.body
    assert [item["Title"] for item in over.body["value"]] == ["é&/?"]
    assert (missing.status_code, "'Nope'" in (missing.message or "")) == (404, True)


@pytest.mark.parametrize(
    ("url", "code"),
    [("ftp://x/", "InvalidUri"), ("nothing", "InvalidUri"), ("http://127.0.0.1:1/", "ConnectionFailed")],
)
async def test_a_call_that_nobody_answers_says_why(url: str, code: str) -> None:
    async with HttpClient(ManualClock()) as client:
        outcome = await client.send("GET", url)

    assert (outcome.status_code, outcome.code) == (None, code)


async def test_a_slow_answer_times_out() -> None:
    async def handle(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    application = web.Application()
    application.router.add_get("/", handle)
    async with TestServer(application) as server, HttpClient(ManualClock()) as client:
        outcome = await client.send("GET", str(server.make_url("/")), timeout_s=0.05)

    assert outcome.code == "ActionTimedOut"


@pytest.mark.parametrize(
    ("header", "wait_s"), [("7", 7.0), ("Wed, 21 Nov 2022 10:00:30 GMT", 30.0), ("nonsense", None)]
)
async def test_retry_after_is_read_in_both_forms(header: str, wait_s: float | None) -> None:
    async def handle(request: web.Request) -> web.Response:
        return web.json_response(
            {"error": {"code": "Slow", "message": "m"}}, status=503, headers={"Retry-After": header}
        )

    from runafter.connectors.instants import parse_iso

    application = web.Application()
    application.router.add_get("/", handle)
    clock = ManualClock(parse_iso("2022-11-21T10:00:00Z") or 0)
    async with TestServer(application) as server, HttpClient(clock) as client:
        outcome = await client.send("GET", str(server.make_url("/")))

    assert (outcome.retry_after_s, outcome.code, outcome.message) == (wait_s, "Slow", "m")
