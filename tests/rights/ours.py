"""Every policy document that the program makes of its own, for a cluster `shop` and with ARNs as AWS has them."""

from typing import Final

from components.clusters.eks import cluster, dns, karpenter, load_balancers, pool_scaling, storage
from components.clusters.kubeadm.aws import rights, secrets
from components.networks import aws

_HERE: Final = "eu-central-1:111122223333"
_CLUSTER: Final = f"arn:aws:eks:{_HERE}:cluster/shop"
_QUEUE: Final = f"arn:aws:sqs:{_HERE}:shop-karpenter"
_GROUP: Final = f"arn:aws:autoscaling:{_HERE}:autoScalingGroup:1:autoScalingGroupName/shop-general"
_SECRET: Final = f"arn:aws:secretsmanager:{_HERE}:secret:shop/"
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
    "machines": rights.report_policy(_GROUP),
    "control_planes": rights.control_plane_policy(f"{_SECRET}authorities-1", f"{_SECRET}beginning-1"),
    "cloud_controller": rights.controller_policy("shop", "eu-central-1"),
    "volumes": rights.driver_policy(),
    "administrator": secrets.only_for(["arn:aws:iam::111122223333:role/admin"]),
    "secrets_key": cluster.key_policy(f"arn:aws:kms:{_HERE}:key/1"),
}
