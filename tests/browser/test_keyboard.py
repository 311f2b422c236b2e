"""Everything without a mouse."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def _focused(page) -> str | None:
    return page.evaluate("document.activeElement?.dataset?.card ?? document.activeElement?.textContent")


def test_letters_lead_to_the_pages(page):
    for keys, title in (("gr", "Runs"), ("ga", "Approvals"), ("gt", "Tenant"), ("gf", "Flows")):
        for key in keys:
            page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_first_tab_leads_past_the_navigation(page):
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Find a flow")).to_be_focused()


def test_arrows_move_through_flows_and_enter_opens_one(page):
    page.locator('tr[data-flow="divisions"] [data-row]').focus()
    page.keyboard.press("ArrowDown")
    assert "Invoice" in _focused(page).capitalize()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=re.compile("divisions", re.IGNORECASE))).to_be_visible()


def test_a_run_is_started_and_explored_by_keys_alone(page, served):
    run = served.run("divisions", {"divisor": 0})
    served.until(f"/api/runs/{run}", lambda found: found["run"]["endedAt"])
    page.goto(f"/runs/{run}")
    expect(page.locator('[data-card="Try"]')).to_be_visible()
    page.keyboard.press("e")
    expect(page.locator('[data-detail="Divide"] [data-repetition="000002"]')).to_be_visible()
    page.keyboard.press("[")
    expect(page.locator('[data-repetition="000001"]')).to_be_visible()
    page.keyboard.press("]")
    expect(page.locator('[data-repetition="000002"]')).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-detail]")).to_have_count(0)

    page.locator('[data-card="Try"]').focus()
    page.keyboard.press("ArrowDown")
    assert _focused(page) == "Each"
    page.keyboard.press("ArrowDown")
    assert _focused(page) == "Pause"
    page.keyboard.press("Enter")
    expect(page.locator('[data-detail="Pause"]')).to_be_visible()
    page.locator('[data-card="Each"]').focus()
    page.keyboard.press("Space")
    expect(page.locator('[data-card="Pause"]')).to_have_count(0)
    page.keyboard.press("Space")
    expect(page.locator('[data-card="Pause"]')).to_be_visible()
