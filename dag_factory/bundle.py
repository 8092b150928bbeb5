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
from dag_factory.render import render
from dag_factory.shape import Pool
from framework.errors import FrameworkError
from framework.project import find

_log = logging.getLogger(__name__)


class SpecBundle(BaseDagBundle):  # type: ignore[misc]
    """A file per spec, made in the bundle's own folder, and the pools that they need."""

    supports_versioning = False

    def __init__(self, *, project: str, environment: str | None = None, pools: bool = True, **kwargs: Any) -> None:
        """`pools` says whether tasks take slots of pools, which this bundle makes in Airflow's database."""
        super().__init__(**kwargs)
        self._project, self._environment, self._pools = Path(project), environment, pools
        self._made: list[Pool] = []

    @property
    def path(self) -> Path:
        """Where the files are."""
        return Path(self.base_dir)

    def get_current_version(self) -> None:
        """None: a folder has no version of its own."""
        return

    def initialize(self) -> None:
        """By the DAG processor, and before each task by its worker, which may have the project alone."""
        self._write()
        super().initialize()

    def refresh(self) -> None:
        """By the DAG processor, now and then."""
        self._make_pools()
        self._write()

    def _write(self) -> None:
        with self.lock():
            try:
                render(self._project, self._environment, self.path, self._pools, movable=False)
            except FrameworkError as error:  # as where framework.yaml has a problem: what was there stays
                _log.error("no files are written for the specs: %s", error)

    def _make_pools(self) -> None:
        """Before the files that ask for them. Only the DAG processor comes here, which has the database."""
        if not self._pools:
            return
        try:
            project = find(self._project.resolve())
            needed = wanted(project, project.environment(self._environment)[0])
        except FrameworkError as error:
            _log.error("no pools are made: %s", error)
            return
        if needed != self._made:
            from airflow.models.pool import Pool as Kept  # noqa: PLC0415 - workers have no database

            for pool in needed:
                Kept.create_or_update_pool(pool.name, pool.slots, pool.why, include_deferred=False)
            self._made = needed
