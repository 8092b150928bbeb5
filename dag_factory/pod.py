"""What a source's tasks change of the Kubernetes executor's pods: image and resources. Loaded where it is asked for."""

from typing import Any

from kubernetes.client import models

from framework.errors import SettingsError
from framework.settings import AirflowTasks


def pod(how: AirflowTasks) -> Any:
    """The pod's override; the executor's container is called base."""
    if not how.image:
        raise SettingsError("`airflow.isolation: kubernetes` needs `airflow.image`: the image of the pods")
    wanted = how.resources.model_dump(exclude_none=True)
    resources = models.V1ResourceRequirements(requests=wanted, limits=wanted) if wanted else None
    container = models.V1Container(name="base", image=how.image, resources=resources)
    return models.V1Pod(spec=models.V1PodSpec(containers=[container]))
