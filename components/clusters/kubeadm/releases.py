"""What a machine downloads to become a node: addresses, and the hash that each file has to have.

Of releases of Kubernetes, containerd, runc, etcd, the CNI's basic plugins, gVisor and Kata Containers. SHA-256, and
SHA-512 of gVisor's: kubernetes-sigs/kubespray, roles/kubespray_defaults/vars/main/checksums.yml of 2026-08-21.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

DATED: Final = "2026-08"
PATCHES: Final[Mapping[str, str]] = {
    "1.34": "1.34.11",
    "1.35": "1.35.8",
    "1.36": "1.36.4",
}
"""The patch release of each minor version, oldest first."""

_CONTAINERD: Final = "2.3.4"
_RUNC: Final = "1.4.3"
_PLUGINS: Final = "1.9.1"
_GVISOR: Final = "20260817.0"
_KATA: Final = "3.32.0"
ETCD: Final = "3.6.14"
"""The release of etcd on machines of its own, of which kubeadm takes 3.5.24 and newer."""


@dataclass(frozen=True)
class Download:
    """A file: `name` says what it is for, which may be an archive; `digest` is its SHA-256 or SHA-512."""

    name: str
    url: str
    digest: str


def release(minor: str) -> str:
    """What kubeadm calls the release of a minor version: v1.36.4."""
    return f"v{PATCHES[minor]}"


def downloads(minor: str, architecture: str) -> Iterator[Download]:
    """All that a machine of an architecture needs for a minor version of Kubernetes."""
    version, github = PATCHES[minor], "https://github.com"
    sums = _SHA256[architecture]
    for name in ("kubeadm", "kubelet", "kubectl"):
        url = f"https://dl.k8s.io/release/v{version}/bin/linux/{architecture}/{name}"
        yield Download(name, url, sums[f"{name} {version}"])
    releases = f"{github}/containerd/containerd/releases/download/v{_CONTAINERD}"
    archive = f"{releases}/containerd-{_CONTAINERD}-linux-{architecture}.tar.gz"
    yield Download("containerd", archive, sums[f"containerd {_CONTAINERD}"])
    runc = f"{github}/opencontainers/runc/releases/download/v{_RUNC}/runc.{architecture}"
    yield Download("runc", runc, sums[f"runc {_RUNC}"])
    plugins = f"{github}/containernetworking/plugins/releases/download/v{_PLUGINS}"
    archive = f"{plugins}/cni-plugins-linux-{architecture}-v{_PLUGINS}.tgz"
    yield Download("cni-plugins", archive, sums[f"cni-plugins {_PLUGINS}"])


def etcd_download(architecture: str) -> Download:
    """What a machine of an architecture needs to be a member of etcd."""
    releases = f"https://github.com/etcd-io/etcd/releases/download/v{ETCD}"
    archive = f"{releases}/etcd-v{ETCD}-linux-{architecture}.tar.gz"
    return Download("etcd", archive, _SHA256[architecture][f"etcd {ETCD}"])


def gvisor_downloads(architecture: str) -> Iterator[Download]:
    """gVisor's runtime, and what containerd starts it by."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}[architecture]
    for name in ("runsc", "containerd-shim-runsc-v1"):
        url = f"https://storage.googleapis.com/gvisor/releases/release/{_GVISOR}/{machine}/{name}"
        yield Download(name, url, _SHA512[architecture][name])


def kata_download(architecture: str) -> Download:
    """Kata Containers, as its own archive: runtime, QEMU, kernel and image."""
    releases = "https://github.com/kata-containers/kata-containers/releases/download"
    archive = f"{releases}/{_KATA}/kata-static-{_KATA}-{architecture}.tar.zst"
    return Download("kata", archive, _SHA256[architecture][f"kata {_KATA}"])


