"""The administrator's way into a stack's cluster."""

import yaml
from lightkube import KubeConfig

from automation.project import Project
from components.clusters.existing import ExistingSpec
from rehearsal import toolchain


def kubeconfig_of(project: Project) -> KubeConfig:
    """The kubeconfig of a stack: of its control plane on this machine, the file that it names, or what it has put out.

    The context that the stack file names is its current one.
    """
    if project.is_local:
        return KubeConfig.from_file(str(project.control_plane().kubeconfig))
    cluster = project.spec.cluster
    given = cluster.kubeconfig if isinstance(cluster, ExistingSpec) else None
    if given and given.path:
        config = KubeConfig.from_file(str(given.path))
    else:
        engine = project.engine(toolchain.ensure(project.tools))
        text = engine.ask("stack", "output", "kubeconfig", "--show-secrets", "--stack", project.stack)
        config = KubeConfig.from_dict(yaml.safe_load(text))
    if given and given.context:
        config.current_context = given.context
    return config
