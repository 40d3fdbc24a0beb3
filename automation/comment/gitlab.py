"""Comments on GitLab, by python-gitlab; it calls them notes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gitlab import Gitlab, GitlabError
from gitlab.v4.objects import ProjectMergeRequest
from requests import RequestException

from automation.comment.place import OnGitLab
from automation.comment.sticky import Comment, Unavailable, failure

_TIMEOUT = 30  # seconds for an answer


class GitLabHost:
    """The merge request at `place`."""

    def __init__(self, place: OnGitLab) -> None:
        self._place = place
        self._api = Gitlab(place.server, private_token=place.token, timeout=_TIMEOUT, per_page=100)

    def ours(self) -> Sequence[Comment]:
        """The comments that the token's owner made."""
        with _translated():
            user = self._api.http_get("/user", obey_rate_limit=False)
            assert isinstance(user, dict)
            notes = self._request().notes.list(iterator=True, sort="asc", obey_rate_limit=False)
            return [
                Comment(each.id, each.body) for each in notes if each.author["id"] == user["id"] and not each.system
            ]

    def create(self, text: str) -> str:
        """Make a comment."""
        with _translated():
            made = self._request().notes.create({"body": text}, obey_rate_limit=False)
            return self._address(made.id)

    def update(self, key: int, text: str) -> str:
        """Change a comment."""
        with _translated():
            self._request().notes.update(key, {"body": text}, obey_rate_limit=False)
            return self._address(key)

    def _request(self) -> ProjectMergeRequest:
        return self._api.projects.get(self._place.project, lazy=True).mergerequests.get(self._place.number, lazy=True)

    def _address(self, note: int) -> str:
        return f"{self._place.server}/-/project/{self._place.project}/merge_requests/{self._place.number}#note_{note}"


@contextmanager
def _translated() -> Iterator[None]:
    """Say what went wrong in the words of `sticky`."""
    try:
        yield
    except GitlabError as error:
        raise failure(error.response_code or 0, str(error.error_message)) from None
    except RequestException as error:
        raise Unavailable(type(error).__name__) from None
