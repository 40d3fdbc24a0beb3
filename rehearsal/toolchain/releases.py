"""Released binaries by download: those whose hash `tools.lock` has, in place of minutes of building."""

import hashlib
import tarfile
import time
from pathlib import Path, PurePath
from typing import Final

import httpx2

from common.progress import Step, console
from rehearsal.toolchain import cache
from rehearsal.toolchain.find import Tool
from rehearsal.toolchain.lock import Binary, Release

_SILENCE: Final = 5.0  # seconds without an answer, or a byte more
_USUALLY: Final = 10.0  # seconds
_MIB: Final = 2**20
_ARCHIVE: Final = "download"


class _UnusableError(Exception):
    """Why a release is not used."""


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
        _fetch(release, place / _ARCHIVE, time.monotonic() + binary.seconds, current)
        _unpack(binary, release, place)

    try:
        cache.ensured(_directory(binary, release), f"downloading {binary.name} {binary.version}", _USUALLY, fill)
    except (httpx2.HTTPError, OSError, tarfile.TarError, _UnusableError) as error:
        console.print(f"  {_why(error)}: {binary.name} is built from source instead", soft_wrap=True, markup=False)
    return downloaded(binary)


def _directory(binary: Binary, release: Release) -> Path:
    return cache.directory(f"{binary.name}-{binary.version}-{release.sha256[:12]}")


def _fetch(release: Release, file: Path, until: float, current: Step) -> None:
    """Write what is at the address to `file`; _UnusableError if it is not what the lock means, or comes too slowly."""
    seen, size = hashlib.sha256(), 0
    plain = {"Accept-Encoding": "identity"}  # an archive is its own compression
    with (
        httpx2.stream("GET", release.url, headers=plain, follow_redirects=True, timeout=_SILENCE) as answer,
        file.open("wb") as output,
    ):
        if answer.is_error:
            raise _UnusableError(f"{answer.url} answers {answer.status_code} {answer.reason_phrase}".rstrip())
        total = int(answer.headers.get("Content-Length", 0)) / _MIB
        for chunk in answer.iter_bytes():
            if time.monotonic() > until:
                raise _UnusableError(f"after {current.elapsed:.0f} s, {size / _MIB:.0f} of {total:.0f} MiB were here")
            output.write(chunk)
            seen.update(chunk)
            size += len(chunk)
            current.note(f"{size / _MIB:.0f} of {total:.0f} MiB")
    if seen.hexdigest() != release.sha256:
        raise _UnusableError(f"{release.url} has the SHA-256 {seen.hexdigest()}, not {release.sha256} as in tools.lock")


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
        raise _UnusableError(f"{release.url} has no {binary.name} at {release.keep}")


def _belongs(path: str, keep: str) -> bool:
    return path.startswith(keep) if keep.endswith("/") else path == keep


def _why(error: Exception) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return f"{error.request.url.host} says nothing for {_SILENCE:.0f} s"
    if isinstance(error, httpx2.HTTPError):
        return f"{error.request.url.host}: {error}"
    return str(error)
