"""Who gets in, and where the token goes."""

from __future__ import annotations

from tests.browser.conftest import TOKEN


def test_the_token_leaves_the_address_and_stays_in_the_tab(page):
    assert page.evaluate("location.hash") == ""
    assert page.evaluate("sessionStorage.getItem('runafter.token')") == TOKEN
    assert page.evaluate("localStorage.length") == 0
    page.reload()
    page.get_by_role("heading", name="Flows").wait_for()


def test_no_request_carries_the_token_in_its_address(page, served):
    asked = []
    page.on("request", lambda request: asked.append((request.url, request.headers)))
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_role("heading", name="Runs").wait_for()
    called = [(url, headers) for url, headers in asked if "/api/" in url]
    assert called
    assert all(TOKEN not in url for url, _ in asked)
    assert all(headers.get("authorization") == f"Bearer {TOKEN}" for _, headers in called)


def test_without_a_token_the_page_asks_for_it(browser, served):
    context = browser.new_context(base_url=served.url)
    page = context.new_page()
    page.goto("/runs")
    page.get_by_label("Token").fill("not-the-token-of-this-server")
    page.get_by_role("button", name="Enter").click()
    page.get_by_text("does not know this token").wait_for()
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Enter").click()
    page.get_by_role("heading", name="Runs").wait_for()
    assert TOKEN not in page.url
    context.close()


def test_nothing_comes_from_another_site_and_no_inline_script_runs(browser, served):
    context = browser.new_context(base_url=served.url)
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/flows/large#token={TOKEN}")
    page.locator("[data-card]").first.wait_for()
    assert all(url.startswith((served.url, "data:", "blob:")) for url in asked)
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.got = 1'; document.body.append(s)"
    )
    assert page.evaluate("window.got") is None
    context.close()
