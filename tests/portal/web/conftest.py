"""A portal with somebody of each role, and browsers of theirs."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, TypeAlias

import httpx2
import pytest
from starlette.testclient import TestClient

from common.paths import CHECKOUT
from portal.data.roles import Role
from tests.portal.web.played import PASSWORD, URL, PlayedPortal, portal

Browsers: TypeAlias = Callable[..., "Browser"]


class Browser(TestClient):
    """A browser that fills in forms as its user would: with the token that the page has in them."""

    _tokens: ClassVar[dict[str, str]] = {}

    def sign_in(self, name: str) -> "Browser":
        """Sign in."""
        answer = self.post("/login", data={"name": name, "password": PASSWORD}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return self

    @property
    def csrf(self) -> str:
        """The token in the forms of its pages, as one of them had it."""
        session = self.cookies["polykube"]
        if session not in self._tokens:
            found = re.search(r'name="csrf" value="(\w+)"', self.get("/account").text)
            assert found
            self._tokens[session] = found[1]
        return self._tokens[session]

    def submit(self, path: str, **form: str) -> httpx2.Response:
        """Send a form."""
        return self.post(path, data={"csrf": self.csrf, **form})


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the stack `dev`, and `eks-dev`."""
    directory = tmp_path_factory.mktemp("project")
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.eks-dev.yaml"):
        shutil.copy(CHECKOUT / name, directory)
    shutil.copytree(CHECKOUT / "examples", directory / "examples")
    return directory


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory, project: Path) -> PlayedPortal:
    """A portal that tests share: what one of them changes is its own."""
    made = portal(tmp_path_factory.mktemp("portal"), project)
    for role in Role:
        made.add(role.value, role)
        made.add(f"{role.value}-of-eks", role, "eks-dev")
        made.add(f"{role.value}-of-lab", role, "dev", "lab")
    made.add("nobody")
    return made


@pytest.fixture(scope="session")
def browsers(played: PlayedPortal) -> Iterator[Browsers]:
    """Browsers, each signed in as somebody, or as nobody; one of each, unless another is wanted."""
    made: dict[str, Browser] = {}

    def browser(name: str = "", *, fresh: bool = False) -> Browser:
        if fresh or name not in made:
            found = Browser(played.app, URL, follow_redirects=False, raise_server_exceptions=False)
            if name:
                found.sign_in(name)
            if fresh:
                return found
            made[name] = found
        return made[name]

    yield browser
    for each in made.values():
        each.close()
