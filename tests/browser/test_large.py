"""A thousand runs and five hundred actions: what is not seen is not mounted. How long frames take is printed, not asserted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect
from tests.browser.project import LARGE

RUNS = 1000

_FRAMES = """
(deed) => new Promise((done) => {
  const spans = [];
  let before = performance.now(), count = 0;
  const act = eval(deed);
  const frame = (now) => {
    spans.push(now - before);
    before = now;
    if (++count === 60) { spans.shift(); spans.sort((a, b) => a - b); done([spans[29], spans[56], spans.at(-1)]); return; }
    act(count);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})
"""


@pytest.fixture(scope="module")
def thousand(served):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: served.run("ping", {"order": f"number-{number:04}"}), range(RUNS)))
    served.until("/api/runs?flow=ping&status=Running&limit=1", lambda page: not page["runs"])


def test_of_a_thousand_runs_what_is_seen_is_mounted(page, served, thousand, record_property):
    page.goto("/runs?flow=ping")
    rows = page.locator(".rows .run-row")
    expect(rows.first).to_be_visible()
    middle, most, longest = page.evaluate(_FRAMES, "(n) => { document.querySelector('.rows').scrollTop = n * 800 }")
    print(f"scrolling {RUNS} runs: median frame {middle:.0f} ms, 95th of 100 {most:.0f} ms, longest {longest:.0f} ms")
    assert rows.count() < 80
    # pages were fetched as they were needed
    expect(page.get_by_role("table", name="Runs")).to_have_attribute("aria-rowcount", str(RUNS))
    page.locator(".rows").evaluate("(rows) => { rows.scrollTop = rows.scrollHeight }")
    expect(page.locator(f'[aria-rowindex="{RUNS}"]')).to_be_visible()


def test_a_value_in_a_payload_finds_its_run(page, served, thousand):
    page.goto("/runs")
    page.get_by_label("Search in payloads").fill("number-0777")
    row = page.locator(".rows .run-row")
    expect(row).to_have_count(1)
    assert "search=number-0777" in page.url
    row.get_by_role("link").click()
    expect(page.locator(".detail").get_by_label("Trigger", exact=True)).to_contain_text("number-0777")


def test_a_filtered_run_is_resubmitted_from_the_list(page, served, thousand):
    page.goto("/runs?search=number-0042")
    page.get_by_label("Flow", exact=True).select_option("ping")
    page.get_by_label("Status").select_option("Succeeded")
    expect(page.locator(".rows .run-row")).to_have_count(1)
    page.get_by_role("button", name="Resubmit").click()
    page.wait_for_url("**/runs/*")
    expect(page.locator(".run-head .status")).to_have_attribute("data-status", "Succeeded")
    page.goto("/runs?search=nothing-has-this-value")
    page.get_by_role("button", name="Show all runs").click()
    expect(page.locator(".rows .run-row").first).to_be_visible()


def test_of_five_hundred_actions_what_is_seen_is_mounted(page, served):
    run = served.run("large")
    served.until(f"/api/runs/{run}", lambda found: found["run"]["endedAt"])
    page.goto(f"/runs/{run}")
    expect(page.locator('[data-card="Part_0"]')).to_be_visible()
    expect(page.get_by_text(f"{LARGE} actions")).to_be_visible()
    took = page.evaluate("performance.now()")
    wheel = """(n) => document.querySelector('.react-flow__pane').dispatchEvent(
        new WheelEvent('wheel', { deltaY: n % 40 < 20 ? 160 : -160, bubbles: true, cancelable: true }))"""
    middle, most, longest = page.evaluate(_FRAMES, wheel)
    print(
        f"panning {LARGE} actions (page there after {took:.0f} ms): median frame {middle:.0f} ms, 95th of 100 {most:.0f} ms, longest {longest:.0f} ms"
    )
    assert page.locator(".react-flow__node").count() < LARGE
    # far away, by keyboard and by the step log
    page.locator(".step").last.scroll_into_view_if_needed()
    page.locator(".dock-rows").evaluate("(rows) => { rows.scrollTop = rows.scrollHeight }")
    page.locator('.step[data-step="A19_5_3"]').click()
    expect(page.locator('[data-card="A19_5_3"]')).to_be_visible()
