"""What every connector pack must pass: facts with sources, behaviour for each operation, one meaning in all dialects.

Use it for a pack of your own::

    class TestMyPack(ConnectorContract):
        pack = MyPack()
"""

from __future__ import annotations

import asyncio
from typing import Any

from runafter.connectors.check import pack_findings
from runafter.connectors.http import HttpClient
from runafter.connectors.limiter import ConnectionLimiter
from runafter.connectors.managed import ManagedTransport, request_of
from runafter.connectors.manifest import Operation
from runafter.connectors.registry import Registry
from runafter.connectors.resolve import nested
from runafter.connectors.spec import LiveCall, Pack
from runafter.connectors.tokens import Authenticator, NoCredential
from runafter.protocol.commands import CallOperation, Target
from runafter.protocol.events import Outcome
from runafter.tenant.clock import ManualClock
from runafter.tenant.http import TenantServer
from runafter.tenant.tenant import Tenant


def sample(name: str) -> Any:
    """Return a plausible argument by its name."""
    last = name.rsplit("/", 1)[-1].lower()
    if last in ("assignedto", "to", "torecipients", "mailboxaddress", "userupn"):
        return "grace@contoso.example"
    if "date" in last or last in ("start", "end"):
        return "2026-11-21T10:00:00Z"
    if last == "fetchxml":
        return '<fetch><entity name="account"/></fetch>'
    return f"a b/{last}ü"


def minimal(operation: Operation) -> dict[str, Any]:
    """Return the required arguments of an operation and nothing else."""
    return nested({name: sample(name) for name, required in operation.facts.parameters.items() if required})


class ConnectorContract:
    """Subclass it with `pack` (and `seed`, content for the pack's seed)."""

    pack: Pack

    def tenant(self) -> Tenant:
        return Tenant(clock=ManualClock(), registry=Registry([self.pack]), strict=False)

    def test_facts_have_sources_and_every_operation_behaviour(self) -> None:
        assert pack_findings(self.pack) == []

    def test_every_name_of_the_connector_finds_the_pack(self) -> None:
        registry = Registry([self.pack])
        manifest = self.pack.manifest

        found = {registry.pack_of(name).manifest.name for name in (manifest.name, *manifest.apis, *manifest.providers)}

        assert found == {manifest.name}

    def test_every_operation_is_found_by_id_and_alias_whatever_the_case(self) -> None:
        registry = Registry([self.pack])
        manifest = self.pack.manifest

        for operation in manifest.operations.values():
            target = Target(type="OpenApiConnection", api=manifest.name, operation=operation.id.upper())
            assert registry.resolve(target, {}).operation is operation

    def test_a_managed_request_comes_back_to_its_operation_with_its_arguments(self) -> None:
        registry = Registry([self.pack])
        for operation in self.pack.manifest.operations.values():
            if not operation.routes:
                continue
            arguments = minimal(operation)
            method, path, queries, headers = request_of(operation, arguments)
            body = arguments.get(operation.body or "body")
            inputs = {"method": method, "path": path, "queries": queries, "headers": headers}

            target = Target(type="ApiConnection", api=self.pack.manifest.name)
            resolved = registry.resolve(target, inputs | ({"body": body} if body is not None else {}))

            assert resolved.operation.id == operation.id, path
            sent = {name: value for name, value in arguments.items() if not isinstance(value, dict)}
            back = {name: resolved.arguments.get(name) for name in sent}
            assert back == sent, operation.id

    def test_every_operation_answers_whatever_it_is_given(self) -> None:
        async def run(operation: Operation, arguments: dict[str, Any]) -> Outcome:
            tenant = self.tenant()
            target = Target(type="OpenApiConnectionWebhook", api=self.pack.manifest.name, operation=operation.id)
            call = CallOperation(
                id="r/a/1", run_id="r", action="a", target=target, inputs={"parameters": arguments}, callback_url="cb:1"
            )
            try:
                return await tenant.perform(call)
            finally:
                await tenant.close()

        for operation in self.pack.manifest.operations.values():
            for arguments in (
                {},
                minimal(operation),
                dict.fromkeys(minimal(operation), "x"),
                dict.fromkeys(minimal(operation)),
            ):
                outcome = asyncio.run(run(operation, arguments))
                assert outcome.status_code is not None or outcome.code is not None, operation.id
                if outcome.status_code is not None and outcome.status_code >= 400:
                    assert outcome.message, f"{operation.id} fails without a message: {outcome.body}"

    def test_every_operation_answers_over_http_as_in_process(self) -> None:
        """Once straight, once by a live connection to the tenant on loopback: status and shape of the answers are the same."""
        operations = [o for o in self.pack.manifest.operations.values() if o.routes and not o.webhook]
        if not operations:
            return
        straight, over_http = asyncio.run(self._twice(operations))

        assert over_http == straight

    async def _twice(self, operations: list[Operation]) -> tuple[dict[str, Any], dict[str, Any]]:
        here, there = self.tenant(), self.tenant()
        name = self.pack.manifest.name
        straight, over_http = dict[str, Any](), dict[str, Any]()
        async with TenantServer(there) as server, HttpClient(ManualClock()) as client:
            clock = ManualClock()
            transport = ManagedTransport(client, Authenticator(NoCredential(), clock), ConnectionLimiter((), clock))
            for operation in operations:
                arguments = minimal(operation)
                target = Target(type="OpenApiConnection", api=name, operation=operation.id)
                resolved = here.registry.resolve(target, {"parameters": arguments})
                outcome = await here.perform_resolved(resolved, connection="c", call_id=f"r/{operation.id}")
                nobody = outcome.status_code is None  # over HTTP somebody answers for whom nobody did: 504
                straight[operation.id] = "nobody" if nobody else (outcome.status_code, shape(outcome.body))
                call = LiveCall(
                    resolved=resolved, inputs=arguments, base_url=server.connector_url(name, "c"), timeout_s=10
                )
                outcome = await transport(call)
                late = nobody and outcome.status_code == 504
                over_http[operation.id] = "nobody" if late else (outcome.status_code, shape(outcome.body))
        await here.close()
        await there.close()
        return straight, over_http


def shape(value: Any) -> Any:
    """Return what is left of a value without its contents: keys of objects, the first item's shape of lists."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
