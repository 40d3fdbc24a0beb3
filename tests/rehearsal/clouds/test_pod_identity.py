"""An identity of pods on EKS does not count at once, and nothing tells when. The engine is real.

Guards against pods that come before it counts, which never get any credentials.
"""

from typing import Final

from rehearsal.providers.clouds.store import Resource
from tests.rehearsal.clouds.conftest import Cloud

CLUSTER: Final = "aws:eks/cluster:Cluster"
PROGRAM: Final = """
from types import SimpleNamespace

import pulumi
from pulumi_aws import Provider

from components.cloud import CloudPlace
from components.clusters.eks import identity


async def sleep(seconds):
    with open("waited", "a") as file:
        print(seconds, file=file)


identity.asyncio = SimpleNamespace(sleep=sleep)
place = CloudPlace("shop", pulumi.ComponentResource("test:Part", "part"), Provider("aws", region="eu-central-1"), {})
identity.make_identity("dns/external-dns", (), SimpleNamespace(name="shop"), place)
"""


def test_who_has_made_an_association_waits_until_it_counts(cloud: Cloud) -> None:
    cloud.store.put(Resource(CLUSTER, "shop", "shop", {"name": "shop"}, {"name": "shop"}))
    cloud.engine.write_program(PROGRAM)
    waited = cloud.engine.directory / "waited"
    cloud.up()
    assert waited.read_text() == "10.0\n"
    cloud.up()
    assert waited.read_text() == "10.0\n", "what was there before counts already"
    cloud.engine.must("destroy", "--yes", "--skip-preview")
    assert [each.type for each in cloud.store.all()] == [CLUSTER]
