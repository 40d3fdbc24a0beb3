"""One mesh of several clusters, each with its own istiod (multi-primary, on different networks; 1.31).

A root authority, which one stack has, signs each cluster's own, so that pods of all trust each other. Each istiod reads
the others' API servers, as an account that may read only, and leads requests for what runs there through their
east-west gateways (istio.io/latest/docs/setup/install/multicluster).
"""

from base64 import b64decode
from typing import Any, Final

import pulumi
import pulumi_kubernetes.core.v1 as core
import pulumi_tls as tls
import yaml

from components.addons.istio.spec import MeshSpec
from components.addons.secrets import make_secret
from components.contract import Cluster
from components.platform.place import Place

_OUTPUT: Final = "istio"
_READER: Final = "istio-reader-service-account"
_YEAR: Final = 365 * 24  # hours


def make_authority(mesh: MeshSpec, cluster: str, place: Place) -> tuple[core.Secret, dict[str, pulumi.Output[str]]]:
    """The Secret from which istiod takes its authority, and the root that has signed it, for other stacks."""
    options = pulumi.ResourceOptions(parent=place.parent)
    root = _root_of(mesh.authority) if mesh.authority else _make_root(mesh, options)
    key = tls.PrivateKey("mesh-authority", algorithm="ECDSA", ecdsa_curve="P256", opts=options)
    request = tls.CertRequest(
        "mesh-authority",
        private_key_pem=key.private_key_pem,
        subject=tls.CertRequestSubjectArgs(organization=mesh.id, common_name=f"istiod of {cluster}"),
        opts=options,
    )
    certificate = tls.LocallySignedCert(
        "mesh-authority",
        ca_private_key_pem=root["key"],
        ca_cert_pem=root["certificate"],
        cert_request_pem=request.cert_request_pem,
        is_ca_certificate=True,
        allowed_uses=["cert_signing", "crl_signing"],
        validity_period_hours=2 * _YEAR,
        early_renewal_hours=_YEAR,  # so that any `up` of the second year renews it
        opts=options,
    )
    content: dict[str, pulumi.Input[str]] = {
        "ca-cert.pem": certificate.cert_pem,
        "ca-key.pem": key.private_key_pem_pkcs8,
        "root-cert.pem": root["certificate"],
        "cert-chain.pem": pulumi.Output.concat(certificate.cert_pem, root["certificate"]),
    }
    return make_secret("cacerts", content, place), root


def _make_root(mesh: MeshSpec, options: pulumi.ResourceOptions) -> dict[str, pulumi.Output[str]]:
    key = tls.PrivateKey("mesh-root", algorithm="ECDSA", ecdsa_curve="P256", opts=options)
    certificate = tls.SelfSignedCert(
        "mesh-root",
        private_key_pem=key.private_key_pem,
        is_ca_certificate=True,
        allowed_uses=["cert_signing", "crl_signing"],
        subject=tls.SelfSignedCertSubjectArgs(organization=mesh.id, common_name="root"),
        validity_period_hours=10 * _YEAR,
        opts=options,
    )
    return {"key": key.private_key_pem, "certificate": certificate.cert_pem}


def _root_of(stack: str) -> dict[str, pulumi.Output[str]]:
    root = _of_stack(stack, "root")
    return {"key": root["key"], "certificate": root["certificate"]}


def _of_stack(stack: str, part: str) -> pulumi.Output[Any]:
    """What the istio of another stack of the mesh has for the others; an error when that is not up."""
    reference = pulumi.StackReference(f"{stack} {part}", stack_name=stack)
    return reference.require_output(_OUTPUT).apply(lambda given: given[part])


def make_access(cluster: Cluster, place: Place) -> dict[str, pulumi.Output[Any]]:
    """What other clusters' istiods need to read this one's API: a credential of the reader, which does not expire."""
    token = core.Secret(
        place.logical("mesh-reader"),
        metadata=place.metadata("mesh-reader", annotations={"kubernetes.io/service-account.name": _READER}),
        type="kubernetes.io/service-account-token",
        opts=place.options(),
    )
    access: pulumi.Output[str] = pulumi.Output.all(cluster.kubeconfig, token.data).apply(
        lambda parts: _kubeconfig(*parts)
    )
    return {"cluster": pulumi.Output.from_input(cluster.name), "kubeconfig": pulumi.Output.secret(access)}


def _kubeconfig(own: str, token: dict[str, str]) -> str:
    """A kubeconfig for the reader, at the address and with the authority that the cluster's own has."""
    cluster = yaml.safe_load(own)["clusters"][0]["cluster"]
    trusted = {key for key in cluster if key.startswith("certificate-authority")}  # a file is not on other machines
    reached = {"server": cluster["server"], **({"certificate-authority-data": token["ca.crt"]} if trusted else {})}
    user = {"token": b64decode(token["token"]).decode()}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "peer", "cluster": reached}],
            "users": [{"name": _READER, "user": user}],
            "contexts": [{"name": "peer", "context": {"cluster": "peer", "user": _READER}}],
            "current-context": "peer",
        }
    )


def make_peer(stack: str, place: Place) -> core.Secret:
    """Let istiod read the cluster of another stack."""
    name = f"istio-remote-secret-{stack.rpartition('/')[2]}"
    access = _of_stack(stack, "access")
    content = access.apply(lambda given: {given["cluster"]: given["kubeconfig"]})  # a secret, as that is
    return make_secret(name, content, place, labels={"istio/multiCluster": "true"})
