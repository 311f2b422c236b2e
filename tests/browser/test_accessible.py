"""axe-core finds no serious fault on any page, in light and in dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import TOKEN
from tests.browser.project import ROOT

AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: run `npm ci` in ui/")

PAGES = {
    "flows": ("/", "tr[data-flow]"),
    "flow": ("/flows/divisions", "[data-card]"),
    "code": ("/flows/divisions", "[data-card]"),
    "runs": ("/runs", ".run-row"),
    "run": ("/runs/{run}", "[data-card]"),
    "action": ("/runs/{run}?action=Divide&rep=000002", "[data-repetition]"),
    "timeline": ("/runs/{run}", "[data-card]"),
    "skipped": ("/runs/{run}?action=Finish", ".why"),
    "approvals": ("/approvals", "article"),
    "tenant": ("/tenant", ".grid"),
    "dialog": ("/", "tr[data-flow]"),
    "nothing": ("/runs?search=nothing-has-this-value", ".state"),
    "answered": ("/approvals?status=", "article"),
    "row": ("/tenant", ".grid .link"),
    "keys": ("/", "tr[data-flow]"),
    "missing": ("/runs/none", ".state"),
    "narrow": ("/runs/{run}?action=Divide&rep=000002", "[data-repetition]"),
    "gate": ("/", "tr[data-flow]"),
}


@pytest.fixture(scope="module")
def past(served) -> str:
    import json

    run = served.run("divisions", {"divisor": 0})
    sample = Path(ROOT, "examples", "invoice_approval", "trigger.json")
    first = json.loads(sample.read_text("utf-8"))["value"][0]
    served.run("invoice_approval", {"value": [{**first, "InvoiceNumber": "INV-7100"}]})
    served.until(f"/api/runs/{run}", lambda found: found["run"]["endedAt"])
    served.until("/api/approvals?status=open", lambda found: found["approvals"])
    return run


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_serious_fault(browser, served, past, name, theme):
    # axe is brought in from outside, which the page's own policy forbids
    context = browser.new_context(
        base_url=served.url, viewport={"width": 1440, "height": 900}, color_scheme=theme, bypass_csp=True
    )
    page = context.new_page()
    path, there = PAGES[name]
    page.goto(path.format(run=past) + f"#token={TOKEN}")
    expect(page.locator(there).first).to_be_visible()
    if name == "code":
        page.get_by_role("button", name="Code").click()
        expect(page.locator(".code .line").first).to_be_visible()
    elif name == "timeline":
        page.get_by_role("tab", name="Timeline").click()
    elif name == "dialog":
        page.get_by_role("button", name="Run divisions").click()
        expect(page.get_by_label("Note")).to_be_visible()
    elif name == "row":
        page.locator(".grid .link").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
    elif name == "keys":
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    elif name == "narrow":
        page.set_viewport_size({"width": 800, "height": 900})
    elif name == "gate":
        page.evaluate("sessionStorage.clear()")
        page.reload()
        expect(page.get_by_label("Token")).to_be_visible()
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    serious = [
        f"{fault['id']}: {node['target']} {node.get('failureSummary', '')}"
        for fault in found["violations"]
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"][:3]
    ]
    context.close()
    assert serious == []
