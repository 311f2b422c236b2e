"""A run from its button to its failed iteration, live."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def _start(page, divisor: str) -> None:
    page.get_by_role("button", name="Run divisions").click()
    page.get_by_label("Divisor of the third item").fill(divisor)
    page.get_by_label("Note").fill("from the browser")
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url(re.compile(r"/runs/\w+"))


def _card(page, name: str):
    return page.locator(f'.node[data-action="{name}"]')


def test_statuses_change_while_the_run_goes_on(page):
    page.evaluate("window.sameDocument = true")
    _start(page, "0")
    expect(_card(page, "Pause")).to_have_attribute("data-status", "Waiting")
    expect(page.locator(".run-head .status")).to_have_attribute("data-status", re.compile("Running|Waiting"))
    expect(_card(page, "Try")).to_have_attribute("data-status", "Running")
    expect(page.locator('.step[data-step="Pause"]')).to_be_visible()
    expect(_card(page, "Divide")).to_have_attribute("data-status", "Failed")
    expect(page.locator(".run-head .status")).to_have_attribute("data-status", "Failed")
    expect(_card(page, "Try")).to_have_attribute("data-status", "Failed")
    expect(_card(page, "Report")).to_have_attribute("data-status", "Succeeded")
    assert page.evaluate("window.sameDocument") is True


def test_the_error_path_is_lit(page, served):
    run = served.run("divisions", {"divisor": 0})
    served.until(f"/api/runs/{run}", lambda found: found["run"]["endedAt"])
    page.goto(f"/runs/{run}")
    expect(page.locator('[data-link="Try to Catch"]')).to_have_attribute("data-tone", "error")
    expect(page.locator('[data-link="Try to Finish"]')).to_have_attribute("data-tone", "dead")
    expect(_card(page, "Finish")).to_have_attribute("data-status", "Skipped")


def test_the_failed_iteration_is_one_jump_away(page, served):
    run = served.run("divisions", {"divisor": 0})
    served.until(f"/api/runs/{run}", lambda found: found["run"]["endedAt"])
    page.goto(f"/runs/{run}")
    page.locator('[data-card="Pause"]').click()
    detail = page.locator(".detail")
    expect(detail.get_by_label("Repetition", exact=True)).to_have_value("000000")
    detail.get_by_role("button", name="Next repetition").click()
    expect(detail.locator("[data-repetition]")).to_have_attribute("data-repetition", "000001")
    # the loop's pager shows the same iteration, and goes to the failed one
    pager = page.get_by_role("group", name="Iterations of Each")
    expect(pager.get_by_text("2 of 4")).to_be_visible()
    pager.get_by_role("button", name="failed").click()
    expect(pager.get_by_text("3 of 4")).to_be_visible()
    expect(page.locator('[data-detail="Divide"]')).to_be_visible()
    expect(detail.locator("[data-repetition]")).to_have_attribute("data-repetition", "000002")
    # the failing expression, its failing part, the values of its parts, the item at work
    expect(detail.locator("mark")).to_have_text("div(100, items('Each'))")
    expect(detail.get_by_role("row", name="items('Each') 0")).to_be_visible()
    expect(detail.get_by_role("heading", name="Each, item 3")).to_be_visible()
    # other iterations were fine
    page.get_by_role("button", name="Previous iteration").click()
    expect(_card(page, "Divide")).to_have_attribute("data-status", "Succeeded")


def test_why_an_action_was_skipped(page, served):
    run = served.run("divisions", {"divisor": 0})
    served.until(f"/api/runs/{run}", lambda found: found["run"]["endedAt"])
    page.goto(f"/runs/{run}?action=Finish")
    why = page.get_by_role("region", name="Why")
    expect(why.get_by_role("listitem")).to_have_count(3)
    expect(why.get_by_role("listitem").last).to_contain_text("Divide")
    expect(why.locator("mark")).to_have_text("div(100, items('Each'))")


def test_code_shows_the_chosen_action_and_findings_at_their_lines(page, served):
    run = served.run("divisions", {"divisor": 5})
    served.until(f"/api/runs/{run}", lambda found: found["run"]["endedAt"])
    page.goto(f"/runs/{run}?action=Divide")
    page.locator(".detail").get_by_role("button", name="Code").click()
    expect(page.locator(".code .chosen").first).to_contain_text('"Divide"')
    page.goto("/flows/invoice_approval")
    page.get_by_role("button", name=re.compile("^Code")).click()
    page.get_by_role("button", name="Next finding").click()
    expect(page.locator(".code .at .told")).to_be_visible()


def test_a_failed_run_can_be_resubmitted_and_a_running_one_cancelled(page, served):
    first = served.run("divisions", {"divisor": 3})
    served.until(f"/api/runs/{first}", lambda found: found["run"]["endedAt"])
    page.goto(f"/runs/{first}")
    page.get_by_role("button", name="Resubmit").click()
    page.wait_for_url(lambda url: "/runs/" in url and first not in url)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".run-head .status")).to_have_attribute("data-status", "Cancelled")
