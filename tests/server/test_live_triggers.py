"""Connector triggers through live connections: two processes that know each other by HTTP alone."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest
from tests.server.process import Served, ask, served, tenant_served
from tests.server.world import COMPOSE, SCHEMA

MANAGEMENT = "/runtime/webhooks/workflow/api/management/workflows"
SITE = "https://contoso.sharepoint.com/sites/ops"
ITEMS = f"/connectors/sharepointonline/main/datasets/{quote(quote(SITE, safe=''), safe='')}/tables/Orders/items"
ROWS = "/connectors/commondataserviceforapps/main/api/data/v9.1/accounts"
SEED = f"""\
sharepoint:
  sites:
    {SITE}:
      lists:
        Orders: {{columns: {{Total: number}}, items: [{{Title: old}}]}}
dataverse:
  tables:
    accounts: {{logical: account, key: accountid, columns: {{name: text}}, rows: []}}
blob:
  containers:
    inbox: {{old.txt: was there}}
"""
ON_ITEM = {"dataset": SITE, "table": "Orders"}
TRIGGERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "created": ("sharepointonline", "GetOnNewItems", ON_ITEM),
    "modified": ("sharepointonline", "GetOnUpdatedItems", ON_ITEM),
    "mail": ("office365", "OnNewEmailV3", {"folderPath": "Inbox"}),
    "blob": ("azureblob", "OnUpdatedFiles_V2", {"dataset": "main", "folderId": "/inbox", "maxFileCount": 10}),
    "row": (
        "commondataserviceforapps",
        "SubscribeWebhookTrigger",
        {
            "subscriptionRequest/message": 4,
            "subscriptionRequest/entityname": "account",
            "subscriptionRequest/scope": 4,
        },
    ),
}


def definition(api: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    host = {
        "apiId": f"/providers/Microsoft.PowerApps/apis/shared_{api}",
        "connectionName": f"shared_{api}",
        "operationId": operation,
    }
    trigger: dict[str, Any] = {"type": "OpenApiConnection", "inputs": {"host": host, "parameters": parameters}}
    if operation.startswith("Subscribe"):
        trigger["type"] = "OpenApiConnectionWebhook"
    else:
        trigger["recurrence"] = {"frequency": "Second", "interval": 1}
    value: dict[str, Any] = {"$schema": SCHEMA, "contentVersion": "1.0.0.0"}
    return {**value, "triggers": {"start": trigger}, "actions": {"Note": COMPOSE}}


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("tenant")
    seed = home / "seed.yaml"
    seed.write_text(SEED)
    with tenant_served(seed, home) as url:
        yield url


@pytest.fixture
def project(tmp_path: Path, tenant: str) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        api, operation, parameters = TRIGGERS[name]
        home = tmp_path / "flows" / name
        home.mkdir(parents=True)
        (home / "flow.json").write_text(json.dumps(definition(api, operation, parameters)))
        (tmp_path / "connections.toml").write_text(
            f'[connections.shared_{api}]\ntransport = "live"\nbase_url = "{tenant}/connectors/{api}/main"\n'
        )
        return tmp_path

    return make


def until(found: Callable[[], Any], wanted: Any) -> Any:
    """Ask another process again and again; return what it says at last."""
    end = time.monotonic() + 20
    while (told := found()) != wanted and time.monotonic() < end:
        Event().wait(0.05)
    return told


def runs(server: Served, flow: str) -> list[str]:
    return [run["status"] for run in ask("GET", f"{server.base}/api/runs?flow={flow}")[2]["runs"]]


def codes(server: Served, flow: str) -> list[str]:
    found = ask("GET", f"{server.base}{MANAGEMENT}/{flow}/triggers/start/histories")[2]["value"]
    return [row["properties"]["code"] for row in found]


def looked(server: Served, flow: str) -> bool:
    """Whether the first poll, which only looks, is over."""
    return bool(codes(server, flow))


CHANGES: dict[str, tuple[str, str, Any]] = {
    "created": ("POST", ITEMS, {"Title": "new"}),
    "modified": ("PATCH", f"{ITEMS}/1", {"Title": "changed"}),
    "mail": ("POST", "/connectors/office365/main/v2/Mail", {"To": "ada@contoso.example", "Subject": "Hi", "Body": "x"}),
    "blob": ("POST", "/connectors/azureblob/main/v2/datasets/main/files?folderPath=/inbox&name=new.txt", {"a": 1}),
    "row": ("POST", ROWS, {"name": "Contoso"}),
}


@pytest.mark.parametrize("name", ["created", "modified", "mail", "blob"])
def test_a_poll_brings_what_is_new_once_over_a_kill(name: str, project: Callable[[str], Path], tenant: str):
    method, path, body = CHANGES[name]
    home = project(name)
    with served(home) as server:
        assert until(lambda: looked(server, name), True), server.log
        assert set(codes(server, name)) == {"NoNewData"}
        assert ask(method, tenant + path, body)[0] < 300
        assert until(lambda: runs(server, name), ["Succeeded"]) == ["Succeeded"], (codes(server, name), server.log)
        server.process.send_signal(signal.SIGKILL)
    with served(home) as server:
        known = len(codes(server, name))
        until(lambda: len(codes(server, name)) > known, True)
        again = runs(server, name)

    assert again == ["Succeeded"]


def test_a_changed_row_calls_back_until_the_flow_is_disabled(project: Callable[[str], Path], tenant: str):
    method, path, body = CHANGES["row"]
    home = project("row")
    with served(home) as server:
        assert ask(method, tenant + path, body)[0] == 201
        first = until(lambda: runs(server, "row"), ["Succeeded"])
        disabled = ask("POST", f"{server.base}{MANAGEMENT}/row/disable")[0]
        ask(method, tenant + path, body)
        ask("POST", f"{server.base}{MANAGEMENT}/row/enable")
        ask(method, tenant + path, body)
        second = until(lambda: runs(server, "row"), ["Succeeded"] * 2)
        server.process.send_signal(signal.SIGKILL)
    with served(home) as server:
        ask(method, tenant + path, body)
        third = until(lambda: runs(server, "row"), ["Succeeded"] * 3)
        told = codes(server, "row")

    assert disabled == 200
    assert (first, second, third) == (["Succeeded"], ["Succeeded"] * 2, ["Succeeded"] * 3)
    assert set(told) == {"OK"}
