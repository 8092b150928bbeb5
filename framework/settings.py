"""Where things are: a project's framework.yaml, as types."""

from typing import Annotated, Any, Literal

from pydantic import Field

from framework.alerts import AlertSpec
from framework.deployer import Deployer
from framework.model import Name, Span, Strict
from framework.responses import RateLimit
from framework.secrets import Stores
from framework.secrets.env import EnvSecrets
from framework.spec import Version
from framework.stages import StageSpec
from framework.stages.local import LocalStage
from framework.warehouses import WarehouseSpec
from framework.warehouses.duckdb import DuckDBWarehouse


class Resources(Strict):
    """What a container gets, in the words of Kubernetes."""

    cpu: str | None = None
    """Such as 500m or 2."""
    memory: str | None = None
    """Such as 512Mi or 2Gi."""


class ScheduleOverride(Strict):
    """What an environment changes of a source's schedule."""

    cron: str | None = None
    """Another cron expression."""
    timezone: str | None = None
    """Another time zone."""
    retries: Annotated[int, Field(ge=0, le=20)] | None = None
    """Another number of tries."""
    tags: list[str] | None = None
    """Other tags."""
    by: Literal["position", "interval"] | None = None
    """Another meaning of a run."""


class AirflowTasks(Strict):
    """How Airflow runs tasks. A source's own settings go before those of its environment."""

    isolation: Literal["process", "virtualenv", "docker", "kubernetes"] | None = None
    """Where a step is taken: in the worker's own process, which is the default; by another Python, `python`; in a
    container of `image`; or in a pod of `image`, where the executor is Kubernetes."""
    python: str | None = None
    """virtualenv: the interpreter of an environment in which this framework is installed."""
    image: str | None = None
    """docker, kubernetes: an image in which this framework is installed, with the project at the same path."""
    resources: Resources = Resources()
    """docker, kubernetes: what a container gets."""
    queue: str | None = None
    """The queue that workers of some kind listen to."""
    executor: str | None = None
    """The executor, where Airflow has several."""
    threads: Annotated[int, Field(ge=1, le=64)] | None = None
    """Slices that one task reads at the same time; without it, half of `rate_limit.concurrency`, 8 at most."""
    batch: Span | None = None
    """The time that reading a batch of slices takes at least, by what earlier runs took; by default 30s."""
    one_host: bool | None = None
    """Whether all workers of an executor of many hosts see one disk, as where they run on one machine. Without it, a
    stage on disk and DuckDB are refused there."""


class SourceSettings(Strict):
    """What an environment says of one source."""

    spec: Name | None = None
    """The spec that this is a deployment of, where its name is another: tables, positions and parts follow this
    deployment's name."""
    config: dict[Name, Any] = {}
    """Values for the spec's `config`."""
    schedule: ScheduleOverride = ScheduleOverride()
    """Another schedule."""
    rate_limit: RateLimit | None = None
    """Another rate limit, as for a sandbox account."""
    airflow: AirflowTasks = AirflowTasks()
    """Where and how Airflow runs this source's tasks."""


class Environment(Strict):
    """One place to run in."""

    stage: StageSpec = LocalStage(type="local", path=".data/stage")
    """Where part files wait."""
    warehouse: WarehouseSpec = DuckDBWarehouse(type="duckdb", path=".data/warehouse.duckdb")
    """Where tables are."""
    secrets: Stores = EnvSecrets(type="env")
    """Where secret values are; of several stores, the first that has a secret gives it."""
    deploy: Deployer | None = None
    """Snowflake: who may change objects, and how they are made."""
    alerts: list[AlertSpec] = []
    """Who is told when a run fails."""
    sources: dict[Name, SourceSettings] = {}
    """Settings per source, and several deployments of one spec."""
    airflow: AirflowTasks = AirflowTasks()
    """Where and how Airflow runs tasks."""
    hosts: dict[str, str] = {}
    """Other addresses for an API's, such as {"https://eu.shop.example": "http://127.0.0.1:8080"}: for sandboxes and
    tests, without touching the spec."""


class Settings(Strict):
    """A project."""

    version: Version = 1
    """The version of this language."""
    project: Name = "ingest"
    """The first folder of the staging layout."""
    sources: str = "sources/"
    """The folder of the specs, from the project's folder."""
    default_environment: Name = "local"
    """The environment where none is named by --env or FRAMEWORK_ENV."""
    environments: dict[Name, Environment] = Field(default={"local": Environment()}, min_length=1)
    """By name."""
