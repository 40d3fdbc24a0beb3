"""The environment in which the engine runs, ours and the one that `polykube env` gives to a shell.

What a user has set wins (`PULUMI_BACKEND_URL`, `PULUMI_CONFIG_PASSPHRASE[_FILE]`, `PULUMI_PARALLEL`), but
for `PULUMI_HOME`: ours may hold stand-in plugins, and a user's must not.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from automation.state.backends import VARIABLE
from common.paths import CHECKOUT, cache_dir, local_kubeconfig, state_dir
from rehearsal.plugins import interpreter, pulumi_home
from rehearsal.toolchain import Tool

POLICY_PACK: Final = CHECKOUT / "policy"
_PARALLEL: Final = 64  # operations at once; 3 × faster than the default on 400 objects (docs/performance.md)

# The local stack's passphrase is public on purpose: its state lies beside the keys of the control plane
# that it describes, in a directory that only the user can read (docs/adr/0005).
_LOCAL_PASSPHRASE: Final = "local"  # noqa: S105 - see above


def backend_url() -> str:
    """Where the engine keeps its state: the user's choice, or a file backend in the state directory."""
    if chosen := os.environ.get(VARIABLE):
        return chosen
    directory = state_dir() / "backend"
    directory.mkdir(exist_ok=True)
    return directory.as_uri()


def has_passphrase() -> bool:
    """Whether the user gave a passphrase for the stack's secrets; an empty one counts."""
    return "PULUMI_CONFIG_PASSPHRASE" in os.environ or "PULUMI_CONFIG_PASSPHRASE_FILE" in os.environ


def engine_settings(*, local: bool, cluster: str) -> dict[str, str]:
    """The variables to set for a stack whose cluster is called `cluster`; `local` if it is embedded."""
    settings = {
        "PULUMI_HOME": str(pulumi_home()),
        # Else the token of Pulumi Cloud would be written into its home, which is in the cache, and CI keeps that.
        "PULUMI_CREDENTIALS_PATH": str(state_dir() / "credentials"),
        VARIABLE: backend_url(),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",  # `setup` gets them, once
        "PULUMI_PARALLEL": os.environ.get("PULUMI_PARALLEL", str(_PARALLEL)),
        "PULUMI_OPTION_POLICY_PACK": str(POLICY_PACK),
        "POLYKUBE_PYTHON": str(interpreter()),
    }
    if local:
        settings["KUBECONFIG"] = str(local_kubeconfig(cluster))
        # Its control plane is started first, so what does not answer is one that it had before, and is gone. The SDK
        # makes an input of the provider of it, so that plain `pulumi` has to have it too.
        settings["PULUMI_K8S_DELETE_UNREACHABLE"] = "true"
        if not has_passphrase():
            settings["PULUMI_CONFIG_PASSPHRASE"] = _LOCAL_PASSPHRASE
    return settings


def search_path(tools: Mapping[str, Tool]) -> str:
    """PATH with the directories of `tools` in front, and the stand-in language host, if any, at the end."""
    ours = [str(tool.path.parent) for tool in tools.values() if tool.path.is_relative_to(cache_dir())]
    current = [entry for entry in os.get_exec_path() if not entry.startswith(str(cache_dir()))]
    venv = str(Path(interpreter()).parent)
    return os.pathsep.join(dict.fromkeys([*ours, venv, *current, str(cache_dir() / "stand-ins")]))
