"""Pages in a real browser: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from portal.data.roles import Role
from portal.runs.orders import Move
from portal.runs.store import NewEvent
from portal.runs.views import RunState
from tests.portal.web.played import PASSWORD, PlayedPortal
from tests.portal.web.test_attacks import ATTACK
from tests.portal.web.test_events import served, socket_

__all__ = ["served", "socket_"]  # fixtures
pytestmark = pytest.mark.drill
_QUIET = (
    "--no-sandbox",  # root has no other way
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_POOLS = "polykube:cluster.nodePools"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser."""
    if not (program := shutil.which("chromium")):
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_QUIET))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, served: PlayedPortal) -> Iterator[Page]:
    """A page of somebody who is signed in as planner; what its console says of errors fails the test."""
    served.add("planner", Role.PLANNER)
    found = chromium.new_page(base_url=served.url, viewport={"width": 390, "height": 844}, color_scheme="dark")
    said: list[str] = []
    found.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    found.on("pageerror", lambda error: said.append(str(error)))
    found.on("dialog", lambda dialog: said.append(f"a dialog: {dialog.message}"))
    found.goto("/login")
    found.fill("#name", "planner")
    found.fill("#password", PASSWORD)
    found.keyboard.press("Enter")
    found.wait_for_url("**/stacks")
    yield found
    found.close()
    assert said == []


def _field(name: str) -> str:
    return f'[id="field:{name}"]'


def test_problems_come_and_go_as_fields_and_yaml_are_written(page: Page) -> None:
    page.goto("/stacks/dev/edit")
    version = page.locator(_field("polykube:cluster.version"))
    version.fill("1.1")
    page.wait_for_selector('[data-field="field:polykube:cluster.version"]')
    assert 'version: "1.1"' in page.input_value("#yaml")
    assert version.get_attribute("aria-invalid") == "true"
    assert page.evaluate("document.activeElement.id") == "field:polykube:cluster.version"
    version.fill("1.36")
    page.wait_for_selector("#problems .badge.good")
    assert version.get_attribute("aria-invalid") is None
    page.fill("#yaml", page.input_value("#yaml").replace("nodes: 3", "nodes: 7"))
    expect(page.locator(_field(f"{_POOLS}[1].nodes"))).to_have_value("7")


def test_an_entry_is_added_by_keyboard_and_shown_open(page: Page) -> None:
    page.goto("/stacks/dev/edit")
    page.locator(f"{_field(_POOLS)} > summary").focus()
    page.keyboard.press("Enter")
    page.locator(f'button[name=add][value="{_POOLS}"]').focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(_field(f"{_POOLS}[2].name"))
    assert page.locator(_field(f"{_POOLS}[2].name")).is_visible()
    assert page.url.endswith("/stacks/dev/edit")


def test_a_run_is_watched_to_its_end(page: Page, served: PlayedPortal) -> None:
    run = served.run("dev", reason=ATTACK)
    page.goto(f"/runs/{run.id}")
    served.runs.store.move(Move(run.id, RunState.PLANNING))
    page.wait_for_selector("li[aria-current]:has-text('planning')")
    served.tell(run, NewEvent("m", "message", {"severity": "info", "urn": "", "text": ATTACK}))
    page.wait_for_selector("#log li:has-text('alert(1)')")
    served.runs.store.move(Move(run.id, RunState.FAILED, "PK403", "PK403: the engine was killed"))
    page.wait_for_selector("#state .note.bad:has-text('the engine was killed')")
    assert [each.split()[-1] for each in page.locator("#log li").all_inner_texts()] == [
        "queued",
        "planning",
        ATTACK.split()[-1],
        "killed",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_is_wider_than_its_window(
    page: Page, served: PlayedPortal, width: int, scheme: str, tmp_path: Path
) -> None:
    run = served.planned(served.run("dev"), {})
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    for path in ("/stacks", "/stacks/dev", "/stacks/dev/edit", "/runs", f"/runs/{run.id}", "/tenants", "/account"):
        page.goto(path)
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
