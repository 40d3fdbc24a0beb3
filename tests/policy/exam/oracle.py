"""What network-config-analyzer makes of a topology: an independent reading of NetworkPolicies, by IBM Research.

It pins old versions of what we use in newer ones, so it is locked apart.
"""

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from common.reachability import ALL_PORTS, NO_PORTS, Ports
from common.reachability.ports import LARGEST_PORT, PROTOCOLS
from tests.support.locked import installed

_LOCK: Final = Path(__file__).with_name("oracle.lock")
_LINE = re.compile(r"(\S.*) => (\S.*) : (.*)")
_SET = re.compile(r"\{protocols:([A-Z, ]+)(?:,dst_ports:([-\d,]+))?\}")
_RANGE = re.compile(r"([\d.]+)(?:-([\d.]+))?")

Flows = Mapping[tuple[str, str], Ports]


def ask(directory: Path) -> Flows:
    """The flows between the ends of the topology in `directory`: `namespace/pod`, or a range of addresses."""
    everything = [f"--{what}" for what in ("connectivity", "resource_list", "pod_list", "ns_list")]
    options = [argument for name in everything for argument in (name, str(directory))]
    style = ["--output_endpoints", "pods", "--output_format", "txt_no_fw_rules"]
    environment = os.environ | {"PYTHONPATH": str(installed(_LOCK))}
    done = subprocess.run(
        [sys.executable, "-S", "-m", "nca", *options, *style],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    flows: dict[tuple[str, str], Ports] = defaultdict(lambda: NO_PORTS)
    for source, destination, connections in _LINE.findall(done.stdout):
        flows[source, destination] |= _ports(connections)
    assert flows, done.stdout + done.stderr
    return flows


def covers(end: str, address: IPv4Address) -> bool:
    """Whether an end as the oracle names it is a range with `address` in it."""
    return any(
        IPv4Address(first) <= address <= IPv4Address(last or first)
        for first, last in _RANGE.findall(end)
        if "/" not in end
    )


def _ports(connections: str) -> Ports:
    if connections == "All connections":
        return ALL_PORTS
    sets = _SET.findall(connections)
    assert sets, f"the oracle says something new: {connections}"
    found = NO_PORTS
    for protocols, ranges in sets:
        for protocol in set(protocols.replace(" ", "").split(",")) & set(PROTOCOLS):
            for each in (ranges or f"1-{LARGEST_PORT}").split(","):
                first, _, last = each.partition("-")
                found |= Ports.of(protocol, int(first), int(last or first))
    return found
