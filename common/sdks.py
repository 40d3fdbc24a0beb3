"""The clouds' Python SDKs: each is there when a stack has needed it (bootstrap.py)."""

from importlib.util import find_spec

from common.errors import Problem, ToolchainError


def has_sdk(cloud: str) -> bool:
    """Whether the SDK of the Pulumi package `cloud` is installed; that of no cloud, an empty name, always is."""
    return not cloud or find_spec(f"pulumi_{cloud.replace('-', '_')}") is not None


def require_sdk(cloud: str) -> None:
    """ToolchainError (PK207) unless the SDK of the Pulumi package `cloud` is installed."""
    if not has_sdk(cloud):
        raise ToolchainError(
            Problem(
                code="PK207",
                summary=f"the Python SDK of {cloud} is not installed",
                found="an environment without it: it comes with the first stack on that cloud",
                allowed="the version of requirements.lock",
                remedy=f"python3 bootstrap.py {cloud}",
            )
        )
