"""A folder of specs as an Airflow DAG bundle: drop in a YAML, a DAG appears.

AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST='[{"name": "ingest", "classpath": "dag_factory.bundle.SpecBundle",
    "kwargs": {"project": "/srv/ingest", "environment": "production", "refresh_interval": 5}}]'
"""

import logging
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.base import BaseDagBundle

from dag_factory import build  # noqa: F401 - the parser of each file is a fork, which then has it
from dag_factory.pools import wanted
from dag_factory.render import write
from dag_factory.shape import Pool
from dag_factory.stub import file_name, stub
from framework.errors import FrameworkError
from framework.project import SETTINGS_FILE, find

_log = logging.getLogger(__name__)
Stamp = tuple[tuple[str, int, int], ...]


class SpecBundle(BaseDagBundle):  # type: ignore[misc]
    """A file per spec, made in the bundle's own folder, and the pools that they need."""

    supports_versioning = False

    def __init__(self, *, project: str, environment: str | None = None, pools: bool = True, **kwargs: Any) -> None:
        """`pools` says whether tasks take slots of pools, which this bundle makes in Airflow's database."""
        super().__init__(**kwargs)
        self._project, self._environment, self._pools = Path(project).resolve(), environment, pools
        self._seen: Stamp | None = None
        self._made: list[Pool] = []

    @property
    def path(self) -> Path:
        """Where the files are."""
        return Path(self.base_dir)

    def get_current_version(self) -> None:
        """None: a folder has no version of its own."""
        return

    def initialize(self) -> None:
        """By the DAG processor, and before each task by its worker, which may have the project alone: there only what
        is missing is written, since a file reads its spec anew whenever it is run."""
        self._sync(only_missing=True)
        super().initialize()

    def refresh(self) -> None:
        """By the DAG processor, now and then. Does nothing where nothing changed."""
        stamp = self._stamp()
        if stamp != self._seen and self._make_pools() and self._sync(only_missing=False):
            self._seen = stamp

    def _stamp(self) -> Stamp:
        """Changes whenever a spec or the settings do."""
        try:
            found = [self._project / SETTINGS_FILE, *find(self._project).specs.glob("*.yaml")]
            facts = ((path, path.stat()) for path in sorted(found) if path.exists())
            return tuple((path.name, stat.st_mtime_ns, stat.st_size) for path, stat in facts)
        except (FrameworkError, OSError):
            return ()

    def _sync(self, only_missing: bool) -> bool:
        """Whether the files are as they should be."""
        with self.lock():
            try:
                project = find(self._project)
                chosen, _ = project.environment(self._environment)
                names = project.deployments(chosen)
                if not only_missing or any(not (self.path / file_name(name)).exists() for name in names):
                    write(self.path, {name: stub(project, name, chosen, None, self._pools) for name in names})
            except FrameworkError as error:  # as where framework.yaml has a problem: what was there stays
                _log.error("no files are written for the specs: %s", error)
                return False
        return True

    def _make_pools(self) -> bool:
        """Before the files that ask for them. Only the DAG processor comes here, which has the database."""
        if not self._pools:
            return True
        try:
            project = find(self._project)
            needed = wanted(project, project.environment(self._environment)[0])
        except FrameworkError as error:
            _log.error("no pools are made: %s", error)
            return False
        if needed != self._made:
            from airflow.models.pool import Pool as Kept  # noqa: PLC0415 - workers have no database

            for pool in needed:
                Kept.create_or_update_pool(pool.name, pool.slots, pool.why, include_deferred=False)
            self._made = needed
        return True
