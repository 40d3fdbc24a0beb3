"""Writing files so that a reader, or the next run after a crash, sees all of it or nothing."""

import os
import tempfile
from pathlib import Path


def write_if_changed(path: Path, content: str, mode: int = 0o644) -> None:
    """Write `content` as `write_atomically` does, unless it is what `path` holds already."""
    if not path.is_file() or path.read_bytes() != content.encode():
        write_atomically(path, content, mode)


def write_atomically(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write `content` to `path` under a temporary name, flush it to disk and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)  # noqa: PTH101 - mkstemp speaks in strings
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108
        raise
