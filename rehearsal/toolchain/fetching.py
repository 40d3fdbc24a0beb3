"""What is at an address, held to its hash: apart from `releases`, since only who downloads waits for an HTTP client."""

import hashlib
import time
from pathlib import Path
from typing import Final

import httpx2

from common.progress import Step
from rehearsal.toolchain.lock import Release, UnusableError

_SILENCE: Final = 5.0  # seconds without an answer, or a byte more
_MIB: Final = 2**20


def fetch(release: Release, file: Path, until: float, current: Step) -> None:
    """Write what is at the release's address to `file`, until this time of `time.monotonic`.

    UnusableError if it is not what the lock means, comes too slowly, or not at all.
    """
    try:
        _receive(release, file, until, current)
    except httpx2.TimeoutException as error:
        raise UnusableError(f"{error.request.url.host} says nothing for {_SILENCE:.0f} s") from error
    except httpx2.HTTPError as error:
        raise UnusableError(f"{error.request.url.host}: {error}") from error


def _receive(release: Release, file: Path, until: float, current: Step) -> None:
    seen, size = hashlib.sha256(), 0
    plain = {"Accept-Encoding": "identity"}  # an archive is its own compression
    with (
        httpx2.stream("GET", release.url, headers=plain, follow_redirects=True, timeout=_SILENCE) as answer,
        file.open("wb") as output,
    ):
        if answer.is_error:
            raise UnusableError(f"{answer.url} answers {answer.status_code} {answer.reason_phrase}".rstrip())
        total = int(answer.headers.get("Content-Length", 0)) / _MIB
        for chunk in answer.iter_bytes():
            if time.monotonic() > until:
                raise UnusableError(f"after {current.elapsed:.0f} s, {size / _MIB:.0f} of {total:.0f} MiB were here")
            output.write(chunk)
            seen.update(chunk)
            size += len(chunk)
            current.note(f"{size / _MIB:.0f} of {total:.0f} MiB")
    if seen.hexdigest() != release.sha256:
        raise UnusableError(f"{release.url} has the SHA-256 {seen.hexdigest()}, not {release.sha256} as in tools.lock")
