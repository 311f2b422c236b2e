"""The inbox: an answer lets the run go on, and what it wrote stands in the tenant."""

from __future__ import annotations

import json

from playwright.sync_api import expect
from tests.browser.conftest import TOKEN
from tests.browser.project import ROOT


def _ask(served, number: str) -> str:
    invoice = json.loads((ROOT / "examples" / "invoice_approval" / "trigger.json").read_text("utf-8"))["value"][0]
    told = {"InvoiceNumber": number, "Title": f"Invoice {number}"}
    return served.run("invoice_approval", {"value": [{**invoice, **told}]})


def _status(page):
    return page.locator(".run-head .status")


def test_approve_with_a_comment_and_watch_the_run_go_on(page, served):
    run = _ask(served, "INV-7001")
    watching = page.context.new_page()
    watching.goto(f"/runs/{run}#token={TOKEN}")
    watching.evaluate("window.sameDocument = true")
    card = watching.locator('.node[data-action="Ask_approver"]')
    expect(card).to_have_attribute("data-status", "Waiting")
    expect(_status(watching)).to_have_attribute("data-status", "Waiting")

    page.get_by_role("link", name="Approvals").click()
    item = page.get_by_role("article", name="Invoice INV-7001")
    expect(item).to_contain_text("1,840.00 EUR")
    item.get_by_placeholder("Comment").fill("Fits the order")
    item.get_by_role("button", name="Approve").click()
    expect(item).to_have_count(0)

    watching.bring_to_front()
    expect(card).to_have_attribute("data-status", "Succeeded")
    expect(_status(watching)).to_have_attribute("data-status", "Succeeded")
    assert watching.evaluate("window.sameDocument") is True

    page.bring_to_front()
    page.goto("/approvals?status=closed")
    answered = page.get_by_role("article", name="Invoice INV-7001")
    expect(answered).to_contain_text("Approve")
    expect(answered).to_contain_text("Fits the order")

    # what the run wrote: a list's item, a mail, a row
    page.get_by_role("link", name="Tenant").click()
    for name, told in (("Flow Metrics", "INV-7001"), ("outbox", "INV-7001"), ("dbo.InvoiceLedger", "INV-7001")):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("table", name=name)).to_contain_text(told)


def test_an_answer_on_the_run_page_is_seen_without_a_reload(page, served):
    run = _ask(served, "INV-7002")
    page.goto(f"/runs/{run}?action=Ask_approver")
    detail = page.locator(".detail")
    detail.get_by_role("button", name="Reject").click()
    expect(page.locator('.node[data-action="Ask_approver"]')).to_have_attribute("data-status", "Succeeded")
    expect(_status(page)).not_to_have_attribute("data-status", "Waiting")
    expect(detail.get_by_label("Outputs", exact=True)).to_contain_text("Reject")


def test_a_card_is_answered_with_one_of_its_buttons(page, served):
    run = served.run("card", {"ticket": "T-7003"})
    page.goto("/approvals")
    item = page.get_by_role("article", name="Ticket T-7003")
    expect(item.get_by_role("button")).to_have_text(["I take it", "Escalate"])
    item.get_by_placeholder("Comment").fill("Too large for me")
    item.get_by_role("button", name="Escalate").click()
    expect(item).to_have_count(0)

    page.goto(f"/runs/{run}?action=Answer")
    expect(_status(page)).to_have_attribute("data-status", "Succeeded")
    outputs = page.locator(".detail").get_by_label("Outputs", exact=True)
    expect(outputs).to_contain_text('"action": "escalate"')
    expect(outputs).to_contain_text('"note": "Too large for me"')
    # the post stands in the tenant
    page.goto("/tenant?service=teams&table=posts")
    expect(page.get_by_role("table", name="posts")).to_contain_text("T-7003")
