"""Images of containers, packed without a registry: an archive as `ctr images import` takes it.

OCI image layout 1.0 (opencontainers/image-spec, image-layout.md, config.md), with the annotation by which containerd
names an image (containerd, core/images/archive/importer.go).
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

_VENDOR: Final = "application/vnd.oci.image"
_NAME: Final = "io.containerd.image.name"


def pack(target: Path, name: str, files: Mapping[str, Path], entrypoint: Sequence[str]) -> None:
    """Write to `target` an archive of one image, called `name`, with files and directories by their paths."""
    layer = target.with_suffix(".layer")
    _write_layer(layer, files)
    try:
        digest, size = _digest(layer), layer.stat().st_size
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Entrypoint": list(entrypoint),
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
        blobs = [json.dumps(config).encode()]
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{_VENDOR}.manifest.v1+json",
            "config": _described("config.v1+json", blobs[0]),
            "layers": [{"mediaType": f"{_VENDOR}.layer.v1.tar", "digest": f"sha256:{digest}", "size": size}],
        }
        blobs.append(json.dumps(manifest).encode())
        top = {**_described("manifest.v1+json", blobs[1]), "annotations": {_NAME: name}}
        with tarfile.open(target, "w") as archive:
            _add(archive, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
            _add(archive, "index.json", json.dumps({"schemaVersion": 2, "manifests": [top]}).encode())
            for blob in blobs:
                _add(archive, f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}", blob)
            archive.add(layer, f"blobs/sha256/{digest}", filter=_anonymous)
    finally:
        layer.unlink()


def _write_layer(layer: Path, files: Mapping[str, Path]) -> None:
    with tarfile.open(layer, "w") as archive:
        for directory in ("tmp", "etc"):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if directory == "tmp" else 0o755
            archive.addfile(entry)
        for path, source in sorted(files.items()):
            archive.add(source.resolve(), path.lstrip("/"), filter=_executable if source.is_file() else _anonymous)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without whose it was and when, so that equal images are equal."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry


def _executable(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same as a program, which Go's cache of modules does not keep of a script."""
    entry.mode = 0o755
    return _anonymous(entry)


def _described(kind: str, blob: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(blob).hexdigest()
    return {"mediaType": f"{_VENDOR}.{kind}", "digest": f"sha256:{digest}", "size": len(blob)}


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
