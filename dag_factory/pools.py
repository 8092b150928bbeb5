"""The pools that DAGs of an environment take slots of: what they are, and whether Airflow has them."""

import json
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dag_factory.shape import Pool, shape
from framework.errors import FrameworkError, SettingsError
from framework.project import Project

_PAGE = 1000


def wanted(project: Project, environment: str) -> list[Pool]:
    """Of all deployments, by name; the largest where several want one. A spec with problems wants none."""
    found: dict[str, Pool] = {}
    for name in project.deployments(environment):
        try:
            pools = shape(project.deployment(name, environment)).pools
        except FrameworkError:
            continue
        for pool in pools:
            other = found.get(pool.name, pool)
            found[pool.name] = replace(pool, slots=max(pool.slots, other.slots))
    return [found[name] for name in sorted(found)]


@dataclass(frozen=True)
class Api:
    """Airflow's REST API."""

    url: str
    token: str = ""
    user: str = ""
    password: str = ""

    def sizes(self) -> dict[str, int]:
        """The pools that are there, by name."""
        found = self._asked("GET", f"/api/v2/pools?limit={_PAGE}")
        return {pool["name"]: pool["slots"] for pool in found["pools"]}

    def make(self, pool: Pool, exists: bool) -> None:
        """Makes it, or gives it another size."""
        body = {"slots": pool.slots, "description": pool.why, "include_deferred": False}
        if exists:  # a pool's name is `pool` here and `name` there, and what is not known is refused
            mask = "update_mask=slots&update_mask=description"
            self._asked("PATCH", f"/api/v2/pools/{pool.name}?{mask}", {**body, "pool": pool.name})
        else:
            self._asked("POST", "/api/v2/pools", {**body, "name": pool.name})

    def _asked(self, method: str, path: str, body: Any = None) -> Any:
        import httpx  # noqa: PLC0415 - the DAGs' files do without it

        address = self.url.rstrip("/")
        try:
            token = self.token
            if not token:
                login = httpx.post(f"{address}/auth/token", json={"username": self.user, "password": self.password})
                token = login.json().get("access_token", "") if login.is_success else ""
            answer = httpx.request(method, f"{address}{path}", json=body, headers={"Authorization": f"Bearer {token}"})
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise SettingsError(
                f"Airflow at {address} gives no answer to use: {error or type(error).__name__}"
            ) from None
        if not answer.is_success:
            raise SettingsError(f"Airflow at {address} answers {method} {path} with status {answer.status_code}")
        return answer.json() if answer.content else None


def sync(project: Project, environment: str, api: Api) -> list[tuple[Pool, str]]:
    """Makes what is missing or too small or large. Returns each pool and what became of it."""
    there = api.sizes()
    done = []
    for pool in wanted(project, environment):
        state = _state(pool, there)
        if state != "there":
            api.make(pool, pool.name in there)
        done.append((pool, state))
    return done


def compare(project: Project, environment: str, api: Api) -> list[tuple[Pool, str]]:
    """Like `sync`, and changes nothing."""
    there = api.sizes()
    return [(pool, _state(pool, there)) for pool in wanted(project, environment)]


def _state(pool: Pool, there: dict[str, int]) -> str:
    if pool.name not in there:
        return "missing"
    return "there" if there[pool.name] == pool.slots else f"has {there[pool.name]} slots"


def import_here(pools: Iterable[Pool], command: str = "airflow") -> None:
    """By Airflow's own command line, on a machine that has its database."""
    listed = {pool.name: {"slots": pool.slots, "description": pool.why, "include_deferred": False} for pool in pools}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pools.json"
        path.write_text(json.dumps(listed), encoding="utf-8")
        try:
            done = subprocess.run([command, "pools", "import", str(path)], capture_output=True, text=True, check=False)
        except OSError as error:
            raise SettingsError(
                f"can't run `{command}`: {error.strerror}. Run this where Airflow is installed, or give its --url."
            ) from None
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [""])[-1]
            raise SettingsError(f"`{command} pools import` failed: {last}")
