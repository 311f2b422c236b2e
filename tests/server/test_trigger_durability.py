"""Triggers of a real `runafter serve` that is killed and started again."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from tests.server.process import Served, ask, served
from tests.server.world import COMPOSE, REQUEST, SCHEMA

MANAGEMENT = "/runtime/webhooks/workflow/api/management/workflows"
PAUSE = {"type": "Wait", "inputs": {"interval": {"count": 2, "unit": "Second"}}}


def write(home: Path, trigger: dict[str, Any], actions: dict[str, Any], sidecar: str = "") -> Path:
    folder = home / "flows" / "orders"
    folder.mkdir(parents=True)
    value = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "triggers": {"start": trigger}, "actions": actions}
    (folder / "flow.json").write_text(json.dumps(value))
    if sidecar:
        (folder / "flow.toml").write_text(sidecar)
    return home


def until(found: Callable[[], Any], wanted: Any) -> Any:
    """Ask again and again; return what is said at last."""
    end = time.monotonic() + 120
    while (told := found()) != wanted and time.monotonic() < end:
        Event().wait(0.05)
    return told


def runs(server: Served) -> list[dict[str, Any]]:
    return ask("GET", f"{server.base}/api/runs?flow=orders")[2]["runs"]


def statuses(server: Served) -> list[str]:
    return [run["status"] for run in runs(server)]


def histories(server: Served) -> list[tuple[str, str]]:
    found = ask("GET", f"{server.base}{MANAGEMENT}/orders/triggers/start/histories")[2]["value"]
    return [(row["properties"]["status"], row["properties"]["code"]) for row in reversed(found)]


def callback_url(server: Served) -> str:
    return ask("POST", f"{server.base}{MANAGEMENT}/orders/triggers/start/listCallbackUrl")[2]["value"]


def test_a_key_is_claimed_over_a_kill_until_its_time_is_over(tmp_path: Path):
    sidecar = '[trigger]\ndeduplication_key = "@triggerBody()?[\'id\']"\ndeduplication_ttl = "PT30S"\n'
    home = write(tmp_path, REQUEST, {"Note": COMPOSE}, sidecar)
    with served(home) as server:
        first = ask("POST", callback_url(server), {"id": "A"})[1]["x-ms-workflow-run-id"]
        claimed_at = time.monotonic()
        server.process.send_signal(signal.SIGKILL)
    with served(home) as server:
        url = callback_url(server)
        again = ask("POST", url, {"id": "A"})[1]["x-ms-workflow-run-id"]
        took_s = time.monotonic() - claimed_at
        told = histories(server)
        later = until(lambda: ask("POST", url, {"id": "A"})[1]["x-ms-workflow-run-id"] != first, True)
        count = len(runs(server))

    assert took_s < 30, "the machine is too slow for this test's time to live"
    assert again == first
    assert told == [("Succeeded", "OK"), ("Skipped", "Duplicate")]
    assert (later, count) == (True, 2)


def test_the_queue_of_a_trigger_survives_a_kill_in_its_order(tmp_path: Path):
    trigger = {**REQUEST, "runtimeConfiguration": {"concurrency": {"runs": 1, "maximumWaitingRuns": 2}}}
    home = write(tmp_path, trigger, {"Pause": PAUSE})
    with served(home) as server:
        url = callback_url(server)
        answers = [ask("POST", url, {"n": n}) for n in range(4)]
        server.process.send_signal(signal.SIGKILL)
    with served(home) as server:
        ended = until(lambda: statuses(server), ["Succeeded"] * 3)
        began = [run["id"] for run in sorted(runs(server), key=lambda run: run["startedAt"])]

    assert [status for status, _, _ in answers] == [202, 202, 202, 429]
    assert ended == ["Succeeded"] * 3
    assert began == [headers["x-ms-workflow-run-id"] for _, headers, _ in answers[:3]]


def test_every_item_of_a_split_event_is_a_run_though_the_server_is_killed(tmp_path: Path):
    trigger = {
        **REQUEST,
        "splitOn": "@triggerBody()['value']",
        "correlation": {"clientTrackingId": "@concat('order-', triggerBody()['id'])"},
        "conditions": [{"expression": "@greater(triggerBody()['id'], 1)"}],
    }
    home = write(tmp_path, trigger, {"Pause": PAUSE})
    with served(home) as server:
        assert ask("POST", callback_url(server), {"value": [{"id": n} for n in range(1, 6)]})[0] == 202
        server.process.send_signal(signal.SIGKILL)
    with served(home) as server:
        ended = until(lambda: statuses(server), ["Succeeded"] * 4)
        found = ask("GET", f"{server.base}{MANAGEMENT}/orders/runs")[2]["value"]

    assert ended == ["Succeeded"] * 4
    tracked = sorted(run["properties"]["correlation"]["clientTrackingId"] for run in found)
    assert tracked == ["order-2", "order-3", "order-4", "order-5"]


class Receiver:
    """A service that takes subscriptions."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.asked.append(
                    (self.command, self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
                )
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_DELETE = do_POST

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def hook(url: str) -> dict[str, Any]:
    return {
        "type": "HttpWebhook",
        "inputs": {
            "subscribe": {"method": "POST", "uri": url, "body": "@listCallbackUrl()"},
            "unsubscribe": {"method": "DELETE", "uri": url},
        },
    }


