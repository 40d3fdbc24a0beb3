"""EKS: the control plane, who gets in, and the order in which everything comes (rules C1 to C6 of the contract).

Private by default, logged, with secrets encrypted by a key of its own. Access is by the API alone: no
aws-auth ConfigMap that an edit could lock everybody out with, and no rights for whoever created it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi_aws import cloudwatch, ec2, eks, iam, kms, vpc
from pulumi_aws.provider import Provider as AwsProvider

from components.clusters.eks.addons import AddOns
from components.clusters.eks.dns import make_dns
from components.clusters.eks.identity import make_identity
from components.clusters.eks.karpenter import make_karpenter_config, make_karpenter_prerequisites
from components.clusters.eks.live import Live
from components.clusters.eks.load_balancers import load_balancer_configuration, make_controller_config
from components.clusters.eks.pool_scaling import make_pool_scaling
from components.clusters.eks.pools import EksNodePools, make_node_roles
from components.clusters.eks.storage import make_bucket, make_file_system
from components.clusters.exec_kubeconfig import Login, exec_kubeconfig
from components.clusters.managed import ManagedCluster
from components.contract import Facility, Gateways, Grant, Identity, LoadBalancerAnnotations, ObjectStore, Storage
from components.facilities import Dns, KarpenterConfig, LoadBalancerControllerConfig, PoolScaling
from components.networks.address_plan import by_zone
from components.networks.aws import AwsNetwork
from components.networks.aws_iam import MANAGED, allow, document, service_role, statement

if TYPE_CHECKING:
    from components.clusters.eks.spec import EksSpec

_ADMIN_POLICY: Final = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
_AWS_CLI: Final = "The AWS CLI is missing: docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
_BALANCER: Final = "service.beta.kubernetes.io/aws-load-balancer"
_KEY_WINDOW: Final = 30  # days in which a deleted key can be had back: the most that AWS gives
_HTTPS: Final = 443


class EksCluster(ManagedCluster):
    """The `Cluster` contract on Amazon EKS."""

    block_storage = Storage("ebs.csi.aws.com", {"type": "gp3", "encrypted": "true"})
    credential_sources = (("169.254.170.23/32", 80),)  # the agent of EKS Pod Identity
    # For Kubernetes' own controller, and for AWS's where that is installed.
    load_balancing = LoadBalancerAnnotations(
        internal={f"{_BALANCER}-type": "nlb", f"{_BALANCER}-internal": "true", f"{_BALANCER}-scheme": "internal"},
        external={f"{_BALANCER}-type": "nlb", f"{_BALANCER}-scheme": "internet-facing"},
    )

    def __init__(self, spec: EksSpec, *, protect: bool) -> None:
        super().__init__(spec, protect=protect)
        self._spec = spec
        provider = AwsProvider(spec.name, region=spec.region, opts=pulumi.ResourceOptions(parent=self))
        self._place = self.place(spec, provider)
        self._live = Live(spec.name, pulumi.InvokeOptions(parent=self, provider=provider))
        zones = spec.own_zones()
        through = self._live.nat_zone(zones) if spec.network.nat == "single" else ""
        self.network = AwsNetwork(spec.network, spec.region, zones, self._place, nat_zone=through)
        self.key = self._make_key()
        self.control_plane = self.deleted_with = self._make_control_plane(spec)
        access = self._let_in(spec)
        node_roles = make_node_roles(spec.node_pools, self._place)
        self.add_ons = AddOns(spec, self.control_plane, self._place)
        cni = self.add_ons.networking()  # before there are nodes, or they would never get ready
        pools = EksNodePools(
            self.control_plane,
            zones,
            self.network,
            node_roles,
            self._place,
            after=[cni],
            sizes=self._live.sizes() if any(pool.scales for pool in spec.node_pools) else {},
        )
        self.add_ons.rest(after=[pools.make(pool, spec.version) for pool in spec.node_pools])
        self.facilities = self._make_facilities(spec, node_roles[False].role)
        kubeconfig = self._make_kubeconfig()
        # A cluster of the same name in the same account and region is the same cluster to AWS as well.
        self.connect(kubeconfig, self.control_plane.arn, after=access)
        self.complete()

    def _make_key(self) -> kms.Key:
        return kms.Key(
            f"{self.name}-secrets",
            description=f"Secrets of the cluster {self.name}",
            enable_key_rotation=True,
            deletion_window_in_days=_KEY_WINDOW,
            tags=self._place.tagged(f"{self.name}-secrets"),
            opts=self._place.options(keep=True),
        )

    def _make_control_plane(self, spec: EksSpec) -> eks.Cluster:
        place = self._place
        role = service_role(
            f"{self.name}-control-plane",
            "eks.amazonaws.com",
            place,
            policies=[f"{MANAGED}AmazonEKSClusterPolicy", f"{MANAGED}AmazonEKSVPCResourceController"],
        )
        may_encrypt = allow(f"{self.name}-secrets", role.role, self.key.arn.apply(key_policy), place)
        logs = self._make_log_group(spec)
        return eks.Cluster(
            self.name,
            name=self.name,
            version=spec.version,
            role_arn=role.arn,
            access_config=eks.ClusterAccessConfigArgs(
                authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
            ),
            bootstrap_self_managed_addons=False,
            deletion_protection=self.protect,
            enabled_cluster_log_types=list(spec.log_types),
            encryption_config=eks.ClusterEncryptionConfigArgs(
                provider=eks.ClusterEncryptionConfigProviderArgs(key_arn=self.key.arn), resources=["secrets"]
            ),
            kubernetes_network_config=eks.ClusterKubernetesNetworkConfigArgs(
                service_ipv4_cidr=str(spec.network.services)
            ),
            upgrade_policy=eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            vpc_config=self._vpc_config(spec),
            tags=place.tagged(self.name),
            # It stays in the zones that it was made in, and nodes may be in others (userguide/network-reqs.html).
            opts=place.options(
                keep=True, after=[*role.rights, may_encrypt, logs], ignore_changes=["vpcConfig.subnetIds"]
            ),
        )

    def _make_log_group(self, spec: EksSpec) -> cloudwatch.LogGroup:
        """Where EKS writes; by itself it would make one that is kept for ever, as it does when a cluster has gone."""
        name = f"/aws/eks/{self.name}/cluster"
        left = self._live.has_left(name)
        # Taken over as it is: the engine imports nothing that differs. The next run sets what it ignores.
        options = self._place.options(ignore_changes=["retentionInDays", "tags"] if left else ())
        options.import_ = name if left else None
        return cloudwatch.LogGroup(
            f"{self.name}-control-plane",
            name=name,
            retention_in_days=spec.log_days,
            tags=self._place.tagged(f"{self.name}-control-plane"),
            opts=options,
        )

    def _vpc_config(self, spec: EksSpec) -> eks.ClusterVpcConfigArgs:
        public = [str(each) for each in spec.api_endpoint.public_from]
        return eks.ClusterVpcConfigArgs(
            subnet_ids=[subnet.id for subnet in self.network.private_subnets],
            security_group_ids=[self._make_api_group(spec).id],
            endpoint_private_access=True,
            endpoint_public_access=bool(public),
            public_access_cidrs=public or None,
        )

    def _make_api_group(self, spec: EksSpec) -> ec2.SecurityGroup:
        """Who reaches the private endpoint, besides the nodes, which EKS lets in itself."""
        name = f"{self.name}-api"
        group = ec2.SecurityGroup(
            name,
            description="Networks that reach the API server",
            vpc_id=self.network.vpc.id,
            tags=self._place.tagged(name),
            opts=self._place.options(),
        )
        for each in spec.api_endpoint.private_from:
            vpc.SecurityGroupIngressRule(
                f"{name}-{each.network_address}-{each.prefixlen}",
                security_group_id=group.id,
                cidr_ipv4=str(each),
                ip_protocol="tcp",
                from_port=_HTTPS,
                to_port=_HTTPS,
                tags=self._place.tagged(name),
                opts=self._place.options(),
            )
        return group

    def _let_in(self, spec: EksSpec) -> Sequence[pulumi.Resource]:
        """Access entries for administrators and members; what the administrators' rights come from is returned."""
        groups = {member.principal: list(member.groups) for member in spec.members}
        principals = dict.fromkeys((*groups, *spec.administrators))  # who is both has one entry, as AWS wants it
        entries = {principal: self._access_entry(principal, groups.get(principal)) for principal in principals}
        rights: list[pulumi.Resource] = []
        for principal in spec.administrators:
            association = eks.AccessPolicyAssociation(
                _short(principal),
                cluster_name=self.control_plane.name,
                principal_arn=principal,
                policy_arn=_ADMIN_POLICY,
                access_scope=eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
                opts=self._place.options(after=[entries[principal]], new_first=False),
            )
            rights.append(association)
        return rights

    def _access_entry(self, principal: str, groups: list[str] | None) -> eks.AccessEntry:
        return eks.AccessEntry(
            _short(principal),
            cluster_name=self.control_plane.name,
            principal_arn=principal,
            kubernetes_groups=groups or [],  # what is not said stays as it is, also when a member is one no more
            tags=self._place.tagged(_short(principal)),
            opts=self._place.options(new_first=False),  # a principal has one
        )

    def _make_kubeconfig(self) -> pulumi.Output[str]:
        arguments = ("eks", "get-token", "--cluster-name", self.name, "--region", self._spec.region, "--output", "json")
        authority = self.control_plane.certificate_authority.apply(lambda ca: ca.data)
        return exec_kubeconfig(self.name, self.control_plane.endpoint, authority, Login("aws", arguments, _AWS_CLI))

    def _make_facilities(self, spec: EksSpec, node_role: iam.Role) -> dict[type[Facility], Callable[[], Facility]]:
        """What add-ons may ask for. Karpenter's queue belongs to the cluster, and is there without the add-on."""
        facilities: dict[type[Facility], Callable[[], Facility]] = {
            Dns: lambda: make_dns(spec.region, self._place),
            LoadBalancerControllerConfig: lambda: make_controller_config(self.network.vpc, spec.region, self._place),
            PoolScaling: lambda: make_pool_scaling(self.control_plane, spec.region, self._place),
        }
        if spec.autoscaling == "karpenter":
            queue, subnets = make_karpenter_prerequisites(self.control_plane, self._place), self.network.private_subnets
            facilities[KarpenterConfig] = lambda: make_karpenter_config(
                self.control_plane, queue, node_role, subnets, self._place
            )
        return facilities

    def make_shared_storage(self) -> Storage:
        driver = self.add_ons.file_system_driver()
        return make_file_system(self.network, self.control_plane, self._place, after=[driver])

    def identity_for(self, service_account: str, grants: Sequence[Grant]) -> Identity:
        """EKS Pod Identity: the ServiceAccount needs nothing on it."""
        return make_identity(service_account, grants, self.control_plane, self._place)

    def gateways(self, *, internal: bool) -> Gateways:
        """Application Load Balancers, in public subnets or in private ones, which reach pods by their addresses."""
        plan = by_zone(self._spec.network.range, self._spec.own_zones())
        return Gateways("alb", [str(each) for each in (plan.private if internal else plan.public).values()])

    def gateway_parameters(
        self, *, internal: bool, certificates: Mapping[str, tuple[str, str]]
    ) -> Mapping[str, Any] | None:
        return load_balancer_configuration(certificates, self._place, internal=internal)

    def make_object_store(self, name: str) -> ObjectStore:
        return make_bucket(name, self._spec.region, self._place)


def key_policy(key: str) -> str:
    """To encrypt Secrets with the key of this ARN (docs.aws.amazon.com/eks/latest/userguide/enable-kms.html)."""
    return document(statement(("kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"), key))


def _short(principal: str) -> str:
    """`role/admin` of an ARN, with the account where it is another's: unique, and stable under reordering."""
    return principal.split(":", 4)[4]
