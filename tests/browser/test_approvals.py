"""The inbox: an answer lets the run go on."""

from __future__ import annotations

import json

from playwright.sync_api import expect
from tests.browser.project import ROOT


def test_approve_with_a_comment_and_watch_the_run_go_on(page, served):
    invoice = json.loads((ROOT / "examples" / "invoice_approval" / "trigger.json").read_text("utf-8"))["value"][0]
    run = served.run(
        "invoice_approval", {"value": [{**invoice, "InvoiceNumber": "INV-7001", "Title": "Invoice INV-7001"}]}
    )
    page.goto(f"/runs/{run}")
    card = page.locator('.node[data-action="Ask_approver"]')
    expect(card).to_have_attribute("data-status", "Waiting")
    expect(page.locator(".run-head .status")).to_have_attribute("data-status", "Waiting")

    page.get_by_role("link", name="Approvals").click()
    item = page.get_by_role("article", name="Invoice INV-7001")
    expect(item).to_contain_text("1,840.00 EUR")
    item.get_by_placeholder("Comment").fill("Fits the order")
    item.get_by_role("button", name="Approve").click()
    expect(item).to_have_count(0)

    page.goto(f"/runs/{run}")
    expect(card).to_have_attribute("data-status", "Succeeded")
    expect(page.locator(".run-head .status")).to_have_attribute("data-status", "Succeeded")
    page.goto("/approvals?status=closed")
    answered = page.get_by_role("article", name="Invoice INV-7001")
    expect(answered).to_contain_text("Approve")
    expect(answered).to_contain_text("Fits the order")

    page.get_by_role("link", name="Tenant").click()
    page.get_by_role("button", name="Invoices").click()
    expect(page.get_by_role("table", name="Invoices")).to_be_visible()


def test_an_answer_on_the_run_page_is_seen_without_a_reload(page, served):
    invoice = json.loads((ROOT / "examples" / "invoice_approval" / "trigger.json").read_text("utf-8"))["value"][0]
    run = served.run(
        "invoice_approval", {"value": [{**invoice, "InvoiceNumber": "INV-7002", "Title": "Invoice INV-7002"}]}
    )
    page.goto(f"/runs/{run}?action=Ask_approver")
    detail = page.locator(".detail")
    detail.get_by_role("button", name="Reject").click()
    expect(page.locator('.node[data-action="Ask_approver"]')).to_have_attribute("data-status", "Succeeded")
    expect(page.locator(".run-head .status")).not_to_have_attribute("data-status", "Waiting")
    expect(detail.get_by_label("Outputs", exact=True)).to_contain_text("Reject")