def test_a_webhook_is_subscribed_once_over_a_kill_and_unsubscribed_when_disabled(tmp_path: Path, receiver: Receiver):
    home = write(tmp_path, hook(receiver.url), {"Note": COMPOSE})
    with served(home) as server:
        before = receiver.methods
        port = int(server.base.rpartition(":")[2])
        first = ask("POST", receiver.asked[0][1], {"n": 1})[0]
        server.process.send_signal(signal.SIGKILL)
    with served(home, port=port) as server:
        # What was subscribed before the kill still calls us.
        second = ask("POST", receiver.asked[0][1], {"n": 2})[0]
        ended = until(lambda: statuses(server), ["Succeeded"] * 2)
        after = receiver.methods
        ask("POST", f"{server.base}{MANAGEMENT}/orders/disable")
        disabled = receiver.methods
        late = ask("POST", receiver.asked[0][1], {"n": 3})[0]
        ask("POST", f"{server.base}{MANAGEMENT}/orders/enable")
        enabled = receiver.methods
        ask("DELETE", f"{server.base}{MANAGEMENT}/orders")
        deleted = receiver.methods

    assert (before, after, ended) == (["POST"], ["POST"], ["Succeeded"] * 2)
    assert (first, second) == (202, 202)
    assert late >= 400
    assert disabled == ["POST", "DELETE"]
    assert enabled == ["POST", "DELETE", "POST"]
    assert deleted == ["POST", "DELETE", "POST", "DELETE"]


def test_a_webhook_is_subscribed_anew_where_its_address_changed(tmp_path: Path, receiver: Receiver):
    home = write(tmp_path, hook(receiver.url), {"Note": COMPOSE})
    with served(home) as server:
        ask("POST", f"{server.base}/api/flows/orders/revoke")
        stale = ask("POST", receiver.asked[0][1], {"n": 1})[0]
        renewed = ask("POST", receiver.asked[-1][1], {"n": 1})[0]
        revoked = receiver.methods
    with served(home):
        moved = ask("POST", receiver.asked[-1][1], {"n": 2})[0]

    assert (stale in {401, 403}, renewed, moved) == (True, 202, 202)
    assert revoked == ["POST", "DELETE", "POST"]
    assert receiver.methods == ["POST", "DELETE", "POST", "DELETE", "POST"]


def test_a_webhook_action_unsubscribes_for_real_when_it_is_cancelled(tmp_path: Path, receiver: Receiver):
    home = write(tmp_path, REQUEST, {"Ask": hook(receiver.url)})
    with served(home) as server:
        run = ask("POST", callback_url(server), {})[1]["x-ms-workflow-run-id"]
        subscribed = until(lambda: receiver.methods, ["POST"])
        ask("POST", f"{server.base}{MANAGEMENT}/orders/runs/{run}/cancel")
        ended = until(lambda: statuses(server), ["Cancelled"])
        unsubscribed = until(lambda: receiver.methods, ["POST", "DELETE"])

    assert (subscribed, ended, unsubscribed) == (["POST"], ["Cancelled"], ["POST", "DELETE"])