_SHA512: Final[Mapping[str, Mapping[str, str]]] = {
    "amd64": {
        "runsc": "84936438d583ec976800f464e75a83e1515f0890b451b9b4db219c4472b54ca9"
        "b106a6772ee683f1e64cce2128871d7637b14d800591f8451b8137f6c39fb2ef",
        "containerd-shim-runsc-v1": "b60d1c418b841ab046951cc7a91f490a221198fbe81ec55dc364432578fddd44"
        "e97063793ce6651be397af2f64ec47170dff77a45db277819c3fb08fec9f3ced",
    },
    "arm64": {
        "runsc": "6394fd161a4af0dc9a2c29f75c3016d05275a55744f124e12023fa7666a9f161"
        "c68d6ce3803ad49205c6a7b5bee0ad2ccf48edff340db344fdafec678c788aa4",
        "containerd-shim-runsc-v1": "a7c0147f635938225e41c9660b95ba5235121a142c11830794e2a52b47278354"
        "7e2b089bdba4f1344d30f65aeee651b377a1cafadd262a134f5e1ac10c6bf4bb",
    },
}
"""Of gVisor, by architecture, then by program."""
_SHA256: Final[Mapping[str, Mapping[str, str]]] = {
    "amd64": {
        "kubeadm 1.34.11": "bd3cbe40aff6c7b3b939243ebd80dbd7da207c0e594cfdd434295bf553ea7351",
        "kubelet 1.34.11": "4777a226b2ba3c1d656254bcf3f7ad471bf210042f361094216e51ab4fa9b4b6",
        "kubectl 1.34.11": "8efbb9435132a190920eb65a47a8c1ecf755ad85ab57a600c9bedbab460bb7a8",
        "kubeadm 1.35.8": "1bbc64a2be5b300880ae9330c6bba592ec2a2b8ecb79c527b0c7cc0f44070e5e",
        "kubelet 1.35.8": "6971b9f95e54dbed67a2271abe6e78f8cc2894494649f3cf39e4b25a82dca923",
        "kubectl 1.35.8": "874d5e72dbb819f43cff16bcd1e4f8bac5b7f2361fe1e55049b0a6c676fb0cbf",
        "kubeadm 1.36.4": "10d054585907f2c8bb823c84f6a66b3bd2a474c3d795475f04e9a44f78650fe6",
        "kubelet 1.36.4": "cf2562db46c48ab84cc3791540778ee7fb1a0a008529adbb434723dd02ed8b4b",
        "kubectl 1.36.4": "8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a",
        f"containerd {_CONTAINERD}": "9d68969855fbf676cdb8ed758e420fb048d61f984f61de3e53eddfebe484d168",
        f"runc {_RUNC}": "f6ae8efc0fa40079e1475e97cbe9d1bd3f106a28d6af78a11d9f1bd565515e60",
        f"kata {_KATA}": "1449ecea50bd91fa73a94648db195d18950fe869ba4b1f12d05f55f1fa7c1b01",
        f"etcd {ETCD}": "ffe840ff9295808e88cce2794a18a5ac87f12a5203c8314d0bf6aa119b41bac5",
        f"cni-plugins {_PLUGINS}": "b98f74a0f8522f0a83867178729c1aa70f2158f90c45a2ca8fa791db1c76b303",
    },
    "arm64": {
        "kubeadm 1.34.11": "1365b20b698151f432eb8f5a8ca53f0200e85af32392d31f40ffa901a73b694c",
        "kubelet 1.34.11": "f12879879481e9af46317c2c82a6dba7d59df78ed095e44e0399643df1c4c8ba",
        "kubectl 1.34.11": "5b045a4712674c88a56fd98eef4285689738b7fbe8735e1b9ee3509521af5cb4",
        "kubeadm 1.35.8": "8956730f3ae46ebdb95e95845542f71d844f74affd69c14634a58d1fe3510d86",
        "kubelet 1.35.8": "7744f84c49df6dff7d0a0471f9acef31568c02459659de83aa279cf3a04b1714",
        "kubectl 1.35.8": "cc749967b62f4422260bc9c0aa7a7c55f45175ae38cb8d95767b5d2b7e04c1fd",
        "kubeadm 1.36.4": "6a849c07d3e1c708f5c40f1ac8be03a56124204dfc7e1931e4113634019c0dad",
        "kubelet 1.36.4": "fd53ea3fcbd077844f50a3c67e9b52f62972a563674956bab0c0f4fb7ea37d50",
        "kubectl 1.36.4": "0ecf44450ee6063bf19dd166a103ee6df4a9034455c2abce626e6eea657d73fb",
        f"containerd {_CONTAINERD}": "a985fbb7e18fc0362d31a055338f5d7b0e087a3e27f14c70d1c5965399a29f95",
        f"runc {_RUNC}": "633301e2e32f8a5ad54031aab4901eb00308bec677dd15faa2751e8f9dab5ca4",
        f"kata {_KATA}": "8736c054d9223974735394f822000823baef509e1c33405ec798240fa9b6e4b5",
        f"etcd {ETCD}": "fa1b80565ee6fc2df1ae6f57a508b221f3ecc7d591c317c581cd8281b0842b3e",
        f"cni-plugins {_PLUGINS}": "56171987d3947707c3563db2f4001bccaf50fd63468611b9f3cbecb1375ee7ec",
    },
}
"""By architecture, then by name and version."""
