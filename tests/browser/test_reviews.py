"""The review queue in the page: a run that ended badly waits for somebody, who closes it or runs it again."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import expect
from tests.server.process import TOKEN, ask, served
from tests.server.test_reviews import FAIL
from tests.server.world import SCHEMA


def test_a_failed_run_is_reviewed_in_the_page(browser, tmp_path: Path):
    home = tmp_path / "flows" / "orders"
    home.mkdir(parents=True)
    start = {"type": "Request", "kind": "Http", "inputs": {}}
    value = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "triggers": {"start": start}, "actions": FAIL}
    (home / "flow.json").write_text(json.dumps(value))
    (home / "flow.toml").write_text('review = ["Failed"]\n')
    with served(tmp_path) as server:
        page = browser.new_context(base_url=server.base).new_page()
        page.set_default_timeout(15_000)
        page.goto(f"/approvals#token={TOKEN}")
        page.get_by_role("heading", name="Approvals").wait_for()
        ask("POST", f"{server.base}/api/flows/orders/run", {"body": {}})

        item = page.get_by_role("article", name="orders: a run ended Failed")
        expect(item).to_contain_text("E1: no")
        first = item.get_attribute("data-approval")
        item.get_by_placeholder("Comment").fill("Tried once more")
        item.get_by_role("button", name="Run again").click()

        # the second run ends as badly, and is left at that
        expect(page.locator(f'[data-approval="{first}"]')).to_have_count(0)
        expect(item).to_have_count(1)
        item.get_by_role("button", name="Done").click()
        expect(item).to_have_count(0)
        page.goto("/approvals?status=closed")
        expect(item).to_have_count(2)
        expect(page.locator(f'[data-approval="{first}"]')).to_contain_text("Tried once more")
        runs = ask("GET", f"{server.base}/api/runs?flow=orders")[2]["runs"]

    assert [run["status"] for run in runs] == ["Failed", "Failed"]
