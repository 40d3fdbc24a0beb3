"""Where things are kept. The checkout holds neither cache nor state.

Cache (can be deleted at any time): `$XDG_CACHE_HOME/polykube`. State of local things (control planes,
file backend): `$XDG_STATE_HOME/polykube`, readable by its owner alone. Both may be shared by many
checkouts and used by several processes at once.
"""

import os
from pathlib import Path
from typing import Final

from common.errors import Problem, ToolchainError

CHECKOUT: Final = Path(__file__).resolve().parent.parent
REHEARSAL: Final = "POLYKUBE_REHEARSAL"
"""The variable with the directory of a rehearsal, for all that runs in one; not set elsewhere."""


def _xdg(variable: str, default: str) -> Path:
    """The directory that `variable` chooses, unless that is relative: the specification wants it ignored then."""
    chosen = os.environ.get(variable, "")
    return Path(chosen if chosen.startswith("/") else _home() / default) / "polykube"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise ToolchainError(
            Problem(
                code="PK204",
                summary="there is no home directory to keep things in",
                found=f"HOME is not set, and the user with number {os.getuid()} has no entry in the system's list",
                allowed="a directory of your own",
                remedy="export HOME with a directory that you can write to",
            )
        ) from None


def command() -> str:
    """How a person in the current directory calls this checkout's `polykube`."""
    program = CHECKOUT / ".venv" / "bin" / "polykube"
    here = Path.cwd()
    return str(program.relative_to(here) if program.is_relative_to(here) else program)


def cache_dir() -> Path:
    """Binaries, Python environments, plugins: everything that can be made again."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def state_dir() -> Path:
    """What cannot be made again: control planes' data, the engine's file backend. Mode 0700."""
    directory = _xdg("XDG_STATE_HOME", ".local/state")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def control_plane_dir(name: str) -> Path:
    """Everything of the embedded control plane `name`: PKI, etcd data, logs, kubeconfig."""
    return state_dir() / "control-planes" / name


def local_kubeconfig(name: str) -> Path:
    """The administrator's kubeconfig of the embedded control plane `name`.

    It refers to its client key by path, so it holds no secret itself.
    """
    return control_plane_dir(name) / "kubeconfig"
