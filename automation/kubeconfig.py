"""The administrator's way into a stack's cluster."""

import yaml
from lightkube import KubeConfig

from automation.project import Project
from rehearsal import toolchain


def kubeconfig_of(project: Project) -> KubeConfig:
    """The kubeconfig of a stack: of its control plane on this machine, or what the stack has put out."""
    if project.is_local:
        return KubeConfig.from_file(str(project.control_plane().kubeconfig))
    engine = project.engine(toolchain.ensure(project.tools))
    text = engine.ask("stack", "output", "kubeconfig", "--show-secrets", "--stack", project.stack)
    return KubeConfig.from_dict(yaml.safe_load(text))
