"""The project that the Airflow of these tests runs: the demo's shop, and an API of many partitions."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

GROUPS = 200
PAGES = 30
FAR_GROUPS, FAR_PAGES = 24, 10

CROWD = """\
version: 1
name: {name}
title: {title}
owner: data-platform@example.com
docs_url: https://crowd.example/docs
http:
  base_url: https://crowd.example
  rate_limit: {limit}
schedule: {{cron: "@daily", retries: 3, tags: [crowd]}}
streams:
  - name: posts
    for_each: {{values: [{groups}], as: group}}
    request: {{path: "/{name}/{{{{ group }}}}/{pages}"}}
    pagination: {{type: cursor, next: next, param: cursor}}
    records: {{path: data, add: {{group_id: "{{{{ group }}}}"}}}}
    primary_key: [group_id, id]
    clean:
      table: CLN_{table}_POST
      columns: {{group_id: {{from: group_id, type: text}}, id: {{from: id, type: integer}}}}
"""

TINY = """\
version: 1
name: {name}
title: Dropped in while Airflow runs
http: {{base_url: https://crowd.example}}
streams:
  - name: posts
    request: {{path: /{name}/1/1}}
    records: data
    primary_key: [id]
"""


def crowd(name: str, limit: str, groups: int = GROUPS, pages: int = PAGES, title: str = "Many groups") -> str:
    """A spec that reads that many partitions, each of so many pages."""
    listed = ", ".join(map(str, range(1, groups + 1)))
    return CROWD.format(name=name, table=name.upper(), title=title, limit=limit, groups=listed, pages=pages)


def write(folder: Path, crowd_url: str, shop_url: str, credentials: Path) -> Path:
    """The whole project. The deployments of `calm` have tables of their own."""
    (folder / "sources").mkdir(parents=True)
    shutil.copyfile("sources/shop.yaml", folder / "sources" / "shop.yaml")
    shutil.copyfile(credentials / ".env", folder / ".env")
    specs = {
        "calm": crowd("calm", "{concurrency: 8}"),
        "strict": crowd("strict", "{requests: 30, per: 3s, concurrency: 8}", groups=24, pages=15, title="A strict API"),
    }
    for name, text in specs.items():
        (folder / "sources" / f"{name}.yaml").write_text(text, encoding="utf-8")
    local = {
        "stage": {"type": "local", "path": ".data/stage"},
        "warehouse": {"type": "duckdb", "path": ".data/warehouse.duckdb"},
        "hosts": {"https://crowd.example": crowd_url, "https://eu.shop.example": shop_url},
        "airflow": {"one_host": True, "threads": 2, "batch": "25s"},
        "sources": {
            "two": {"spec": "calm"},
            "killed": {"spec": "calm"},
            "once_more_one": {"spec": "calm"},
            "once_more_two": {"spec": "calm"},
            "strict": {"airflow": {"threads": 1, "batch": "1ms"}},
            "shop": {
                "config": {"start_date": (datetime.now(UTC) - timedelta(days=60)).date().isoformat()},
                "schedule": {"cron": "@daily"},
                "rate_limit": {"requests": 6000, "per": "1m", "concurrency": 8},
            },
        },
    }
    (folder / "framework.yaml").write_text(json.dumps({"version": 1, "environments": {"local": local}}))
    return folder


def write_far(folder: Path, crowd_url: str, stage: dict[str, Any]) -> Path:
    """A project whose parts lie in a bucket."""
    (folder / "sources").mkdir(parents=True)
    text = crowd("far", "{concurrency: 8}", FAR_GROUPS, FAR_PAGES, "Into a bucket")
    (folder / "sources" / "far.yaml").write_text(text, encoding="utf-8")
    far = {
        "stage": stage,
        "warehouse": {"type": "duckdb", "path": "far.duckdb"},
        "hosts": {"https://crowd.example": crowd_url},
        "airflow": {"one_host": True, "threads": 2, "batch": "1ms"},
    }
    (folder / "framework.yaml").write_text(json.dumps({"version": 1, "environments": {"far": far}}))
    return folder
