"""An etcd on machines of its own: what each of its members is told.

A member is a machine that runs etcd as a service of systemd, and no container. The first members find each other by the
addresses that all are told. etcd.io/docs/v3.6/op-guide/configuration, clustering and security.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import yaml

CLIENTS: Final = 2379
"""The port that API servers ask."""
PEERS: Final = 2380
"""The port that members talk to each other by."""
MEMBER_PKI: Final = "/etc/etcd/pki"
"""The directory of a member with the authority's certificate, and its own with the key."""
MEMBER_CERTIFICATE: Final = f"{MEMBER_PKI}/member"
"""A member's certificate and key, but for .crt and .key."""
_CONFIGURATION: Final = "/etc/etcd/etcd.yaml"
_DATA: Final = "/var/lib/etcd"
_LARGEST: Final = 8 * 2**30  # bytes, of the database; etcd warns of more


@dataclass(frozen=True)
class EtcdMember:
    """A member: its name, and the address of its machine, which stays."""

    name: str
    address: str

    @property
    def endpoint(self) -> str:
        """Where API servers ask it."""
        return f"https://{self.address}:{CLIENTS}"

    @property
    def peer(self) -> str:
        """Where other members reach it."""
        return f"https://{self.address}:{PEERS}"


def endpoints(members: Sequence[EtcdMember]) -> list[str]:
    """Where API servers ask them."""
    return [member.endpoint for member in members]


def member_files(cluster: str, member: EtcdMember, members: Sequence[EtcdMember]) -> dict[str, tuple[str, str]]:
    """Content and mode by path of what makes a machine this member of all `members`, beside its certificates."""
    told = yaml.safe_dump(_configuration(cluster, member, members), sort_keys=False)
    script = files(__package__).joinpath("etcd.sh").read_text(encoding="utf-8")
    return {
        _CONFIGURATION: (told, "0644"),
        "/etc/systemd/system/etcd.service": (_UNIT, "0644"),
        "/usr/local/lib/polykube/etcd.sh": (script, "0644"),
    }


def _configuration(cluster: str, member: EtcdMember, members: Sequence[EtcdMember]) -> dict[str, Any]:
    """etcd's own. A member whose data are there goes on with them, whatever `initial` says."""
    security = {
        "client-cert-auth": True,
        "trusted-ca-file": f"{MEMBER_PKI}/ca.crt",
        "cert-file": f"{MEMBER_CERTIFICATE}.crt",
        "key-file": f"{MEMBER_CERTIFICATE}.key",
    }
    return {
        "name": member.name,
        "data-dir": f"{_DATA}/data",
        "listen-client-urls": f"{member.endpoint},https://127.0.0.1:{CLIENTS}",
        "advertise-client-urls": member.endpoint,
        "listen-peer-urls": member.peer,
        "initial-advertise-peer-urls": member.peer,
        "initial-cluster": ",".join(f"{each.name}={each.peer}" for each in members),
        "initial-cluster-token": cluster,
        "initial-cluster-state": "new",
        "client-transport-security": dict(security),
        "peer-transport-security": dict(security),
        "tls-min-version": "TLS1.2",
        "quota-backend-bytes": _LARGEST,
    }


# It tells systemd that it has started when a majority has: the first of them waits. Without its disk it does not start.
# It is root, whose its certificates are whenever they are written anew, without any right of root's.
_UNIT: Final = f"""\
[Unit]
Description=etcd
Wants=network-online.target
After=network-online.target
RequiresMountsFor={_DATA}

[Service]
Type=notify
ExecStart=/usr/local/bin/etcd --config-file {_CONFIGURATION}
TimeoutStartSec=infinity
Restart=always
RestartSec=5
LimitNOFILE=65536
OOMScoreAdjust=-999
CapabilityBoundingSet=
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=strict
ReadWritePaths={_DATA}

[Install]
WantedBy=multi-user.target
"""
