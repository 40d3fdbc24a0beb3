"""The engine's plugins: the official ones where the engine can get them, else our stand-ins.

They live in a `PULUMI_HOME` of our own in the cache, so that no stand-in ever gets into a user's. A
stand-in there is a two-line script that starts the module of whichever checkout set `POLYKUBE_PYTHON`,
so that checkouts share the cache without sharing code.
"""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.errors import Problem, ToolchainError, last_words
from common.files import write_if_changed
from common.locks import exclusive
from common.paths import CHECKOUT, cache_dir
from common.plugin_process import CLOUD_VARIABLES
from common.progress import step
from rehearsal.language_host import CLOUDS, required_plugins
from rehearsal.toolchain import Tool

STAND_INS: Final = {
    "kubernetes": "rehearsal.providers.kubernetes",
    "random": "rehearsal.providers.random",
    "tls": "rehearsal.providers.tls",
}
_ASK_NOBODY: Final = {STAND_INS["random"], STAND_INS["tls"], "pulumi.dynamic"}
CLOUD_STAND_INS: Final = {
    "aws": "rehearsal.providers.clouds.aws",
    "azure-native": "rehearsal.providers.clouds.azure_native",
    "gcp": "rehearsal.providers.clouds.gcp",
}
"""Stand-ins that only rehearsals use: where a cloud is meant, nothing else will do."""
LANGUAGE_HOST: Final = "pulumi-language-python"
DYNAMIC: Final = "pulumi-resource-pulumi-python"
"""What runs providers that a program brings itself; it comes with the engine, and is a script that starts the SDK's."""
_MARK: Final = "# A polykube stand-in"
_INSTALL_TIMEOUT: Final = 300  # seconds


@dataclass(frozen=True)
class Plugin:
    """A plugin that the engine will use; `official` is False for a stand-in."""

    name: str
    version: str
    path: Path
    official: bool

    @property
    def source(self) -> str:
        """Where it came from, for people."""
        return "official" if self.official else "stand-in (rehearsal)"


def pulumi_home() -> Path:
    """The `PULUMI_HOME` of every run."""
    return cache_dir() / "pulumi-home"


def interpreter() -> Path:
    """This checkout's Python, which runs its stand-ins."""
    return CHECKOUT / ".venv" / "bin" / "python"


def look_up_plugins(cloud: str = "") -> dict[str, Plugin | None]:
    """Every provider plugin that a stack on `cloud` needs, as it is now; those of other clouds are left out."""
    wanted = {name: version for name, version in required_plugins().items() if name == cloud or name not in CLOUDS}
    return {name: _installed(name, version, pulumi_home()) for name, version in wanted.items()}


def official_plugin(name: str) -> Plugin | None:
    """The official plugin `name` in the version of its SDK, in our `PULUMI_HOME` or else in the user's."""
    users = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    found = (_installed(name, required_plugins()[name], home) for home in (pulumi_home(), users))
    return next((plugin for plugin in found if plugin and plugin.official), None)


def install_command(name: str) -> str:
    """What a person runs to put the official plugin `name` where every run finds it."""
    version = required_plugins()[name]
    return f"PULUMI_HOME={pulumi_home()} pulumi plugin install resource {name} {version} --reinstall"


def ensure_plugins(engine: Tool, cloud: str = "") -> dict[str, Plugin]:
    """Install what is missing: the official plugin if the engine can get it, else the stand-in.

    An answer of "cannot be had" is kept (the stand-in stays), so that only the first run asks. `cloud` has no
    stand-in here: ToolchainError (PK221) when its official plugin cannot be had.
    """
    with exclusive(pulumi_home() / "plugins.lock"):
        _go_without_log(pulumi_home())
        missing = [name for name, plugin in look_up_plugins(cloud).items() if plugin is None]
        if missing:
            with step(f"installing the provider plugins {', '.join(missing)}", 4), ThreadPoolExecutor() as pool:
                list(pool.map(lambda name: _install(engine, name, required_plugins()[name]), missing))
        found = {name: plugin for name, plugin in look_up_plugins(cloud).items() if plugin}
        for name, plugin in found.items():
            if not plugin.official:
                _write_stand_in(plugin.path, STAND_INS[name])
    return found


