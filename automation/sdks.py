"""Getting what is installed when it is wanted: a cloud's Python SDK, the portal's packages."""

import importlib
import importlib.util
import site
import subprocess
import sys
from pathlib import Path

from common.errors import Problem, ToolchainError
from common.paths import CHECKOUT
from common.sdks import has_sdk, require_sdk


def ensure_sdk(cloud: str) -> None:
    """Install the SDK of the Pulumi package `cloud` into this environment, if it is not there.

    ToolchainError (PK207) when it cannot be had; what pip said of it has been shown by then.
    """
    if has_sdk(cloud):
        return
    _install(cloud)
    require_sdk(cloud)


def ensure_portal() -> None:
    """Install the portal's packages into this environment, if they are not there.

    ToolchainError (PK208) when they cannot be had; what pip said of that has been shown by then.
    """
    if importlib.util.find_spec("temporalio") is None:
        _install("portal")
    if importlib.util.find_spec("temporalio") is None:
        raise ToolchainError(
            Problem(
                code="PK208",
                summary="the portal's packages are not installed",
                found="no package temporalio",
                allowed="the group `portal` of pyproject.toml",
                remedy="python3 bootstrap.py portal; in an installation by pip: pip install 'polykube[portal]'",
            )
        )


def _install(name: str) -> None:
    subprocess.run([sys.executable, CHECKOUT / "bootstrap.py", name], check=False)
    for directory in Path(sys.prefix).glob("lib/python3.*/site-packages"):
        site.addsitedir(str(directory))
    importlib.invalidate_caches()
