"""The one comment: found by its mark among those that are ours, updated in place, made where there is none.

A host that fails, or that wants us to wait, is asked again, from the beginning: a comment that was made though the
answer was lost is found then, and no second one is made.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from common.errors import Problem, ReviewError

_LONGEST_WAIT: Final = 120.0  # seconds that a host may ask for; a job has better things to do than wait for an hour
_FORBIDDEN: Final = frozenset({401, 403, 404})
_TOO_MANY, _FAILS = 429, 500
Id = TypeVar("Id")


@dataclass(frozen=True)
class Comment:
    """A comment of ours: `key` is what the host knows it by."""

    key: int
    text: str


class Unavailable(Exception):
    """The host does not answer, fails (5xx), or wants `wait` seconds (0: it does not say) of us before the next try."""

    def __init__(self, why: str, wait: float = 0) -> None:
        super().__init__(why)
        self.wait = wait


class HostRefused(Exception):
    """The host says no, with an HTTP status."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(f"{status} {why}".strip())
        self.status = status


def failure(
    status: int, message: str, *, limited: bool = False, wait: Callable[[], float] = lambda: 0
) -> Unavailable | HostRefused:
    """What an answer of a host means, by its HTTP status (0: there was none) and its message, which has nothing of the
    request in it. `limited` says that a limit is reached though the status is another; `wait` is asked how long then.
    """
    if limited or status == _TOO_MANY:
        return Unavailable(f"its rate limit is reached ({status})", wait())
    if not status or status >= _FAILS:
        return Unavailable(f"it fails with {status}")
    return HostRefused(status, message)


class Gone(Exception):
    """The pull request does not have the commit (any more) that the report is on."""


class Host(Protocol):
    """A pull request, as its host lets us comment on it. All methods raise Unavailable and Refused."""

    def ours(self) -> Iterable[Comment]:
        """The comments that this token's owner made, the oldest first; Gone if there is no such pull request."""

    def create(self, text: str) -> str:
        """Make a comment; its address comes back."""

    def update(self, key: int, text: str) -> str:
        """Change a comment; its address comes back."""


@dataclass(frozen=True)
class Patience:
    """How often a host is asked, and how many seconds lie before the second time; then twice as many each time."""

    tries: int
    first: float


PATIENCE: Final = Patience(tries=5, first=1.0)
"""For real hosts: fifteen seconds in all, where they do not say how long to wait."""


def put(host: Host, text: str, mark: str, patience: Patience) -> str:
    """Have `text`, which begins with `mark`, as the one comment of ours with that mark; its address comes back.

    ReviewError: PK913 when the host refuses, PK914 when it does not answer. Gone goes through.
    """
    for count in range(patience.tries):
        try:
            return _put(host, text, mark)
        except Unavailable as failure:
            wait = failure.wait or patience.first * 2**count
            if count + 1 == patience.tries or wait > _LONGEST_WAIT:
                raise ReviewError(_unavailable(str(failure), count + 1, failure.wait)) from None
            time.sleep(wait)
        except HostRefused as refusal:
            raise ReviewError(_refused(refusal)) from None
    raise AssertionError("the last try returns or raises")


def _put(host: Host, text: str, mark: str) -> str:
    for comment in host.ours():
        if comment.text.startswith(mark):
            try:
                return host.update(comment.key, text)
            except HostRefused as refusal:
                if refusal.status != 404:  # noqa: PLR2004 - deleted by hand just now
                    raise
    return host.create(text)


def _refused(refusal: HostRefused) -> Problem:
    rights = "give its token the right: on GitHub permissions: {pull-requests: write}, on GitLab the scope api"
    return Problem(
        code="PK913",
        summary="the code host does not take the comment",
        found=str(refusal),
        allowed="a token that may read and write comments of this pull request",
        remedy=rights if refusal.status in _FORBIDDEN else "mend what the host complains about, and run the job again",
    )


def _unavailable(found: str, tries: int, wait: float) -> Problem:
    asked = f"; it wants {wait:.0f} s of waiting" if wait else ""
    return Problem(
        code="PK914",
        summary="the code host does not answer",
        found=f"{found}, asked {tries} {'time' if tries == 1 else 'times'}{asked}",
        allowed="an answer",
        remedy="run the job again later: the report is in its summary and its artifacts",
    )
