"""What connects pods where no network plugin can be had: the CNI's own `ptp` on each machine, and routes between them.

It enforces no network policies. Configuration: containernetworking/plugins, main/ptp and ipam/host-local, 1.9.1.
"""

import json
from collections.abc import Mapping
from ipaddress import IPv4Network

from rehearsal.machines.machine import BootedMachine


def connect_pods(ranges: Mapping[BootedMachine, IPv4Network]) -> None:
    """Connect the pods of machines, each of which has a range of addresses for its own."""
    for machine, own in ranges.items():
        plugins = [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {"type": "host-local", "ranges": [[{"subnet": str(own)}]], "routes": [{"dst": "0.0.0.0/0"}]},
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ]
        text = json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": plugins})
        machine.run("mkdir", "--parents", "/etc/cni/net.d")
        machine.run("tee", "/etc/cni/net.d/10-pods.conflist", given=text)
        for other, its_own in ranges.items():
            if other is not machine:
                machine.run("ip", "route", "replace", str(its_own), "via", str(other.address))
