"""What members of etcd and its clients are given by the program, with certificates that are really made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi.runtime

from components.clusters.kubeadm.authorities import Authorities
from components.clusters.kubeadm.etcd import EtcdMember, member_files
from tests.support.certificates import WithCertificates

Files = Mapping[str, str]


@dataclass(frozen=True)
class Given:
    """The files of each member by its name, and those of a control plane; by path."""

    members: Mapping[str, Files]
    control_plane: Files


def given(members: Sequence[EtcdMember], cluster: str = "shop") -> Given:
    """What the program gives them, by an authority of their own."""
    pulumi.runtime.set_mocks(WithCertificates())
    found: list[Any] = []

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> pulumi.Output[None]:
        authorities = Authorities(
            cluster, pulumi.ComponentResource("tests:etcd:Cluster", cluster), protect=False, external_etcd=True
        )
        secrets = [authorities.etcd_member(each.name, each.address) for each in members]
        return pulumi.Output.all(authorities.files(), *secrets).apply(found.extend)

    program()
    plane, *secrets = (json.loads(each) for each in found)
    files = {
        each.name: {path: text for path, (text, _) in member_files(cluster, each, members).items()} | secret
        for each, secret in zip(members, secrets, strict=True)
    }
    return Given(files, plane)
