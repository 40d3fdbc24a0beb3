"""What somebody may try from outside, or with a role that is not enough for it."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from portal.access.accounts import set_password, user_named
from portal.data.models import LoginAttempt
from portal.data.roles import Role
from portal.runs.store import NewEvent
from portal.web.headers import POLICY
from portal.web.sign_in import own_path
from tests.portal.web.conftest import Browser, Browsers
from tests.portal.web.played import FINGERPRINT, PASSWORD, URL, PlayedPortal

ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7777*7777}}"


class _Active(HTMLParser):
    """Finds what a browser would run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Every script that is not the portal's own file, and every handler of events."""
        given = dict(attrs)
        if tag == "script" and given.get("src") != "/static/portal.js":
            self.found.append("script")
        self.found += [f"{tag} {name}" for name in given if name.startswith("on") or name == "style"]
        self.found += [f"{tag} {value}" for value in given.values() if value and value.startswith("javascript:")]
        if tag == "img":
            self.found.append(tag)


def active_in(page: str) -> list[str]:
    """What a browser would run of a page."""
    parser = _Active()
    parser.feed(page)
    return parser.found


def test_nothing_that_a_person_or_the_engine_writes_is_run(played: PlayedPortal, browsers: Browsers) -> None:
    run = played.run("dev", author=ATTACK, reason=ATTACK)
    change: dict[str, Any] = {
        "operation": "create",
        "urn": ATTACK,
        "type": ATTACK,
        "name": ATTACK,
        "new": {ATTACK: ATTACK},
    }
    finding = {"level": "mandatory", "rule": ATTACK, "urn": ATTACK, "message": ATTACK}
    fingerprint = {"revision": ATTACK, "config": "c", "state": "s", "changes": "h"}
    plan = {
        "stack": ATTACK,
        "source": ATTACK,
        "fingerprint": fingerprint,
        "changes": [change],
        "findings": [finding],
        "destroys": False,
    }
    played.planned(run, plan)
    told: dict[str, dict[str, Any]] = {
        "message": {"severity": ATTACK, "urn": ATTACK, "text": ATTACK},
        "resource": {"op": ATTACK, "step": ATTACK, "type": ATTACK, "name": ATTACK, "urn": ATTACK},
        "policy": {"level": ATTACK, "rule": ATTACK, "urn": ATTACK, "text": ATTACK},
        "decision": {"by": ATTACK, "approved": False, "reason": ATTACK},
        "cancel": {"by": ATTACK},
        "another": {ATTACK: ATTACK},
    }
    for kind, payload in told.items():
        played.tell(run, NewEvent(kind, kind, payload))
    browser = browsers("admin")
    browser.submit("/account/tokens", name=ATTACK[:100], stack=ATTACK[:100])
    browser.submit(
        f"/admin/users/{played.ids['nobody']}/grants", role="viewer", stack=ATTACK[:100], tenant=ATTACK[:100]
    )
    pages = [f"/runs/{run.id}", f"/runs/{run.id}/plan", "/runs", "/stacks", "/stacks/dev", "/account", "/admin/audit"]
    pages += ["/admin", f"/admin/users/{played.ids['nobody']}", f"/stacks/new?name={ATTACK}&kind={ATTACK}"]
    for page in [*pages, f"/login?next={ATTACK}", f"/stacks/{ATTACK.replace('/', '')}", f"/{ATTACK}"]:
        answer = browser.get(page)
        assert active_in(answer.text) == [], page
        assert "60481729" not in answer.text, page


def test_what_stands_in_an_edited_file_is_not_run(browsers: Browsers) -> None:
    text = (
        f"config:\n  polykube:stage: {ATTACK!r}\n  polykube:cluster: {{kind: {ATTACK!r}}}\n  {ATTACK!r}: 1\n</textarea>"
    )
    for yaml in (text, text.removesuffix("</textarea>"), ATTACK):
        for path in ("/stacks/dev/form", "/stacks/dev/edit"):
            answer = browsers("planner").submit(path, yaml=yaml, base=yaml, reason=ATTACK, edited="yaml")
            assert answer.status_code == 200
            assert active_in(answer.text) == []


def test_events_of_a_stream_are_escaped(played: PlayedPortal, browsers: Browsers) -> None:
    run = played.run("dev")
    played.tell(run, NewEvent("x", "message", {"severity": "info", "urn": "", "text": ATTACK + "\nevent: end\nid: 9"}))
    played.cancel(run)
    text = browsers("viewer").get(f"/runs/{run.id}/events").text
    assert active_in(text) == []
    assert "\nid: 9" not in text


