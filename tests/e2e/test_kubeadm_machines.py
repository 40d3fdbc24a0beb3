"""Machines that cannot be booted here, do not do what their user data says, or leave something behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

import psutil
import pytest

from common.paths import CHECKOUT, state_dir
from rehearsal.machines import MachineError, MachineSite, Seed, obstacle, open_site, sweep
from rehearsal.machines.requirements import own_cgroups
from rehearsal.machines.site import BRIDGE

pytestmark = [
    pytest.mark.machines,
    pytest.mark.skipif(bool(obstacle()), reason=f"no machine can be booted here: {obstacle()}"),
]

ONE: Final = IPv4Address("10.77.0.11")
TWO: Final = IPv4Address("10.77.0.12")
PATIENCE: Final = 300.0  # seconds; a boot takes four where nothing else is going on
GREETING: Final = b"""#cloud-config
write_files:
  - {path: /etc/greeting, permissions: "0600", content: hello}
runcmd:
  - [sh, -c, "cp /etc/greeting /root/found; echo the user data was read >/dev/console"]
"""
HOLDER: Final = f"""
from ipaddress import IPv4Address
from rehearsal.machines import Seed, open_site
with open_site() as site:
    machine = site.boot("held", IPv4Address("{ONE}"), Seed(b"#cloud-config"))
    machine.wait_until_running({PATIENCE})
    machine.run("sysctl", "--write", "kernel.panic=77")
    machine.run("mkdir", "/sys/fs/cgroup/memory/kubepods")
    print(site.directory.name, flush=True)
    input()
"""


@pytest.fixture(scope="module")
def site() -> Iterator[MachineSite]:
    with open_site() as made:
        yield made


def processes_of(name: str) -> list[str]:
    """The processes of a site, by their command lines."""
    running = (each.info for each in psutil.process_iter(["pid", "cmdline"]))
    return [str(each) for each in running if name in " ".join(each["cmdline"] or ())]


def left_of(name: str) -> list[str]:
    """What there still is of a site: processes, mounts, cgroups, files."""
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if name in line]
    cgroups = [str(each / name) for each in own_cgroups().values() if (each / name).exists()]
    return [*processes_of(name), *mounts, *cgroups, *map(str, (state_dir() / "machines").glob(f"{name}*"))]


def test_a_machine_does_what_its_user_data_says_and_shuts_down(site: MachineSite) -> None:
    machine = site.boot("one", ONE, Seed(GREETING, hosts={"api.example": str(TWO)}))
    machine.wait_until_running(PATIENCE)
    assert machine.run("systemctl", "--failed", "--no-legend", "--plain") == ""
    assert machine.run("cat", "/root/found") == "hello"
    assert machine.run("stat", "--format=%a %U", "/etc/greeting") == "600 root\n"
    assert machine.run("getent", "hosts", "api.example").split()[0] == str(TWO)
    machine.wait_for("greeting", 5, lambda: "the user data was read" in machine.console)
    assert machine.run("cloud-init", "status").strip() == "status: done"
    machine.end()
    assert any("Reached target halt.target" in line for line in machine.console)


def test_machines_reach_each_other_and_not_the_computer_s_network(site: MachineSite) -> None:
    pair = [site.boot(name, address, Seed(b"#cloud-config")) for name, address in (("two", TWO), ("three", ONE + 2))]
    for each in pair:
        each.wait_until_running(PATIENCE)
    pair[0].run("ping", "-c", "1", "-W", "2", str(pair[1].address))
    assert pair[0].attempt("ping", "-c", "1", "-W", "2", "203.0.113.1").returncode
    assert f"{BRIDGE}:" not in Path("/proc/net/dev").read_text()
    pair[0].cut()
    assert pair[1].attempt("ping", "-c", "1", "-W", "2", str(TWO)).returncode
    pair[1].cut()


def test_a_machine_that_does_not_get_there_shows_its_console(site: MachineSite) -> None:
    text = b"#cloud-config\nruncmd: [[sh, -c, 'echo no API server at api.example >/dev/console']]\n"
    machine = site.boot("lost", ONE, Seed(text))
    machine.wait_until_running(PATIENCE)
    with pytest.raises(MachineError, match="lost: no node within 1 s") as error:
        machine.wait_for("node", 1, lambda: False)
    assert "lost | no API server at api.example" in str(error.value)
    machine.cut()
    with pytest.raises(MachineError, match="lost ended before there was node"):
        machine.wait_for("node", 1, lambda: False)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_site_whose_opener_is_ended(sent: signal.Signals) -> None:
    before = Path("/proc/sys/kernel/panic").read_text()
    opener = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=CHECKOUT,
        env=os.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert opener.stdout
    name = opener.stdout.readline().strip()
    assert name
    assert left_of(name)
    opener.send_signal(sent)
    opener.communicate()
    if sent == signal.SIGKILL:
        deadline = time.monotonic() + PATIENCE
        while processes_of(name) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert processes_of(name) == []  # the kernel has ended them, before anybody swept
        assert sweep() == [name]
    assert left_of(name) == []
    assert Path("/proc/sys/kernel/panic").read_text() == before


def test_settings_of_the_kernel_are_the_computer_s_again_afterwards() -> None:
    with open_site() as made:
        kept = json.loads((made.directory / "settings.json").read_text())
        Path("/proc/sys/kernel/panic").write_text("78\n")
    assert Path("/proc/sys/kernel/panic").read_text() == kept["kernel/panic"]
