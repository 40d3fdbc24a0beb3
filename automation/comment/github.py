"""Comments on GitHub, by PyGithub. A pull request's comments are those of the issue that it is, too."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from github import Auth, Github, GithubException, RateLimitExceededException
from github.Issue import Issue
from requests import RequestException

from automation.comment.place import OnGitHub
from automation.comment.sticky import Comment, Gone, Unavailable, failure

_TIMEOUT = 30  # seconds for an answer
_FORBIDDEN = 403


class GitHubHost:
    """The pull request at `place`."""

    def __init__(self, place: OnGitHub) -> None:
        self._place = place
        self._api = Github(
            base_url=place.api,
            auth=Auth.Token(place.token),
            timeout=_TIMEOUT,
            per_page=100,
            retry=None,  # `put` asks again
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
        )

    def ours(self) -> Sequence[Comment]:
        """The comments that the token's owner made; those of a job are a bot's, which may not ask who it is."""
        with _translated():
            login = self._login()
            made = self._issue().get_comments()
            ours = (each for each in made if (each.user.login == login if login else each.user.type == "Bot"))
            return [Comment(each.id, each.body or "") for each in ours]

    def create(self, text: str) -> str:
        """Make a comment."""
        with _translated():
            return self._issue().create_comment(text).html_url

    def update(self, key: int, text: str) -> str:
        """Change a comment."""
        with _translated():
            comment = self._issue().get_comment(key)
            comment.edit(text)
            return comment.html_url

    def _issue(self) -> Issue:
        repository = self._api.get_repo(self._place.repository)
        return repository.get_issue(self._place.number or self._open_pull_request())

    def _open_pull_request(self) -> int:
        pulls = self._api.get_repo(self._place.repository).get_pulls(state="open", head=self._place.branch)
        number = next((each.number for each in pulls if each.head.sha == self._place.commit), None)
        if number is None:
            raise Gone
        return number

    def _login(self) -> str:
        try:
            return self._api.get_user().login
        except RateLimitExceededException:
            raise
        except GithubException as error:
            if error.status != _FORBIDDEN:
                raise
            return ""


@contextmanager
def _translated() -> Iterator[None]:
    """Say what went wrong in the words of `sticky`."""
    try:
        yield
    except GithubException as error:
        message = error.data.get("message", "") if isinstance(error.data, dict) else ""
        limited = isinstance(error, RateLimitExceededException)
        raise failure(error.status, str(message), limited=limited, wait=partial(_wait, error)) from None
    except RequestException as error:
        raise Unavailable(type(error).__name__) from None


def _wait(error: GithubException) -> float:
    """The seconds that GitHub wants of us, by its headers (Rate limits for the REST API, read in November 2026)."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if after := headers.get("retry-after"):
        return float(after)
    if headers.get("x-ratelimit-remaining") == "0":
        return max(float(headers.get("x-ratelimit-reset", 0)) - time.time(), 0)
    return 0
