"""A boot that fails without a word of why: its last line is all that a console or the report of `up` shows."""

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from components.clusters import kubeadm

pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="no bash")


def boot(root: Path, cloud: str) -> tuple[list[str], subprocess.CompletedProcess[str]]:
    """The lines that the boot script says below `root`, where the cloud's part is as given."""
    for each in ("etc/polykube", "usr/local/lib/polykube", "var/log", "dev"):
        (root / each).mkdir(parents=True, exist_ok=True)
    (root / "etc/polykube/machine.env").write_text("ROLE=worker\nVERSION=1.36.4\n")
    (root / "usr/local/lib/polykube/cloud.sh").write_text(cloud + '\ncloud_report() { echo "reported $1"; }\n')
    script = files(kubeadm).joinpath("boot.sh").read_text()
    for each in ("/etc/polykube/", "/usr/local/lib/polykube/", "/var/log/", "/dev/console"):
        script = script.replace(each, f"{root}{each}")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)  # noqa: S607
    return (root / "var/log/polykube-boot.log").read_text().splitlines(), done


def test_the_last_line_tells_what_the_command_that_failed_has_said(tmp_path: Path) -> None:
    cloud = 'cloud_prepare() { echo "preparing"; echo "dial tcp 10.0.0.1:6443: connection refused" >&2; false; }'
    lines, done = boot(tmp_path, cloud)
    assert done.returncode
    assert "failed: machine: line" in lines[-1]
    assert "preparing dial tcp 10.0.0.1:6443: connection refused" in lines[-1]
    assert "polykube-boot-output.log" in lines[-1]


def test_what_another_run_has_said_is_not_told_again(tmp_path: Path) -> None:
    boot(tmp_path, "cloud_prepare() { echo old words; false; }")
    lines, _ = boot(tmp_path, "cloud_prepare() { echo new words; false; }")
    assert "new words" in lines[-1]
    assert "old words" not in lines[-1]


def test_only_root_may_read_what_steps_print(tmp_path: Path) -> None:
    boot(tmp_path, "cloud_prepare() { false; }")
    assert (tmp_path / "var/log/polykube-boot-output.log").stat().st_mode & 0o077 == 0
