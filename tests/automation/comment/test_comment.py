"""The one comment on a pull request, which would be a new one each time, somebody else's, or lost when a host fails."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from automation.comment.command import comment
from automation.comment.sticky import Patience
from automation.preview.report import MARKER, PreviewReport, StackReport
from automation.preview.saved import save
from common.errors import ReviewError
from tests.support.code_hosts import BOT, TOKEN, CodeHost, Fault, github, gitlab, job_of_github

AT_ONCE = Patience(tries=4, first=0.001)
Environment = dict[str, str]


def on_github(host: CodeHost, directory: Path) -> Environment:
    """A job for the pull request 5 from the repository itself."""
    repository = {"full_name": "owner/repo"}
    event = {"pull_request": {"number": 5, "head": {"repo": repository}, "base": {"repo": repository}}}
    return job_of_github(host, directory, event)


def on_gitlab(host: CodeHost, _: Path) -> Environment:
    """A pipeline for the merge request 5 of the project 42."""
    host.login = "project-bot"
    return {
        "GITLAB_CI": "true",
        "CI_SERVER_URL": host.address,
        "CI_MERGE_REQUEST_IID": "5",
        "CI_MERGE_REQUEST_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "42",
        "GITLAB_TOKEN": TOKEN,
    }


Start = Callable[[], AbstractContextManager[CodeHost]]
Job = Callable[[CodeHost, Path], Environment]


@pytest.fixture(params=[(github, on_github), (gitlab, on_gitlab)], ids=["github", "gitlab"])
def job(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[CodeHost, Environment]]:
    """A code host and the environment of a job of its."""
    start: Start = request.param[0]
    environment: Job = request.param[1]
    with start() as host:
        yield host, environment(host, tmp_path)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A report of one stack."""
    return saved(tmp_path / "report")


def saved(directory: Path, *stacks: str, head: str = "b" * 40, **more: Any) -> Path:
    """A report in a file."""
    reports = [StackReport(each, **more) for each in stacks or ("dev",)]
    save(PreviewReport("a" * 40, "main", head, reports), directory)
    return directory / "report.json"


def own(host: CodeHost) -> str:
    """Who comments there."""
    return host.login or BOT


def test_the_comment_is_made_once_and_then_updated(job: tuple[CodeHost, Environment], report: Path) -> None:
    host, environment = job
    host.add("reviewer", "Looks good to me")
    comment([report], environment, AT_ONCE)
    assert host.texts[0] == "Looks good to me"
    assert host.texts[1].startswith(MARKER)
    assert "dev" in host.texts[1]
    comment([saved(report.parent, "eks-prod")], environment, AT_ONCE)
    assert len(host.texts) == 2
    assert "eks-prod" in host.texts[1]
    assert host.tokens == {TOKEN}


def test_a_comment_on_a_later_page_is_found(job: tuple[CodeHost, Environment], report: Path) -> None:
    host, environment = job
    for index in range(70):
        host.add("reviewer", f"comment {index}")
    ours = host.add(own(host), f"{MARKER}\nold")
    comment([report], environment, AT_ONCE)
    assert len(host.comments) == 71
    assert "old" not in host.comments[ours][1]


def test_what_others_write_is_left_alone_though_it_has_the_mark(
    job: tuple[CodeHost, Environment], report: Path
) -> None:
    host, environment = job
    theirs = host.add("mallory", f"{MARKER}\nmine")
    mentioned = host.add(own(host), f"see {MARKER}")
    comment([report], environment, AT_ONCE)
    assert host.comments[theirs][1] == f"{MARKER}\nmine"
    assert host.comments[mentioned][1] == f"see {MARKER}"
    assert len(host.comments) == 3


def test_on_github_a_person_with_a_token_updates_their_own_comment_alone(tmp_path: Path, report: Path) -> None:
    with github() as host:
        host.login = "alice"
        of_bot = host.add(BOT, f"{MARKER}\nof a bot")
        ours = host.add("alice", f"{MARKER}\nof alice")
        comment([report], on_github(host, tmp_path), AT_ONCE)
        assert host.comments[of_bot][1] == f"{MARKER}\nof a bot"
        assert "dev" in host.comments[ours][1]


def test_a_comment_that_was_deleted_by_hand_is_made_anew(job: tuple[CodeHost, Environment], report: Path) -> None:
    host, environment = job
    comment([report], environment, AT_ONCE)
    host.comments.clear()
    comment([report], environment, AT_ONCE)
    assert len(host.texts) == 1


