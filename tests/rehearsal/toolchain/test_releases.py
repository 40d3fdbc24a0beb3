"""A release that is not what the lock means, or does not come: what is used then is built from source."""

import hashlib
import io
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from rehearsal import toolchain
from rehearsal.plugins import ensure_language_host
from rehearsal.toolchain import Binary, Tool, ensure, fetching, look_up
from rehearsal.toolchain.lock import Release, read_lock
from tests.support.programs import program

RELEASED = b"#!/bin/sh\necho released\n"
SILENCE = 0.3  # seconds
GO = """
case "$1" in version) echo go version go1.26.6 linux/amd64; exit;; list) exit;; esac
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\necho built\n' > "$2"
chmod +x "$2"
"""
DOWNLOAD = """
import sys
from pathlib import Path
from packaging.specifiers import SpecifierSet
from rehearsal.toolchain import Binary
from rehearsal.toolchain.lock import Release
from rehearsal.toolchain.releases import download
release = Release(*sys.argv[1:])
download(Binary("etcd", "3.6.8", SpecifierSet(""), (), Path(), "", "", 60, release=release))
"""

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """The address of a server that answers every request like this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def with_content(content: bytes, length: int | None = None) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) if length is None else length))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def not_there(handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(404)


def silent(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)  # until the client has enough of it


def drop_by_drop(handler: BaseHTTPRequestHandler) -> None:
    with_content(b"", 2**30)(handler)
    while True:
        try:
            handler.wfile.write(b"x" * 2**10)
            handler.wfile.flush()
        except OSError:
            return
        time.sleep(SILENCE / 10)


def archive(**files: bytes) -> bytes:
    """A compressed archive with these files, their names with `_` for `/`."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name.replace("_", "/"))
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def with_release(binary: Binary, url: str, content: bytes = RELEASED, keep: str = "") -> Binary:
    return replace(binary, release=Release(url, hashlib.sha256(content).hexdigest(), keep))


@pytest.fixture
def made(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Binary], tuple[str, Tool]]:
    """What a binary says that is made here, downloaded or built; and the tool."""
    program(tmp_path / "bin" / "go", GO)
    monkeypatch.setattr(fetching, "_SILENCE", SILENCE)

    def make(wanted: Binary) -> tuple[str, Tool]:
        monkeypatch.setattr(toolchain, "read_lock", lambda: (None, {wanted.name: wanted}))
        tool = ensure([wanted.name])[wanted.name]
        assert look_up(wanted.name) == tool, "the next run finds it"
        assert not list(cache.glob("bin/*.partial"))
        return subprocess.run([tool.path], capture_output=True, text=True, check=True).stdout.strip(), tool

    return make


Made = Callable[[Binary], tuple[str, Tool]]


def test_a_release_with_the_right_hash_is_used(binary: Binary, made: Made) -> None:
    with serving(with_content(RELEASED)) as address:
        said, tool = made(with_release(binary, address))
    assert (said, tool.source) == ("released", "released binary")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(with_content(RELEASED + b"#"), "not {sha256} as in tools.lock", id="another hash"),
        pytest.param(with_content(RELEASED, 2**20), "127.0.0.1: peer closed connection", id="cut"),
        pytest.param(not_there, "{url} answers 404 Not Found", id="404"),
        pytest.param(silent, f"127.0.0.1 says nothing for {SILENCE:.0f} s", id="silent"),
        pytest.param(drop_by_drop, "of 1024 MiB were here", id="slower than building"),
    ],
)
def test_what_cannot_be_had_is_built(
    answer: Answer, why: str, binary: Binary, made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(answer) as address:
        wanted = with_release(binary, address)
        said, tool = made(wanted)
    assert (said, tool.source) == ("built", "built from source")
    assert wanted.release
    told = capsys.readouterr().err
    assert why.format(url=address, sha256=wanted.release.sha256) in told
    assert "etcd is built from source instead" in told


def test_where_nobody_answers_it_is_built(binary: Binary, made: Made) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        said, _ = made(with_release(binary, f"http://127.0.0.1:{unused.getsockname()[1]}"))
    assert said == "built"


def test_the_proxy_of_the_environment_is_asked(binary: Binary, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        with_content(RELEASED)(handler)

    with serving(answer) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        said, _ = made(with_release(binary, "http://releases.example.test/etcd"))
    assert (said, asked) == ("released", ["http://releases.example.test/etcd"])


def test_of_an_archive_only_what_belongs_to_it_is_kept(binary: Binary, made: Made) -> None:
    content = archive(v_etcd=RELEASED, v_etcdctl=b"else", README=b"read me")
    with serving(with_content(content)) as address:
        said, tool = made(with_release(binary, address, content, "v/etcd"))
    assert (said, [file.name for file in tool.path.parent.iterdir()]) == ("released", ["etcd"])


def test_an_archive_without_the_binary_is_not_used(binary: Binary, made: Made) -> None:
    content = archive(v_etcdctl=b"else")
    with serving(with_content(content)) as address:
        said, _ = made(with_release(binary, address, content, "v/"))
    assert said == "built"


def test_the_language_host_of_a_released_engine_is_the_official_one(binary: Binary, made: Made) -> None:
    content = archive(**{"pulumi_etcd": RELEASED, "pulumi_pulumi-language-python": b"#!/bin/sh\n"})
    with serving(with_content(content)) as address:
        _, engine = made(with_release(binary, address, content, "pulumi/"))
    host = ensure_language_host(engine)
    assert (host.official, host.path.read_bytes()) == (True, b"#!/bin/sh\n")


def test_a_download_that_is_killed_leaves_nothing_that_is_used(binary: Binary, made: Made, cache: Path) -> None:
    begun = Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        begun.set()
        drop_by_drop(handler)

    with serving(answer) as address:
        wanted = with_release(binary, address)
        assert wanted.release
        other = subprocess.Popen([sys.executable, "-c", DOWNLOAD, address, wanted.release.sha256])
        assert begun.wait(30)
        other.kill()
        other.wait()
    with serving(with_content(RELEASED)) as address:
        said, _ = made(replace(wanted, release=replace(wanted.release, url=address)))
    assert said == "released"
    assert cache.exists()


def test_every_release_of_the_lock_is_pinned() -> None:
    for binary in read_lock()[1].values():
        if binary.release:
            assert binary.version in binary.release.url
            assert binary.release.url.startswith("https://")
            assert len(bytes.fromhex(binary.release.sha256)) == hashlib.sha256().digest_size
