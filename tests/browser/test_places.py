"""Narrow windows, what does not exist, and a server that went away."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import TOKEN
from tests.browser.project import LONG

PATHS = ["/", "/flows", "/flows/divisions", f"/flows/{LONG}", "/runs", "/runs/{run}", "/runs/{run}?action=Divide"]


@pytest.fixture(scope="module")
def failed(served) -> str:
    long = served.run(LONG, {"text": "none"})
    run = served.run("divisions", {"divisor": 0})
    for each in (long, run):
        served.until(f"/api/runs/{each}", lambda found: found["run"]["endedAt"])
    return run


@pytest.mark.parametrize("path", [*PATHS, "/approvals", "/tenant"])
def test_nothing_leaves_the_window(page, failed, path):
    page.goto(path.format(run=failed))
    expect(page.locator("main h1, main h2").first).to_be_visible()
    expect(page.locator(".spin.large")).to_have_count(0)
    for width in (360, 800, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for place in page.get_by_role("navigation").get_by_role("link").all():
            expect(place).to_be_in_viewport(ratio=1)
        if width == 360:
            continue  # what does not fit below the bar is scrolled to
        if "action=" in path and width < 900:
            continue  # the details lie over the head
        for button in page.locator("main .page > header button, main .run-head button").all():
            expect(button).to_be_in_viewport(ratio=1)


def test_details_are_in_sight_on_a_narrow_window(page, failed):
    page.set_viewport_size({"width": 800, "height": 900})
    page.goto(f"/runs/{failed}")
    page.get_by_role("button", name="failed", exact=True).click()
    expect(page.locator('[data-detail="Divide"] mark')).to_be_in_viewport()
    page.get_by_role("button", name="Close details").click()
    expect(page.locator("[data-detail]")).to_have_count(0)


def test_the_run_tells_what_failed(page, failed):
    page.goto(f"/runs/{failed}")
    page.get_by_role("region", name="What failed").get_by_role("button", name="Divide").click()
    expect(page.locator('[data-detail="Divide"] [data-repetition="000002"]')).to_be_visible()


def test_an_address_without_a_repetition_shows_the_failed_one(page, failed):
    page.goto(f"/runs/{failed}?action=Divide")
    expect(page.locator('[data-repetition="000002"]')).to_be_visible()


@pytest.mark.parametrize(
    ("path", "says", "leads"),
    [
        ("/runs/none", "The run 'none' was not found", "See the runs that there are"),
        ("/runs/%zz", "The run '%zz' was not found", "See the runs that there are"),
        ("/flows/none", "none", "See the flows that there are"),
        ("/nowhere", "There is no such page", "Back to the flows"),
    ],
)
def test_what_does_not_exist_leads_on(browser, served, path, says, leads):
    context = browser.new_context(base_url=served.url)
    page = context.new_page()
    page.goto(f"{path}#token={TOKEN}")
    expect(page.get_by_role("main")).to_contain_text(says)
    page.get_by_role("link", name=leads).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    context.close()


def test_a_server_that_went_away_is_told_and_its_return_seen(browser, served):
    context = browser.new_context(base_url=served.url)
    page = context.new_page()
    # its stream breaks once, and nothing answers until it is back
    page.route("**/api/events?*", lambda route: route.abort())
    page.goto(f"/runs#token={TOKEN}")
    gone = page.get_by_text("The server does not answer: what you see may be old")
    expect(gone).to_be_visible()
    page.unroute("**/api/events?*")
    expect(gone).to_have_count(0)
    context.close()


def test_a_server_with_a_new_token_asks_for_it(browser, served):
    context = browser.new_context(base_url=served.url)
    page = context.new_page()
    page.goto(f"/runs#token={TOKEN}")
    expect(page.get_by_role("heading", level=1, name="Runs")).to_be_visible()
    page.evaluate("sessionStorage.setItem('runafter.token', 'of-an-earlier-start')")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("It makes a new one at each start")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("heading", level=1, name="Runs")).to_be_visible()
    context.close()
