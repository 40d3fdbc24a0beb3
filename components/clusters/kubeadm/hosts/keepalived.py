"""keepalived and haproxy in place of kube-vip: one control plane has the virtual IP, and all of them answer at it.

By the distribution's packages, so that the address needs neither a container nor the API server. As kubeadm's guide has
them (github.com/kubernetes/kubeadm, docs/ha-considerations.md, 2026-08), with a check of every API server by its
certificate. The address is where both its host's API server and haproxy answer: a host whose API server fails ten
times, 3 seconds apart, is worth 2 less, and so less than the next. They speak to each other by address, for not every
network carries multicast.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Final

from components.clusters.kubeadm.documents import PKI
from components.clusters.kubeadm.hosts.virtual_ip import INTERFACE
from components.clusters.kubeadm.ports import BALANCED_PORT, PORT

PACKAGES: Final = "haproxy keepalived"
_CHECK: Final = "/usr/local/lib/polykube/check-api-server"
_SECRET: Final = "0600"  # noqa: S105 - a mode


def balancer_files(
    virtual: IPv4Address, hosts: Mapping[str, str], own: str, *, router_id: int, password: str
) -> dict[str, tuple[str, str]]:
    """Content and mode by path: `hosts` are the addresses of the control planes by their names, the one that has the
    virtual IP first; `own` is the name of the host itself.

    The boot script puts them where the packages look for them, with the host's network interface filled in.
    """
    return {
        "/etc/polykube/haproxy.cfg": (_haproxy(hosts), "0644"),
        "/etc/polykube/keepalived.conf": (_keepalived(virtual, hosts, own, router_id, password), _SECRET),
        _CHECK: (_check(virtual), "0700"),
    }


def _haproxy(hosts: Mapping[str, str]) -> str:
    servers = [f"  server {name} {address}:{PORT}" for name, address in hosts.items()]
    return "\n".join([_BALANCER, *servers, ""])


def _keepalived(virtual: IPv4Address, hosts: Mapping[str, str], own: str, router_id: int, password: str) -> str:
    state, priority = ("MASTER", 101) if own == next(iter(hosts)) else ("BACKUP", 100)
    peers = "\n    ".join(address for name, address in hosts.items() if name != own)
    return f"""\
global_defs {{
  router_id polykube
  script_user root
  enable_script_security
}}

vrrp_script api_server {{
  script "{_CHECK}"
  interval 3
  timeout 5
  weight -2
  fall 10
  rise 2
}}

vrrp_instance api {{
  state {state}
  interface {INTERFACE}
  virtual_router_id {router_id}
  priority {priority}
  unicast_src_ip {hosts[own]}
  unicast_peer {{
    {peers}
  }}
  authentication {{
    auth_type PASS
    auth_pass {password}
  }}
  virtual_ipaddress {{
    {virtual}/32
  }}
  track_script {{
    api_server
  }}
}}
"""


def _check(virtual: IPv4Address) -> str:
    return f"""\
#!/bin/bash
# Whether the API server of this machine answers, and where the virtual IP is, what is reached by that.
answers() {{
  curl --silent --insecure --max-time 2 --output /dev/null "https://$1/"
}}

answers localhost:{PORT} || exit 1
if ip -oneline -4 address show to {virtual} | grep --quiet .; then
  answers {virtual}:{BALANCED_PORT} || exit 1
fi
"""


_BALANCER: Final = f"""\
global
  log stdout format raw local0
  user haproxy
  group haproxy

defaults
  mode tcp
  log global
  option tcplog
  timeout connect 5s
  timeout check 5s
  timeout client 1h
  timeout server 1h

frontend api
  bind :{BALANCED_PORT}
  default_backend api-servers

backend api-servers
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
  default-server check check-ssl verify required ca-file {PKI}/ca.crt
  default-server inter 2s rise 2 fall 3 on-marked-down shutdown-sessions"""
