"""Signing in by a password and by single sign-on, out, and what an account can do for itself."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from portal.access.oidc import OidcSettings
from portal.access.tokens import limit_of
from portal.data.models import ApiToken, AuditEntry, User
from portal.data.roles import Role
from tests.portal.access.oidc_provider import CLIENT, SECRET, Played, provider
from tests.portal.web.conftest import Browser, Browsers
from tests.portal.web.played import PASSWORD, URL, PlayedPortal, portal


@pytest.fixture
def sso(tmp_path: Path) -> Iterator[Played]:
    """A provider of single sign-on."""
    with provider(f"{URL}/login/oidc/callback", tmp_path / "provider") as running:
        yield running


@pytest.fixture
def known(tmp_path: Path, project: Path, sso: Played) -> PlayedPortal:
    """A portal that knows the provider, where whoever is of the group platform administers."""
    (tmp_path / "portal").mkdir()
    grants = {"platform": [limit_of(Role.ADMIN)]}
    oidc = OidcSettings(sso.issuer, CLIENT, SecretStr(SECRET), "Example", authority=sso.authority, grants=grants)
    return portal(tmp_path / "portal", project, oidc=oidc)


def _browser(played: PlayedPortal) -> Browser:
    return Browser(played.app, URL, follow_redirects=False)


def _by_provider(browser: Browser, sso: Played, wanted: str = "/runs") -> httpx2.Response:
    to_provider = browser.get(f"/login/oidc?next={wanted}")
    assert to_provider.status_code == 303, to_provider.text
    trusting = ssl.create_default_context(cafile=sso.authority)
    back = httpx2.get(to_provider.headers["Location"], verify=trusting).headers["Location"]
    return browser.get(back)


def test_who_comes_from_the_provider_has_the_roles_of_their_groups(known: PlayedPortal, sso: Played) -> None:
    sso.claims = {"groups": ["platform"]}
    browser = _browser(known)
    assert "Sign in with Example" in browser.get("/login").text
    answer = _by_provider(browser, sso)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/runs")
    assert browser.get("/admin").status_code == 200
    sso.claims = {"groups": []}
    _by_provider(browser, sso)
    assert browser.get("/admin").status_code == 403


def test_somebody_at_the_provider_is_no_local_account_of_that_name(known: PlayedPortal, sso: Played) -> None:
    known.add("ada", Role.ADMIN)
    browser = _browser(known)
    _by_provider(browser, sso)
    assert browser.get("/account").status_code == 200
    assert browser.get("/admin").status_code == 403
    with known.database.reading() as session:
        assert sorted(each.name for each in session.query(User)) == ["ada", "ada+localhost"]


def test_who_is_disabled_does_not_come_in_by_the_provider(known: PlayedPortal, sso: Played) -> None:
    _by_provider(_browser(known), sso)
    with known.database.writing() as session:
        session.query(User).one().disabled = True
    assert _by_provider(_browser(known), sso).status_code == 403


def test_a_sign_in_that_another_browser_began_is_refused(known: PlayedPortal, sso: Played) -> None:
    """Login CSRF: the victim is sent to where the attacker's sign-in would end."""
    attacker, victim = _browser(known), _browser(known)
    to_provider = attacker.get("/login/oidc").headers["Location"]
    trusting = ssl.create_default_context(cafile=sso.authority)
    back = httpx2.get(to_provider, verify=trusting).headers["Location"]
    assert victim.get(back).status_code == 400
    victim.get("/login/oidc")
    assert victim.get(back).status_code == 403
    assert victim.get("/account").status_code == 303


def test_a_provider_that_is_away_is_told_and_passwords_go_on(known: PlayedPortal, sso: Played) -> None:
    known.add("local", Role.VIEWER)
    sso.told = {"issuer": "https://other.test"}
    browser = _browser(known)
    assert browser.get("/login/oidc").status_code == 502
    assert browser.sign_in("local").get("/account").status_code == 200


def test_without_a_provider_there_is_no_such_sign_in(browsers: Browsers) -> None:
    assert browsers("").get("/login/oidc").status_code == 404
    assert "Sign in with" not in browsers("").get("/login").text


def test_sign_ins_stand_in_the_audit_log(played: PlayedPortal, browsers: Browsers) -> None:
    browser = browsers("", fresh=True)
    browser.post("/login", data={"name": "viewer", "password": "wrong"})
    browser.sign_in("viewer")
    with played.database.reading() as session:
        newest = session.query(AuditEntry).order_by(AuditEntry.id.desc()).limit(2).all()
    assert [(each.action, each.actor) for each in newest] == [("login", "viewer"), ("login.failed", "viewer")]
    assert "wrong" not in str([each.details for each in newest])


def test_a_password_is_changed_by_who_knows_it(played: PlayedPortal, browsers: Browsers) -> None:
    played.add("changer", Role.VIEWER)
    browser = browsers("changer", fresh=True)
    new = "another long password"
    assert browser.submit("/account/password", current="wrong", wanted=new).status_code == 422
    assert browser.submit("/account/password", current=PASSWORD, wanted="short").status_code == 422
    assert browser.submit("/account/password", current=PASSWORD, wanted=new).status_code == 303
    assert browser.get("/account").status_code == 303
    assert browser.post("/login", data={"name": "changer", "password": new}).status_code == 303


