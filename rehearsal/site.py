"""Where a rehearsal is held: a directory of its own, so that nothing of it touches the user's stacks or clouds.

DIR/project/         the user's project by symbolic links, but for the stack file, which is a copy
DIR/home/            PULUMI_HOME: stand-ins, written when the SDKs that they stand behind are there
DIR/bin/             stubs of the programs that kubeconfigs of clouds call for a credential, and of ssh
DIR/polykube/        what is kept in the state directory otherwise: backend, control planes, locks
DIR/clouds.sqlite3   what exists in the stand-in clouds
DIR/authorities.pem  whom the programs of the rehearsal trust: everybody's authorities, and its clusters'
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import certifi

from common.files import write_atomically
from common.locks import exclusive, exclusive_or_none
from common.paths import REHEARSAL, state_dir
from common.plugin_process import CLOUD_VARIABLES
from rehearsal.control_plane import ControlPlane, all_control_planes
from rehearsal.providers.clouds import doors
from rehearsal.providers.clouds.clusters import AUTHORITIES, CREDENTIAL
from rehearsal.providers.clouds.store import Store

_KEPT: Final = "kept"
_STATE: Final = "XDG_STATE_HOME"

# What each exec plugin is called with (`aws eks get-token …`), and refused otherwise: that is what a user's would do.
_STUBS: Final[Mapping[str, str]] = {
    "aws": '"eks get-token"*',
    "gke-gcloud-auth-plugin": '""',
    "kubelogin": '"get-token"*',
}

_SSH: Final = """#!/bin/sh
# Plays hosts in a rehearsal.
exec "$POLYKUBE_PYTHON" -P -m rehearsal.providers.clouds.hosts "$@"
"""


class Site:
    """A rehearsal's directory, from its making to its removal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def name(self) -> str:
        """The rehearsal's name: the stack's, and what tells it from others."""
        return self.directory.name

    @property
    def project(self) -> Path:
        """The project that the engine runs in."""
        return self.directory / "project"

    @property
    def store(self) -> Store:
        """What exists in the stand-in clouds."""
        return Store(self.directory)

    def settings(self) -> dict[str, str]:
        """The variables that keep the engine, its plugins and its programs within this directory."""
        ours = {
            "PULUMI_HOME": str(self.directory / "home"),
            "PULUMI_BACKEND_URL": (self.directory / "polykube" / "backend").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
            "PULUMI_CONFIG_PASSPHRASE_FILE": "",
            "PULUMI_SKIP_CHECKPOINTS": "true",  # nobody will go on from the middle of a killed rehearsal
            "SSL_CERT_FILE": str(self.directory / AUTHORITIES),
            REHEARSAL: str(self.directory),
            _STATE: str(self.directory),
        }
        return ours | {name: "" for name in os.environ if name.startswith(CLOUD_VARIABLES)}

    def search_path(self, path: str) -> str:
        """`path` with the stubs of the exec plugins in front."""
        return os.pathsep.join([str(self.directory / "bin"), path])

    def keep(self) -> None:
        """Leave everything as it is when the rehearsal ends, and running."""
        (self.directory / _KEPT).touch()

    @property
    def is_kept(self) -> bool:
        """Whether it was left for a look around."""
        return (self.directory / _KEPT).exists()


@contextmanager
def new_site(stack: str) -> Iterator[Site]:
    """A new directory for a rehearsal of `stack`, where state is kept while the block runs; then it is removed.

    From before it exists until it is gone it is locked, so that no other rehearsal sweeps it away.
    """
    site = Site(_parent() / f"{stack}-{secrets.token_hex(3)}")
    with exclusive_or_none(_lock(site.directory)), _environment(_STATE, str(site.directory)):
        try:
            _furnish(site)
            yield site
        finally:
            if not site.is_kept:
                _remove(site)


