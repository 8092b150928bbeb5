"""DAGs that Airflow would not take, found without Airflow: each deployment's shape is made, and its names looked at."""

from collections.abc import Iterator

from dag_factory.shape import Shape, shape
from framework.errors import FrameworkError
from framework.problem import Path
from framework.spec import Source
from framework.validation.across.environments import deployments
from framework.validation.across.group import Found, Group

_LONGEST_ID, _LONGEST_TAG = 250, 100
"""https://airflow.apache.org/docs/apache-airflow/stable/: airflow.models.dag, and its table of tags."""


def dags(group: Group) -> Found:
    """For every deployment of the specs that are sound so far."""
    seen: set[tuple[str, Path, str]] = set()
    for environment in group.environments:
        for name, settings in deployments(group, environment):
            spec, source = group.sources.get(settings.spec or name, (None, None))
            if spec is None or source is None or any(problem.code[0] == "E" for problem in spec.problems):
                continue
            try:
                made = shape(group.project.deployed(source, spec.path, name, environment, {}))
                found = list(_names(made, source))
            except (FrameworkError, KeyError, ValueError) as error:
                found = [(("name",), f"{error}")]
            for place, message in found:
                if (spec.document.file, place, message) not in seen:
                    seen.add((spec.document.file, place, message))
                    yield group.problem(spec, "E408", place, f"Airflow would not take the DAG: {message}.")


def _names(made: Shape, source: Source) -> Iterator[tuple[Path, str]]:
    if len(made.id) > _LONGEST_ID:
        yield ("name",), f"its id {made.id[:40]}… is longer than {_LONGEST_ID} characters"
    own = source.schedule.tags if source.schedule else []
    for tag in made.tags:
        if len(tag) > _LONGEST_TAG:
            place: Path = ("schedule", "tags", own.index(tag)) if tag in own else ("schedule",)
            yield place, f"the tag {tag[:40]}… is longer than {_LONGEST_TAG} characters"
    names = [stream.name for stream in source.streams]
    for task in made.tasks:
        if len(task.id) > _LONGEST_ID and task.stream in names:
            place = ("streams", names.index(task.stream), "name")
            yield place, f"the id of a task, {task.id[:40]}…, is longer than {_LONGEST_ID} characters"
