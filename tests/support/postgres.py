"""A server of PostgreSQL's on loopback: Debian's, where its package is installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import create_engine, text

from tests.support.polling import eventually
from tests.support.portal import free_port

_USER: Final = "nobody"  # root is refused
_SETTINGS: Final = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}


@contextmanager
def postgres() -> Iterator[str]:
    """A server until the end of the block; its URL, with the database `postgres`, is yielded."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    binaries, place = found[-1].parent, Path(tempfile.mkdtemp(prefix="polykube-postgres-"))
    user = _USER if os.getuid() == 0 else None
    port = free_port()
    try:
        if user:
            shutil.chown(place, user)
        data = str(place / "data")
        subprocess.run(
            [str(binaries / "initdb"), "--auth=trust", "--username=portal", "--no-sync", data],
            check=True,
            capture_output=True,
            cwd=place,
            user=user,
        )
        options = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        server = subprocess.Popen(
            [str(binaries / "postgres"), "-D", data, "-p", str(port), *options],
            cwd=place,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
        )
        url = f"postgresql://portal@127.0.0.1:{port}/postgres"
        try:
            eventually(lambda: _answers(url))
            yield url
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(place)


def new_database(url: str, name: str) -> str:
    """The URL of a database that is made on a server."""
    engine = create_engine(_with_driver(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.removesuffix("postgres") + name


def _answers(url: str) -> bool:
    engine = create_engine(_with_driver(url))
    try:
        with engine.connect():
            return True
    except Exception:  # noqa: BLE001 - whatever it is, it does not answer yet
        return False
    finally:
        engine.dispose()


def _with_driver(url: str) -> str:
    return url.replace("postgresql:", "postgresql+pg8000:")
