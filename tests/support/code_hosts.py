"""Code hosts on loopback: as much of GitHub's and GitLab's REST APIs as comments on a pull request take.

Paths, fields and headers are those of their references (Issue comments, Pull requests, Pagination; Notes, Keyset and
offset pagination; read in November 2026).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.json_server import Answer, Request, serving

TOKEN = "canary-token-4711"
BOT = "github-actions[bot]"
_NO_PERSON = "Resource not accessible by integration"
_PAGE = 30  # comments a page, whatever is asked for, so that there are pages


@dataclass(frozen=True)
class Fault:
    """What a host answers instead; when `late`, after it has done what it was asked for."""

    status: int
    message: str = "this is down"
    headers: Mapping[str, str] = field(default_factory=dict)
    late: bool = False

    @property
    def answer(self) -> Answer:
        """What is answered."""
        return Answer(self.status, {"message": self.message}, self.headers)


@dataclass
class CodeHost:
    """A host with one pull request, number 5, whose head is the commit `c0ffee` on the branch `theirs` of `fork`.

    `comments` are its comments by id, each with author and text. `faults` are what it answers to the next requests.
    `login` is who the token's owner is told to be: a bot may not ask.
    """

    address: str = ""
    login: str = ""
    comments: dict[int, tuple[str, str]] = field(default_factory=dict)
    faults: list[Fault | None] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    last: int = 100

    def add(self, author: str, text: str) -> int:
        """A comment that somebody made."""
        self.last += 1
        self.comments[self.last] = (author, text)
        return self.last

    @property
    def texts(self) -> list[str]:
        """The texts of all comments, the oldest first."""
        return [text for _, text in self.comments.values()]


@contextmanager
def github() -> Iterator[CodeHost]:
    """GitHub's API at `address`, with the repository `owner/repo`."""
    with _serving(_github) as host:
        yield host


@contextmanager
def gitlab() -> Iterator[CodeHost]:
    """GitLab at `address`, with the project 42."""
    with _serving(_gitlab) as host:
        yield host


@contextmanager
def _serving(answer: Callable[..., Answer]) -> Iterator[CodeHost]:
    host = CodeHost()

    def faulty(request: Request) -> Answer:
        host.seen.append(f"{request.method} {request.path}")
        headers = request.headers
        host.tokens.add(headers.get("PRIVATE-TOKEN") or headers.get("Authorization", "").split()[-1])
        fault = host.faults.pop(0) if host.faults else None
        if fault and not fault.late:
            return fault.answer
        given = answer(host, request.method, request.path, request.query, request.body)
        return fault.answer if fault else given

    with serving(faulty) as port:
        host.address = f"http://127.0.0.1:{port}"
        yield host


def _paged(host: CodeHost, path: str, query: Mapping[str, list[str]], shown: Any) -> Answer:
    page = int(query.get("page", ["1"])[0])
    entries = [shown(number, *each) for number, each in host.comments.items()]
    part = entries[(page - 1) * _PAGE : page * _PAGE]
    if page * _PAGE >= len(entries):
        return Answer(200, part)
    return Answer(200, part, {"Link": f'<{host.address}{path}?page={page + 1}>; rel="next"'})


def _github(host: CodeHost, method: str, path: str, query: Mapping[str, list[str]], body: Any) -> Answer:
    def shown(number: int, author: str, text: str) -> dict[str, Any]:
        kind = "Bot" if author.endswith("[bot]") else "User"
        address = f"{host.address}/repos/owner/repo"
        return {
            "id": number,
            "body": text,
            "user": {"login": author, "type": kind},
            "url": f"{address}/issues/comments/{number}",
            "html_url": f"https://code.test/owner/repo/pull/5#issuecomment-{number}",
        }

    match method, path:
        case "GET", "/user":
            return Answer(200, {"login": host.login}) if host.login else Answer(403, {"message": _NO_PERSON})
        case "GET", "/repos/owner/repo/pulls" if query["state"] == ["open"]:
            there = query["head"] == ["fork:theirs"]
            return Answer(200, [{"number": 5, "head": {"sha": "c0ffee"}}] if there else [])
        case "GET", "/repos/owner/repo/issues/5/comments":
            return _paged(host, path, query, shown)
        case "POST", "/repos/owner/repo/issues/5/comments":
            number = host.add(host.login or BOT, body["body"])
            return Answer(201, shown(number, *host.comments[number]))
    if method == "PATCH" and (found := re.fullmatch(r"/repos/owner/repo/issues/comments/(\d+)", path)):
        return _changed(host, int(found[1]), body, shown)
    return Answer(404, {"message": "Not Found"})


def _gitlab(host: CodeHost, method: str, path: str, query: Mapping[str, list[str]], body: Any) -> Answer:
    def shown(number: int, author: str, text: str) -> dict[str, Any]:
        return {"id": number, "body": text, "system": False, "author": {"id": len(author), "username": author}}

    notes = "/api/v4/projects/42/merge_requests/5/notes"
    match method, path:
        case "GET", "/api/v4/user":
            return Answer(200, {"id": len(host.login), "username": host.login, "web_url": "https://code.test/me"})
        case "GET", _ if path == notes:
            return _paged(host, path, query, shown)
        case "POST", _ if path == notes:
            number = host.add(host.login, body["body"])
            return Answer(201, shown(number, *host.comments[number]))
    if method == "PUT" and (found := re.fullmatch(rf"{notes}/(\d+)", path)):
        return _changed(host, int(found[1]), body, shown)
    return Answer(404, {"message": "404 Not found"})


def _changed(host: CodeHost, number: int, body: Any, shown: Any) -> Answer:
    if number not in host.comments:
        return Answer(404, {"message": "Not Found"})
    host.comments[number] = (host.comments[number][0], body["body"])
    return Answer(200, shown(number, *host.comments[number]))


def job_of_github(host: CodeHost, directory: Path, event: dict[str, Any]) -> dict[str, str]:
    """The environment of a job of GitHub Actions for an event, which is written into `directory`."""
    file = directory / "event.json"
    file.write_text(json.dumps(event))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": host.address,
        "GITHUB_REPOSITORY": "owner/repo",
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_TOKEN": TOKEN,
    }
