"""The rendered files that are kept to be compared: `make golden` writes them anew."""

import shutil
from pathlib import Path

from framework.deploy.desired import desired
from framework.deploy.script import files
from tests.snowflake.rendered import HERE, SHIPPED, project

GOLDEN = HERE / "golden"
SETS = {
    "s3": [str(path) for path in sorted(SHIPPED.glob("*.yaml"))],
    "s3_every": ["every"],
    "azure_every": ["every"],
}
"""Environment → sources."""


def rendered() -> dict[Path, str]:
    """File → text."""
    found = {}
    for environment, sources in SETS.items():
        for name, text in files(desired(project(), environment, sources)).items():
            found[GOLDEN / environment / name] = text
    return found


if __name__ == "__main__":
    shutil.rmtree(GOLDEN, ignore_errors=True)
    for path, text in rendered().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
