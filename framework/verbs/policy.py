"""`framework policy`: what a loader must be allowed to do, as JSON."""

import argparse
import json
from pathlib import Path

from framework.doctor import references
from framework.policy import policy
from framework.project import find
from framework.verbs.common import environment_option, say


def options(parser: argparse.ArgumentParser) -> None:
    """--env and --project."""
    environment_option(parser)


def act(arguments: argparse.Namespace) -> int:
    """Prints the AWS policy, Azure's roles, or both."""
    project = find((arguments.project or Path.cwd()).resolve())
    chosen, environment = project.environment(arguments.env)
    owners = [text[7:].partition("#")[0] for text in references(environment) if text.startswith("secret:")]
    found = policy(environment, project.settings.project, [*project.deployments(chosen), *owners])
    if not found:
        say(f"the environment {chosen} needs nothing of AWS or Azure: its stage is {environment.stage.type}")
        return 0
    print(json.dumps(found, indent=2))
    return 0
