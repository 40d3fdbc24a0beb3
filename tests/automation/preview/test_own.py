"""What two revisions agree on when one has the other bring its stack up: a request, an answer, a Python environment.

Guards against a base that is asked in a form which it does not know, runs with the wrong packages, or fails without a
word. The earlier code is played by a few lines.
"""

import hashlib
import json
import re
import sys
from dataclasses import fields
from pathlib import Path, PurePosixPath

import pytest

from automation.preview.contract import FORM, Answer, StackRequest
from automation.preview.findings import PolicyFinding
from automation.preview.own import Own, Unable
from automation.preview.revisions import Base
from automation.preview.revisions import Repository as Revisions
from common.paths import CHECKOUT
from rehearsal import site
from rehearsal.control_plane import layout
from rehearsal.providers.clouds import store
from tests.support.repository import Repository

_STAND = """
import json, os, pathlib, sys
site = pathlib.Path(sys.argv[1])
asked = json.loads((site / "request.json").read_text())
import colours, pulumi
finding = {"level": "advisory", "rule": asked["stack"], "urn": sys.prefix, "message": colours.__file__}
told = {"form": asked["form"], "findings": [finding], "endpoints": {"dev": "https://127.0.0.1:1"}, "failure": ""}
(site / "base.json").write_text(json.dumps({**told, "note": os.environ.get("PYTHONPATH", "")}))
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Earlier code, with packages as ours."""
    room = tmp_path / "code" / "automation" / "preview"
    room.mkdir(parents=True)
    for package in (room, room.parent):
        (package / "__init__.py").touch()
    (room / "stand.py").write_text(_STAND)
    (tmp_path / "code" / "colours.py").touch()
    (tmp_path / "code" / "requirements.lock").write_bytes((CHECKOUT / "requirements.lock").read_bytes())
    (tmp_path / "site").mkdir()
    return tmp_path / "code"


def asked(code: Path) -> Answer:
    """What the earlier code answers."""
    at = site.Site(code.parent / "site")
    return Own(PurePosixPath()).bring_up(code, StackRequest(str(code), "eks-dev", 60), at)


def test_earlier_code_runs_by_itself_with_our_packages(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    answer = asked(code)
    (finding,) = answer.findings
    assert finding == PolicyFinding("advisory", "eks-dev", str(code / ".venv"), str(code / "colours.py"))
    assert (answer.endpoints, answer.failure, answer.note) == ({"dev": "https://127.0.0.1:1"}, "", "")


def test_what_it_ended_by_is_told(code: Path) -> None:
    (code / "automation" / "preview" / "stand.py").write_text("raise SystemExit('a defect')")
    assert asked(code).failure == "its own polykube ended with exit code 1 and said: a defect"


def test_other_packages_are_its_bootstraps_to_get(code: Path) -> None:
    (code / "requirements.lock").write_text("other\n")
    found = "\n".join([str(code), *(each for each in sys.path if Path(each).is_absolute())])
    (code / "bootstrap.py").write_text(
        "import venv, pathlib\n"
        "venv.create('.venv', symlinks=True)\n"
        "(packages,) = pathlib.Path('.venv').glob('lib/python3.*/site-packages')\n"
        f"(packages / 'own.pth').write_text({found!r})\n"
    )
    assert not asked(code).failure
    (code / "bootstrap.py").write_text("raise SystemExit('PK203: no index')")
    with pytest.raises(Unable, match="its Python packages cannot be had: PK203: no index") as unable:
        asked(code)
    assert not unable.value.lasting


def test_whether_a_base_can_be_asked_is_read_in_its_source(repository: Repository) -> None:
    revisions = Revisions(repository.directory)
    assert Own.of(revisions, Base("main", repository.git("rev-parse", "main"))) == Own(PurePosixPath())
    contract = "automation/preview/contract.py"
    repository.edit(contract, "FORM: Final = ", "FORM: Final = 10")
    with pytest.raises(Unable, match="speaks form 10"):
        Own.of(revisions, Base("", repository.commit()))
    repository.git("rm", "--quiet", contract)
    with pytest.raises(Unable, match="older than the contract"):
        Own.of(revisions, Base("", repository.commit()))


def test_whoever_changes_what_is_exchanged_is_told_to_count_the_form_up() -> None:
    exchanged = [[each.name for each in fields(kind)] for kind in (StackRequest, Answer, PolicyFinding)]
    files = [re.findall(r"^DIR/\S+", room.__doc__ or "", re.MULTILINE) for room in (layout, site)]
    content = json.dumps([*exchanged, *files, store._TABLES])
    told = "FORM is of what code of before can read: count it up if this is not, and take the new digest here"
    assert (FORM, hashlib.sha256(content.encode()).hexdigest()[:12]) == (1, "c7ab1126bcf9"), told


def test_a_project_may_have_polykube_pinned_in_it(repository: Repository, tmp_path: Path) -> None:
    project = Repository(tmp_path / "project")
    project.directory.mkdir()
    project.git("init", "--quiet", "--initial-branch", "main")
    source = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository.directory), "polykube")
    project.git(*source)
    base = Base("", project.commit())
    assert Own.of(Revisions(project.directory), base) == Own(PurePosixPath("polykube"))
