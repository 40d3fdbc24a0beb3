"""Random pods, each with a few things that Pod Security may mind."""

import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

from policy.admission.pod_security import Standard, violations
from tests.support.api import Object

_LABEL: Final = "pod-security.kubernetes.io/enforce"
_MINORS: Final = (0, 7, 8, 18, 19, 21, 22, 23, 24, 25, 26, 27, 29, 31, 32, 33, 34, 35, 36)  # where checks changed

_PROFILES: Final = ("RuntimeDefault", "Unconfined", "Localhost")
_CAPABILITIES: Final = ("NET_BIND_SERVICE", "CHOWN", "KILL", "NET_RAW", "SYS_ADMIN", "NET_ADMIN", "AUDIT_WRITE")
_SYSCTLS: Final = {
    "kernel.shm_rmid_forced": "1",
    "net.ipv4.ip_local_reserved_ports": "30000",
    "net.ipv4.tcp_fin_timeout": "60",
    "net.ipv4.tcp_rmem": "4096 87380 6291456",
    "net.core.somaxconn": "1024",
}
_VOLUMES: Final[tuple[Object, ...]] = (
    {},
    {"emptyDir": {}},
    {"configMap": {"name": "it"}},
    {"secret": {"secretName": "it"}},
    {"persistentVolumeClaim": {"claimName": "it"}},
    {"projected": {"sources": []}},
    {"downwardAPI": {}},
    {"hostPath": {"path": "/tmp"}},
    {"nfs": {"server": "it", "path": "/"}},
    {"iscsi": {"targetPortal": "10.0.0.1", "iqn": "iqn.2026-01.test:it", "lun": 0}},
    {"csi": {"driver": "it.example.test"}},
    {"ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
    {"image": {"reference": "example.test/data:1"}},
)


def places(run: str) -> dict[str, dict[str, str]]:
    """The labels of a namespace for each level and version, by name."""
    return {
        f"exam-{run}-{level}-{version.replace('.', '-')}": {_LABEL: level, f"{_LABEL}-version": version}
        for level in ("baseline", "restricted")
        for version in ("latest", *(f"v1.{minor}" for minor in _MINORS))
    }


def place_of(seed: str, names: Sequence[str]) -> str:
    """Which of the namespaces a pod is put into."""
    return random.Random(seed).choice(names)  # noqa: S311 - repeatable on purpose


def by_rules(pod: Object, standard: Standard) -> frozenset[str]:
    """The names of the checks that the rules say a pod breaks."""
    found = violations(pod["spec"], pod["metadata"]["annotations"], standard)
    return frozenset(violation.check.name for violation in found)


class PodDraw:
    """A random pod, mostly hardened, with a few deviations."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._rate = self._pick((0.0, 0.02, 0.06, 0.2))  # how often something is not as it should be

    def pod(self, namespace: str) -> Object:
        """The pod, in `namespace`."""
        spec: Object = {"containers": [self._container(f"main-{it}") for it in range(self._random.randint(1, 2))]}
        if self._maybe(0.4):
            spec["initContainers"] = [self._container("init")]
            if self._maybe(0.5):
                spec["initContainers"][0]["restartPolicy"] = "Always"
        spec["securityContext"] = self._pod_context()
        if self._maybe(0.6):
            spec["volumes"] = [self._volume(index) for index in range(self._random.randint(1, 2))]
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            if self._deviates():
                spec[field] = True
        if self._maybe(0.12) and not any(spec.get(field) for field in ("hostNetwork", "hostPID", "hostIPC")):
            spec["hostUsers"] = self._pick((False, False, True))
        annotations = self._annotations()
        if self._maybe(0.12):
            spec = self._on_windows(spec)
        metadata = {"namespace": namespace, "name": "it", "annotations": annotations}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    def _container(self, name: str) -> Object:
        container: Object = {"name": name, "image": "example.test/main:1", "securityContext": self._context()}
        if self._maybe(0.5):
            port: Object = {"containerPort": 8080}
            if self._deviates():
                port["hostPort"] = self._pick((8080, 0))
            container["ports"] = [port]
        if name != "init" and self._maybe(0.5):
            action = self._pick(("httpGet", "tcpSocket"))
            handler: Object = {action: {"port": 80}}
            if self._deviates():
                handler[action]["host"] = self._pick(("10.0.0.1", ""))
            container |= self._pick(({"livenessProbe": handler}, {"lifecycle": {"preStop": handler}}))
        return container

    def _context(self) -> Object:
        context: Object = {}
        self._maybe_set(context, "allowPrivilegeEscalation", False, (True, None))
        self._maybe_set(context, "capabilities", {"drop": ["ALL"]}, (None, *self._capabilities()))
        if self._maybe(0.7):
            self._maybe_set(context, "runAsNonRoot", True, (False, None))
        if self._maybe(0.3):
            self._maybe_set(context, "runAsUser", 1000, (0,))
        if self._maybe(0.7):
            self._maybe_set(context, "seccompProfile", self._profile("RuntimeDefault"), (None, *self._seccomps()))
        if self._deviates():
            context["privileged"] = self._pick((True, False))
            if context["privileged"]:
                context.pop("allowPrivilegeEscalation", None)
        if self._deviates():
            context["procMount"] = self._pick(("Default", "Unmasked"))
        self._set_both_levels(context)
        return context

    def _pod_context(self) -> Object:
        context: Object = {}
        if self._maybe(0.6):
            self._maybe_set(context, "runAsNonRoot", True, (False, None))
        if self._maybe(0.3):
            self._maybe_set(context, "runAsUser", 1000, (0,))
        if self._maybe(0.6):
            self._maybe_set(context, "seccompProfile", self._profile("RuntimeDefault"), (None, *self._seccomps()))
        if self._maybe(0.3):
            names = [self._pick(tuple(_SYSCTLS))]
            context["sysctls"] = [{"name": name, "value": _SYSCTLS[name]} for name in names]
        self._set_both_levels(context)
        return context

    def _set_both_levels(self, context: Object) -> None:
        if self._deviates():
            types = ("container_t", "container_engine_t", "spc_t", "")
            options: tuple[Object, ...] = (
                {"type": self._pick(types)},
                {"user": "system_u"},
                {"role": "system_r"},
                {"level": "s0"},
                {},
            )
            context["seLinuxOptions"] = self._pick(options)
        if self._deviates():
            context["appArmorProfile"] = self._profile(self._pick(_PROFILES))
        if self._deviates() and self._maybe(0.3):
            context["windowsOptions"] = {"hostProcess": False}

    def _annotations(self) -> Mapping[str, str]:
        keys = (
            "seccomp.security.alpha.kubernetes.io/pod",
            "container.seccomp.security.alpha.kubernetes.io/main-0",
            "container.seccomp.security.alpha.kubernetes.io/nobody",
        )
        values = ("unconfined", "runtime/default", "docker/default", "localhost/it")
        found = {key: self._pick(values) for key in keys if self._deviates()}
        if self._deviates():
            profiles = ("unconfined", "runtime/default", "localhost/it")
            found["container.apparmor.security.beta.kubernetes.io/main-0"] = self._pick(profiles)
        return found

    def _on_windows(self, spec: Object) -> Object:
        """The same for Windows, which takes none of what is Linux' own."""
        windows: Object = {"os": {"name": "windows"}, "containers": [], "hostNetwork": False}
        process = self._deviates()
        for container in spec["containers"]:
            context = {"runAsNonRoot": container["securityContext"].get("runAsNonRoot")}
            windows["containers"].append(
                {key: value for key, value in container.items() if key != "livenessProbe"}
                | {"securityContext": {key: value for key, value in context.items() if value is not None}}
            )
        if process:
            windows |= {"hostNetwork": True, "securityContext": {"windowsOptions": {"hostProcess": True}}}
            for container in windows["containers"]:
                container.pop("ports", None)
        return windows

    def _volume(self, index: int) -> Object:
        kinds = _VOLUMES if self._deviates() else _VOLUMES[:7]
        volume = dict(self._pick(kinds))
        if "ephemeral" in volume:
            claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
            volume["ephemeral"] = {"volumeClaimTemplate": {"spec": claim}}
        return {"name": f"volume-{index}"} | volume

    def _capabilities(self) -> tuple[Object, ...]:
        added = self._random.sample(_CAPABILITIES, self._random.randint(1, 2))
        return ({"drop": ["ALL"], "add": added}, {"add": added}, {"drop": ["KILL"]}, {"drop": ["KILL", "ALL"]})

    def _seccomps(self) -> tuple[Object, ...]:
        return tuple(self._profile(kind) for kind in _PROFILES)

    def _profile(self, kind: str) -> Object:
        return {"type": kind} | ({"localhostProfile": "it"} if kind == "Localhost" else {})

    def _maybe_set(self, context: Object, key: str, good: Any, bad: tuple[Any, ...]) -> None:
        value = self._pick(bad) if self._deviates() else good
        if value is not None:
            context[key] = value

    def _deviates(self) -> bool:
        return self._maybe(self._rate)

    def _maybe(self, chance: float) -> bool:
        return self._random.random() < chance

    def _pick(self, options: tuple[Any, ...]) -> Any:
        return self._random.choice(options)