def test_a_token_does_what_it_is_for_and_no_more(played: PlayedPortal, browsers: Browsers) -> None:
    browser = browsers("admin")
    page = browser.submit("/account/tokens", name="ci", role="planner", stack="eks-dev", days="1").text
    value = re.findall(r"pk_[\w-]{43}", page)[0]
    program = Browser(played.app, URL, headers={"Authorization": f"Bearer {value}"}, follow_redirects=False)
    runs = "/api/v1/stacks/{}/runs"
    assert program.post(runs.format("eks-dev"), json={"action": "refresh"}).status_code == 201
    assert program.post(runs.format("dev"), json={"action": "refresh"}).status_code == 404
    assert program.get("/api/v1/audit").status_code == 403
    assert program.get("/admin").status_code == 403
    assert [each["name"] for each in program.get("/api/v1/stacks").json()] == ["eks-dev"]
    assert program.post("/api/v1/tokens", json={"name": "another"}).status_code == 403
    token = program.get("/api/v1/tokens").json()[0]
    assert token["lastUsedAt"]
    assert "value" not in token
    assert browsers("viewer").submit(f"/account/tokens/{token['id']}/revoke").status_code == 404
    assert browser.submit(f"/account/tokens/{token['id']}/revoke").status_code == 303
    assert program.get("/api/v1/me").status_code == 401


def test_a_token_may_no_more_than_its_user_may_by_now(played: PlayedPortal, browsers: Browsers) -> None:
    user = played.add("demoted", Role.ADMIN)
    page = browsers("demoted", fresh=True).submit("/account/tokens", name="ci", role="admin").text
    value = re.findall(r"pk_[\w-]{43}", page)[0]
    program = Browser(played.app, URL, headers={"Authorization": f"Bearer {value}"})
    assert program.get("/api/v1/users").status_code == 200
    grant = program.get("/api/v1/me").json()["grants"][0]["id"]
    assert browsers("admin").submit(f"/admin/users/{user}/grants/{grant}/revoke").status_code == 303
    assert program.get("/api/v1/users").status_code == 403


def test_a_token_ends_with_its_time(played: PlayedPortal, browsers: Browsers) -> None:
    page = browsers("viewer").submit("/account/tokens", name="old", days="1").text
    value = re.findall(r"pk_[\w-]{43}", page)[0]
    program = Browser(played.app, URL, headers={"Authorization": f"Bearer {value}"})
    assert program.get("/api/v1/me").status_code == 200
    with played.database.writing() as session:
        token = session.query(ApiToken).filter_by(name="old").one()
        assert token.expires_at
        token.expires_at = token.expires_at.replace(year=token.expires_at.year - 1)
    assert program.get("/api/v1/me").status_code == 401


def test_somebody_is_left_who_administers(played: PlayedPortal, browsers: Browsers) -> None:
    browser, own = browsers("admin"), played.ids["admin"]
    grant = browser.get("/api/v1/me").json()["grants"][0]["id"]
    assert browser.submit(f"/admin/users/{own}", disabled="true").status_code == 409
    assert browser.submit(f"/admin/users/{own}/grants/{grant}/revoke").status_code == 409
    assert browser.get("/admin").status_code == 200


def test_an_administrator_makes_an_account_and_gives_it_a_role(played: PlayedPortal, browsers: Browsers) -> None:
    browser = browsers("admin")
    answer = browser.submit("/admin/users", name="newcomer", password=PASSWORD)
    assert browser.submit("/admin/users", name="newcomer", password=PASSWORD).status_code == 422
    assert browser.submit("/admin/users", name="short", password="short").status_code == 422
    assert browser.submit("/admin/users", name="a b<i>", password=PASSWORD).status_code == 422
    newcomer = browsers("newcomer", fresh=True)
    assert newcomer.get("/stacks/dev").status_code == 404
    path = answer.headers["Location"]
    assert browser.submit(f"{path}/grants", role="viewer", stack="dev").status_code == 303
    assert newcomer.get("/stacks/dev").status_code == 200
    assert newcomer.get("/stacks/eks-dev").status_code == 404
    assert "role.give" in browser.get("/admin/audit").text
    assert "whole" in browser.get("/admin/audit").text
    with played.database.reading() as session:
        assert all(PASSWORD not in str(each.details) for each in session.query(AuditEntry))


def test_behind_tls_the_cookie_is_for_tls_and_this_host_alone(tmp_path: Path, project: Path) -> None:
    made = portal(tmp_path, project, "https://portal.test")
    made.add("viewer", Role.VIEWER)
    with Browser(made.app, "https://portal.test", follow_redirects=False) as browser:
        answer = browser.post("/login", data={"name": "viewer", "password": PASSWORD})
    said = answer.headers["Set-Cookie"]
    assert said.startswith("__Host-polykube=")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(said.split("; "))
    assert "Domain" not in said
    assert answer.headers["Strict-Transport-Security"]
