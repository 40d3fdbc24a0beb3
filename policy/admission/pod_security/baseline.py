"""The checks of the level baseline: what gives a pod power over its node."""

from collections.abc import Iterable, Iterator
from typing import Final

from policy.admission.pod_security.subject import CheckedPod, Found, Properties
from policy.model.unknown import present

_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP: Final = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"
_PROFILES: Final = ("RuntimeDefault", "Localhost")
DEFAULT_CAPABILITIES: Final = frozenset(
    (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"),
        *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
_ALWAYS: Final = 0
_SYSCTLS: Final = {  # by the minor version since which they are safe
    "kernel.shm_rmid_forced": _ALWAYS,
    "net.ipv4.ip_local_port_range": _ALWAYS,
    "net.ipv4.tcp_syncookies": _ALWAYS,
    "net.ipv4.ping_group_range": _ALWAYS,
    "net.ipv4.ip_unprivileged_port_start": _ALWAYS,
    "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.tcp_keepalive_time": 29,
    "net.ipv4.tcp_fin_timeout": 29,
    "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29,
    "net.ipv4.tcp_rmem": 32,
    "net.ipv4.tcp_wmem": 32,
    "net.ipv4.tcp_slow_start_after_idle": 37,
    "net.ipv4.tcp_notsent_lowat": 37,
}
_SE_LINUX_TYPES: Final = {  # by the minor version since which they are a container's
    "": _ALWAYS,
    "container_t": _ALWAYS,
    "container_init_t": _ALWAYS,
    "container_kvm_t": _ALWAYS,
    "container_engine_t": 31,
}
_SECCOMP_FIELD: Final = 19  # until then, annotations said it


def app_armor(pod: CheckedPod) -> Iterator[Found]:
    """The default AppArmor profile may be replaced by another, and not taken off."""
    for path, context in pod.contexts():
        if present(context.get("appArmorProfile")) and not _is_confined(context["appArmorProfile"]):
            given = context["appArmorProfile"].get("type")
            yield f"{path}.appArmorProfile.type", f"it is {given} rather than RuntimeDefault or Localhost"
    for key, value in pod.annotations.items():
        if key.startswith(_APP_ARMOR) and value not in ("", "runtime/default") and not value.startswith("localhost/"):
            yield f"annotation {key}", f"it is {value} rather than runtime/default"


def capabilities(pod: CheckedPod) -> Iterator[Found]:
    """No capabilities but those that container runtimes give anyway."""
    for path, context in pod.contexts(pod=False):
        added = (context.get("capabilities") or {}).get("add") or ()
        yield from beyond_default_capabilities(path, added)


def beyond_default_capabilities(path: str, added: Iterable[str]) -> Iterator[Found]:
    """The capabilities of a security context that container runtimes do not give anyway."""
    if beyond := [name for name in added if name not in DEFAULT_CAPABILITIES]:
        yield f"{path}.capabilities.add", f"{listed(beyond)} is added to what the runtime gives"


def listed(names: Iterable[str]) -> str:
    """Names as text, where one may be empty: the API server takes null for it."""
    return ", ".join(name or '""' for name in names)


def host_namespaces(pod: CheckedPod) -> Iterator[Found]:
    """Network, processes and shared memory of the host are not the pod's."""
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(field):
            yield field, "it is true"


def host_paths(pod: CheckedPod) -> Iterator[Found]:
    """No files of the host."""
    for path, volume in pod.volumes():
        if present(volume.get("hostPath")):
            yield path_of_host(path, volume)


def path_of_host(path: str, volume: Properties) -> Found:
    """What is said of a volume that is a path of the host."""
    return f"{path}.hostPath", f"volume {volume.get('name')} is a path of the host"


def host_ports(pod: CheckedPod) -> Iterator[Found]:
    """No ports of the host; in its network, every port is one."""
    for path, container in pod.containers():
        for index, port in enumerate(container.get("ports") or ()):
            if taken := port.get("hostPort") or (pod.spec.get("hostNetwork") and port.get("containerPort")):
                yield f"{path}.ports[{index}].hostPort", f"port {taken} of the host is taken"


def probe_hosts(pod: CheckedPod) -> Iterator[Found]:
    """Probes and hooks go to the pod itself."""
    for path, container in pod.containers():
        hooks = container.get("lifecycle") or {}
        handlers = {name: container.get(name) for name in ("livenessProbe", "readinessProbe", "startupProbe")}
        handlers |= {f"lifecycle.{name}": hooks.get(name) for name in ("postStart", "preStop")}
        for name, handler in handlers.items():
            for action in ("httpGet", "tcpSocket"):
                if host := ((handler or {}).get(action) or {}).get("host"):
                    yield f"{path}.{name}.{action}.host", f"it goes to {host} rather than to the pod"


def privileged(pod: CheckedPod) -> Iterator[Found]:
    """No container is as powerful as the host."""
    for path, context in pod.contexts(pod=False):
        if context.get("privileged"):
            yield f"{path}.privileged", "it is true"


def proc_mount(pod: CheckedPod) -> Iterator[Found]:
    """/proc is masked, except where users are not the host's."""
    if not pod.in_user_namespace:
        yield from unmasked(pod)


def unmasked(pod: CheckedPod) -> Iterator[Found]:
    """Containers whose /proc is not masked."""
    for path, context in pod.contexts(pod=False):
        if context.get("procMount") not in (None, "Default"):
            yield f"{path}.procMount", f"it is {context['procMount']} rather than Default"


def se_linux(pod: CheckedPod) -> Iterator[Found]:
    """SELinux confines the pod as a container."""
    for path, context in pod.contexts():
        options = context.get("seLinuxOptions") or {}
        if _SE_LINUX_TYPES.get(options.get("type") or "", pod.minor + 1) > pod.minor:
            yield f"{path}.seLinuxOptions.type", f"it is {options['type']}, which is none of a container"
        for field in ("user", "role"):
            if options.get(field):
                yield f"{path}.seLinuxOptions.{field}", "it is set"


def seccomp(pod: CheckedPod) -> Iterator[Found]:
    """The default seccomp profile may be replaced by another, and not taken off."""
    if pod.minor < _SECCOMP_FIELD:
        keys = (_SECCOMP, *(f"{_SECCOMP_CONTAINER}{container.get('name')}" for _, container in pod.containers()))
        for key in keys:
            value = pod.annotations.get(key, "runtime/default")
            if value not in ("runtime/default", "docker/default") and not value.startswith("localhost/"):
                yield f"annotation {key}", f"it is {value} rather than runtime/default"
        return
    for path, context in pod.contexts():
        yield from unconfined(path, context)


def unconfined(path: str, context: Properties) -> Iterator[Found]:
    """A security context that states a profile which does not confine."""
    if present(context.get("seccompProfile")) and not has_seccomp_profile(context):
        given = context["seccompProfile"].get("type")
        yield f"{path}.seccompProfile.type", f"it is {given} rather than RuntimeDefault or Localhost"


def has_seccomp_profile(context: Properties) -> bool:
    """Whether a security context states a profile that confines."""
    return _is_confined(context.get("seccompProfile") or {})


def _is_confined(profile: Properties) -> bool:
    return profile.get("type") in _PROFILES


def sysctls(pod: CheckedPod) -> Iterator[Found]:
    """Kernel parameters that concern nobody else."""
    for index, sysctl in enumerate(pod.context.get("sysctls") or ()):
        name = sysctl.get("name")
        if _SYSCTLS.get(name, pod.minor + 1) > pod.minor:
            before = f" before Kubernetes 1.{_SYSCTLS[name]}" if name in _SYSCTLS else ""
            yield f"securityContext.sysctls[{index}].name", f"{name} is not safe to set{before}"


def windows_host_process(pod: CheckedPod) -> Iterator[Found]:
    """No process of the host, on Windows."""
    for path, context in pod.contexts():
        if (context.get("windowsOptions") or {}).get("hostProcess"):
            yield f"{path}.windowsOptions.hostProcess", "it is true"
