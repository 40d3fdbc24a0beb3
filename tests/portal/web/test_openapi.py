"""Whatever the API's document allows, and what it does not: no request ends in a defect of the portal (a 5xx)."""

from contextlib import suppress
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis.errors import Unsatisfiable
from schemathesis.core.result import Ok

from portal.access.tokens import issue, limit_of
from portal.data.roles import Role
from tests.portal.web.conftest import Browser, Browsers
from tests.portal.web.played import URL, PlayedPortal

pytestmark = pytest.mark.drill
_EXAMPLES = 12  # of each call, and as many as are not as the document wants them


@pytest.fixture
def program(played: PlayedPortal) -> Browser:
    """A program that may do everything."""
    with played.database.writing() as session:
        value = issue(session, played.ids["admin"], "schemathesis", limit_of(Role.ADMIN), 1)[1]
    headers = {"Authorization": f"Bearer {value}"}
    return Browser(played.app, URL, headers=headers, follow_redirects=False, raise_server_exceptions=False)


def test_no_request_ends_in_a_defect(program: Browser, browsers: Browsers) -> None:
    document = schemathesis.openapi.from_dict(browsers("admin").get("/api/v1/openapi.json").json())
    asked: list[Any] = [each.ok() for each in document.get_all_operations() if isinstance(each, Ok)]
    assert len(asked) > 20
    for operation in asked:
        if not operation.path.endswith("/events"):
            for mode in schemathesis.GenerationMode:
                _try(program, operation.as_strategy(generation_mode=mode))


def _try(program: Browser, cases: hypothesis.strategies.SearchStrategy[Any]) -> None:
    @hypothesis.settings(
        max_examples=_EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(cases)
    def never_fails(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url=URL)
        known = {key: sent[key] for key in ("method", "url", "params", "json", "data", "content") if sent.get(key)}
        answer = program.request(**known)
        assert answer.status_code < 500, f"{case.method} {case.formatted_path} {known}: {answer.text}"

    with suppress(Unsatisfiable):  # of a call without parameters nothing can be wrong
        never_fails()