def write_stand_ins(home: Path) -> None:
    """Put the stand-in of every installed SDK into the `PULUMI_HOME` at `home`, whatever official ones there are."""
    modules = STAND_INS | CLOUD_STAND_INS
    for name, version in required_plugins().items():
        _write_stand_in(_path(home, name, version), modules[name])
    _go_without_log(home)


def _go_without_log(home: Path) -> None:
    """Keep the engine from writing every property that passes into a log, which takes half of its time.

    It has no switch for that; where a file is in the place of the log's directory, it goes without (v3.259). Who wants
    a log asks for one: `pulumi --logtostderr -v 9`.
    """
    logs = home / "logs"
    if logs.is_dir():
        shutil.rmtree(logs)
    logs.touch()


def language_host(engine: Tool) -> Plugin | None:
    """The Python language host that `engine` will use: the one beside it, or our stand-in."""
    beside = engine.path.resolve().parent / LANGUAGE_HOST
    if beside.is_file() and _is_official(beside):
        return Plugin(LANGUAGE_HOST, engine.version, beside, official=True)
    ours = _stand_in_host(engine)
    return Plugin(LANGUAGE_HOST, engine.version, ours, official=False) if ours.is_file() else None


def ensure_language_host(engine: Tool) -> Plugin:
    """The Python language host of `engine`, with our stand-in put in its place if it has none."""
    host = language_host(engine)
    if host is None or not host.official:
        _write_stand_in(_stand_in_host(engine), "rehearsal.language_host")
        _write_stand_in(_stand_in_host(engine).with_name(DYNAMIC), "pulumi.dynamic")
    return host or Plugin(LANGUAGE_HOST, engine.version, _stand_in_host(engine), official=False)


def _stand_in_host(engine: Tool) -> Path:
    # Beside an engine that we made, where the engine looks without a warning; a directory for PATH else.
    directory = engine.path.resolve().parent
    ours = directory.is_relative_to(cache_dir().resolve())
    return (directory if ours else cache_dir() / "stand-ins") / LANGUAGE_HOST


def _path(home: Path, name: str, version: str) -> Path:
    return home / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"


def _installed(name: str, version: str, home: Path) -> Plugin | None:
    path = _path(home, name, version)
    return Plugin(name, version, path, _is_official(path)) if path.is_file() else None


def _is_official(path: Path) -> bool:
    with path.open("rb") as file:
        return _MARK.encode() not in file.read(200)


def _install(engine: Tool, name: str, version: str) -> None:
    command = [str(engine.path), "plugin", "install", "resource", name, version]
    environment = os.environ | {"PULUMI_HOME": str(pulumi_home()), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT, check=False
        )
        failure = last_words(done.stderr, 500) if done.returncode else ""
    except subprocess.TimeoutExpired:
        failure = f"no answer within {_INSTALL_TIMEOUT} s"
    if not failure:
        return
    if name not in STAND_INS:
        raise ToolchainError(
            Problem(
                code="PK221",
                summary=f"the provider plugin {name} {version} cannot be installed, and there is no stand-in for it",
                found=failure,
                allowed=f"a download by the engine, or stand-ins for {', '.join(STAND_INS)}",
                remedy=f"run `{' '.join(command)}` where the plugin can be reached; `polykube rehearse` needs no cloud",
            )
        )
    _write_stand_in(_path(pulumi_home(), name, version), STAND_INS[name])


def _write_stand_in(path: Path, module: str) -> None:
    """Write a stand-in, unless it is there as it should be.

    The engine gives its whole environment to every plugin. The passphrase is of use to the engine alone. A cloud's
    credentials are left to those that ask it: its provider, a program, and a kubeconfig's own command.
    """
    prefixes = "|".join(prefix.rstrip("_") for prefix in CLOUD_VARIABLES)
    credentials = f" $(env | sed -nE 's/^(({prefixes})_[A-Z0-9_]*)=.*/\\1/p')" if module in _ASK_NOBODY else ""
    script = f"""#!/bin/sh
{_MARK} for {path.name}: `polykube doctor` says how to get the official plugin.
unset PULUMI_CONFIG_PASSPHRASE PULUMI_CONFIG_PASSPHRASE_FILE{credentials}
exec "${{POLYKUBE_PYTHON:?is not set: eval \\"\\$(polykube env)\\" sets it}}" -P -m {module} "$@"
"""
    write_if_changed(path, script, mode=0o755)
