"""`framework airflow`: the files and pools that Airflow needs for the DAGs of an environment."""

import argparse
import os
from pathlib import Path

from dag_factory.pools import Api, compare, import_here, sync, wanted
from dag_factory.render import render
from dag_factory.shape import Pool
from framework.project import find
from framework.verbs.common import environment_option, say


def options(parser: argparse.ArgumentParser) -> None:
    """What is asked of it."""
    asked = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    files = asked.add_parser("render", help="write a file per DAG into a folder that Airflow watches")
    environment_option(files)
    files.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder that Airflow watches")
    files.add_argument(
        "--pools", action="store_true", help="tasks take slots of the pools that `framework airflow sync` makes"
    )
    pools = asked.add_parser("sync", help="make the pools that the DAGs take slots of")
    environment_option(pools)
    pools.add_argument("--check", action="store_true", help="change nothing; exit 1 where one is missing or differs")
    pools.add_argument(
        "--url",
        default=os.environ.get("AIRFLOW_API_URL"),
        help="Airflow's address (default: AIRFLOW_API_URL; without one, the `airflow` command of this machine). "
        "AIRFLOW_API_TOKEN holds its token, or AIRFLOW_API_USER and AIRFLOW_API_PASSWORD the login",
    )


def act(arguments: argparse.Namespace) -> int:
    """0, or with --check 1 where a pool is not as it should be."""
    place = (arguments.project or Path.cwd()).resolve()
    if arguments.what == "render":
        for path in render(place, arguments.env, arguments.out, arguments.pools):
            print(path)
        return 0
    project = find(place)
    environment, _ = project.environment(arguments.env)
    if arguments.url:
        said = os.environ.get
        api = Api(
            arguments.url,
            said("AIRFLOW_API_TOKEN", ""),
            said("AIRFLOW_API_USER", ""),
            said("AIRFLOW_API_PASSWORD", ""),
        )
        found = (compare if arguments.check else sync)(project, environment, api)
        return _shown(found, arguments.check)
    if arguments.check:
        say("--check needs --url: the address of Airflow")
        return 2
    pools = wanted(project, environment)
    import_here(pools)
    return _shown([(pool, "set") for pool in pools], False)


def _shown(found: list[tuple[Pool, str]], check: bool) -> int:
    for pool, state in found:
        now = {"missing": "made"}.get(state, "changed" if state.startswith("has") else state)
        print(f"{pool.name}: {pool.slots} slots, {state if check else now}")
    return 1 if check and any(state != "there" for _, state in found) else 0
