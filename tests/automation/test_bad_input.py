"""Input that is wrong, and is met with a traceback, with half a message, or with half the work done.

What can be wrong within a stack file is in tests/unit/stacks; here the real command meets one of each kind.
"""

import re
import shutil
from pathlib import Path

import pytest

from common.paths import CHECKOUT
from tests.support.cli import Cli, make_cli

CASES = CHECKOUT / "tests" / "unit" / "stacks" / "cases"
SHARES_SECRETS = """\
config:
  polykube:stage: dev
  polykube:cluster: { kind: existing, version: "1.36", kubeconfig: { path: kubeconfig } }
"""


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return make_cli(tmp_path)


def test_what_should_be_looked_at_is_said_and_is_no_error(cli: Cli) -> None:
    shutil.copy(CASES / "eks.ok.unknown-machine.yaml", cli.file)
    checked = cli.run("check")
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.startswith("✓ dev")
    assert "! PK170 A machine type is not in our table" in checked.stderr
    assert "polykube:cluster.nodePools[0].machineType" in checked.stderr


def test_of_a_great_many_problems_the_first_are_shown_and_all_are_counted(cli: Cli) -> None:
    wrong = [f"  - {{name: T{number}, group: x}}" for number in range(100)]
    head = [
        "config:",
        "  polykube:stage: dev",
        "  polykube:cluster: {kind: local, version: '1.36'}",
        "  polykube:tenants:",
    ]
    cli.file.write_text("\n".join(head + wrong))
    refused = cli.run("check")
    assert refused.returncode == 2
    assert len(re.findall(r"✗ (PK\d{3})", refused.stderr)) == 50
    assert refused.stderr.strip().endswith("301 problems, of which the first 50 are shown")


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def assert_refused(cli: Cli, code: int, *fragments: str, **variables: str) -> None:
    """`up` ends with `code`, errors of one code with every one of `fragments`, and nothing changed."""
    before = files(cli.directory.parent)
    state = cli.directory.parent / "state"
    refused = cli.run("up", XDG_STATE_HOME=str(state), **variables)
    assert refused.returncode == code, refused.stdout + refused.stderr
    assert set(re.findall(r"✗ (PK\d{3})", refused.stderr)) == {fragments[0]}
    for fragment in fragments:
        assert fragment in refused.stderr
    assert "  do       " in refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr
    after = files(cli.directory.parent)
    assert {name: content for name, content in after.items() if not name.startswith("state/")} == before
    assert not any(path.is_file() for path in state.rglob("*")), "no state, no control plane, no lock"


@pytest.mark.parametrize(
    ("case", "fragments"),
    [
        ("local.error.unknown-key", ["PK110", "Pulumi.dev.yaml:"]),
        ("local.error.bracket", ["PK102", "Pulumi.dev.yaml:"]),
        ("existing.error.kubeconfig-not-there", ["PK152", "polykube:cluster.kubeconfig.path", "allowed"]),
    ],
)
def test_a_wrong_stack_file_is_one_error_and_nothing_changes(cli: Cli, case: str, fragments: list[str]) -> None:
    shutil.copy(CASES / f"{case}.yaml", cli.file)
    assert_refused(cli, 2, *fragments)


def test_a_missing_passphrase_is_one_error_and_nothing_changes(cli: Cli) -> None:
    shutil.copy(CASES / "files" / "kubeconfig", cli.directory / "kubeconfig")
    cli.file.write_text(SHARES_SECRETS)
    assert_refused(cli, 5, "PK402", "Pulumi.dev.yaml", "PULUMI_CONFIG_PASSPHRASE_FILE", "allowed")


def test_a_stack_that_is_not_there_is_named_with_those_that_are(cli: Cli) -> None:
    cli.file.write_text(SHARES_SECRETS)
    refused = cli.run("up", "--stack", "prod")
    assert refused.returncode == 2
    assert "✗ PK100 there is no stack prod" in refused.stderr
    assert "allowed  dev" in refused.stderr


def test_a_state_directory_that_cannot_be_made_is_named_with_the_way_out(cli: Cli, tmp_path: Path) -> None:
    cli.file.write_text(SHARES_SECRETS)
    shutil.copy(CASES / "files" / "kubeconfig", cli.directory / "kubeconfig")
    (tmp_path / "file").touch()
    refused = cli.run("up", XDG_STATE_HOME=str(tmp_path / "file"), PULUMI_CONFIG_PASSPHRASE="x")
    assert refused.returncode == 3
    assert "✗ PK205 a file or directory cannot be used" in refused.stderr
    assert f"{tmp_path}/file/polykube" in refused.stderr
    assert "XDG_STATE_HOME" in refused.stderr
