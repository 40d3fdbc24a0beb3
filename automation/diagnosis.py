"""What a failed resource means: the words of a cloud, turned into a cause and a remedy.

The patterns are the clouds' own error codes (AWS API references, Google's and Azure's lists of error codes, read
in November 2026), so they serve a real cloud as well as a rehearsal.
"""

import re
from typing import Final

from common.errors import Problem

_MORE: Final = "ask the cloud for a higher quota, or free what is not needed; then run the same command again"
_REMEDIES: Final = (
    (r"Maximum number of .+ reached", _MORE),  # Google calls that a rate
    (
        r"propagation time|useToEncrypt' denied|could not be assumed|EKS Managed Policies",
        "a new right takes a while until it counts: run the same command again in a minute or two",
    ),
    (
        r"UnauthorizedOperation|AccessDenied|AuthorizationFailed|Required '.+' permission|Permission '.+' denied",
        "give the runner the right that is named (`polykube permissions STACK` prints all); then run the command again",
    ),
    (
        r"RequestLimitExceeded|Throttling|TooManyRequests|rateLimitExceeded|\b429\b",
        "the cloud was asked too much at once: run the same command again; PULUMI_PARALLEL=4 asks less at a time",
    ),
    (
        r"has not been used in project|accessNotConfigured|SERVICE_DISABLED",
        "switch on the API that is named here, or wait minutes if that was just done; then run the same command again",
    ),
    (
        r"QuotaExceeded|LimitExceeded|QUOTA_EXCEEDED|quotaExceeded|OperationNotAllowed|[Ii]nsufficient.+[Qq]uota",
        _MORE,
    ),
    (
        r"Limit ?(Reached|exceeded)|CountExceeded|limit exceeded|Too many Federated",
        _MORE,
    ),
    (
        r"InsufficientInstanceCapacity|ZONE_RESOURCE_POOL_EXHAUSTED|SkuNotAvailable|AllocationFailed",
        "choose another machine type for the pool, or other zones; then run the same command again",
    ),
    (
        r"currently marked for protection|it is protected",
        "undo what was changed in the stack file; how to take down what is protected, the page of its cloud says",
    ),
    (
        r"timeout while waiting|timed out|DeadlineExceeded",
        "it may still become ready: look at it in the cloud, then run the same command again",
    ),
    (
        r"DependencyViolation|InUse|resourceInUseByAnotherResource|has a dependent",
        "delete what is named here, if nothing needs it; then run the same command again",
    ),
    (
        r"bucket name is not available|BucketAlready|you already own it|StorageAccountAlreadyTaken",
        "the whole world shares the names of buckets: run the same command again, which makes another name",
    ),
    (
        r"already exists|AlreadyExists|alreadyExists|ResourceInUseException",
        "delete it if nothing needs it, or take it over with `pulumi import`; then run the same command again",
    ),
    (
        r"deletion protection|DeletionProtection|deletion_protection",
        "set deletionProtection to false in the stack file and bring the stack up once more; then destroy it",
    ),
    (
        r"StatusCode: 5\d\d|Error 5\d\d|Status=5\d\d|InternalError|backendError|InternalServerError",
        "the cloud failed, not the request: run the same command again, it goes on from here",
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
    return next((text for pattern, text in _REMEDIES if re.search(pattern, message)), _OTHERWISE)