def test_a_comment_that_is_deleted_meanwhile_is_made_anew(job: tuple[CodeHost, Environment], report: Path) -> None:
    host, environment = job
    host.add(own(host), f"{MARKER}\nold")
    asked = len(["user", "list"])
    host.faults = [*[None] * asked, Fault(404, "Not Found")]
    comment([report], environment, AT_ONCE)
    assert len(host.texts) == 2
    assert "dev" in host.texts[1]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_host_that_fails_is_asked_again(job: tuple[CodeHost, Environment], report: Path, status: int) -> None:
    host, environment = job
    host.faults = [Fault(status), None, Fault(status), None, None, Fault(status)]
    comment([report], environment, AT_ONCE)
    assert len(host.texts) == 1


def test_no_second_comment_is_made_when_the_answer_to_the_first_is_lost(
    job: tuple[CodeHost, Environment], report: Path
) -> None:
    host, environment = job
    host.faults = [None, None, Fault(502, late=True)]
    comment([report], environment, AT_ONCE)
    assert len(host.texts) == 1


@pytest.mark.parametrize(
    "limit",
    [
        Fault(403, "You have exceeded a secondary rate limit.", {"Retry-After": "0.01"}),
        Fault(
            403, "API rate limit exceeded for installation.", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}
        ),
        Fault(429, "Too many requests"),
    ],
    ids=["secondary", "primary", "429"],
)
def test_a_rate_limit_of_github_is_waited_for(tmp_path: Path, report: Path, limit: Fault) -> None:
    with github() as host:
        host.faults = [limit, None, None, limit]
        comment([report], on_github(host, tmp_path), AT_ONCE)
        assert len(host.texts) == 1


def test_a_rate_limit_of_gitlab_is_waited_for(tmp_path: Path, report: Path) -> None:
    with gitlab() as host:
        host.faults = [Fault(429, "Retry later", {"Retry-After": "0"}), None, None, Fault(429)]
        comment([report], on_gitlab(host, tmp_path), AT_ONCE)
        assert len(host.texts) == 1


def test_nobody_waits_for_an_hour(tmp_path: Path, report: Path) -> None:
    with github() as host:
        host.faults = [Fault(429, "Too many requests", {"Retry-After": "3600"})]
        with pytest.raises(ReviewError, match="it wants 3600 s of waiting") as raised:
            comment([report], on_github(host, tmp_path), AT_ONCE)
    assert [each.code for each in raised.value.problems] == ["PK914"]


def test_a_host_that_stays_down_is_an_error(job: tuple[CodeHost, Environment], report: Path) -> None:
    host, environment = job
    host.faults = [Fault(503)] * 50
    with pytest.raises(ReviewError, match="it fails with 503, asked 4 times") as raised:
        comment([report], environment, AT_ONCE)
    assert raised.value.problems[0].code == "PK914"
    assert TOKEN not in str(raised.value)


def test_a_host_that_nobody_listens_at_is_an_error(
    job: tuple[CodeHost, Environment], report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, environment = job
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    environment |= {"GITHUB_API_URL": "http://127.0.0.1:9", "CI_SERVER_URL": "http://127.0.0.1:9"}
    with pytest.raises(ReviewError, match="ConnectionError, asked 4 times"):
        comment([report], environment, AT_ONCE)


@pytest.mark.parametrize("status", [401, 403, 422])
def test_a_host_that_refuses_is_asked_once(job: tuple[CodeHost, Environment], report: Path, status: int) -> None:
    host, environment = job
    host.faults = [None, None, Fault(status, "no, because")]
    with pytest.raises(ReviewError, match="no, because") as raised:
        comment([report], environment, AT_ONCE)
    assert raised.value.problems[0].code == "PK913"
    assert len(host.seen) == 3
    assert TOKEN not in str(raised.value)


def test_a_report_that_is_too_long_is_shortened_in_the_comment_and_whole_in_the_summary(
    job: tuple[CodeHost, Environment], tmp_path: Path
) -> None:
    host, environment = job
    summary = tmp_path / "summary.md"
    long = saved(tmp_path / "long", unknown=[f"a value {index} {'x' * 90}" for index in range(900)])
    comment([long], environment | {"GITHUB_STEP_SUMMARY": str(summary)}, AT_ONCE)
    assert len(host.texts[0]) < 65_536
    assert "This comment is shortened" in host.texts[0]
    assert "a value 899" in summary.read_text()
    assert len(summary.read_bytes()) < 1 << 20


def test_reports_of_a_matrix_become_one_comment(job: tuple[CodeHost, Environment], tmp_path: Path) -> None:
    host, environment = job
    comment([saved(tmp_path / each, each) for each in ("gke-dev", "eks-dev")], environment, AT_ONCE)
    assert host.texts[0].index("eks-dev") < host.texts[0].index("gke-dev")
    other = saved(tmp_path / "other", "dev", head="c" * 40)
    with pytest.raises(ReviewError, match="not of one change"):
        comment([tmp_path / "gke-dev" / "report.json", other], environment, AT_ONCE)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "EOF"),
        ("[]", "object"),
        ('{"base": "a"}', "baseName"),
        ('{"base": "a", "baseName": "b", "head": "c", "stacks": [{"stack": 5}]}', "stacks.0.stack"),
    ],
)
def test_what_is_no_report_is_not_commented(
    job: tuple[CodeHost, Environment], tmp_path: Path, content: str, found: str
) -> None:
    host, environment = job
    file = tmp_path / "report.json"
    file.write_text(content)
    with pytest.raises(ReviewError, match=found) as raised:
        comment([file], environment, AT_ONCE)
    assert raised.value.problems[0].code == "PK915"
    assert host.seen == []


