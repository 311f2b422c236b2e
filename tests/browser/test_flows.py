"""The list of flows and a flow's own page: figures, what is due, turning off."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from tests.browser.project import LONG


def _row(page, flow: str):
    return page.locator(f'tr[data-flow="{flow}"]')


def test_a_flow_shows_owner_last_runs_rate_and_durations(page, served):
    for divisor in (0, 7):
        run = served.run("divisions", {"divisor": divisor})
        served.until(f"/api/runs/{run}", lambda found: found["run"]["endedAt"])
    page.reload()
    row = _row(page, "divisions")
    known = next(flow for flow in served.call("/api/flows")["flows"] if flow["name"] == "divisions")

    expect(row).to_contain_text("somebody@contoso.example")
    ticks = row.locator(".strip .tick")
    expect(ticks).to_have_count(len(known["runs"]))
    expect(ticks.nth(-1)).to_have_attribute("aria-label", re.compile(r"^Succeeded, .* s$"))
    expect(ticks.nth(-2)).to_have_attribute("aria-label", re.compile(r"^Failed, .* s$"))
    expect(row.locator(".rate")).to_have_text(re.compile(rf"^{int(known['successRate'] * 100)}(\.\d)?%$"))
    for span in row.locator("td.span").all():
        expect(span).to_have_text(re.compile(r"^\d.* m?s$"))


def test_a_new_run_joins_the_strip_without_a_reload(page, served):
    row = _row(page, "card")
    expect(row).to_be_visible()
    run = served.run("card", {"ticket": "T-7100"})
    expect(row.locator(".tick").last).to_have_attribute("href", f"/runs/{run}")
    expect(row.locator(".tick").last).to_have_class(re.compile("wait"))


def test_the_next_time_of_a_schedule_is_told_and_goes_when_it_is_turned_off(page):
    expect(_row(page, "nightly").locator("time")).to_have_text(re.compile(r"^in \d+ (h|min|s)$"))
    expect(_row(page, "ping")).to_contain_text("on event")
    page.goto("/flows/nightly")
    head = page.locator(".run-head")
    expect(head).to_contain_text("Enabled")
    expect(head).to_contain_text("next in")
    page.get_by_role("button", name="Turn off").click()
    expect(head).to_contain_text("Disabled")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    page.goto("/")
    expect(_row(page, "nightly")).to_contain_text("Disabled")
    expect(_row(page, "nightly").locator("time")).to_have_count(0)
    page.goto("/flows/nightly")
    page.get_by_role("button", name="Turn on").click()
    expect(head).to_contain_text("next in")


def test_a_flow_that_never_ran_says_so(page):
    expect(_row(page, "nightly")).to_contain_text("no runs yet")
    page.goto("/runs?flow=nightly")
    expect(page.get_by_role("heading", name="No run of Nightly")).to_be_visible()


def test_long_names_are_cut_and_told_whole(page):
    expect(_row(page, LONG).get_by_role("link").first).to_have_attribute("title", LONG)
    expect(_row(page, LONG).get_by_role("button", name="Run")).to_be_in_viewport(ratio=1)
