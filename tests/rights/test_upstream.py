"""Rights that we give away and upstream does not, or that an add-on lacks: every policy is held to upstream's own.

Each file of `upstream` has what upstream lists for a cluster `shop` (from where, and of which date), and each
difference of ours with its reason. What is neither upstream's nor explained fails, and so does an idle explanation.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from components.clusters.eks import cluster, dns, karpenter, load_balancers, pool_scaling, storage
from components.networks import aws
from tests.rights.policies import Right, by_action, statements

_HERE: Final = "eu-central-1:111122223333"
_CLUSTER: Final = f"arn:aws:eks:{_HERE}:cluster/shop"
_QUEUE: Final = f"arn:aws:sqs:{_HERE}:shop-karpenter"
_ROLE, _PROFILE = (
    f"arn:aws:iam::111122223333:{kind}" for kind in ("role/shop-node", "instance-profile/shop-karpenter")
)
OURS: Final = {
    "karpenter": karpenter.controller_policy("shop", _CLUSTER, _QUEUE, _ROLE, _PROFILE),
    "queue": karpenter.queue_policy(_QUEUE),
    "load_balancing": load_balancers.controller_policy("shop", "eu-central-1", f"arn:aws:ec2:{_HERE}:vpc/vpc-1"),
    "cluster_autoscaler": pool_scaling.autoscaler_policy("shop", _CLUSTER),
    "external_dns": dns.records_policy("external-dns", ["Z1"]),
    "cert_manager": dns.records_policy("cert-manager", ["Z1"]),
    "backup": storage.bucket_policy("arn:aws:s3:::shop-backup"),
    "flow_logs": aws.flow_log_policy(f"arn:aws:logs:{_HERE}:log-group:/aws/vpc/shop/flows"),
    "secrets_key": cluster.key_policy(f"arn:aws:kms:{_HERE}:key/1"),
}


def facts(name: str) -> Mapping[str, Any]:
    """What is known of upstream's policy."""
    text = Path(__file__).with_name("upstream").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


@pytest.mark.parametrize("name", OURS)
def test_what_differs_from_upstream_is_explained(name: str) -> None:
    known = facts(name)
    assert known["source"].keys() == {"repository", "file", "at"}
    ours, theirs = by_action(statements(OURS[name])), by_action(known["upstream"])
    used = set()
    for action in ours.keys() | theirs.keys():
        explained = [each for each in known["differences"] if any(fnmatchcase(action, it) for it in each["actions"])]
        if not explained:
            assert ours.get(action) == theirs.get(action), action
            continue
        (difference,) = explained
        used.add(difference["why"])
        assert ours.get(action, set()) == _said(action, difference) != theirs.get(action), action
    assert used == {each["why"] for each in known["differences"]}


def test_every_policy_of_upstream_has_one_of_ours() -> None:
    assert OURS.keys() == {file.stem for file in Path(__file__).with_name("upstream").glob("*.yaml")}


def _said(action: str, difference: Mapping[str, Any]) -> set[Right]:
    return by_action([each | {"actions": [action]} for each in difference["ours"]]).get(action, set())
