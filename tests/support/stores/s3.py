"""A store that speaks S3: versitygw, which keeps objects in files."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rehearsal.toolchain import ensure
from tests.support.processes import answers_at_all, free_ports, running
from tests.support.stores.front import in_front_of
from tests.support.stores.store import BUCKET, Store


@dataclass
class S3(Store):
    """Versitygw, whose objects are files in `bucket`; `attributes` has their checksums."""

    bucket: Path
    attributes: Path

    def url(self, bucket: str = BUCKET) -> str:
        options = "disableSSL=true&s3ForcePathStyle=true&region=us-east-1"
        return f"s3://{bucket}?endpoint=127.0.0.1:{self.front.port}&{options}"

    def objects(self, prefix: str) -> list[str]:
        files = (file for file in self.bucket.rglob("*") if file.is_file())
        names = (file.relative_to(self.bucket).as_posix() for file in files)
        return sorted(name for name in names if name.startswith(prefix))

    def read(self, name: str) -> bytes:
        return (self.bucket / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        file = self.bucket / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        shutil.rmtree(self.attributes / name, ignore_errors=True)


@contextmanager
def s3(directory: Path) -> Iterator[S3]:
    """Versitygw."""
    bucket, metadata = directory / "root" / BUCKET, directory / "metadata"
    for each in (bucket, metadata):
        each.mkdir(parents=True)
    (port,) = free_ports(1)
    program = ensure(["versitygw"])["versitygw"].path
    how = ("--port", f"127.0.0.1:{port}", "--quiet", "posix", "--sidecar", metadata, bucket.parent)
    secret = secrets.token_hex(16)
    owner = {"ROOT_ACCESS_KEY": "polykube", "ROOT_SECRET_KEY": secret}
    variables = {"AWS_ACCESS_KEY_ID": "polykube", "AWS_SECRET_ACCESS_KEY": secret, "AWS_EC2_METADATA_DISABLED": "true"}
    with in_front_of(port) as front, running([program, *how], directory, lambda: answers_at_all(port), owner):
        yield S3(front, variables, {**variables, "AWS_SECRET_ACCESS_KEY": "wrong"}, secret, bucket, metadata / BUCKET)