def test_scripts_and_styles_come_from_the_portal_alone(browsers: Browsers) -> None:
    for path in ("/login", "/nothing", "/healthz", "/api/v1/me"):
        headers = browsers("").get(path).headers
        assert headers["Content-Security-Policy"] == POLICY
        assert "unsafe" not in POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"csrf": "0" * 64},
        {"csrf": ""},
    ],
)
@pytest.mark.parametrize("path", ["/stacks/dev/runs", "/account/tokens", "/admin/users", "/logout"])
def test_a_form_of_another_site_is_refused(path: str, forged: dict[str, str], browsers: Browsers) -> None:
    answer = browsers("admin").post(path, data={"action": "destroy", "name": "dev", **forged})
    assert answer.status_code == 403
    assert browsers("admin").get("/account").status_code == 200


def test_the_token_of_another_session_is_refused(browsers: Browsers) -> None:
    others = browsers("viewer").csrf
    assert browsers("planner").post("/stacks/dev/runs", data={"csrf": others, "action": "apply"}).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_what_another_site_sends_is_refused_though_it_had_the_token(
    headers: dict[str, str], browsers: Browsers
) -> None:
    browser = browsers("planner")
    form = {"csrf": browser.csrf, "action": "apply"}
    assert browser.post("/stacks/dev/runs", data=form, headers=headers).status_code == 403
    login = {"name": "viewer", "password": PASSWORD}
    assert browsers("", fresh=True).post("/login", data=login, headers=headers).status_code == 403


def test_json_with_the_cookie_alone_is_refused(browsers: Browsers) -> None:
    assert browsers("planner").post("/api/v1/stacks/dev/runs", json={"action": "apply"}).status_code == 403


def test_a_session_that_somebody_else_put_into_the_browser_lets_nobody_in(browsers: Browsers) -> None:
    attacker, victim = browsers("nobody", fresh=True), browsers("", fresh=True)
    fixed = attacker.cookies["polykube"]
    victim.cookies.set("polykube", fixed, domain="portal.test")
    victim.sign_in("admin")
    assert fixed not in [cookie.value for cookie in victim.cookies.jar if cookie.name == "polykube"][-1:]
    assert attacker.get("/admin").status_code == 303
    assert attacker.get("/account").status_code == 303


def test_who_signs_out_is_out_with_a_copy_of_the_cookie_too(browsers: Browsers) -> None:
    browser = browsers("viewer", fresh=True)
    copied = browser.cookies["polykube"]
    assert browser.submit("/logout").status_code == 303
    thief = browsers("", fresh=True)
    thief.cookies.set("polykube", copied, domain="portal.test")
    assert thief.get("/account").status_code == 303


def test_the_cookie_is_for_this_site_and_no_script(browsers: Browsers) -> None:
    answer = browsers("", fresh=True).post("/login", data={"name": "viewer", "password": PASSWORD})
    said = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(said.split("; "))


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "https://evil.test",
        "/%09/evil.test\t",
        "/\t/evil.test",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: polykube=of-the-attacker",
        "evil.test",
        "",
    ],
)
def test_a_sign_in_leads_nowhere_else(wanted: str, browsers: Browsers) -> None:
    answer = browsers("", fresh=True).post("/login", data={"name": "viewer", "password": PASSWORD, "next": wanted})
    assert answer.headers["Location"] in ("/", own_path(wanted))
    assert not re.match(r"[/\\]{2}|\w+:|[/\\][\t\r\n]*[/\\]", answer.headers["Location"])
    assert "of-the-attacker" not in answer.headers["Set-Cookie"]


def test_a_sign_in_leads_where_somebody_wanted_to_go(browsers: Browsers) -> None:
    form = {"name": "viewer", "password": PASSWORD, "next": "/runs/abc?said=approved"}
    answer = browsers("", fresh=True).post("/login", data=form)
    assert answer.headers["Location"] == "/runs/abc?said=approved"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2fsettings.py",
        "/static/%2fetc%2fpasswd",
        "/stacks/..%2f..%2fetc%2fpasswd",
        "/stacks/%2e%2e",
        "/api/v1/stacks/..%2fdev/file",
        "/stacks/..%2fdev/edit?kind=local",
        "/stacks/x%00/edit?kind=local",
        "/stacks/new?name=../../x&kind=local",
        "/stacks/new?name=ok&kind=../../../etc/passwd",
        "/stacks/x/edit?kind=../../README.md",
    ],
)
def test_no_path_leads_to_another_file(path: str, browsers: Browsers) -> None:
    answer = browsers("admin").get(path)
    assert answer.status_code in (200, 303, 400, 404, 422)
    assert "root:" not in answer.text
    assert "import" not in answer.text.replace("important", "")
    if answer.status_code == 303:
        assert answer.headers["Location"] in ("/stacks/new", "/stacks/ok/edit?kind=local")