@contextmanager
def lasting_site(name: str, on_wait: Callable[[str], None] = lambda _: None) -> Iterator[Site]:
    """The site called `name`, made if it is not there. It outlasts the block, with nothing running, if it is kept.

    One block at a time has it: who comes later waits, after telling `on_wait` which process to wait for.
    """
    site = Site(_parent() / name)
    lock = _lock(site.directory)
    while True:
        with exclusive(lock, on_wait) as held, _environment(_STATE, str(site.directory)):
            # Who had it before may have removed it, and the lock with it.
            if not lock.exists() or lock.stat().st_ino != os.fstat(held.fileno()).st_ino:
                continue
            if not site.is_kept:
                renew(site)
            try:
                yield site
            finally:
                if site.is_kept:
                    for each in all_control_planes():
                        ControlPlane(each).stop()
                else:
                    _remove(site)
            return


def renew(site: Site) -> None:
    """Make a site as new, whatever there is of it; who does that has to have it."""
    _empty(site)
    _furnish(site)


def kept_sites(prefix: str) -> list[Site]:
    """The kept sites whose names begin with `prefix`; whoever wants one has it by `lasting_site`."""
    return [site for site in _all() if site.name.startswith(prefix) and site.is_kept]


def remove_others(prefix: str, name: str) -> None:
    """Remove the kept sites that begin with `prefix`, but for the one called `name` and those that are in use."""
    for site in kept_sites(prefix):
        if site.name != name:
            _remove_if(site, kept=True)


def end_kept(stack: str) -> list[str]:
    """Remove the rehearsals of `stack` that were kept; their names come back."""
    kept = [site for site in _all() if site.is_kept and site.name.rpartition("-")[0] == stack]
    return [site.name for site in kept if _remove_if(site, kept=True)]


def sweep() -> None:
    """Remove what killed rehearsals left, and what of theirs still runs."""
    for site in _all():
        _remove_if(site, kept=False)


def _furnish(site: Site) -> None:
    for directory in ("home", "bin", "project", "polykube/backend"):
        (site.directory / directory).mkdir(parents=True, mode=0o700)
    write_atomically(site.directory / AUTHORITIES, Path(certifi.where()).read_bytes())
    for program, arguments in _STUBS.items():
        write_atomically(site.directory / "bin" / program, _stub(program, arguments, site.directory), mode=0o755)
    write_atomically(site.directory / "bin" / "ssh", _SSH, mode=0o755)


def _remove_if(site: Site, *, kept: bool) -> bool:
    """Whether the site was removed: if nobody holds it, and if it was kept or not, as `kept` says."""
    with exclusive_or_none(_lock(site.directory)) as lock:
        fits = lock is not None and site.is_kept == kept
        if fits:
            _remove(site)
        return fits


def _remove(site: Site) -> None:
    """Stop what still runs, and remove the directory, unless it is gone; its lock has to be held."""
    _empty(site)
    _lock(site.directory).unlink(missing_ok=True)


def _empty(site: Site) -> None:
    if site.directory.exists():
        with _environment(_STATE, str(site.directory)):
            for name in all_control_planes():
                doors.close(name)
                ControlPlane(name).delete()
        shutil.rmtree(site.directory)


def _parent() -> Path:
    return state_dir() / "rehearsals"


def _all() -> list[Site]:
    return [Site(path) for path in sorted(_parent().glob("*/"))]


def _lock(directory: Path) -> Path:
    """Held by whoever rehearses in `directory`."""
    return directory.with_name(f"{directory.name}.lock")


def _secrets(directory: Path) -> str:
    """How the AWS command line prints a secret: `secretsmanager get-secret-value --secret-id NAME …`."""
    return f'"secretsmanager get-secret-value --secret-id "*) exec cat "{directory}/secrets/$4" ;;\n'


def _stub(program: str, arguments: str, directory: Path) -> str:
    """A program that prints the credential of the rehearsal's cluster, as the clouds' own would."""
    return f"""#!/bin/sh
# Plays {program} in a rehearsal.
case "$*" in
{arguments}) exec cat "{directory / CREDENTIAL}" ;;
{_secrets(directory) if program == "aws" else ""}esac
echo "{program} $*: not played in a rehearsal" >&2
exit 1
"""


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before
