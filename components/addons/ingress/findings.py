"""What is wrong between hosts and what other add-ons say of their certificates and tenants."""

from collections.abc import Iterator

from components.addons.cert_manager.spec import CertManagerSpec
from components.addons.ingress.spec import IngressSpec
from components.addons.istio.spec import IstioSpec
from spec.invalid import valid
from spec.problems import Code, Finding, listed, quoted


def issuer_findings(spec: IngressSpec, authorities: CertManagerSpec) -> Iterator[Finding]:
    """A finding for each issuer that there is not, or that cannot give its proof."""
    known = [issuer.name for _, issuer in valid(authorities.issuers) if isinstance(issuer.name, str)]
    for index, host in valid(spec.hosts):
        at = ("hosts", index, "tls", "issuer")
        if host.issuer and host.issuer in authorities.by_http and (spec.class_ == "cloud" or host.classic is True):
            found = f"{quoted(host.issuer)}, which asks for its proof by HTTP"
            remedy = f"Give {host.issuer} zones, or write class: istio and no classic."
            yield Finding(Code.CANNOT, found, "an issuer with zones, or of one's own", remedy, at=at)
        if host.issuer and host.issuer not in known:
            remedy = "Write one of them, or add the issuer to certManager."
            allowed = listed(known) if known else "no issuer"
            yield Finding(Code.NOT_ALLOWED, quoted(host.issuer), allowed, remedy, at=at)


def mesh_findings(spec: IngressSpec, mesh: IstioSpec) -> Iterator[Finding]:
    """A finding for each tenant that the cloud's gateway cannot reach."""
    if spec.class_ == "istio":
        return
    for index, host in valid(spec.hosts):
        for position, tenant in valid(host.tenants):
            if tenant in mesh.tenants:
                remedy = f"Write class: istio, or take {tenant} out of istio's tenants."
                found = f"{tenant}, whose pods are in the mesh and take requests from within it only"
                at = ("hosts", index, "tenants", position)
                yield Finding(Code.ADD_ONS_APART, found, "tenants outside the mesh", remedy, at=at)
