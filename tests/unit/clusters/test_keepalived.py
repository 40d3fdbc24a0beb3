"""An address of keepalived's that two hosts have, or none, or that leads to no API server; and its password."""

import json
import re
import shutil
import subprocess
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

import pytest

from components.clusters.kubeadm.hosts.inspection import HostExpectations
from components.clusters.kubeadm.hosts.keepalived import balancer_files
from components.clusters.kubeadm.hosts.spec import PASSWORD, KeepalivedSpec
from spec.problems import Code
from spec.values import Secret
from tests.contract.test_hosts import STACK, changed
from tests.support.registered import registered

pytestmark = pytest.mark.usefixtures("bundles")
HOSTS: Final = {"cp-1": "10.20.0.11", "cp-2": "10.20.0.12", "cp-3": "10.20.0.13"}
CONF: Final = "/etc/polykube/keepalived.conf"
HAPROXY: Final = "/etc/polykube/haproxy.cfg"


def told(own: str) -> dict[str, str]:
    files = balancer_files(IPv4Address("10.20.0.10"), HOSTS, own, router_id=51, password="s3cret_1")
    return {path: content for path, (content, _) in files.items()}


def seeds(**keys: Any) -> dict[str, dict[str, Any]]:
    """What each host is told, by its name."""
    made = registered(changed(keys), STACK).values()
    return {each.inputs["name"]: json.loads(each.inputs["seed"]) for each in made if "seed" in each.inputs}


def test_the_first_has_the_address_until_its_api_server_has_failed_for_long() -> None:
    priorities = {own: int(re.findall(r"priority (\d+)", told(own)[CONF])[0]) for own in HOSTS}
    assert priorities == {"cp-1": 101, "cp-2": 100, "cp-3": 100}
    text = told("cp-1")[CONF]
    for line in ("interval 3", "weight -2", "fall 10", "rise 2", "virtual_router_id 51", "auth_pass s3cret_1"):
        assert f"  {line}\n" in text
    assert priorities["cp-1"] - 2 < priorities["cp-2"]


def test_control_planes_speak_to_each_other_alone() -> None:
    (peers,) = re.findall(r"unicast_peer \{\s+([^}]+)\}", told("cp-2")[CONF])
    assert peers.split() == ["10.20.0.11", "10.20.0.13"]
    assert "unicast_src_ip 10.20.0.12\n" in told("cp-2")[CONF]


def test_what_comes_there_goes_to_every_api_server_that_is_ready_and_of_the_cluster() -> None:
    text = told("cp-3")[HAPROXY]
    assert re.findall(r"server (\S+) (\S+)\n", text) == [(name, f"{address}:6443") for name, address in HOSTS.items()]
    assert "bind :8443\n" in text
    assert "verify required ca-file /etc/kubernetes/pki/ca.crt" in text


def test_machines_and_people_come_by_that_port_and_kube_vip_does_not_hold_the_address() -> None:
    for name, seed in seeds(keepalived={}).items():
        is_control_plane = name.startswith("cp-")
        assert {CONF, HAPROXY} <= seed.keys() if is_control_plane else not {CONF, HAPROXY} & seed.keys()
        variables = seed["/etc/polykube/machine.env"][0]
        assert 'API_ENDPOINT="10.20.0.10:8443"' in variables
        assert ('PACKAGES="haproxy keepalived"' in variables) == is_control_plane
        if is_control_plane:
            assert seed[CONF][1] == "0600"
            assert "cp_enable" not in seed["/etc/polykube/virtual-ip.yaml"][0]  # which is there for Services
            assert (
                "controlPlaneEndpoint: 10.20.0.10:8443" in str(seed.get("/etc/polykube/init.yaml", ""))
                or name != "cp-1"
            )


def test_a_password_is_made_where_none_is_given_and_given_ones_are_kept() -> None:
    (made,) = (
        each for each in registered(changed({"keepalived": {}}), STACK).values() if each.name == f"{STACK}-keepalived"
    )
    assert made.inputs["length"] == PASSWORD.longest
    given = seeds(keepalived={"password": Secret("own-pass")})
    assert all("auth_pass own-pass\n" in seed[CONF][0] for name, seed in given.items() if name.startswith("cp-"))


@pytest.mark.parametrize(("text", "found"), [("ninechars", "9 characters"), ("two word", "other characters")])
def test_a_password_that_keepalived_would_shorten_is_refused_and_not_shown(text: str, found: str) -> None:
    (wrong,) = KeepalivedSpec().model_copy(update={"password": Secret(text)}).findings()
    assert (wrong.code, wrong.found, wrong.allowed) == (Code.BAD_NAME, found, PASSWORD.allowed)
    assert text not in str(wrong)


def test_a_host_has_to_have_the_port_free() -> None:
    props = {"address": "10.20.0.11", "architecture": "amd64", "role": "first", "balancedPort": 8443.0}
    assert 8443 in HostExpectations.of(props, "").ports
    assert 8443 not in HostExpectations.of(props | {"role": "worker"}, "").ports


@pytest.mark.skipif(not shutil.which("haproxy"), reason="needs haproxy")
def test_haproxy_finds_nothing_wrong(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    text = re.sub(r"verify required ca-file \S+", "verify none", told("cp-1")[HAPROXY])
    file.write_text(re.sub(r"  (user|group) haproxy\n", "", text))
    subprocess.run(["haproxy", "-c", "-f", file], check=True)  # noqa: S607 - whichever is there
