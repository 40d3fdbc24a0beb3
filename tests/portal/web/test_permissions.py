"""Every route, asked by everybody: what each may is said here once more, and by nothing that the guard knows."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from fastapi import APIRouter

from portal.access.guard import check_routes, routes_of
from portal.access.routes import ROUTES, Need, Of
from portal.data.roles import Role
from tests.portal.web.conftest import Browser, Browsers
from tests.portal.web.played import URL, PlayedPortal, portal

_LET_IN: Final = frozenset({200, 201, 204, 303, 400, 404, 409, 422, 502})
"""What a route answers that let somebody in: it did it, or said what is wrong with what was asked for."""


class Who(NamedTuple):
    """Somebody, by the name that they have here."""

    name: str
    role: str
    where: str  # all stacks, another stack than is asked for, or one tenant of it


EVERYBODY: Final = [
    Who("", "", ""),
    Who("nobody", "", ""),
    *(Who(role.value, role.value, "all") for role in Role),
    *(Who(f"{role.value}-of-eks", role.value, "eks-dev") for role in Role),
    *(Who(f"{role.value}-of-lab", role.value, "lab") for role in Role),
]
_ORDER: Final = ["viewer", "planner", "approver", "admin"]
_LEAST: Final[Mapping[str, str]] = {
    "read": "viewer",
    "plan": "planner",
    "approve": "approver",
    "administer": "admin",
}


def _may(who: Who, need: Need) -> bool:
    """What the documentation says of roles, for the stack `dev` and its tenant `shop`."""
    if need.of is Of.NOTHING:
        return True
    if not who.name:
        return False
    if need.of is Of.SELF:
        return True
    if not who.role or _ORDER.index(who.role) < _ORDER.index(_LEAST[need.action]):
        return False
    if need.of is Of.ANY_STACK:
        return who.where in ("all", "eks-dev")
    if need.of is Of.PART:
        return who.where in ("all", "lab")
    return who.where == "all"


def _address(path: str, played: PlayedPortal, run: str) -> str:
    known = {"stack": "dev", "tenant": "shop", "run": run, "user": played.ids["nobody"], "name": "portal.css"}
    return re.sub(r"{(\w+)}", lambda found: known.get(found[1], "0" * 32), path)


@pytest.fixture(scope="session")
def ended(played: PlayedPortal) -> str:
    """A run that nothing more happens to, so that its stream ends at once."""
    run = played.run("dev")
    return played.cancel(run).id


# Who signs out would be signed out for the tests that come after, and tries to sign in are counted: test_sign_in.
ASKED: Final = sorted(ROUTES.keys() - {("POST", "/login"), ("POST", "/logout")})


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who.name or "anonymous")
@pytest.mark.parametrize(("method", "path"), ASKED, ids=lambda it: it)
def test_everybody_may_what_their_role_says_and_nothing_else(
    method: str, path: str, who: Who, played: PlayedPortal, browsers: Browsers, ended: str
) -> None:
    browser = browsers(who.name)
    headers = {"X-CSRF-Token": browser.csrf} if who.name and method != "GET" else {}
    answer = browser.request(method, _address(path, played, ended), headers=headers)
    need = ROUTES[method, path]
    if _may(who, need):
        assert answer.status_code in _LET_IN, answer.text
        assert answer.headers.get("Location", "") != f"/login?next={path}"
        assert "roles do not allow" not in answer.text
        assert "There is nothing here" not in answer.text
    elif not who.name:
        is_api = path.startswith("/api/")
        assert answer.status_code == (401 if is_api else 303)
        assert is_api or answer.headers["Location"].startswith("/login?next=")
    else:
        assert answer.status_code in (403, 404), answer.text
        assert "roles do not allow" in answer.text or "There is nothing here" in answer.text


def test_every_route_of_the_portal_is_asked(played: PlayedPortal) -> None:
    assert set(routes_of(played.app)) == ROUTES.keys()


@pytest.fixture
def forgetful(tmp_path: Path, project: Path) -> PlayedPortal:
    """A portal that somebody has given a route without saying who may use it."""
    made = portal(tmp_path, project)
    router = APIRouter()
    router.add_api_route("/new-and-forgotten", _forgotten)
    made.app.include_router(router)
    return made


def _forgotten() -> str:
    return "something that nobody may see"


def test_a_portal_does_not_start_with_a_route_without_a_permission(forgetful: PlayedPortal) -> None:
    with pytest.raises(LookupError, match="new-and-forgotten"):
        check_routes(forgetful.app)


def test_a_route_without_a_permission_is_refused_to_an_administrator(forgetful: PlayedPortal) -> None:
    forgetful.add("admin", Role.ADMIN)
    with Browser(forgetful.app, URL) as browser:
        assert browser.sign_in("admin").get("/new-and-forgotten").status_code == 403


def test_lists_have_only_what_somebody_may_look_at(played: PlayedPortal, browsers: Browsers) -> None:
    run = played.run("dev", reason="for dev alone")
    for path in ("/stacks", "/runs", "/api/v1/runs", "/api/v1/stacks", "/tenants", "/api/v1/tenants"):
        assert "eks-dev" in browsers("viewer-of-eks").get(path).text or "runs" in path
        seen = browsers("viewer-of-eks").get(path).text
        assert run.id not in seen
        assert "/tenants/lab" not in seen
        assert '"lab"' not in seen
        assert run.id not in browsers("nobody").get(path).text


def test_who_may_look_at_a_tenant_alone_sees_neither_runs_nor_other_tenants(
    played: PlayedPortal, browsers: Browsers
) -> None:
    run = played.run("dev")
    browser = browsers("viewer-of-lab")
    for path in ("/stacks/dev", "/api/v1/stacks/dev", "/api/v1/stacks", "/tenants"):
        seen = browser.get(path).text
        assert "lab" in seen
        assert run.id not in seen
        assert "shop" not in seen, path
    assert browser.get("/stacks/dev/tenants/lab").status_code == 200
    assert browser.get("/stacks/dev/tenants/shop").status_code == 403
    assert browser.get("/api/v1/stacks/dev/file").status_code == 403
