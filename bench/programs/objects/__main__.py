"""400 ConfigMaps through the provider as the project sets it up, or (BENCH_SETTINGS=stock) as nobody does.

The rival of `bench`: what are client limits and parallelism worth?
"""

import os
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

from components.clusters.existing import ExistingCluster, ExistingSpec

kubeconfig = Path(os.environ["KUBECONFIG"])
if os.environ["BENCH_SETTINGS"] == "stock":
    provider = k8s.Provider("stock", kubeconfig=pulumi.Output.secret(kubeconfig.read_text()))
else:
    spec = {"kind": "existing", "name": "bench", "version": "1.36", "kubeconfig": {"path": str(kubeconfig)}}
    provider = ExistingCluster(ExistingSpec.model_validate(spec), protect=False).kubernetes

for index in range(400):
    k8s.core.v1.ConfigMap(
        f"object-{index}",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=f"object-{index}", namespace="default"),
        data={"index": str(index)},
        opts=pulumi.ResourceOptions(provider=provider),
    )
