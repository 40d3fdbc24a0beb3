"""How a machine's node leaves before its group ends the machine: what is on it for that."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

SCRIPT: Final = "/usr/local/sbin/polykube-leave"
# As long as there are pods on the node: the kubelet gives these up itself when the machine is shut down by hand.
_UNIT: Final = f"""\
[Unit]
Description=Waits until this machine's group ends it
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={SCRIPT}
Restart=on-failure
RestartSec=10

[Install]
WantedBy=multi-user.target
"""


def leaving_files() -> Mapping[str, tuple[str, str]]:
    """Content and mode by path; the boot script starts the unit when the machine has joined."""
    script = files(__package__).joinpath("leave.sh").read_text(encoding="utf-8")
    return {SCRIPT: (script, "0700"), "/etc/systemd/system/polykube-leave.service": (_UNIT, "0644")}
