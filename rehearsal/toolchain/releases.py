"""Released binaries by download: those whose hash `tools.lock` has, in place of minutes of building."""

import tarfile
import time
from pathlib import Path, PurePath
from typing import Final

from common.progress import Step, console
from rehearsal.toolchain import cache
from rehearsal.toolchain.find import Tool
from rehearsal.toolchain.lock import Binary, Release, UnusableError

_USUALLY: Final = 10.0  # seconds
_ARCHIVE: Final = "download"


def downloaded(binary: Binary) -> Tool | None:
    """The binary if it was downloaded before."""
    if binary.release is None:
        return None
    path = _directory(binary, binary.release) / binary.name
    return Tool(binary.name, path, binary.version, "released binary") if path.is_file() else None


def download(binary: Binary) -> Tool | None:
    """The released binary, held to its hash.

    None where none is known for this machine; and where it cannot be had, or not before it would be built, which is
    said.
    """
    release = binary.release
    if release is None:
        return None

    def fill(place: Path, current: Step) -> None:
        from rehearsal.toolchain.fetching import fetch

        fetch(release, place / _ARCHIVE, time.monotonic() + binary.seconds, current)
        _unpack(binary, release, place)

    try:
        cache.ensured(_directory(binary, release), f"downloading {binary.name} {binary.version}", _USUALLY, fill)
    except (OSError, tarfile.TarError, UnusableError) as error:
        console.print(f"  {error}: {binary.name} is built from source instead", soft_wrap=True, markup=False)
    return downloaded(binary)


def _directory(binary: Binary, release: Release) -> Path:
    return cache.directory(f"{binary.name}-{binary.version}-{release.sha256[:12]}")


def _unpack(binary: Binary, release: Release, place: Path) -> None:
    """Leave the binary, and what of its archive belongs to it, in `place`."""
    archive, program = place / _ARCHIVE, place / binary.name
    if not release.keep:
        archive.rename(program)
        program.chmod(0o755)
        return
    with tarfile.open(archive) as content:
        for member in content:
            if member.isfile() and _belongs(member.name, release.keep):
                flat = member.replace(name=PurePath(member.name).name, deep=False)
                content.extract(flat, place, filter="data")
    archive.unlink()
    if not program.is_file():
        raise UnusableError(f"{release.url} has no {binary.name} at {release.keep}")


def _belongs(path: str, keep: str) -> bool:
    return path.startswith(keep) if keep.endswith("/") else path == keep