# Pull requests from forks


def from_fork(host: CodeHost, directory: Path) -> Environment:
    """The job of a pull request from a fork, whose token may only read."""
    event = {
        "pull_request": {
            "number": 5,
            "head": {"repo": {"full_name": "fork/repo"}},
            "base": {"repo": {"full_name": "owner/repo"}},
        }
    }
    return job_of_github(host, directory, event)


def after_fork(host: CodeHost, directory: Path, commit: str = "c0ffee") -> Environment:
    """The job that follows it, with a token that may write, and with what GitHub itself says of where it comes from."""
    run = {"head_sha": commit, "head_branch": "theirs", "head_repository": {"owner": {"login": "fork"}}}
    return job_of_github(host, directory, {"workflow_run": run | {"pull_requests": []}})


def test_a_fork_is_left_to_the_workflow_that_follows(
    tmp_path: Path, report: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with github() as host:
        comment([report], from_fork(host, tmp_path), AT_ONCE)
        assert host.seen == []
        assert "no comment: the pull request is from a fork" in capfd.readouterr().err
        comment([report], after_fork(host, tmp_path), AT_ONCE)
        assert len(host.texts) == 1


def test_a_report_that_a_newer_commit_has_overtaken_is_not_commented(
    tmp_path: Path, report: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with github() as host:
        comment([report], after_fork(host, tmp_path, "0ld"), AT_ONCE)
        assert host.texts == []
    assert "no open pull request has this commit any more" in capfd.readouterr().err


def test_what_a_fork_writes_into_its_report_stays_text(tmp_path: Path) -> None:
    with github() as host:
        evil = saved(tmp_path / "evil", errors=["<img src=//evil.test> [click](//evil.test) @everyone"])
        (evil.parent / "comment.md").write_text("Approved by all maintainers.")
        comment([evil], after_fork(host, tmp_path), AT_ONCE)
        (text,) = host.texts
    page = MarkdownIt("commonmark", {"html": True}).render(text)
    assert "<img" not in page
    assert "<a" not in page
    assert "click" in page
    assert "@everyone" not in text
    assert "Approved" not in text


def test_dependabot_and_a_fork_that_is_gone_may_not_comment(tmp_path: Path, report: Path) -> None:
    with github() as host:
        comment([report], on_github(host, tmp_path) | {"GITHUB_ACTOR": "dependabot[bot]"}, AT_ONCE)
        gone = {"pull_request": {"number": 5, "head": {"repo": None}, "base": {"repo": {"full_name": "owner/repo"}}}}
        comment([report], job_of_github(host, tmp_path, gone), AT_ONCE)
        assert host.seen == []


def test_a_merge_request_from_a_fork_without_a_token_has_its_report_as_an_artifact(
    tmp_path: Path, report: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with gitlab() as host:
        environment = on_gitlab(host, tmp_path) | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "77", "GITLAB_TOKEN": ""}
        comment([report], environment, AT_ONCE)
        assert host.seen == []
    assert "the report is an artifact" in capfd.readouterr().err


# Jobs that cannot comment


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"GITHUB_ACTIONS": ""}, "PK911"),
        ({"GITHUB_EVENT_PATH": "/nowhere"}, "PK911"),
        ({"GITHUB_TOKEN": ""}, "PK912"),
    ],
)
def test_a_job_that_cannot_comment_says_what_it_lacks(
    tmp_path: Path, report: Path, changed: Environment, code: str
) -> None:
    with github() as host, pytest.raises(ReviewError) as raised:
        comment([report], on_github(host, tmp_path) | changed, AT_ONCE)
    assert [each.code for each in raised.value.problems] == [code]


def test_the_summary_is_there_though_the_host_is_down(job: tuple[CodeHost, Environment], report: Path) -> None:
    host, environment = job
    host.faults = [Fault(503)] * 50
    summary = report.parent / "summary.md"
    with pytest.raises(ReviewError):
        comment([report], environment | {"GITHUB_STEP_SUMMARY": str(summary)}, AT_ONCE)
    assert "dev" in summary.read_text()


def test_an_event_without_a_pull_request_has_nothing_to_comment_on(tmp_path: Path, report: Path) -> None:
    with github() as host, pytest.raises(ReviewError, match="has no pull request"):
        comment([report], job_of_github(host, tmp_path, {"ref": "refs/heads/main"}), AT_ONCE)
