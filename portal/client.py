"""The portal's API for programs.

    with Client("https://portal.example.com", token) as portal:
        run = portal.start("dev", "apply", reason="more nodes")
        for event in portal.events(run.id):  # each once; a connection that breaks is made again
            print(event.sequence, event.kind, event.payload)
        portal.approve(run.id, portal.run(run.id).fingerprint)

What it gives are the models of `portal.web.api.models`; what the portal refuses is an ApiError.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self, TypeVar

import httpx2
from pydantic import TypeAdapter

from portal.runs.views import Action
from portal.web.api import models

T = TypeVar("T")
_AGAIN: Final = 1.0  # seconds after which a stream that broke is asked for again
_TRIES: Final = 30  # in a row without any event


class RefusedByPortal(Exception):
    """The portal says no; `status` is HTTP's, `problems` are those of a stack file."""

    def __init__(self, status: int, title: str, problems: list[models.ProblemOut]) -> None:
        self.status, self.problems = status, problems
        super().__init__(f"{status}: {title}")


@dataclass(frozen=True)
class StreamedEvent:
    """An event of a run, as `portal.runs.views.EventView` tells of it."""

    sequence: int
    at: datetime
    kind: str
    payload: Mapping[str, Any]


class Client:
    """The portal at `url`, for whoever a token is of. `http` is a client with other settings, such as an authority."""

    def __init__(self, url: str, token: str, http: httpx2.Client | None = None) -> None:
        self._http = http or httpx2.Client(timeout=httpx2.Timeout(30.0))
        self._url = f"{url.rstrip('/')}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def me(self) -> models.Me:
        """Who the token is of."""
        return self._get("/me", models.Me)

    def stacks(self) -> list[models.StackOut]:
        """The stacks that you may look at."""
        return self._get("/stacks", list[models.StackOut])

    def stack(self, stack: str) -> models.StackDetail:
        """One of them."""
        return self._get(f"/stacks/{stack}", models.StackDetail)

    def stack_file(self, stack: str) -> str:
        """The text of its file."""
        return self._get(f"/stacks/{stack}/file", models.FileOut).text

    def check(self, stack: str, text: str) -> models.CheckOut:
        """What is wrong with a text as the file of a stack."""
        return self._send("POST", f"/stacks/{stack}/check", models.CheckOut, models.FileIn(text=text))

    def tenants(self) -> list[models.TenantOut]:
        """The tenants that you may look at."""
        return self._get("/tenants", list[models.TenantOut])

    def tenant(self, stack: str, tenant: str) -> models.TenantDetail:
        """One of them, with what it uses."""
        return self._get(f"/stacks/{stack}/tenants/{tenant}", models.TenantDetail)

    def start(self, stack: str, action: Action, reason: str = "", stack_file: str | None = None) -> models.RunOut:
        """Ask for a run; `stack_file` is a text in place of the file in the project, or that of a new stack."""
        wanted = models.RunIn(action=action, reason=reason, stack_file=stack_file)
        return self._send("POST", f"/stacks/{stack}/runs", models.RunOut, wanted)

    def runs(self, stack: str = "") -> list[models.RunOut]:
        """The newest runs, of all stacks or of one, without their plans."""
        return self._get(f"/runs?stack={stack}" if stack else "/runs", list[models.RunOut])

    def run(self, run: str) -> models.RunOut:
        """One of them, with its plan."""
        return self._get(f"/runs/{run}", models.RunOut)

    def approve(self, run: str, fingerprint: str) -> models.RunOut:
        """Say yes to the plan with a fingerprint."""
        return self._send("POST", f"/runs/{run}/approve", models.RunOut, models.ApprovalIn(fingerprint=fingerprint))

    def reject(self, run: str, reason: str) -> models.RunOut:
        """Say no to a plan."""
        return self._send("POST", f"/runs/{run}/reject", models.RunOut, models.RejectionIn(reason=reason))

    def cancel(self, run: str) -> models.RunOut:
        """Have a run end."""
        return self._send("POST", f"/runs/{run}/cancel", models.RunOut)

    def events(self, run: str, after: int = 0) -> Iterator[StreamedEvent]:
        """Every event of a run after a number, once and in order, as it comes, until the run has ended.

        A line that breaks is taken up again after the last event; RefusedByPortal where the portal says no, httpx2's
        error when it has not answered for a while.
        """
        tries = 0
        while True:
            try:
                for event in self._stream(run, after):
                    if event is None:
                        return
                    after, tries = event.sequence, 0
                    yield event
            except httpx2.TransportError:
                if (tries := tries + 1) > _TRIES:
                    raise
            time.sleep(_AGAIN)

    def _stream(self, run: str, after: int) -> Iterator[StreamedEvent | None]:
        """Events, and None for the stream's end."""
        headers = {**self._headers, "Last-Event-ID": str(after)}
        with self._http.stream("GET", f"{self._url}/runs/{run}/events", headers=headers) as answer:
            _check(answer)
            kind = ""
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "end":
                    yield None
                elif name == "data":
                    told = json.loads(value)
                    yield StreamedEvent(told["sequence"], datetime.fromisoformat(told["at"]), kind, told["payload"])

    def _get(self, path: str, form: type[T]) -> T:
        return _read(self._http.get(self._url + path, headers=self._headers), form)

    def _send(self, method: str, path: str, form: type[T], body: models.ApiModel | None = None) -> T:
        content = body.model_dump_json(by_alias=True) if body else ""
        headers = {**self._headers, "Content-Type": "application/json"}
        return _read(self._http.request(method, self._url + path, headers=headers, content=content), form)


def _read(answer: httpx2.Response, form: type[T]) -> T:
    _check(answer)
    return TypeAdapter(form).validate_json(answer.content)


def _check(answer: httpx2.Response) -> None:
    if answer.is_success:
        return
    told = json.loads(answer.read() or b"{}") if "json" in answer.headers.get("Content-Type", "") else {}
    problems = [models.ProblemOut(**each) for each in told.get("problems", ())]
    raise RefusedByPortal(answer.status_code, told.get("title", answer.reason_phrase), problems)
