"""What a failed resource means: the words of a cloud, turned into a cause and a remedy.

The patterns are the clouds' own error codes (AWS API references, Google's and Azure's lists of error codes, read
in November 2026), so they serve a real cloud as well as a rehearsal.
"""

import re
from typing import Final

from common.errors import Problem

# Each remedy stands before the patterns of the words that it helps against; the first that fits is taken.
_MORE: Final = "ask the cloud for a higher quota, or free what is not needed; then run the same command again"
_FAULT: Final = (
    "no line of the stack file leads to this: change it in the program of your own that sets it; if there is none, it "
    "is a fault of polykube: open an issue with these words"
)
_LOST: Final = (
    "see by `polykube drift STACK` whether somebody took away what this needs, and put it back; if nothing differs and "
    "no program of your own made it, it is a fault of polykube: open an issue with these words"
)
_REMEDIES: Final = (
    (
        (
            "have whoever set the finalizer that is named take it away, or take it away by kubectl patch --type merge "
            """-p '{"metadata":{"finalizers":null}}'; then run the same command again"""
        ),
        "finalizers",
    ),
    (
        _MORE,
        "Maximum number of .+ reached",
    ),
    (
        "a new right or identity takes a while until it counts: run the same command again in a minute or two",
        "propagation time|useToEncrypt' denied|could not be assumed|EKS Managed Policies|policies are attached",
        "Identity Pool does not exist|Service account .+ does not exist",
        "ResourceMissingPermission|KmsValidateIdentity|Verify if principal exists|encrypt/decrypt permission",
    ),
    (
        (
            "log in again (`aws sso login`, `gcloud auth application-default login`, `az login`); then run the "
            "command again"
        ),
        "ExpiredToken|token.+expired|InvalidClientTokenId|[Nn]o valid credential",
        r"could not find default credentials|AADSTS\d+|reauth",
    ),
    (
        "a rule of your organization forbids it: have whoever keeps it make an exception, or choose what it allows",
        r"RequestDisallowedByPolicy|constraints/\w+|explicit deny in a service control policy",
    ),
    (
        (
            "give the runner the right that is named (`polykube permissions STACK` prints all); then run the "
            "command again"
        ),
        "UnauthorizedOperation|AccessDenied|AuthorizationFailed|ForbiddenByRbac",
        "is not authorized to perform|Required '.+' permission|Permission '.+' denied",
    ),
    (
        "the cloud was asked too much at once: run the same command again; PULUMI_PARALLEL=4 asks less at a time",
        r"RequestLimitExceeded|Throttling|TooManyRequests|rateLimitExceeded|\b429\b",
    ),
    (
        (
            "switch on the API that is named here, or wait minutes if that was just done; then run the same "
            "command again (`polykube doctor --stack STACK` has the command)"
        ),
        "has not been used in project|accessNotConfigured|SERVICE_DISABLED",
        "MissingSubscriptionRegistration",
    ),
    (
        "something else changes it just now: run the same command again when that has ended",
        "[Aa]nother .+ operation is in progress|ResourceInUseException: .+ (UPDATING|in progress)",
    ),
    (
        _MORE,
        "QuotaExceeded|LimitExceeded|QUOTA_EXCEEDED|quotaExceeded|OperationNotAllowed",
        "[Ii]nsufficient.+[Qq]uota|Limit ?(Reached|exceeded)|CountExceeded|limit exceeded",
        "Too many Federated|would exceed",
    ),
    (
        "choose another machine type for the pool, or other zones; then run the same command again",
        "InsufficientInstanceCapacity|ZONE_RESOURCE_POOL_EXHAUSTED|SkuNotAvailable|AllocationFailed",
    ),
    (
        "take tags out of cluster.tags, or shorten them as the message says",
        r"TooManyTags|ValidationError: tag|\d+ labels, at most",
    ),
    (
        "set cluster.version to one that is offered, at most one minor above the present; it never goes back",
        "downgrad|unsupported Kubernetes|cannot join a control plane",
    ),
    (
        "change this number in the stack file to one that is allowed, as the message says",
        "retention_in_days|maintenance exclusion|osDiskSizeGB|disk size|Volume of size",
        "InsufficientMaxPods|'RetentionInDays'|durationHours|max_pods_per_node|spotMaxPrice",
    ),
    (
        "shorten the freezes of cluster.maintenance, or give its window more hours or days",
        "contiguous duration",
    ),
    (
        (
            "choose a machine type that the cloud offers for this pool's image and processor; in a rehearsal, "
            "one it knows"
        ),
        "valid instance type|machine type|stand-in (knows|does not model)",
    ),
    (
        "set nodes of this pool in the stack file so that the least is not above the most, and the most above 0",
        "[Mm]inimum capacity|[Mm]aximum capacity|minCount|expected maximum|initial_node_count",
        "at least one node|max_surge|Max bound",
    ),
    (
        "keep a pool for the system that is neither spot nor has taints but CriticalAddonsOnly",
        "[Ss]ystem ([Nn]ode )?pool|SystemPool",
    ),
    (
        "change the pool's labels or taints in the stack file: the cloud keeps this key for itself, or it is too long",
        "[Ll]abel|Taint",
    ),
    (
        "move what cannot go together into a pool of its own, or leave it out, as the page of the cloud says",
        "[Ss]pot pools|Windows|node role|Autopilot",
    ),
    # These two stand before nodes that fail to join and add-ons without replicas: they know why.
    (
        _LOST,
        "has no way out|no permission to pull|not in the cluster's security group|do not let them reach",
        "DNS hostnames and support|enableDnsHostnames|has no Internet gateway|belong to different networks",
        "Ec2SubnetInvalidConfiguration|no rights at AWS|its role allows nothing|, there is no .+",
        "Trust policy of the role|no NAT gateway is associated|route table has not been associated|is not delegated to",
        "authentication mode must be set|lets nobody of .+ in|neither Cloud NAT nor Private Google Access",
    ),
    (
        _FAULT,
        "launch template and API request|within the launch template|policyArn parameter|pod identity configuration",
        "managed AAD|OIDC issuer|issuer '.*' is not a valid URL|a user-assigned identity of|ranges are not .+ private",
        "requires network dataplane|DatapathProvider=|network policy addon|loadBalancerProfile must be empty",
        "SecurityRule(Conflict|InvalidPriority)|Standard sku publicIp|Basic SKU|no maintenance configuration",
        "Category '.+' is not supported|parameter accessPolicies|enablePurgeProtection|softDeleteRetentionInDays",
        "when release_channel|GKE_METADATA|workload pool .+: only|Cloud KMS key in location",
        "MalformedPolicyDocument|new key policy will not|valid for rotation|rotation_period|is not symmetric",
        "ENCRYPT_DECRYPT|no RSA key|Addon .+ not supported|Event pattern|in correct format|InvalidGroupId",
        "endpoint access cannot be false|accessScope|namespaces must be given|ValidationException: |Invalid member",
        "Role .+ is not supported for this|EGRESS cannot have|source_ranges|and target tags|LIST_OF_SUBNETWORKS",
        "Endpoint-Independent|ACTIVE or BACKUP|VPC-native|specified location constraint|private DNS zone none",
        "VNet integration|requires network policy cilium|requires networkPlugin|load balancer SKU",
        "InvalidValuesForRequest|is not a workspace's|InvalidResourceReference|recurrence of the maintenance window",
        "not after its start|is in .+, and the (virtual network|cluster) ",
        "specified on the same request|InvalidVolume.ZoneMismatch",
    ),
    (
        "see that a node pool of Linux has nodes and reaches the API server; then run the same command again",
        "cni plugin not initialized|there are no nodes|InsufficientNumberOfReplicas",
        "failed to join",
    ),
    (
        "change the ranges or zones in cluster.network: those of a cluster that exists stay as they are",
        "CIDR|IPCidrRange|ubnet range|econdary range|serviceCidr|dnsServiceIP|overlap|different AZs",
        "that the cluster was|OverlapExistingSubnets|NetcfgInvalidSubnet|existing subnet|subnet .+ is smaller",
        r"InsufficientSubnetSize|not in the cluster's region|The zone\(s\)",
    ),
    (
        "write gke-security-groups@ with your domain in cluster.securityGroup",
        "security group .+: it must be",
    ),
    (
        "name the group otherwise in cluster.members and in the tenants: Kubernetes keeps system: for itself",
        "cannot start with system:",
    ),
    (
        "set cluster.tier to Premium: no other has long-term support",
        "AKSLongTermSupport",
    ),
    (
        "write the object id of somebody who is in Entra, and whether it is a Group, a User or a ServicePrincipal",
        "PrincipalNotFound",
    ),
    (
        "write the ARN of a user or a role where the stack file names somebody of AWS",
        "principalArn",
    ),
    (
        "put back what was changed: the cloud lets this property be chosen once; another value takes a new resource",
        "PropertyChangeNotAllowed|cannot be changed|is immutable|NotUpdatable",
    ),
    (
        (
            "undo what was changed in the stack file; to take down what is protected, bring the stack up first with "
            "deletionProtection: false in polykube:cluster and protect-cluster: disabled in polykube:policy.levels"
        ),
        "currently marked for protection|it is protected",
    ),
    (
        "it may still become ready: look at it in the cloud, then run the same command again",
        "timeout while waiting|timed out|DeadlineExceeded",
    ),
    (
        "another machine has it: end that one, or detach it there; then run the same command again",
        "InvalidNetworkInterface.InUse|VolumeInUse",
    ),
    (
        "delete what is named here, if nothing needs it; then run the same command again",
        r"DependencyViolation|InUse\w*CannotBeDeleted|resourceInUseByAnotherResource|has a dependent",
        "is in use|before detaching the gateway",
    ),
    (
        "the whole world shares the names of buckets: run the same command again, which makes another name",
        "bucket name is not available|BucketAlready|you already own it|StorageAccountAlreadyTaken",
    ),
    (
        "delete it if nothing needs it, or take it over with `pulumi import`; then run the same command again",
        "already exist|exists already|AlreadyExists|alreadyExists|ResourceInUseException",
    ),
    (
        "set deletionProtection to false in the stack file and bring the stack up once more; then destroy it",
        "deletion protection|DeletionProtection|deletion_protection",
    ),
    (
        "somebody deleted it: `pulumi refresh --stack STACK` takes note, and the same command then makes it again",
        r"does not exist|was not found|ResourceNotFound|notFound|NotFoundException|I[dD]\.NotFound",
    ),
    (
        (
            "change the value that is named here, if the stack file has it; if it has not and no program of your own "
            "sets it, it is a fault of polykube: open an issue with these words"
        ),
        "InvalidParameter",
    ),
    (
        "the cloud failed, not the request: run the same command again, it goes on from here",
        r"StatusCode: 5\d\d|Error 5\d\d|Status=5\d\d|InternalError|backendError|InternalServerError",
        "ServiceUnavailable",
    ),
    (
        "see whether the address that is named here can be reached from this machine; then run the same command again",
        "connection refused|no such host|i/o timeout|connection reset|EOF$",
    ),
)
_OTHERWISE: Final = "mend the cause and run the same command again: what is done already stays done"


def diagnose(urn: str, message: str) -> Problem:
    """The problem of the resource `urn`, for which the engine showed the error `message`."""
    type_, name = urn.split("::")[-2:]
    return Problem(
        code="PK404",
        summary="the engine could not do what the program asks for",
        where=f"{type_.rpartition('$')[2]} {name}",
        found=message.strip(),
        remedy=remedy(message),
    )


def remedy(message: str) -> str:
    """What helps against an error that reads like this."""
    return next((text for text, *known in _REMEDIES if any(re.search(each, message) for each in known)), _OTHERWISE)
