"""Where cloud resources that cost money have their tags (pulumi-aws 7.51, -gcp 10.2, -azure-native 3.29)."""

from collections.abc import Mapping
from typing import Final

_LABELS: Final = {  # where tags are called labels, and have another field
    "gcp:container/cluster:Cluster": "resourceLabels",
    **dict.fromkeys(
        (
            *("gcp:compute/address:Address", "gcp:compute/disk:Disk", "gcp:compute/instance:Instance"),
            *("gcp:compute/instanceTemplate:InstanceTemplate", "gcp:filestore/instance:Instance"),
            *("gcp:kms/cryptoKey:CryptoKey", "gcp:secretmanager/secret:Secret", "gcp:storage/bucket:Bucket"),
            *("gcp:dns/managedZone:ManagedZone", "gcp:artifactregistry/repository:Repository"),
        ),
        "labels",
    ),
}
_TAGGED: Final = frozenset(
    {
        *("aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon"),
        *("aws:ec2/instance:Instance", "aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/vpc:Vpc"),
        *("aws:ec2/subnet:Subnet", "aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip"),
        *("aws:ec2/securityGroup:SecurityGroup", "aws:ebs/volume:Volume", "aws:efs/fileSystem:FileSystem"),
        *("aws:iam/role:Role", "aws:kms/key:Key", "aws:lb/loadBalancer:LoadBalancer", "aws:s3/bucket:Bucket"),
        *("aws:s3/bucketV2:BucketV2", "aws:cloudwatch/logGroup:LogGroup", "aws:ecr/repository:Repository"),
        *("azure-native:containerservice:ManagedCluster", "azure-native:containerservice:AgentPool"),
        *("azure-native:resources:ResourceGroup", "azure-native:keyvault:Vault"),
        *("azure-native:compute:VirtualMachine", "azure-native:compute:VirtualMachineScaleSet"),
        *("azure-native:compute:Disk", "azure-native:network:VirtualNetwork", "azure-native:network:NatGateway"),
        *("azure-native:network:NetworkSecurityGroup", "azure-native:network:PublicIPAddress"),
        *("azure-native:network:LoadBalancer", "azure-native:storage:StorageAccount"),
        *("azure-native:containerregistry:Registry", "azure-native:operationalinsights:Workspace"),
    }
)

FIELD_OF_TAGS: Final[Mapping[str, str]] = {**_LABELS, **dict.fromkeys(_TAGGED, "tags")}