@pytest.mark.parametrize("stack", ["..%2fx", "%2e%2e", "x%2fy", ".git", "X", "a" * 64, "x%00", "-x"])
def test_no_stack_is_made_under_a_name_that_is_none(stack: str, played: PlayedPortal, browsers: Browsers) -> None:
    text = (played.project / "Pulumi.dev.yaml").read_text()
    browser, before = browsers("planner"), played.runs.store.list(None, 1000)
    answers = [
        browser.submit(f"/stacks/{stack}/edit", yaml=text, base=text, plan="plan"),
        browser.post(
            f"/api/v1/stacks/{stack}/runs",
            json={"action": "apply", "stackFile": text},
            headers={"X-CSRF-Token": browser.csrf},
        ),
    ]
    assert {answer.status_code for answer in answers} <= {400, 404, 422}
    assert played.runs.store.list(None, 1000) == before


def test_another_host_name_leads_nowhere(browsers: Browsers) -> None:
    """DNS rebinding: a page of somebody else's whose name came to be this machine's address."""
    assert browsers("").get("/login", headers={"Host": "evil.test"}).status_code == 400


def test_a_huge_request_is_refused(browsers: Browsers) -> None:
    answer = browsers("planner").submit("/stacks/dev/form", yaml="x" * (5 << 20))
    assert answer.status_code == 413


def test_guessing_a_password_ends_soon(played: PlayedPortal, browsers: Browsers) -> None:
    played.add("guessed", Role.VIEWER)
    browser = browsers("", fresh=True)
    try:
        codes = [_guess(browser, "guessed", f"wrong guess {number}") for number in range(7)]
        assert codes == [401] * 5 + [429] * 2
        assert _guess(browser, "guessed", PASSWORD) == 429
        assert _guess(browser, "viewer", PASSWORD) == 303
        with played.database.writing() as session:
            for each in session.query(LoginAttempt).filter_by(name="guessed"):
                each.at = each.at.replace(year=each.at.year - 1)
        assert _guess(browser, "guessed", PASSWORD) == 303
    finally:
        with played.database.writing() as session:
            session.query(LoginAttempt).delete()


def test_guessing_many_names_from_one_address_ends_soon(played: PlayedPortal, browsers: Browsers) -> None:
    try:
        with played.database.writing() as session:
            session.add_all(LoginAttempt(name=f"n{number}", address="testclient") for number in range(30))
        assert _guess(browsers("", fresh=True), "somebody", "wrong") == 429
    finally:
        with played.database.writing() as session:
            session.query(LoginAttempt).delete()


def _guess(browser: Browser, name: str, password: str) -> int:
    return browser.post("/login", data={"name": name, "password": password}).status_code


def test_who_is_disabled_or_has_another_password_is_out_at_once(played: PlayedPortal, browsers: Browsers) -> None:
    user = played.add("leaver", Role.PLANNER)
    first, second = browsers("leaver", fresh=True), browsers("leaver", fresh=True)
    with played.database.writing() as session:
        found = user_named(session, "leaver")
        assert found
        set_password(session, found, "another long password", "test")
    assert first.get("/account").status_code == 303
    assert browsers("admin").submit(f"/admin/users/{user}", disabled="true").status_code == 303
    assert second.get("/stacks").status_code == 303
    answer = browsers("", fresh=True).post("/login", data={"name": "leaver", "password": "another long password"})
    assert answer.status_code == 401


def test_who_is_disabled_in_the_database_is_out_at_once(played: PlayedPortal, browsers: Browsers) -> None:
    played.add("disabled", Role.PLANNER)
    browser = browsers("disabled", fresh=True)
    with played.database.writing() as session:
        found = user_named(session, "disabled")
        assert found
        found.disabled = True
    assert browser.get("/stacks").status_code == 303


def test_an_approval_of_another_plan_is_refused(played: PlayedPortal, browsers: Browsers) -> None:
    run = played.planned(played.run("dev"), {})
    browser = browsers("approver")
    assert browser.submit(f"/runs/{run.id}/approve", fingerprint="0" * 64).status_code == 409
    assert browser.submit(f"/runs/{run.id}/approve", fingerprint=FINGERPRINT).status_code == 303


def test_a_page_tells_no_words_of_a_link(browsers: Browsers) -> None:
    assert "your account was" not in browsers("viewer").get("/stacks?said=your account was hacked").text


def test_tokens_and_cookies_are_kept_as_hashes(played: PlayedPortal, browsers: Browsers) -> None:
    browser = browsers("viewer", fresh=True)
    page = browser.submit("/account/tokens", name="script").text
    value = re.findall(r"pk_[\w-]{43}", page)[0]
    kept = b"".join(each.read_bytes() for each in played.database_files())
    for secret in (value, browser.cookies["polykube"], PASSWORD):
        assert secret.encode() not in kept
    assert value not in browser.get("/account").text
    assert URL not in value
