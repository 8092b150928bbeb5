"""The demo's folder: a project like any other, and beside it a note of what the shop has become."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from framework.errors import FrameworkError
from framework.project import Project
from framework.secrets import listed

_HERE = Path(__file__).parent
_SPEC_PLACES = (_HERE / "shop.yaml", _HERE.parents[1] / "sources" / "shop.yaml")
"""In the wheel, and in a checkout."""

SETTINGS = """\
# Made by `framework demo`, which writes the port anew at every run.
version: 1
project: demo
default_environment: local
environments:
  local:
    stage: {{type: local, path: .data/stage}}
    warehouse: {{type: duckdb, path: .data/warehouse.duckdb}}
    secrets: {{type: env}}
    hosts: {{"https://eu.shop.example": "{address}"}}      # the shop's API, played on this machine
    sources:
      shop: {{rate_limit: {{requests: 6000, per: 1m, concurrency: 8}}}}
"""


@dataclass(frozen=True)
class Shop:
    """What the demo's shop is by now. A change is new only once a run over it has ended."""

    seed: int
    born: datetime
    changes: tuple[datetime, ...] = ()
    read: bool = False
    """Whether a run over this state has ended well."""

    def later(self, now: datetime) -> "Shop":
        """The shop as the next run finds it: changed, if the last one was done with it."""
        return Shop(self.seed, self.born, (*self.changes, now)) if self.read else self

    def flags(self) -> list[str]:
        """For the server's command line."""
        changes = [word for moment in self.changes for word in ("--change", moment.isoformat())]
        return ["--seed", str(self.seed), "--born", self.born.isoformat(), *changes]


@dataclass(frozen=True)
class Through:
    """The stage of another project's environment, and the secret stores that its references lead to."""

    stage: dict[str, Any]
    secrets: list[dict[str, Any]]


def through(project: Project, environment: str) -> Through:
    """What a demo takes over from there. Raises SettingsError for an unknown environment."""
    _, found = project.environment(environment)
    stage = found.stage.model_dump(exclude_defaults=True)
    if found.stage.type == "local":
        stage["path"] = str(project.folder / stage["path"])
    stores = [store.model_dump(exclude_defaults=True) for store in listed(found.secrets) if store.type != "env"]
    return Through(stage, stores)


class Folder:
    """The demo's project on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = path / "shop.json"

    def prepare(self, now: datetime) -> Shop:
        """Spec, secrets and shop, each made where it is missing. An edited spec stays as it is."""
        (self.path / "sources").mkdir(parents=True, exist_ok=True)
        spec = self.path / "sources" / "shop.yaml"
        if not spec.exists():
            shutil.copyfile(next(place for place in _SPEC_PLACES if place.exists()), spec)
        self._keep_secrets()
        shop = self._shop() or Shop(7, now)
        return shop.later(now)

    def point_to(self, address: str, shop: Shop, through: "Through | None" = None) -> None:
        """Writes framework.yaml with the API's address, and another stage where one is given."""
        text = SETTINGS.format(address=address)
        if through:
            text = text.replace("{type: local, path: .data/stage}", json.dumps(through.stage))
            text = text.replace("{type: env}", json.dumps([{"type": "env"}, *through.secrets]))
            text = text.replace("project: demo\n", f"project: demo_{shop.born:%Y%m%d%H%M%S}\n")
        (self.path / "framework.yaml").write_text(text, encoding="utf-8")

    def keep(self, shop: Shop) -> None:
        """Remembers what the shop is."""
        facts = {
            "seed": shop.seed,
            "born": shop.born.isoformat(),
            "changes": [moment.isoformat() for moment in shop.changes],
            "read": shop.read,
        }
        self._state.write_text(json.dumps(facts), encoding="utf-8")

    def _shop(self) -> Shop | None:
        if not self._state.exists():
            return None
        facts = json.loads(self._state.read_text(encoding="utf-8"))
        changes = tuple(map(datetime.fromisoformat, facts["changes"]))
        return Shop(facts["seed"], datetime.fromisoformat(facts["born"]), changes, facts["read"])

    def _keep_secrets(self) -> None:
        """Of chance, and kept: the hash of an e-mail address is the same in every run."""
        path = self.path / ".env"
        if not path.exists():
            names = ("SHOP_CLIENT_ID", "SHOP_CLIENT_SECRET", "SHOP_HASH_KEY")
            path.touch(mode=0o600)
            path.write_text("".join(f"{name}={secrets.token_hex(16)}\n" for name in names), encoding="utf-8")


@contextmanager
def serving(folder: Path, flags: list[str]) -> Iterator[str]:
    """The shop's API in a process of its own, which ends with this one. Yields its address."""
    words = [sys.executable, "-m", "framework.demo.server", "--until-stdin-closes", *flags]
    lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if "=" in line)
    with subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **given, "PYTHONPATH": os.pathsep.join([str(_HERE.parents[1]), *sys.path[1:]])},
        start_new_session=True,  # Ctrl-C is for the run alone
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise FrameworkError("the demo's API did not start")
            yield f"http://127.0.0.1:{json.loads(line)['port']}"
        finally:
            process.terminate()


def now() -> datetime:
    """Whole seconds, in UTC."""
    return datetime.now(UTC).replace(microsecond=0)
