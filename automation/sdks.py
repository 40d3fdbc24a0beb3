"""Getting a cloud's Python SDK with the first stack that is built on that cloud."""

import importlib
import site
import subprocess
import sys
from pathlib import Path

from common.paths import CHECKOUT
from common.sdks import has_sdk, require_sdk


def ensure_sdk(cloud: str) -> None:
    """Install the SDK of the Pulumi package `cloud` into this environment, if it is not there.

    ToolchainError (PK207) when it cannot be had; what pip said of it has been shown by then.
    """
    if has_sdk(cloud):
        return
    subprocess.run([sys.executable, CHECKOUT / "bootstrap.py", cloud], check=False)
    for directory in Path(sys.prefix).glob("lib/python3.*/site-packages"):
        site.addsitedir(str(directory))
    importlib.invalidate_caches()
    require_sdk(cloud)
