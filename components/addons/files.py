"""Files for pods: ConfigMaps that roll their pods out when they change."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes.core.v1 as core

from components.platform.place import Place


@dataclass(frozen=True)
class Files:
    """A ConfigMap that was made, to be mounted."""

    name: str
    resource: pulumi.Resource

    def volume(self, name: str, paths: Mapping[str, str] | None = None) -> core.VolumeArgs:
        """The files as the volume `name` of a pod; `paths` says where in it each is, by its name."""
        items = [core.KeyToPathArgs(key=file, path=path) for file, path in (paths or {}).items()]
        source = core.ConfigMapVolumeSourceArgs(name=self.name, items=items or None)
        return core.VolumeArgs(name=name, config_map=source)


def make_files(name: str, content: Mapping[str, object], place: Place) -> Files:
    """A ConfigMap with a file for each entry of `content`: texts as they are, anything else as JSON.

    JSON is YAML. The name ends in a hash of the content, so that a change makes another ConfigMap, the pods
    that refer to it roll out, and those of before keep theirs until they are gone.
    """
    data = {
        file: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        for file, value in content.items()
    }
    digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:8]
    made = core.ConfigMap(
        place.logical(name), metadata=place.metadata(f"{name}-{digest}"), data=data, opts=place.options()
    )
    return Files(f"{name}-{digest}", made)


def empty_volume(name: str, size: str | None = None) -> core.VolumeArgs:
    """A volume that lives as long as its pod, of at most `size`."""
    return core.VolumeArgs(name=name, empty_dir=core.EmptyDirVolumeSourceArgs(size_limit=size))


def secret_volume(name: str, secret: str, keys: Sequence[str] = ()) -> core.VolumeArgs:
    """The Secret `secret`, or only `keys` of it, as the volume `name`, readable by the pod's group only."""
    items = [core.KeyToPathArgs(key=key, path=key) for key in keys] or None
    source = core.SecretVolumeSourceArgs(secret_name=secret, items=items, default_mode=0o440)
    return core.VolumeArgs(name=name, secret=source)


def host_volume(name: str, path: str, kind: str = "DirectoryOrCreate") -> core.VolumeArgs:
    """The node's directory `path` as the volume `name`, made if it is not there; or something else, by `kind`."""
    source = core.HostPathVolumeSourceArgs(path=path, type=kind)
    return core.VolumeArgs(name=name, host_path=source)
