"""`polykube access`: a kubeconfig for a person of a tenant, where no issuer says who people are.

The person's key is made here, and the cluster signs: a CertificateSigningRequest for the signer
`kubernetes.io/kube-apiserver-client` (kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests,
1.36), which the stack's administrator approves. So the cluster's authority stays where it is, and its audit log says
who got in. Nothing takes a certificate back: it is short-lived, and its rights are those of the tenant's group.
"""

import base64
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lightkube import ApiError, Client, KubeConfig
from lightkube.config.kubeconfig import SingleConfig
from lightkube.core.exceptions import ConfigError
from lightkube.models.certificates_v1 import (
    CertificateSigningRequestCondition,
    CertificateSigningRequestSpec,
    CertificateSigningRequestStatus,
)
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.certificates_v1 import CertificateSigningRequest, CertificateSigningRequestApproval

from automation.kubeconfig import kubeconfig_of
from automation.project import Project
from automation.show import out
from common.errors import AccessError, Problem
from common.files import write_atomically
from common.progress import step
from components.platform.tenants import TenantSpec
from stacks.loading import stack_file

_SIGNER: Final = "kubernetes.io/kube-apiserver-client"
_KINDS: Final = ("kubeadm-aws", "kubeadm-hosts", "existing")  # whose clusters may sign
_PATIENCE: Final = 30.0  # seconds; a controller that signs takes less than one
_POLL: Final = 0.2  # seconds
_LONGEST_NAME: Final = 64  # characters of a common name (RFC 5280)


@dataclass(frozen=True)
class Person:
    """Somebody of a tenant: the name that audit logs say, and the group from which all rights come."""

    name: str
    group: str


def give_access(project: Project, tenant: str, user: str, hours: int, file: Path) -> None:
    """Write a kubeconfig for `user` of `tenant` that holds for so many hours; AccessError if the cluster signs none."""
    group = _checked(project, tenant, user).group
    try:
        config = kubeconfig_of(project)
        key, certificate = signed(config, Person(user, group), hours, _PATIENCE)
    except (ApiError, ConfigError, httpx2.TransportError) as error:
        raise AccessError(
            Problem(
                code="PK922",
                summary=f"the cluster of stack {project.stack} does not answer",
                found=str(error),
                allowed="a cluster that runs, for its administrator",
                remedy=f"bring it up: make up STACK={project.stack}",
            )
        ) from error
    write_atomically(file, yaml.safe_dump(_kubeconfig(config, tenant, user, key, certificate)), mode=0o600)
    until = x509.load_pem_x509_certificate(certificate).not_valid_after_utc
    out.print(f"[bold green]✓ {file}[/bold green]: {user} of {tenant} ({group}), until {until:%Y-%m-%d %H:%M} UTC")
    out.print(f"[dim]next[/dim]  kubectl --kubeconfig {file} get pods", soft_wrap=True)


def _checked(project: Project, tenant: str, user: str) -> TenantSpec:
    """The tenant; AccessError (PK920) for a cluster, a tenant or a person that cannot be."""
    kind, tenants = project.spec.cluster.kind, {each.name: each for each in project.spec.tenants}
    if kind not in _KINDS:
        raise AccessError(
            _problem(
                project,
                f"clusters of kind {kind} sign no certificates of people",
                kind,
                f"a cluster of kind {', '.join(_KINDS)}",
                "let people log in as the cloud knows them: the tenant's `group` is a group there",
            )
        )
    if tenant not in tenants:
        found = ", ".join(tenants) or "no tenants"
        raise AccessError(_problem(project, "no such tenant", tenant, found, "name one, with --tenant"))
    if not user or user.startswith("system:") or len(user) > _LONGEST_NAME:
        allowed = f"a name of at most {_LONGEST_NAME} characters that does not begin with system:"
        raise AccessError(_problem(project, "nobody is called so", user, allowed, "name another one, with --user"))
    return tenants[tenant]


def _problem(project: Project, summary: str, found: str, allowed: str, remedy: str) -> Problem:
    file = stack_file(project.directory, project.stack).name
    return Problem(code="PK920", summary=summary, file=file, found=found, allowed=allowed, remedy=remedy)


def signed(config: KubeConfig, person: Person, hours: int, patience: float) -> tuple[bytes, bytes]:
    """A new key and the certificate of it that the cluster has signed (PEM); AccessError (PK921) if nobody signs."""
    client: Any = Client(config=config)
    key = ec.generate_private_key(ec.SECP256R1())
    spec = CertificateSigningRequestSpec(
        request=base64.b64encode(_request(key, person)).decode(),
        signerName=_SIGNER,
        expirationSeconds=hours * 3600,
        usages=["client auth"],
    )
    name = f"polykube-{secrets.token_hex(6)}"
    request = client.create(CertificateSigningRequest(metadata=ObjectMeta(name=name), spec=spec))
    try:
        request.status = CertificateSigningRequestStatus(conditions=[_approved()])
        client.replace(CertificateSigningRequestApproval.from_dict(request.to_dict()), name=name)
        certificate = _await(client, name, patience)
    finally:
        client.delete(CertificateSigningRequest, name)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private, certificate


def _request(key: ec.EllipticCurvePrivateKey, person: Person) -> bytes:
    """Who asks: the name as common name, the group as organization."""
    names = [(NameOID.ORGANIZATION_NAME, person.group), (NameOID.COMMON_NAME, person.name)]
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM)


def _approved() -> CertificateSigningRequestCondition:
    return CertificateSigningRequestCondition(
        type="Approved", status="True", reason="PolykubeAccess", message="asked for by `polykube access`"
    )


def _await(client: Any, name: str, patience: float) -> bytes:
    """The certificate that a request comes to; AccessError (PK921) if it comes to none."""
    until = time.monotonic() + patience
    with step("waiting for the certificate", 2):
        while True:
            status = client.get(CertificateSigningRequest, name).status
            if status and status.certificate:
                return base64.b64decode(status.certificate)
            conditions = (status and status.conditions) or ()
            failed = [each.message or each.type for each in conditions if each.type == "Failed"]
            if failed or time.monotonic() > until:
                raise AccessError(_not_signed("; ".join(failed) or f"nothing within {patience:.0f} s"))
            time.sleep(_POLL)


def _not_signed(found: str) -> Problem:
    return Problem(
        code="PK921",
        summary="the cluster signs no certificate",
        found=found,
        allowed=f"a controller for the signer {_SIGNER}, which kubeadm's clusters have",
        remedy="read what it says: kubectl --namespace kube-system logs --selector component=kube-controller-manager",
    )


def _kubeconfig(config: KubeConfig, tenant: str, user: str, key: bytes, certificate: bytes) -> dict[str, Any]:
    """The person's kubeconfig: in the tenant's namespace, with the key in it."""
    now = config.get()
    assert now, "it was just used"
    cluster = {"server": now.cluster.server, "certificate-authority-data": _authority(now)}
    held = {"client-certificate-data": certificate, "client-key-data": key}
    name = f"{user}@{tenant}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": now.context.cluster, "cluster": cluster}],
        "users": [{"name": name, "user": {what: base64.b64encode(text).decode() for what, text in held.items()}}],
        "contexts": [{"name": name, "context": {"cluster": now.context.cluster, "user": name, "namespace": tenant}}],
    }


def _authority(config: SingleConfig) -> str:
    cluster = config.cluster
    if cluster.certificate_auth_data or not cluster.certificate_auth:
        return cluster.certificate_auth_data or ""
    return base64.b64encode(Path(config.abs_file(cluster.certificate_auth)).read_bytes()).decode()
